"""What was told of orders, numbered, over all connections of one broker."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.reports import OrderReport


class ReportLog:
    """Reports in the order in which they came. One thread adds, any number read."""

    def __init__(self) -> None:
        self._grown = threading.Condition()
        self._reports: list[OrderReport] = []

    def add(self, make: Callable[[int], OrderReport]) -> None:
        """Add a report; `make` is given its number."""
        with self._grown:
            self._reports.append(make(len(self._reports) + 1))
            self._grown.notify_all()

    def after(self, number: int, seconds: float) -> tuple[OrderReport, ...]:
        """Those above a number; the first of them is waited for, at most so long."""
        first = max(number, 0)
        with self._grown:
            self._grown.wait_for(lambda: len(self._reports) > first, max(seconds, 0.0))
            return tuple(self._reports[first:])
