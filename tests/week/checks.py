"""What has to be so at the end of each day, of all that has come until then."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Set
from math import isclose
from pathlib import Path

from sellkit.adapters.daily_file import DailyFile
from tests.week import told
from tests.week.hours import MINUTE, sessions_between
from tests.week.ledger import RAN, Ledger, Row, moment
from tests.week.market import PORTFOLIO, Copy, Held
from tests.week.orders import Holdings, findings, unsold
from tests.week.plan import Plan
from tests.week.truth import Truth, Verdict
from tests.week.watched import Watched
from tests.week.world import World

CLOSE_ENOUGH = 1e-9
"""Relative; an EMA that began with other bars long ago is not the same to the last digit."""

GRACE = dt.timedelta(minutes=10)
"""`schedule.grace_seconds`."""

KILLED = ("lost", "never began", "interrupted")
"""How a slot may end whose run was killed."""


def exported(data: Path) -> Iterator[Row]:
    """Every line of the plain export, which begins anew each day by the machine's own clock."""
    return map(json.loads, DailyFile(data / "logs" / "signals.jsonl").lines())


class Checks:
    """Looks at one world, again and again; what was looked at once is not looked at again.

    Attributes
    ----------
    cut
        The slots in whose run everything was killed.
    silences
        How often the schedule was silent for so long that a person has to hear of it.
    counts
        How much was looked at.
    """

    def __init__(self, world: World, plan: Plan, ledger: Ledger) -> None:
        self._world, self._plan, self._ledger = world, plan, ledger
        self._truth = Truth(Copy(world.scenario, plan), plan.split)
        self._holdings = Holdings()
        self._of_token = {each.token: each for each in PORTFOLIO}
        self._references: set[str] = set()
        self._undecided: set[str] = set()
        self._perhaps: set[str] = set()
        self._judged: set[str] = set()
        self._ended: set[str] = set()
        self._exits: set[tuple[str, dt.datetime]] = set()
        self._taken: dict[tuple[str, dt.datetime], Verdict] = {}
        self._watched = Watched(world.folder / "said", ledger, self._truth)
        self._gone: list[tuple[dt.datetime, dt.datetime | None]] = []
        self.cut: set[dt.datetime] = set()
        self.silences = 0
        self.counts = {"slots": 0, "missed": 0, "decisions": 0, "exits": 0, "minutes watched": 0}

    def note(self) -> None:
        """Remember what is held, unless the machine is off."""
        if self._world.gateway is not None:
            self._holdings.note(self._world.told(), self._world.held())

    def gone(self, since: dt.datetime) -> None:
        """Everything was killed."""
        self._gone.append((since, None))

    def back(self, at: dt.datetime) -> None:
        """Everything was started."""
        if self._gone:
            self._gone[-1] = (self._gone[-1][0], at)

    def due(self, now: dt.datetime) -> set[dt.datetime]:
        """When a run was due until a moment: at every hour's end, and where a ticket waits."""
        ends = {
            end for each in sessions_between(self._plan.begins, now) for end in each.ends
        } | self._ledger.deferred()
        return {each for each in ends if self._plan.begins < each <= now}

    def found(self) -> list[str]:
        """What is not as it has to be."""
        return [
            *self._slots(),
            *self._runs(),
            *self._signals(),
            *self._told(),
            *self._orders(),
            *self._minutes(),
            *self._audit(),
        ]

    # --- slots --------------------------------------------------------------------------------

    def _slots(self) -> Iterator[str]:
        due, fates = self.due(self._world.now), self._ledger.fates()
        self.counts["slots"] = len(due)
        self.counts["missed"] = sum(each.is_missed for each in fates.values())
        for each in sorted(due - fates.keys()):
            yield f"what was due at {each} neither ran nor is recorded as missed"
        for each in sorted(fates.keys() - due):
            yield f"at {each} nothing was due, and there is a slot"
        for each, fate in fates.items():
            if fate.is_missed and fate.runs:
                yield f"what was due at {each} is recorded as missed, and was begun"
            elif fate.is_missed and not self._may_be_missed(each, due):
                yield f"what was due at {each} is recorded as missed, and should have run"
            elif not fate.is_settled:
                yield f"what was begun for {each} has no end"
            elif not (fate.is_missed or fate.has_run or self._was_killed(each, fate.outcomes)):
                yield f"what was due at {each} ended so: {', '.join(fate.outcomes)}"

    def _may_be_missed(self, due: dt.datetime, every: Set[dt.datetime]) -> bool:
        """Whether nothing ran when it was due, until it was too late or a newer one had come."""
        return any(
            since <= due + MINUTE
            and until is not None
            and until >= due
            and (until - due > GRACE or any(due < newer <= until for newer in every))
            for since, until in self._gone
        )

    def _was_killed(self, due: dt.datetime, outcomes: tuple[str, ...]) -> bool:
        return due in self.cut and set(outcomes) <= set(KILLED)

    # --- decisions ----------------------------------------------------------------------------

    def _runs(self) -> Iterator[str]:
        fates = self._ledger.fates()
        begun = {run for fate in fates.values() for run in fate.runs}
        killed = {run for due in self.cut & fates.keys() for run in fates[due].runs}
        for each in self._ledger.runs():
            run_id = str(each["run_id"])
            if run_id in self._judged:
                continue
            if run_id not in begun:
                yield f"run {run_id} stands in the journal, and no slot began it"
            if each["outcome"] != RAN and run_id not in killed:
                yield f"run {run_id} did not come to its end, and was not killed"
            self._judged.add(run_id)
            if each["outcome"] == RAN:
                self._ended.add(run_id)
            yield from self._judge(each)

    def _judge(self, run: Row) -> Iterator[str]:
        """All of a run's decisions; of one that was killed there may be none."""
        now, rows = moment(run["as_of"]), self._ledger.decisions(str(run["run_id"]))
        has_ended = run["run_id"] in self._ended
        if not (rows or has_ended):
            return
        of_token = {str(each["ticker"]): each for each in rows}
        exits: list[tuple[Held, dt.datetime]] = []
        held = {each.token for each in PORTFOLIO if each.symbol in self._holdings.at(now)}
        if len(rows) != len(of_token) or of_token.keys() != held:
            yield f"run {run['run_id']} at {now} decided on {sorted(of_token)}, and not {held}"
        for token, row in of_token.items():
            self.counts["decisions"] += 1
            self.counts["exits"] += row["decision"] == "EXIT"
            wanted = self._truth.of(self._of_token[token], now)
            if wanted.decision == "UNDECIDED":
                (self._undecided if has_ended else self._perhaps).add(token)
            if wanted.decision == "EXIT":
                self._exits.add((token, wanted.ends))
                exits.append((self._of_token[token], wanted.ends))
            if differs := self._differs(self._of_token[token], now, row):
                yield f"run {run['run_id']} at {now}: {differs}"
        if has_ended:
            yield from unsold(self._ledger, self._holdings, run, exits, self._plan)

    def _differs(self, held: Held, now: dt.datetime, row: Row) -> str:
        """How a decision differs from what is worked out here; "" where it does not.

        What was decided on a bar stands with its figures, however that is told after a split.
        """
        wanted = self._truth.of(held, now)
        if wanted.decision != "UNDECIDED":
            wanted = self._taken.setdefault((held.token, wanted.ends), wanted)
        if row["decision"] != wanted.decision:
            return f"{held.token} is {row['decision']}, {row['reasons']}, and should be {wanted}"
        if wanted.close is None or wanted.average is None:
            return ""
        if moment(row["bar_end"]) != wanted.ends:
            return f"{held.token} was judged on the bar to {row['bar_end']}, and not {wanted}"
        pairs = ((row["close"], wanted.close), (row["average"], wanted.average))
        if not all(isclose(one, two, rel_tol=CLOSE_ENOUGH) for one, two in pairs):
            return f"{held.token} was judged on {row['close']} and {row['average']}, not {wanted}"
        return ""

    def _signals(self) -> Iterator[str]:
        """The plain export: each decision of each run that ended, once."""
        wanted = [
            (run_id, str(row["ticker"]), str(row["decision"]))
            for run_id in self._ended
            for row in self._ledger.decisions(run_id)
        ]
        found = [
            (line["run_id"], line["ticker"], line["decision"])
            for line in exported(self._world.data)
            if line["run_id"] in self._ended
        ]
        if sorted(found) != sorted(wanted):
            strange = sorted(set(found) ^ set(wanted))[:3]
            yield f"the export holds {len(found)} decisions, of {len(wanted)}; first: {strange}"

    def _told(self) -> Iterator[str]:
        """What a person was told."""
        path = self._world.told_file
        self.counts["alerts told"] = sum(len(each.alerts) for each in told.messages(path))
        yield from told.findings(self._ledger, path, len(self._gone))
        yield from told.signals(self._ledger, self._exits)
        yield from told.owed(self._ledger, self._undecided, self._perhaps)
        yield from told.silences(path, self.silences)

    def _orders(self) -> Iterator[str]:
        """What was sold."""
        executions = self._world.executions()
        self._references |= {str(each["orderRef"]) for each in executions}
        self.counts["orders executed"] = len(self._references)
        yield from findings(self._ledger, self._holdings, executions, self._plan, self._truth)

    def _minutes(self) -> Iterator[str]:
        """What the watch showed."""
        yield from self._watched.findings()
        self.counts["minutes watched"] = len(self._watched.minutes)

    # --- the evidence -------------------------------------------------------------------------

    def _audit(self) -> Iterator[str]:
        answer = self._world.say("audit", "verify")
        if answer.process.returncode != 0:
            yield f"the audit finds: {answer.text()}"
