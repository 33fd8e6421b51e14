"""Which requests for history may run, and how soon: the published limits, and the unwritten one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.history import NO_DATA, Refused
from sellkit.simgateway.pacing import MAX_OPEN, SMALL_BARS, Pacing
from sellkit.simgateway.rights import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.history import HistoryQuery
    from sellkit.simgateway.market_terms import Throttle

_WINDOW_SECONDS: Final = 600


class Admitted(NamedTuple):
    """A request that may run: after so many real seconds, or the client is dropped instead."""

    seconds: float = 0.0
    drops_client: bool = False


class Admission:
    """Judges the requests of every client of the gateway together, as they share one login.

    All limits count real seconds, whatever the gateway's clock shows: they are there for clients,
    which pace themselves in real time.

    Parameters
    ----------
    steady
        A steady clock in real seconds.
    throttle
        None has no unwritten limit.
    """

    def __init__(self, steady: Callable[[], float], throttle: Throttle | None) -> None:
        self._steady = steady
        self._throttle = throttle
        self._pacing = Pacing(steady)
        self._asked: deque[float] = deque()

    def bars(self, query: HistoryQuery, exchange: str, open_now: int) -> Admitted:
        """Judge a request for bars.

        Parameters
        ----------
        exchange
            The one that the request names.
        open_now
            Requests that run already, those included whose bars are kept up to date.

        Raises
        ------
        Refused
            162: too many at once, or too many for bars of 30 seconds or less.
        """
        _check_open(open_now)
        shown = query.what_to_show
        if query.bar_size in SMALL_BARS:
            self._check_pace((query, exchange), (query.symbol, exchange, shown), shown)
        return self._throttled()

    def head(self, question: tuple[str, str, bool, int], open_now: int) -> None:
        """Judge a request for the time of the first bar, which is paced like small bars.

        Parameters
        ----------
        question
            Symbol, what to show, whether regular hours only, and the form of the date.

        Raises
        ------
        Refused
            162: too many at once, or too fast.
        """
        _check_open(open_now)
        symbol, shown = question[:2]
        self._check_pace(("head", question), ("head", symbol, shown), shown)

    def _check_pace(self, question: object, series: object, shown: str) -> None:
        if not self._pacing.admits(question, series, shown):
            raise _too_fast()

    def _throttled(self) -> Admitted:
        throttle = self._throttle
        if throttle is None:
            return Admitted()
        now = self._steady()
        while self._asked and now - self._asked[0] >= _WINDOW_SECONDS:
            self._asked.popleft()
        self._asked.append(now)
        count = len(self._asked)
        drops = throttle.drop_after is not None and count > throttle.drop_after
        over = max(0, count - throttle.slow_after)
        return Admitted(over * throttle.slow_seconds, drops)


def _check_open(open_now: int) -> None:
    if open_now >= MAX_OPEN:
        raise _too_fast()


def _too_fast() -> Refused:
    return Refused(NO_DATA, f"{SERVICE}Historical data request pacing violation")
