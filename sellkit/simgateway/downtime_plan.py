"""When and how a gateway is down: the nightly reset, and the weekly login that a person has to do.

All seconds are real ones; times of day are those of the gateway's clock, in New York.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.clock import local_time

if TYPE_CHECKING:
    from sellkit.simgateway.table import Table


class LoggedOut(StrEnum):
    """What a gateway does with connections until somebody has logged in."""

    SILENT = "silent"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlyReset:
    """How the nightly reset goes.

    Attributes
    ----------
    at
        The time of day; None for one that is only played by hand.
    notices, notice_seconds
        How often 1100 is told, and how long after each the next, or the end, comes.
    drops
        The gateway starts anew behind the last notice: sessions end, and connections are refused.
    refused_seconds
        For how long they are refused.
    loses_data
        Sessions that are kept are told 1101 instead of 1102.
    ids_back
        By so many every client's next order id goes back.
    """

    at: dt.time | None = None
    notices: int = 3
    notice_seconds: float = 5.0
    drops: bool = True
    refused_seconds: float = 10.0
    loses_data: bool = False
    ids_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyLogin:
    """When the gateway logs itself out, and what it does until somebody has logged in.

    `weekday` counts from Monday, 0.
    """

    weekday: int
    at: dt.time
    until_login: LoggedOut = LoggedOut.REFUSE


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def read_nightly_reset(table: Table, *, at_needed: bool = True) -> NightlyReset:
    """The table `[nightly_reset]`.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong.
    """
    found: dict[str, object] = {
        "at": _time(table, at_needed=at_needed),
        "notices": table.count("notices"),
        "notice_seconds": table.seconds("notice_seconds"),
        "refused_seconds": table.seconds("refused_seconds"),
        "loses_data": table.flag("loses_data"),
        "ids_back": table.count("ids_back"),
    }
    sessions = table.choice("sessions", ("dropped", "kept"))
    found["drops"] = None if sessions is None else sessions == "dropped"
    table.end()
    if sessions == "kept" and found["refused_seconds"] is not None:
        table.fail("refused_seconds", "goes with sessions = 'dropped'")
    if found["loses_data"] and sessions != "kept":
        table.fail("loses_data", "goes with sessions = 'kept'")
    given = {key: value for key, value in found.items() if value is not None}
    return NightlyReset(**given)  # type: ignore[arg-type]


def read_weekly_login(table: Table) -> WeeklyLogin:
    """The table `[weekly_login]`.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong.
    """
    day = table.choice("day", _DAYS)
    time = _time(table, at_needed=True)
    until = table.choice("until_login", tuple(LoggedOut))
    table.end()
    if time is None:
        raise table.missing("at")
    weekday = _DAYS.index(day or "Sun")
    return WeeklyLogin(weekday=weekday, at=time, until_login=LoggedOut(until or LoggedOut.REFUSE))


def latest(at: dt.time, now: dt.datetime, weekday: int | None = None) -> dt.datetime:
    """The latest moment, not after `now`, with this time of day, on any day or on one of the week.

    Both are aware; the answer is local.
    """
    here = local_time(now)
    back = 0 if weekday is None else (here.weekday() - weekday) % 7
    found = dt.datetime.combine(here.date() - dt.timedelta(days=back), at, here.tzinfo)
    if found > here:
        found -= dt.timedelta(days=1 if weekday is None else 7)
    return found


def _time(table: Table, *, at_needed: bool) -> dt.time | None:
    text = table.text("at")
    if text is None:
        if at_needed:
            raise table.missing("at")
        return None
    try:
        time = dt.time.fromisoformat(text)
    except ValueError:
        time = dt.time(tzinfo=dt.UTC)
    if time.tzinfo is not None:
        table.fail("at", f"must be a time of day in New York like '23:45', not {text!r}")
    return time
