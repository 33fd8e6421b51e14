"""Bars of one request that are kept up to date: what was told last, and what is news since."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from sellkit.simgateway.history import HistoryBar, HistoryQuery
    from sellkit.simgateway.scenario import Security

# How far back to look for the bar that was told last, at first and where the clock has jumped.
_WEEKS: Final = ("2 W", "1 Y")
_MONTHS: Final = ("2 M", "5 Y")
_BACK: Final = {"1W": _WEEKS, "1 week": _WEEKS, "1M": _MONTHS, "1 month": _MONTHS}
_DAYS: Final = ("2 D", "1 M")


class BarStream:
    """What a client was told of bars that it wants to be kept up to date.

    Attributes
    ----------
    query
        What it asked for.
    job
        The look for news that runs at present.
    """

    def __init__(
        self,
        request_id: int,
        security: Security,
        query: HistoryQuery,
        *,
        in_seconds: bool,
        unit: int,
        told: HistoryBar,
        due: dt.datetime,
    ) -> None:
        self.request_id = request_id
        self.security = security
        self.query = query
        self.in_seconds = in_seconds
        self.unit = unit
        self.job: asyncio.Task[None] | None = None
        self._told = told
        self._due = due

    def is_due(self, now: dt.datetime) -> bool:
        """Whether it is time to look for news, and nobody is looking."""
        return self.job is None and now >= self._due

    def postpone(self, now: dt.datetime, seconds: float) -> None:
        """Look again so much later, on the gateway's clock."""
        self._due = now + dt.timedelta(seconds=seconds)

    def questions(self) -> list[HistoryQuery]:
        """What to ask for news: the latest bars, and if these do not reach back, more of them."""
        durations = _BACK.get(self.query.bar_size, _DAYS)
        return [replace(self.query, duration=duration) for duration in durations]

    def reaches(self, bars: Sequence[HistoryBar]) -> bool:
        """Whether bars go back to the one that was told last."""
        return bool(bars) and _order(bars[0]) <= _order(self._told)

    def news(self, bars: Sequence[HistoryBar]) -> list[HistoryBar]:
        """The bars from the one that was told last on, itself only where it has grown or changed.

        What is known of a bar that is not final may be less than what was told before its end.
        """
        last = self._told
        fresh = [
            bar
            for bar in bars
            if _order(bar) > _order(last)
            or (_order(bar) == _order(last) and bar != last and bar.count >= last.count)
        ]
        if fresh:
            self._told = fresh[-1]
        return fresh


def _order(bar: HistoryBar) -> str:
    """What bars of one size are ordered by: their date, or their instant in UTC."""
    return bar.start.isoformat()
