"""The limits on requests for historical bars, as Interactive Brokers publishes them.

Source: https://interactivebrokers.github.io/tws-api/historical_limitations.html
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_OPEN: Final = 50
SMALL_BARS: Final = frozenset({"1 secs", "5 secs", "10 secs", "15 secs", "30 secs"})

_SAME_SECONDS: Final = 15
_BURST_SECONDS: Final = 2
_BURST_LIMIT: Final = 6
_WINDOW_SECONDS: Final = 600
_WINDOW_LIMIT: Final = 60


class _Asked(NamedTuple):
    seconds: float
    question: object
    series: object
    weight: int


class Pacing:
    """Counts the requests for bars of 30 seconds or less; larger ones are not paced.

    Parameters
    ----------
    steady
        A steady clock in real seconds: clients pace themselves in real time, too.
    """

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._asked: deque[_Asked] = deque()

    def admits(self, question: object, series: object, what_to_show: str) -> bool:
        """Whether a request may pass; one that may is counted.

        Parameters
        ----------
        question
            The whole request: the same one may not come again within 15 seconds.
        series
            Contract, exchange and kind of prices: at most five requests in 2 seconds.
        what_to_show
            BID_ASK counts double among the 60 requests in 10 minutes.
        """
        now = self._steady()
        while self._asked and now - self._asked[0].seconds >= _WINDOW_SECONDS:
            self._asked.popleft()
        weight = 2 if what_to_show == "BID_ASK" else 1
        is_repeated = any(
            asked.question == question and now - asked.seconds < _SAME_SECONDS
            for asked in self._asked
        )
        burst = sum(
            asked.series == series and now - asked.seconds < _BURST_SECONDS for asked in self._asked
        )
        total = sum(asked.weight for asked in self._asked) + weight
        if is_repeated or burst + 1 >= _BURST_LIMIT or total > _WINDOW_LIMIT:
            return False
        self._asked.append(_Asked(now, question, series, weight))
        return True
