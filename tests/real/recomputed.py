"""What a run ought to say of recorded bars, worked out anew with pandas and fractions.

Nothing of `sellkit.core` takes part: hours are folded by grouping on New York's clock, sessions are
16:00 or a listed half day, means are fractions, and the bars that an average may use are counted
from the documented rules (200 hours, a year of days, more where an EMA's seed has to fade).
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pandas as pd

NEW_YORK = "America/New_York"
HALF_DAYS = {
    *("2018-07-03", "2018-11-23", "2018-12-24", "2019-07-03", "2019-11-29", "2019-12-24"),
    *("2020-11-27", "2020-12-24", "2021-11-26", "2022-11-25", "2023-07-03", "2023-11-24"),
    *("2025-07-03", "2025-11-28", "2025-12-24"),
}
HALF_HOUR = pd.Timedelta(minutes=30)
HOUR = pd.Timedelta(hours=1)
LENGTHS = (5, 10, 20, 50, 100, 150, 200)
CHOICES = tuple(
    f"{kind} {length} {timeframe}"
    for timeframe in ("1H", "1D")
    for kind in ("SMA", "EMA")
    for length in LENGTHS
)
MAX_SEED_WEIGHT = 0.001
MAX_BAR_AGE = dt.timedelta(minutes=15)
CLOSE_CALL = 1e-9


@dataclass(frozen=True, slots=True)
class Run:
    """Bars in a row up to the last one due: columns start, end, close; or why there are none."""

    bars: pd.DataFrame
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said of one position.

    `average`, `bar_start` and `bar_end` are None when it cannot be decided, and `reason` is then
    part of what has to be said.
    """

    decision: str
    close: float | None
    average: float | None = None
    bar_start: dt.datetime | None = None
    bar_end: dt.datetime | None = None
    bars_used: int | None = None
    seed_weight: float = 0.0
    reason: str = ""

    def is_above(self, cost: Decimal) -> bool:
        """Whether close and average both lie strictly above the average cost."""
        assert self.close is not None
        assert self.average is not None
        return float(cost) < self.close and float(cost) < self.average


# --- bars -----------------------------------------------------------------------------------------


@cache
def recorded(path: Path) -> pd.DataFrame:
    """A file's bars with their start on New York's clock, their close and their session's close."""
    file = pd.read_parquet(path)
    start = file["ts"].dt.tz_convert(NEW_YORK)
    return pd.DataFrame(
        {"start": start, "close": file["close"], "session_close": _session_close(start)}
    )


def _session_close(start: pd.Series) -> pd.Series:
    is_half = start.dt.strftime("%Y-%m-%d").isin(HALF_DAYS)
    return start.dt.normalize() + pd.to_timedelta(is_half.map({True: 13, False: 16}), unit="h")


def hours(halves: pd.DataFrame, as_of: dt.datetime, anchor: str, count: int) -> Run:
    """The last `count` hours that have ended, from the last one that lacks a half on."""
    opens = halves["start"].dt.normalize() + 9 * HOUR + HALF_HOUR
    shift = HALF_HOUR if anchor == "session" else 0 * HOUR
    mark = (halves["start"] - shift).dt.floor("h") + shift
    bars = halves.assign(
        begin=mark.where(mark > opens, opens),
        end=(mark + HOUR).where(mark + HOUR < halves["session_close"], halves["session_close"]),
    )
    folded = bars.groupby("begin", as_index=False).agg(
        end=("end", "first"), close=("close", "last"), parts=("close", "size")
    )
    due = folded.rename(columns={"begin": "start"})[folded["end"] <= as_of].tail(count)
    expected = (due["end"] - due["start"]) // HALF_HOUR
    if due["parts"].iloc[-1] != expected.iloc[-1]:
        bar = due.iloc[-1]
        begin, end = bar["start"].tz_convert("UTC"), bar["end"].tz_convert("UTC")
        problem = (
            f"the bar {begin:%Y-%m-%d %H:%M} to {end:%H:%M} UTC is incomplete: "
            f"{bar['parts']} of {expected.iloc[-1]} half-hours"
        )
        return Run(due.iloc[:0], problem)
    holes = due.index[due["parts"] != expected]
    return Run(due.loc[holes[-1] + 1 :] if len(holes) else due)


def days(bars: pd.DataFrame, as_of: dt.datetime, needed: int) -> Run:
    """The sessions of the last 365 days that have ended, or the last `needed` if those are more.

    `bars` are half-hours, or daily bars that carry their session's date.
    """
    date = bars["start"].dt.strftime("%Y-%m-%d")
    folded = (
        bars.assign(date=date)
        .groupby("date", as_index=False)
        .agg(end=("session_close", "first"), close=("close", "last"))
    )
    folded["start"] = pd.to_datetime(folded["date"], utc=True)
    due = folded[folded["end"] <= as_of]
    year = due[due["start"] >= as_of - dt.timedelta(days=365)]
    return Run(year if len(year) >= needed else due.tail(needed))


@cache
def recorded_days(path: Path) -> pd.DataFrame:
    """A file of daily bars: the label of a bar is its session's date."""
    file = pd.read_parquet(path)
    start = file["ts"].dt.tz_localize(None).dt.tz_localize(NEW_YORK)
    return pd.DataFrame(
        {"start": start, "close": file["close"], "session_close": _session_close(start)}
    )


# --- averages -------------------------------------------------------------------------------------


def _parts(choice: str) -> tuple[str, int]:
    kind, length, _ = choice.split()
    return kind, int(length)


def seed_weight(choice: str, bars: int) -> float:
    """What is left of an EMA's seed; an SMA has none."""
    kind, length = _parts(choice)
    return 0.0 if kind == "SMA" else (1 - 2 / (length + 1)) ** (bars - length)


def bars_needed(choice: str) -> int:
    """How many bars bring the seed's weight down to a thousandth."""
    count = _parts(choice)[1]
    while seed_weight(choice, count) > MAX_SEED_WEIGHT:
        count += 1
    return count


def average(closes: pd.Series, choice: str) -> float | None:
    """The average at the last close; None when there are fewer closes than it is long."""
    kind, length = _parts(choice)
    if len(closes) < length:
        return None
    if kind == "SMA":
        return float(_exact_sum(closes.tail(length)) / length)
    seed = pd.Series([float(_exact_sum(closes.head(length)) / length)])
    steps = pd.concat([seed, closes.iloc[length:]])
    return float(steps.ewm(alpha=2 / (length + 1), adjust=False).mean().iloc[-1])


def _exact_sum(closes: pd.Series) -> Fraction:
    return Fraction(sum(Decimal(repr(close)) for close in closes.tolist()))


def is_below(closes: pd.Series, choice: str) -> bool:
    """Whether the last close lies strictly below the average, in exact numbers."""
    kind, length = _parts(choice)
    close = float(closes.iloc[-1])
    if kind == "SMA":
        return Fraction(Decimal(repr(close))) * length < _exact_sum(closes.tail(length))
    value = average(closes, choice)
    assert value is not None
    assert not math.isclose(close, value, rel_tol=CLOSE_CALL), "too close for floats: choose anew"
    return close < value


# --- answers --------------------------------------------------------------------------------------


def answer(run: Run, choice: str) -> Answer:
    """What is to be said of a position with this assignment, whose bars these are."""
    if run.problem is not None:
        return Answer("UNDECIDED", None, reason=run.problem)
    closes, count, length = run.bars["close"], len(run.bars), _parts(choice)[1]
    close = float(closes.iloc[-1])
    if count < length:
        reason = f"{choice} needs {length} bars in a row, has {count}"
        return Answer("UNDECIDED", close, reason=reason)
    bar = run.bars.iloc[-1]
    return Answer(
        decision="EXIT" if is_below(closes, choice) else "HOLD",
        close=close,
        average=average(closes, choice),
        bar_start=bar["start"].tz_convert("UTC").to_pydatetime(),
        bar_end=bar["end"].tz_convert("UTC").to_pydatetime(),
        bars_used=count,
        seed_weight=seed_weight(choice, count),
    )


def verdict(
    said: Answer, cost: Decimal, as_of: dt.datetime, *, exits: int, held: int
) -> str | None:
    """What the gates make of an EXIT under the default settings; None for anything else."""
    if said.decision != "EXIT":
        return None
    assert said.bar_end is not None
    is_withheld = (
        as_of - said.bar_end > MAX_BAR_AGE
        or said.seed_weight > MAX_SEED_WEIGHT
        or not said.is_above(cost)
        or (exits > 3 and exits * 2 > held)
    )
    if is_withheld:
        return "withheld"
    local = as_of.astimezone(said.bar_end.tzinfo)
    close = _session_close(pd.Series([pd.Timestamp(local).tz_convert(NEW_YORK)])).iloc[0]
    return "prepared" if close - local >= dt.timedelta(minutes=2) else "deferred"
