"""What the gateway asks of its market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.durations import Duration
    from sellkit.simgateway.history import HistoryBar, HistoryQuery
    from sellkit.simgateway.opening_hours import Sessions
    from sellkit.simgateway.quote import Quote


class Prices(Protocol):
    """Bars, quotes and hours; `sellkit.simgateway.market.Market` is the one that ships.

    `history` is called on a thread of its own, one call at a time, the rest on the gateway's
    thread. All but `hours` may raise `sellkit.simgateway.history.Refused`.
    """

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        """The bars that a query asks for, as known at `now`."""
        ...

    def quote(self, symbol: str, now: dt.datetime) -> Quote:
        """What the market shows of a symbol."""
        ...

    def head_timestamp(self, symbol: str, what_to_show: str, rth: bool) -> dt.datetime:
        """The start of a symbol's first bar, aware UTC."""
        ...

    def hours(self, exchange: str, now: dt.datetime) -> tuple[str, str]:
        """The trading hours and the regular hours of the next days."""
        ...

    def sessions(
        self, symbol: str, duration: Duration, until: dt.datetime, *, rth: bool
    ) -> Sessions:
        """When a symbol's exchange was open, so far back from a day, that day included."""
        ...
