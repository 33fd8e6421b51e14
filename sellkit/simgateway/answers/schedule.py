"""Answers with the sessions of an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.simgateway.bar_sizes import DAY, span_named
from sellkit.simgateway.clock import GATEWAY_ZONE
from sellkit.simgateway.durations import parse_duration
from sellkit.simgateway.history import NOT_VALID, HistoryQuery, Refused
from sellkit.simgateway.market_messages import historical_schedule as schedule_message
from sellkit.simgateway.shown import NoData

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.session import Session

SCHEDULE: Final = "SCHEDULE"

_SINCE: Final = 165
_AMERICAN: Final = "XNYS"


def historical_schedule(session: Session, request_id: int, query: HistoryQuery) -> None:
    """The sessions of a contract's exchange, which clients from version 165 on can read.

    Raises
    ------
    Refused
        321: the client is older, the bars are not of one day, or the duration is none. 162: there
        is no session.
    """
    if session.version < _SINCE:
        text = f"what to show {SCHEDULE} needs a client of version {_SINCE} or later"
        raise Refused(NOT_VALID, f"Error validating request: {text}")
    if span_named(query.bar_size) != DAY:
        text = f"what to show {SCHEDULE} needs bars of {DAY.name}, not {query.bar_size}"
        raise Refused(NOT_VALID, f"Error validating request: {text}")
    duration = parse_duration(query.duration)
    now = session.gateway.clock.now()
    found = session.gateway.market.sessions(query.symbol, duration, query.end or now, rth=query.rth)
    if not found.sessions:
        raise NoData(query.symbol, SCHEDULE)
    name = CALENDAR_OF_EXCHANGE.get(query.exchange)
    zone = GATEWAY_ZONE if name == _AMERICAN else found.zone_name
    rows = [
        (
            _text(found.zone, one.open_utc),
            _text(found.zone, one.close_utc),
            f"{one.date:%Y%m%d}",
        )
        for one in found.sessions
    ]
    bounds = (rows[0][0], rows[-1][1])
    session.send(schedule_message(request_id, bounds, zone, rows))


def _text(zone: dt.tzinfo, instant: dt.datetime) -> str:
    return f"{instant.astimezone(zone):%Y%m%d-%H:%M:%S}"
