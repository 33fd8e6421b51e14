"""When orders may trade: the session an order belongs to, and whether it is open."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.core.market_time import UTC, Session, calendar_for, has_calendar
from sellkit.simgateway.clock import local_time

if TYPE_CHECKING:
    from sellkit.simgateway.scenario import Security


class TradingHours:
    """The sessions of every contract.

    Parameters
    ----------
    always_open
        Every day is one session of 24 hours on the gateway's clock.
    """

    def __init__(self, *, always_open: bool) -> None:
        self._always_open = always_open

    def open_session(
        self, security: Security, now: dt.datetime, *, outside_rth: bool
    ) -> Session | None:
        """The session that is open, or None.

        Raises
        ------
        NoCalendar
            `now` lies outside the calendar.
        """
        if self._is_round_the_clock(security):
            return _whole_day(now)
        exchange = security.primary_exchange
        return calendar_for(exchange, extended=outside_rth).at(now)

    def session(self, security: Security, now: dt.datetime, *, outside_rth: bool) -> Session:
        """The session that is open, or the next one to open.

        Raises
        ------
        NoCalendar
            `now` lies outside the calendar.
        """
        found = self.open_session(security, now, outside_rth=outside_rth)
        if found is not None:
            return found
        return calendar_for(security.primary_exchange, extended=outside_rth).next_to_open(now)

    def _is_round_the_clock(self, security: Security) -> bool:
        return self._always_open or not has_calendar(security.primary_exchange)


def midnight(now: dt.datetime) -> dt.datetime:
    """When the day of `now` began on the gateway's clock, aware UTC."""
    return local_time(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _whole_day(now: dt.datetime) -> Session:
    start = local_time(now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + dt.timedelta(days=1)
    return Session(start.date(), start.astimezone(UTC), end.astimezone(UTC))
