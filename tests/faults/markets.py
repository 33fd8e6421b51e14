"""Markets with something wrong in them, for what no rule of a scenario can say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from sellkit.simgateway.market import Market

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.history import HistoryBar, HistoryQuery

APPLE = "AAPL"


class TwiceAndBackwards(Market):
    """Tells every bar twice, and the latest first."""

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        bars = super().history(query, now)
        return [*reversed(bars), *reversed(bars)]


class Scaled(Market):
    """Tells Apple's prices times `factor`, of the bars from `since` on; None stands for all."""

    factor = 1.0
    since: dt.datetime | None = None

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        bars = super().history(query, now)
        if query.symbol != APPLE:
            return bars
        return [self._told(each) for each in bars]

    def _told(self, bar: HistoryBar) -> HistoryBar:
        is_dated = not isinstance(bar.start, dt.datetime)
        if self.since is not None and (is_dated or bar.start < self.since):
            return bar
        open_, high, low, close = (
            round(price * self.factor, 4) for price in (bar.open, bar.high, bar.low, bar.close)
        )
        return bar._replace(open=open_, high=high, low=low, close=close)


class Odd(Market):
    """Tells some of Apple's half-hours otherwise; what is not of the market passes.

    Attributes
    ----------
    tell
        Makes of a bar what is told in its place; None leaves it out.
    """

    tell: Callable[[HistoryBar], HistoryBar | None] | None = None

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        bars = super().history(query, now)
        if self.tell is None or query.symbol != APPLE or query.bar_size != "30 mins":
            return bars
        return [found for each in bars if (found := self.tell(each)) is not None]


class Eager(Market):
    """Tells all that there is up to now, whatever end was asked for."""

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        return super().history(replace(query, end=None), now)
