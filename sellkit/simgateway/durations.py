"""How far back a question for bars reaches, counted as Interactive Brokers counts."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.core.market_time import UTC
from sellkit.simgateway.history import NOT_VALID, Refused

if TYPE_CHECKING:
    from sellkit.simgateway.timetable import Timetable

# The longest that Interactive Brokers' table of historical durations allows.
_LONGEST: Final = {"S": 86_400, "D": 365, "W": 52, "M": 12, "Y": 68}
_FORM: Final = re.compile(r"([1-9]\d{0,5}) ([SDWMY])")


class Duration(NamedTuple):
    """`number` of trading seconds (S), trading sessions (D), or calendar weeks, months or years."""

    number: int
    unit: str


class Window(NamedTuple):
    """The sessions that a question reaches.

    Bars are meant that end after `since` and start before `until`, both in seconds after 1970.
    """

    sessions: range
    since: float
    until: float


def parse_duration(text: str) -> Duration:
    """The duration that a text means.

    Raises
    ------
    Refused
        321: not a whole number, one blank and one of S D W M Y, or longer than is allowed.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise Refused(
            NOT_VALID,
            f"Error validating request: duration {text!r} is not valid. Legal is a whole number, "
            "one blank, and S (seconds), D (days), W (weeks), M (months) or Y (years).",
        )
    duration = Duration(int(found[1]), found[2])
    if duration.number > _LONGEST[duration.unit]:
        raise Refused(NOT_VALID, f"Error validating request: {_too_long(duration)}")
    return duration


def window(duration: Duration, timetable: Timetable, limit: float) -> Window:
    """The sessions of `duration` back from `limit`.

    Parameters
    ----------
    duration
        D counts sessions, the one that holds the limit included; S counts seconds inside sessions;
        W, M and Y reach to the same time of an earlier day, and mean sessions that opened since.
    timetable
        The sessions.
    limit
        Seconds after 1970; only sessions that opened before it count.
    """
    stop = timetable.opened_before(limit)
    if stop == 0:
        return Window(range(0), limit, limit)
    if duration.unit == "S":
        return _trading_seconds(duration.number, timetable, stop, limit)
    if duration.unit == "D":
        first = max(stop - duration.number, 0)
    else:
        first = timetable.opened_before(_calendar_start(duration, timetable, limit))
    return Window(range(first, stop), 0.0, limit)


def _trading_seconds(count: int, timetable: Timetable, stop: int, limit: float) -> Window:
    left = float(count)
    for index in range(stop - 1, -1, -1):
        opened = float(timetable.opens[index]) * 60
        closed = min(float(timetable.closes[index]) * 60, limit)
        if closed - opened >= left:
            return Window(range(index, stop), closed - left, limit)
        left -= closed - opened
    return Window(range(stop), 0.0, limit)


def _calendar_start(duration: Duration, timetable: Timetable, limit: float) -> float:
    local = timetable.calendar.local(dt.datetime.fromtimestamp(limit, UTC))
    if duration.unit == "W":
        return (local - dt.timedelta(weeks=duration.number)).timestamp()
    months = duration.number * (12 if duration.unit == "Y" else 1)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).timestamp()


def _too_long(duration: Duration) -> str:
    if duration.unit == "D":
        return "durations longer than 365 days must be made in years."
    longest = f"{_LONGEST[duration.unit]} {duration.unit}"
    return f"duration {duration.number} {duration.unit} is longer than the most allowed, {longest}."
