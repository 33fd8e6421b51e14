"""What has to be decided, worked out with pandas alone from the market's own bars."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from tests.week.hours import NEW_YORK, session_on, sessions_between
from tests.week.market import Copy, Held

LAG = dt.timedelta(seconds=5)
"""`bars.final_after_seconds`: so long after its end a bar counts for nothing yet."""

WEEK = dt.timedelta(days=7)
FAR = {"30 mins": "40 D", "1 day": "200 D"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run has to say of a position.

    Attributes
    ----------
    ends
        The end of the bar that decides, aware UTC.
    close, average
        None where it has to be UNDECIDED.
    """

    decision: str
    ends: dt.datetime
    close: float | None = None
    average: float | None = None


class Truth:
    """What has to be said at any moment; each is worked out once.

    Parameters
    ----------
    copy
        The market.
    split
        When the prices of `SPLIT_UP` are divided.
    """

    def __init__(self, copy: Copy, split: dt.datetime) -> None:
        self._copy, self._split = copy, split
        self._known: dict[tuple[str, dt.datetime, bool], Verdict] = {}

    def of(self, held: Held, now: dt.datetime) -> Verdict:
        """What is to be said of a position; it is the same until another hour has ended."""
        last = max(
            end
            for session in sessions_between(now - WEEK, now)
            for end in session.ends
            if end <= now - LAG
        )
        key = (held.symbol, last, now >= self._split)
        if key not in self._known:
            self._known[key] = verdict(self._copy, held, now)
        return self._known[key]


def verdict(copy: Copy, held: Held, now: dt.datetime) -> Verdict:
    """What is to be said at a moment."""
    bars = _hours(copy, held, now) if held.timeframe == "1H" else _days(copy, held, now)
    ends = bars.index[-1].to_pydatetime()
    holes = bars.index[~bars["whole"]]
    unbroken = bars if holes.empty else bars[bars.index > holes[-1]]
    closes = unbroken["close"].astype("float64")
    if len(closes) < held.length:
        return Verdict("UNDECIDED", ends)
    average = _average(closes, held)
    close = float(closes.iloc[-1])
    return Verdict("EXIT" if close < average else "HOLD", ends, close, average)


def _average(closes: pd.Series[float], held: Held) -> float:
    if held.kind == "SMA":
        return float(closes.rolling(held.length).mean().iloc[-1])
    first = closes.iloc[: held.length].mean()
    seeded = pd.concat([pd.Series([first]), closes.iloc[held.length :]])
    return float(seeded.ewm(span=held.length, adjust=False).mean().iloc[-1])


def _hours(copy: Copy, held: Held, now: dt.datetime) -> pd.DataFrame:
    """Hours on the clock of New York that have ended, by their end: close, and whether whole."""
    told = copy.bars(held, "30 mins", FAR["30 mins"], now)
    starts = pd.DatetimeIndex(told.index).tz_convert(NEW_YORK)
    closes = pd.Series(told["close"].to_numpy(), index=starts)
    due = _half_hours(starts[0], now)
    found = closes.reindex(due)
    hours = found.groupby(due.floor("h"))
    ends = pd.DatetimeIndex(hours.apply(lambda each: each.index[-1] + pd.Timedelta("30min")))
    bars = pd.DataFrame({"close": hours.last().to_numpy(), "whole": hours.apply(_is_whole)})
    bars.index = ends.tz_convert("UTC")
    return bars[bars.index <= now - LAG]


def _is_whole(half_hours: pd.Series[float]) -> bool:
    return bool(half_hours.notna().all())


def _half_hours(first: pd.Timestamp, now: dt.datetime) -> pd.DatetimeIndex:
    """When half-hours begin of every session from a day to the one that `now` lies in."""
    starts = [
        pd.date_range(session.opens, session.closes, freq="30min", inclusive="left")
        for date in pd.date_range(first.date(), now.astimezone(NEW_YORK).date())
        if (session := session_on(date.date())) is not None
    ]
    return pd.DatetimeIndex([each for some in starts for each in some]).tz_convert(NEW_YORK)


def _days(copy: Copy, held: Held, now: dt.datetime) -> pd.DataFrame:
    """Days whose session has ended, by its close."""
    told = copy.bars(held, "1 day", FAR["1 day"], now)
    recent = told.iloc[-60:]
    ends = [session.closes for date in recent.index if (session := session_on(date)) is not None]
    bars = pd.DataFrame({"close": recent["close"].to_numpy(), "whole": True})
    bars.index = pd.DatetimeIndex(ends)
    return bars[bars.index <= now - LAG]
