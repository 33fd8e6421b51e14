"""When orders may trade: the session an order belongs to, and whether it is open."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.core.market_time import UTC, Session, calendar_for, has_calendar
from sellkit.simgateway.clock import local_time

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
        return self._calendar(order).next_to_open(now)

    def _open_session(self, order: Order, now: dt.datetime) -> Session | None:
        is_round_the_clock = self._always_open or not has_calendar(
            order.terms.security.primary_exchange
        )
        return _whole_day(now) if is_round_the_clock else self._calendar(order).at(now)

    def _calendar(self, order: Order) -> Calendar:
        exchange = order.terms.security.primary_exchange
        return calendar_for(exchange, extended=order.trades_outside)


def midnight(now: dt.datetime) -> dt.datetime:
    """When the day of `now` began on the gateway's clock, aware UTC."""
    return local_time(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _whole_day(now: dt.datetime) -> Session:
    start = local_time(now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + dt.timedelta(days=1)
    return Session(start.date(), start.astimezone(UTC), end.astimezone(UTC))
