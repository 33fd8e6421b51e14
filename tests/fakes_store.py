"""What stands in for files: bars, assignments, journal, signal log and notebooks in memory.

Each passes the contract of its port, as the real adapter does.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from sellkit.adapters import decision_facts, journal_facts
from sellkit.adapters.bar_store.series_name import name_of
from sellkit.adapters.journal_past import orders_of
from sellkit.core.alerts import Alert, Ending, kinds_that_end
from sellkit.core.assignments import Assignment
from sellkit.core.bars import COLUMNS, PRICES, SeriesKey, checked, empty_bars, micros, shaped
from sellkit.core.coverage import Absence
from sellkit.core.custody import Figures, Finding, Freeze
from sellkit.core.instrument import Token
from sellkit.core.past import Past
from sellkit.core.portfolio import Account, AccountSnapshot, Origin
from sellkit.core.precedent import FIRM, Precedent, by_key
from sellkit.core.protection import Resting
from sellkit.core.sifting import sifted
from sellkit.core.snapshot import SnapshotRow
from sellkit.core.standing import Standing
from sellkit.core.tickets import TicketRecord
from sellkit.errors import (
    ChangedMeanwhile,
    ConfigError,
    DataError,
    ForeignOrigin,
    JournalError,
    RunFailed,
)
from sellkit.ports import AssignmentEdit, AssignmentSheet, RunHeader

NUMBERS = [*PRICES, "volume"]


def merge(stored: pd.DataFrame, fetched: pd.DataFrame) -> pd.DataFrame:
    """Both frames in one, by bar start; where both have a bar, the later fetch wins."""
    if stored.empty or fetched.empty:
        return fetched if stored.empty else stored
    both = pd.concat([stored, fetched])
    both = both.iloc[np.lexsort((micros(both["fetched_at"]), micros(both.index)))]
    return both[~both.index.duplicated(keep="last")]


class MemoryBarStore:
    """A `BarStore` of dictionaries; `bars`, `averages` and `origin` may be looked into."""

    def __init__(self) -> None:
        self.bars: dict[SeriesKey, pd.DataFrame] = {}
        self.averages: dict[SeriesKey, pd.DataFrame] = {}
        self.lacking: dict[SeriesKey, dict[dt.datetime, Absence]] = {}
        self.origin: Origin | None = None
        self.tokens: dict[int, Token] = {}
        self.refused: list[pd.DataFrame] = []
        self.revised: dict[SeriesKey, list[pd.DataFrame]] = {}
        self.told: dict[SeriesKey, list[pd.DataFrame]] = {}
        self.ice: dict[SeriesKey, Freeze] = {}
        self.superseded: list[tuple[SeriesKey, pd.DataFrame]] = []
        self.compacted: list[int] = []
        self.staging: MemoryBarStore | None = None

    def claim(self, origin: Origin) -> None:
        unstamped = self.origin is None and bool(self.bars)
        told = self.origin or origin
        foreign = (told.gateway, told.fingerprint) != (origin.gateway, origin.fingerprint)
        if unstamped or foreign:
            raise ForeignOrigin(f"the store belongs to {self.origin}, not to {origin}")
        self.origin = origin

    def read(self, key: SeriesKey) -> pd.DataFrame:
        return self.bars[key].copy() if key in self.bars else empty_bars()

    def marks(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, Hashable]:
        return {key: self.read(key).to_csv() for key in keys}

    def add(self, key: SeriesKey, bars: pd.DataFrame) -> pd.DataFrame:
        self.add_many({key: bars})
        return self.read(key)

    def add_many(self, bars: Mapping[SeriesKey, pd.DataFrame]) -> Mapping[SeriesKey, pd.DataFrame]:
        for each in bars.values():
            shaped(each, "a test")
        refused = {key: self._add(key, each) for key, each in bars.items() if len(each)}
        return {key: each for key, each in refused.items() if len(each)}

    def _add(self, key: SeriesKey, bars: pd.DataFrame) -> pd.DataFrame:
        stored = self.read(key)
        before, after = stored[stored.index < bars.index[0]], stored[stored.index > bars.index[-1]]
        found = sifted(bars, key.bar_size, before.iloc[-1:], after.iloc[:1])
        if len(found.bad):
            told = found.bad.reset_index(names="start").assign(series=name_of(key))
            self.refused.append(told)
        if len(found.good):
            self._revise(key, stored, found.good)
            self.told.setdefault(key, []).append(found.good)
            whole = checked(merge(stored, found.good), "a test")
            self.bars[key] = whole.rename_axis("start").copy()
        return found.bad

    def _revise(self, key: SeriesKey, stored: pd.DataFrame, fresh: pd.DataFrame) -> None:
        common = stored.index.intersection(fresh.index)
        old, new = stored.loc[common], fresh.loc[common]
        differs = (old[NUMBERS] != new[NUMBERS]).any(axis=1)
        for start in common[differs]:
            pair = sorted((old.loc[[start]], new.loc[[start]]), key=_fetched)
            row = pair[0].assign(replaced_at=_fetched(pair[1]))
            self.revised.setdefault(key, []).append(row)

    def drop(self, key: SeriesKey) -> None:
        for kept in (self.bars, self.averages, self.lacking, self.revised, self.told):
            kept.pop(key, None)

    def absent(self, key: SeriesKey) -> Mapping[dt.datetime, Absence]:
        return dict(self.lacking.get(key, {}))

    def note_absent(self, key: SeriesKey, found: Mapping[dt.datetime, Absence]) -> None:
        self.lacking.setdefault(key, {}).update(found)

    def read_averages(self, key: SeriesKey) -> pd.DataFrame | None:
        return self.averages[key].copy() if key in self.averages else None

    def write_averages(self, key: SeriesKey, table: pd.DataFrame) -> None:
        self.averages[key] = table.rename_axis("start").copy()

    def name(self, tokens: Mapping[int, Token]) -> None:
        self.tokens |= tokens

    def names(self) -> Mapping[int, Token]:
        return dict(self.tokens)

    def keys(self) -> tuple[SeriesKey, ...]:
        return tuple(self.bars)

    def compact(self, over: int = 0) -> int:
        self.compacted.append(over)
        return 0

    def revisions(self, key: SeriesKey) -> pd.DataFrame:
        found = self.revised.get(key)
        if found:
            return pd.concat(found).sort_index(kind="stable").rename_axis("start")
        empty = empty_bars()
        return empty.assign(replaced_at=empty["fetched_at"])

    def tellings(self, key: SeriesKey) -> pd.DataFrame:
        whole = pd.concat([empty_bars(), *self.told.get(key, [])]).rename_axis("start")
        kept = whole.reset_index().drop_duplicates().set_index("start")
        return kept.iloc[np.lexsort((micros(kept["fetched_at"]), micros(kept.index)))]

    def quarantined(self) -> pd.DataFrame:
        if self.refused:
            return pd.concat(self.refused, ignore_index=True)
        return pd.DataFrame(columns=["series", "start", *COLUMNS, "reason"])

    def freeze(self, key: SeriesKey, freeze: Freeze) -> None:
        self.ice[key] = freeze

    def frozen(self) -> Mapping[SeriesKey, Freeze]:
        return dict(self.ice)

    def refetched(self) -> MemoryBarStore:
        if self.staging is None:
            self.staging = MemoryBarStore()
        return self.staging

    def thaw(self, key: SeriesKey) -> None:
        staging = self.refetched()
        if key not in self.ice:
            return
        if key not in staging.bars:
            raise DataError(f"nothing was gathered of {key}")
        self.superseded.append((key, self.read(key)))
        self.averages.pop(key, None)
        self.bars[key] = staging.bars[key]
        self.lacking[key] = dict(staging.absent(key))
        staging.drop(key)
        del self.ice[key]

    def verify(self) -> tuple[Finding, ...]:
        return ()

    def mend(self) -> tuple[Finding, ...]:
        return ()

    def figures(self) -> tuple[Figures, ...]:
        return tuple(_figures(key, self.bars[key]) for key in sorted(self.bars, key=name_of))

    def clear(self) -> None:
        for kept in (self.bars, self.averages, self.lacking, self.revised, self.ice):
            kept.clear()
        self.refused.clear()
        self.staging = None
        self.tokens.clear()
        self.origin = None


def _fetched(row: pd.DataFrame) -> pd.Timestamp:
    return row["fetched_at"].iloc[0]


def _figures(key: SeriesKey, bars: pd.DataFrame) -> Figures:
    first, last = bars.index[0].to_pydatetime(), bars.index[-1].to_pydatetime()
    fetched = bars["fetched_at"].max().to_pydatetime()
    return Figures(key, len(bars), first, last, fetched, 0, len(bars))


class MemoryAssignmentBook:
    """An `AssignmentBook`; `saved` lists what was written, in order."""

    def __init__(
        self,
        assignments: Sequence[Assignment] = (),
        problems: Sequence[str] = (),
        incomplete: Sequence[Token] = (),
        path: Path = Path("config/assigned_ma.csv"),
    ) -> None:
        self._path = path
        self._incomplete = frozenset(incomplete)
        self._problems = tuple(problems)
        self.assignments: dict[Token, Assignment] = {each.token: each for each in assignments}
        self.saved: list[Assignment] = []

    @property
    def path(self) -> Path:
        return self._path

    def load(self) -> AssignmentSheet:
        incomplete = self._incomplete - set(self.assignments)
        return AssignmentSheet(dict(self.assignments), self._problems, incomplete, self._text())

    def save(self, assignment: Assignment) -> None:
        self.assignments[assignment.token] = assignment
        self.saved.append(assignment)

    def draft(self, assignments: Sequence[Assignment]) -> AssignmentEdit:
        after = self.assignments | {each.token: each for each in assignments}
        return AssignmentEdit(self._path, tuple(assignments), self._text(), self._text(after))

    def write(self, edit: AssignmentEdit) -> None:
        if edit.before != self._text():
            raise ChangedMeanwhile(f"{self._path} has been changed since")
        for each in edit.assignments:
            self.save(each)

    def _text(self, assignments: dict[Token, Assignment] | None = None) -> str:
        found = self.assignments if assignments is None else assignments
        return "".join(f"{each}\n" for each in found.values())


class MemoryJournal:
    """A `Journal` of lists; `snapshots` holds what `record_decision` was given."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[str, object]] = {}
        self._decisions: list[dict[str, object]] = []
        self._beside: dict[str, list[dict[str, object]]] = defaultdict(list)
        self._standings: list[dict[str, object]] = []
        self._events: list[dict[str, object]] = []
        self._alerts: list[dict[str, object]] = []
        self._over: set[int] = set()
        self._timings: list[tuple[str, Mapping[str, object]]] = []
        self.snapshots: list[tuple[str, AccountSnapshot]] = []

    def begin(self, header: RunHeader) -> None:
        if header.run_id in self._runs:
            raise JournalError(f"the journal holds a run {header.run_id!r} already")
        self._runs[header.run_id] = {
            **journal_facts.of_run(header),
            "finished_at": None,
            "outcome": None,
        }

    def record_decision(
        self,
        run_id: str,
        snapshot: AccountSnapshot,
        standing: Standing,
        rows: Sequence[SnapshotRow],
    ) -> None:
        self._open(run_id)
        self.snapshots.append((run_id, snapshot))
        self._standings.append(journal_facts.of_standing(run_id, standing))
        for row in rows:
            self._decisions.append(decision_facts.of_decision(run_id, row))
            for table, facts in decision_facts.beside(run_id, row).items():
                self._beside[table].append(facts)

    def record_timing(self, run_id: str, at: dt.datetime, parts: Mapping[str, object]) -> None:
        self._timings.append((run_id, parts))

    def timings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        return tuple(parts for of, parts in self._timings if of == run_id)

    def finish(self, run_id: str, finished_at: dt.datetime, outcome: str) -> None:
        end = {"finished_at": journal_facts.instant(finished_at), "outcome": outcome}
        self._open(run_id).update(end)

    def runs(self) -> tuple[Mapping[str, object], ...]:
        return tuple(dict(run) for run in self._runs.values())

    def decisions(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._decisions if each["run_id"] == run_id)

    def standings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._standings if each["run_id"] == run_id)

    def precedents(self, account: str, since: dt.datetime) -> tuple[Precedent, ...]:
        firm = [
            each
            for each in self._decisions
            if each["account"] == account and each["decision"] in FIRM
        ]
        told = [decision_facts.precedent(each) for each in firm]
        return tuple(each for each in told if each.end >= since)

    def past(self, account: str, con_id: int, since: dt.datetime) -> Past:
        decided = [each for each in self.precedents(account, since) if each.con_id == con_id]
        told = {(each["run_id"], each["con_id"]): each for each in self._decisions}
        rows = [
            {**each, **{name: told[each["run_id"], con_id][name] for name in ("as_of", "close")}}
            for each in self._beside["ticket"]
            if (each["account"], each["con_id"]) == (account, con_id)
            and str(told[each["run_id"], con_id]["bar_end"]) >= journal_facts.instant(since)
        ]
        return Past(tuple(by_key(decided).values()), orders_of(rows, {}))

    def deferrals(self, account: str, since: dt.datetime) -> Mapping[str, dt.datetime]:
        told = [each for each in self._beside["ticket"] if each["account"] == account]
        waiting = [each for each in told if each["deferred_until"] is not None]
        found = {str(each["ticket_id"]): decision_facts.deferred_until(each) for each in waiting}
        return {ticket_id: until for ticket_id, until in found.items() if until >= since}

    def resting(self, account: Account) -> tuple[Resting, ...]:
        told = [each for _, each in self.snapshots if each.account.alias == account.alias]
        if not told:
            return ()
        held = {each.instrument.con_id: each.quantity for each in told[-1].positions}
        return tuple(
            Resting(
                order=each,
                seen_at=told[-1].taken_at,
                held=held.get(each.con_id, Decimal(0)),
                is_accounted=False,
            )
            for each in told[-1].open_orders
        )

    def open_alerts(self) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._alerts if each["number"] not in self._over)

    @property
    def told(self) -> tuple[Mapping[str, object], ...]:
        """Every alert there ever was."""
        return tuple(self._alerts)

    def renew_alerts(
        self, at: dt.datetime, over: Sequence[int], told: Sequence[tuple[str, Alert]]
    ) -> None:
        self._over.update(over)
        for source, alert in told:
            number = {"number": len(self._alerts) + 1}
            self._alerts.append(number | journal_facts.of_alert(source, alert))
            if alert.kind in kinds_that_end(Ending.TOLD):
                self._over.add(len(self._alerts))

    def record_event(
        self, kind: str, at: dt.datetime, text: str, details: Mapping[str, object]
    ) -> None:
        told: dict[str, object] = {"at": journal_facts.instant(at), "kind": kind, "text": text}
        told["details"] = dict(details)
        self._events.append(told)

    def events(self, kind: str) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._events if each["kind"] == kind)

    def quotes(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._beside["quote_seen"] if each["run_id"] == run_id)

    def retellings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._beside["retelling"] if each["run_id"] == run_id)

    def tickets(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        return tuple(each for each in self._beside["ticket"] if each["run_id"] == run_id)

    def close(self) -> None:
        pass

    def _open(self, run_id: str) -> dict[str, object]:
        run = self._runs.get(run_id)
        if run is None or run["outcome"] is not None:
            raise JournalError(f"run {run_id!r} is not open")
        return run


class MemorySignalLog:
    """A `SignalLog` that keeps run id and row."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, SnapshotRow]] = []

    def append(
        self, run_id: str, rows: Sequence[SnapshotRow], sent: Sequence[TicketRecord] = ()
    ) -> None:
        self.rows.extend((run_id, row) for row in rows)


class ScriptedNotebookRunner:
    """A `NotebookRunner` that executes nothing: it notes the call, and fails when told to."""

    def __init__(self, known: Sequence[str] | None = None, failure: str | None = None) -> None:
        self._known = known
        self._failure = failure
        self.calls: list[tuple[Path, Path, dict[str, object]]] = []

    def run(self, notebook: Path, output: Path, parameters: Mapping[str, object]) -> Path:
        unknown = [] if self._known is None else sorted(set(parameters) - set(self._known))
        if unknown:
            raise ConfigError(f"{notebook} has no parameter {', '.join(unknown)}")
        self.calls.append((notebook, output, dict(parameters)))
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text("{}")
        if self._failure is not None:
            raise RunFailed(f"{self._failure}; the notebook is kept: {output}")
        return output
