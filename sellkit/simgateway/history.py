"""A question for historical bars, its answer, and its refusal, as a client sees them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from sellkit.core.market_time import UTC, zone_named
from sellkit.errors import NoCalendar

NO_SUCH_SECURITY: Final = 200
NO_DATA: Final = 162
NOT_VALID: Final = 321
NOT_SUBSCRIBED: Final = 354
BAD_END: Final = 10314

_END: Final = re.compile(r"(\d{8})(-| )(\d\d:\d\d:\d\d)(?: (\S+))?")


class Refused(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    code
        Interactive Brokers' number for the error.
    text
        What the client is told.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """What a client asks for; texts are as on the wire, not yet checked.

    Attributes
    ----------
    symbol
        A listed symbol.
    exchange
        Code of its primary exchange.
    end
        Aware UTC; bars that start before it are wanted. None: now.
    duration
        How far back, `20 D` for instance.
    bar_size
        `30 mins` for instance.
    what_to_show
        `TRADES` for instance.
    rth
        Regular trading hours only.
    """

    symbol: str
    exchange: str
    end: dt.datetime | None
    duration: str
    bar_size: str
    what_to_show: str
    rth: bool


class HistoryBar(NamedTuple):
    """One bar.

    `start` is an aware UTC instant, for bars of a day and more the date of the (first) session.
    `volume` is in shares; `volume`, `average` and `count` are -1 where quotes are shown.
    """

    start: dt.datetime | dt.date
    open: float
    high: float
    low: float
    close: float
    volume: int
    average: float
    count: int  # type: ignore[assignment]  # the name of a method of tuple


def parse_end(text: str, gateway_zone_name: str) -> dt.datetime | None:
    """The instant that an end time on the wire means; None where it is empty, which means now.

    Parameters
    ----------
    text
        `yyyymmdd hh:mm:ss ZONE`, `yyyymmdd-hh:mm:ss` (UTC) or `yyyymmdd hh:mm:ss` on the
        gateway's own clock.
    gateway_zone_name
        The zone of that clock.

    Raises
    ------
    Refused
        10314: any other text, a day or time that does not exist, an unknown zone.
    NoCalendar
        The gateway's own zone is unknown.
    """
    own = zone_named(gateway_zone_name)
    if not text:
        return None
    found = _END.fullmatch(text)
    if found is None or (found[2] == "-" and found[4]):
        raise _bad_end(text)
    date, dash, time, zone = found.groups()
    try:
        moment = dt.datetime.strptime(f"{date} {time}", "%Y%m%d %H:%M:%S").replace(
            tzinfo=UTC if dash == "-" else zone_named(zone) if zone else own
        )
        # Near the year 1 or 9999 the same instant in UTC may lie beyond every calendar.
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, NoCalendar) as error:
        raise _bad_end(text) from error


def _bad_end(text: str) -> Refused:
    return Refused(
        BAD_END,
        f"End Date/Time: {text!r} is not valid. Legal forms are yyyymmdd hh:mm:ss ZONE, "
        "yyyymmdd-hh:mm:ss for UTC, and yyyymmdd hh:mm:ss for the gateway's own zone.",
    )
