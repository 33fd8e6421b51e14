"""What is held against the market and the promises: bars, decisions, orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.bars import INSTANT, BarSize, checked, day_label, session_slots
from sellkit.core.instrument import Instrument
from sellkit.core.market_time import calendar_for
from sellkit.operate.download import plan
from sellkit.operate.options import DeskOptions
from sellkit.simgateway.history import HistoryBar
from tests.faults.desk import journal_at
from tests.faults.evidence import Evidence, Row
from tests.faults.invariants import breaches
from tests.soak.host import Host
from tests.soak.operator import LAG
from tests.soak.places import LISTED, Place
from tests.soak.troubles import HALF, Scene

NUMBERS = ["open", "high", "low", "close", "volume"]
SIZES = (BarSize.D1, BarSize.M30)


def told(bars: Sequence[HistoryBar]) -> pd.DataFrame:
    """Bars of the market as a frame, by start."""
    starts = [
        each.start if isinstance(each.start, dt.datetime) else day_label(each.start)
        for each in bars
    ]
    rows = [(each.open, each.high, each.low, each.close, float(each.volume)) for each in bars]
    index = pd.DatetimeIndex(starts, dtype=INSTANT, name="start")
    return pd.DataFrame(rows, index=index, columns=NUMBERS, dtype="float64")


def unsound(store: ParquetBarStore, options: DeskOptions, now: dt.datetime) -> list[str]:
    """What must not be in the store at any time."""
    found = [str(each) for each in store.verify()]
    for place in LISTED:
        for size in SIZES:
            bars = store.read(options.key(place.con_id, size))
            checked(bars, f"{place.symbol} {size}")
            found += _unfinished(place, size, bars, now)
    return found


def _unfinished(place: Place, size: BarSize, bars: pd.DataFrame, now: dt.datetime) -> list[str]:
    calendar, found = calendar_for(place.exchange), []
    newest = bars.iloc[-30:]
    for start, fetched in zip(pd.DatetimeIndex(newest.index), newest["fetched_at"], strict=True):
        date = start.date() if size is BarSize.D1 else calendar.local(start.to_pydatetime()).date()
        session = calendar.on(date)
        slots = () if session is None else session_slots(session, size, calendar)
        ends = [slot.end for slot in slots if slot.start == start]
        if not ends or ends[0] > now:
            found.append(f"{place.symbol} {size} {start}: no such bar has ended by {now}")
        elif fetched < ends[0]:
            found.append(f"{place.symbol} {size} {start}: stored as it was before its end")
    return found


def false(host: Host, store: ParquetBarStore, options: DeskOptions, scene: Scene) -> list[str]:
    """Stored bars that the market never told so; those that it told anew may lag behind."""
    found: list[str] = []
    for place in LISTED:
        if place.symbol in scene.splits:
            continue
        for size in SIZES:
            truth = told(host.truth(place.symbol, place.exchange, size.value))
            stored = store.read(options.key(place.con_id, size))
            ends = scene.corrected.get(place.symbol, ())
            anew = {end - HALF for end in ends} | {day_label(end.date()) for end in ends}
            stored = stored[~stored.index.isin(list(anew))]
            found += [f"{place.symbol} {size} {each}" for each in differences(stored, truth, ())]
    return found


def wrong(
    host: Host,
    store: ParquetBarStore,
    instruments: Iterable[Instrument],
    options: DeskOptions,
    now: dt.datetime,
) -> list[str]:
    """How the store differs from the market, once all is quiet and up to date."""
    found = [f"{key} is still frozen" for key in store.frozen()]
    for instrument in instruments:
        place = next(each for each in LISTED if each.con_id == instrument.con_id)
        calendar = calendar_for(place.exchange)
        for series in plan(instrument, calendar, None, options, now):
            size = series.key.bar_size
            truth = told(host.truth(place.symbol, place.exchange, size.value))
            due = [slot.start for slot in series.due if slot.end + LAG <= now]
            stored = store.read(series.key)
            found += [f"{place.symbol} {size} {each}" for each in differences(stored, truth, due)]
    return found


def differences(
    stored: pd.DataFrame, truth: pd.DataFrame, due: Collection[dt.datetime]
) -> list[str]:
    """How stored bars differ from the market's; of those that are due none may lack."""
    found = []
    missing = truth.index[truth.index.isin(list(due))].difference(stored.index)
    if len(missing):
        found.append(f"lacks {len(missing)} bars, the first {missing[0]}")
    strange = stored.index.difference(truth.index)
    if len(strange):
        found.append(f"has {len(strange)} bars that the market has not, the first {strange[0]}")
    if not stored.index.is_unique or not stored.index.is_monotonic_increasing:
        found.append("is out of order or holds bars twice")
    common = stored.index.intersection(truth.index)
    ours, theirs = stored.loc[common, NUMBERS], truth.loc[common]
    differing = ~(ours == theirs).all(axis=1)
    if differing.any():
        first = common[differing.to_numpy()][0]
        found.append(
            f"has {int(differing.sum())} bars that differ, the first {first}: "
            f"{ours.loc[first].tolist()} and not {theirs.loc[first].tolist()}"
        )
    return found


def broken(
    host: Host,
    folder: Path,
    runs: Collection[str],
    excused: Collection[str],
    alarms: Collection[tuple[str, str]],
) -> list[str]:
    """Promises of the hourly runs that were not kept, and orders that were sent.

    Parameters
    ----------
    runs
        Those to look at.
    excused
        Those that may lack their end: they were killed, or could not write it.
    alarms
        Run and token of each decision that was logged as an alarm.
    """
    with closing(SqliteJournal(journal_at(folder))) as journal:
        kept = [each for each in journal.runs() if each["run_id"] in runs]
        ended = tuple(
            each for each in kept if each["outcome"] or str(each["run_id"]) not in excused
        )
        names = [str(each["run_id"]) for each in ended]
        decisions = {each: journal.decisions(each) for each in names}
        tickets = {each: journal.tickets(each) for each in names}
        standings = {each: journal.standings(each) for each in names}
    evidence = Evidence(
        before={},
        after={},
        requests=tuple(host.sent()),
        orders=(),
        executions=(),
        runs=ended,
        decisions=decisions,
        tickets=tickets,
        standings=standings,
        alarms=frozenset(alarms),
        ran=(),
        replays=({},),
        was_killed=False,
    )
    return breaches(evidence)


def misjudged(host: Host, folder: Path, run_id: str, scene: Scene) -> list[str]:
    """Decisions of a run on other closes than the market's; what was told anew is left out."""
    retold = {*scene.splits, *scene.corrected}
    with closing(SqliteJournal(journal_at(folder))) as journal:
        rows = journal.decisions(run_id)
    firm = [row for row in rows if row["decision"] in ("EXIT", "HOLD")]
    return [why for row in firm if (why := _misjudged(host, row, retold))]


def _misjudged(host: Host, row: Row, retold: Collection[str]) -> str:
    place = next(each for each in LISTED if each.con_id == row["con_id"])
    if place.symbol in retold:
        return ""
    truth = told(host.truth(place.symbol, place.exchange, BarSize.M30.value))
    end = pd.Timestamp(dt.datetime.fromisoformat(str(row["bar_end"])))
    close = truth.loc[truth.index < end, "close"].iloc[-1]
    if close == float(str(row["close"])):
        return ""
    return f"{place.symbol} was judged on {row['close']} at {end}, where the market has {close}"
