"""A market whose answers a test sets: the same three bars, and a quote that moves on demand."""

from __future__ import annotations

import datetime as dt
import threading

from sellkit.simgateway.history import HistoryBar, HistoryQuery
from sellkit.simgateway.market import Quote

OPENED = dt.datetime(2025, 11, 28, 14, 30, tzinfo=dt.UTC)


class FakeMarket:
    """The shape of the real market, and nothing behind it.

    `gate` holds back bars while it is closed; `bars` is what is answered; `last` moves the quote.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.queries: list[HistoryQuery] = []
        self.last = 100.0
        self.error: Exception | None = None
        self.bars = [
            HistoryBar(OPENED + step * dt.timedelta(minutes=30), 1.0, 2.0, 0.5, 1.5, 1250, 1.4, 7)
            for step in range(3)
        ]

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        self.queries.append(query)
        assert self.gate.wait(10), "the gate was never opened"
        if self.error is not None:
            raise self.error
        return self.bars

    def quote(self, symbol: str, now: dt.datetime) -> Quote:
        return Quote(
            self.last - 0.01,
            self.last + 0.01,
            self.last,
            200,
            300,
            100,
            1250,
            99.0,
            101.0,
            98.0,
            97.0,
        )

    def head_timestamp(self, symbol: str, what_to_show: str, rth: bool) -> dt.datetime:
        return OPENED

    def hours(self, exchange: str, now: dt.datetime) -> tuple[str, str]:
        return "20251128:0400-20251128:1700", "20251128:0930-20251128:1300"
