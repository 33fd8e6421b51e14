"""When orders may trade: the session an order belongs to, and whether it is open."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.core.market_time import UTC, Session, calendar_for, has_calendar, open_stretches
from sellkit.errors import NoCalendar
from sellkit.simgateway.clock import local_time
from sellkit.simgateway.directory import venue_of

if TYPE_CHECKING:
    from sellkit.core.market_time import Calendar
    from sellkit.simgateway.orders.order import Order


class TradingHours:
    """The sessions of every contract.

    Parameters
    ----------
    always_open
        Every day is one session of 24 hours on the gateway's clock.
    """

    def __init__(self, *, always_open: bool) -> None:
        self._always_open = always_open
        self._now: dt.datetime | None = None
        self._found: dict[tuple[str, bool], Session | None] = {}

    def is_open(self, order: Order, now: dt.datetime) -> bool:
        """Whether an order's market is open for it.

        Raises
        ------
        NoCalendar
            `now` lies outside the calendar.
        """
        return self._open_session(order, now) is not None

    def session(self, order: Order, now: dt.datetime) -> Session:
        """The session that is open for an order, or the next one to open.

        Raises
        ------
        NoCalendar
            `now` lies outside the calendar.
        """
        found = self._open_session(order, now)
        if found is not None:
            return found
        calendar = self._calendar(order)
        return whole_session(calendar, calendar.next_to_open(now))

    def _open_session(self, order: Order, now: dt.datetime) -> Session | None:
        # One step of one order asks several times about the same moment.
        if now != self._now:
            self._now, self._found = now, {}
        key = (venue_of(order.terms.security), order.trades_outside)
        if key not in self._found:
            self._found[key] = self._look_up(order, now)
        return self._found[key]

    def _look_up(self, order: Order, now: dt.datetime) -> Session | None:
        venue = venue_of(order.terms.security)
        if self._always_open or open_stretches(venue) is None:
            return _whole_day(now)
        calendar = self._calendar(order)
        found = calendar.at(now)
        return None if found is None else whole_session(calendar, found)

    def _calendar(self, order: Order) -> Calendar:
        venue = venue_of(order.terms.security)
        if has_calendar(venue):
            return calendar_for(venue, extended=order.trades_outside)
        stretches = open_stretches(venue)
        if stretches is None:
            raise NoCalendar(f"no session calendar is known for the exchange {venue!r}")
        return stretches


def whole_session(calendar: Calendar, stretch: Session) -> Session:
    """The session that a stretch of it belongs to, from its first opening to its last close.

    A day's order outlives the lunch break.
    """
    parts = calendar.between(stretch.date, stretch.date)
    return Session(stretch.date, parts[0].open_utc, parts[-1].close_utc)


def midnight(now: dt.datetime) -> dt.datetime:
    """When the day of `now` began on the gateway's clock, aware UTC."""
    return local_time(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _whole_day(now: dt.datetime) -> Session:
    start = local_time(now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + dt.timedelta(days=1)
    return Session(start.date(), start.astimezone(UTC), end.astimezone(UTC))
