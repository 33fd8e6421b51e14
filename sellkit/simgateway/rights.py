"""What a client may see of each contract's prices: live, delayed, in part or not at all."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sellkit.simgateway.history import NO_DATA, NOT_SUBSCRIBED, Refused
from sellkit.simgateway.market_terms import Subscription, UnpaidHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sellkit.simgateway.market_terms import MarketTerms
    from sellkit.simgateway.scenario import Security

COMPETING: Final = 10197
DELAYED_SHOWN: Final = 10167
DELAYED_NOT_ENABLED: Final = 10186
NOT_FOR_API: Final = 10089
NOTHING_BUT_DEFAULTS: Final = 10090
NOTHING_BUT_DEFAULTS_FOR_API: Final = 10091

SERVICE: Final = "Historical Market Data Service error message:"
_DELAYED_TYPES: Final = (3, 4)
_UNPAID: Final = "Requested market data is not subscribed."
_NEEDS_MORE: Final = (
    "requires additional subscription for API. See link in 'Market Data Connections' dialog for "
    "more details."
)
_AVAILABLE: Final = "Delayed market data is available."
_ELSEWHERE: Final = f"{SERVICE}Trading TWS session is connected from a different IP address"
# History still goes by the older name of Nasdaq.
_OLD_NAMES: Final = {"NASDAQ": "ISLAND"}
_SEEN_NOW: Final = frozenset({Subscription.LIVE, Subscription.PARTLY, Subscription.PARTLY_FOR_API})


class Source(Enum):
    """Which prices flow; with PAUSED none do until that changes, with NOTHING they never will."""

    LIVE = auto()
    DEFAULTS = auto()
    DELAYED = auto()
    PAUSED = auto()
    NOTHING = auto()


class Feed(NamedTuple):
    """What a request for prices gets, and what the client is told about that, if anything."""

    source: Source
    code: int | None = None
    text: str = ""


class Rights:
    """Who may see what; may be changed while the gateway runs.

    Parameters
    ----------
    origin
        The symbol under which the scenario knew a contract; `symbols` goes by it.

    Attributes
    ----------
    terms
        The scenario's; what is changed stands in the other attributes.
    subscription, exchanges, symbols, competing, delayed_enabled
        As in `MarketTerms`.
    """

    def __init__(self, terms: MarketTerms, origin: Callable[[Security], str]) -> None:
        self.terms = terms
        self._origin = origin
        self.subscription = terms.subscription
        self.exchanges = dict(terms.exchanges)
        self.symbols = dict(terms.symbols)
        self.competing = terms.competing
        self.delayed_enabled = terms.delayed_enabled

    def of(self, security: Security) -> Subscription:
        """The subscription that counts for a contract."""
        by_exchange = self.exchanges.get(security.primary_exchange, self.subscription)
        return self.symbols.get(self._origin(security), by_exchange)

    def state(self) -> dict[str, Any]:
        """What may have been changed since the start, as plain values, for `restore`."""
        return {
            "subscription": self.subscription,
            "exchanges": self.exchanges,
            "symbols": self.symbols,
            "competing": self.competing,
            "delayed_enabled": self.delayed_enabled,
        }

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """See what may be seen as it was left; None keeps what the scenario says."""
        if state is None:
            return
        self.subscription = Subscription(state["subscription"])
        self.exchanges = {name: Subscription(own) for name, own in state["exchanges"].items()}
        self.symbols = {name: Subscription(own) for name, own in state["symbols"].items()}
        self.competing = bool(state["competing"])
        self.delayed_enabled = bool(state["delayed_enabled"])

    def feed(self, security: Security, wanted: int) -> Feed:
        """What a client gets that has asked for a market data type (1 to 4).

        During a competing session whoever asked for delayed prices still gets them.
        """
        own = self.of(security)
        wants_delayed = wanted in _DELAYED_TYPES
        if own is Subscription.NONE:
            return Feed(Source.NOTHING, NOT_SUBSCRIBED, _UNPAID)
        if own in _SEEN_NOW and not self.competing:
            return _now(own)
        if own in _SEEN_NOW and not wants_delayed:
            return Feed(Source.PAUSED, COMPETING, "No market data during competing live session")
        if wants_delayed and not self.delayed_enabled:
            text = f"{_UNPAID} Delayed market data is not enabled."
            return Feed(Source.NOTHING, DELAYED_NOT_ENABLED, text)
        if wants_delayed:
            return Feed(Source.DELAYED, DELAYED_SHOWN, f"{_UNPAID} Displaying delayed market data.")
        return _refused(own, security)

    def check_history(self, security: Security) -> None:
        """Refuse bars that may not be seen.

        Raises
        ------
        Refused
            162: a session elsewhere has the market data. 162, or the scenario's code: there is no
            subscription.
        """
        if self.competing:
            raise Refused(NO_DATA, _ELSEWHERE)
        if self.of(security) in _SEEN_NOW or self.terms.history is not UnpaidHistory.REFUSED:
            return
        if self.terms.history_code == NOT_SUBSCRIBED:
            raise Refused(NOT_SUBSCRIBED, _UNPAID)
        exchange = _OLD_NAMES.get(security.primary_exchange, security.primary_exchange)
        text = f"{SERVICE}No market data permissions for {exchange} {security.sec_type}"
        if self.of(security) is Subscription.NOT_FOR_API:
            text = f"{text}. Requested market data {_NEEDS_MORE}"
        raise Refused(self.terms.history_code, text)

    def check_head(self, security: Security) -> None:
        """Refuse the time of the first bar of a contract that may not be seen.

        Raises
        ------
        Refused
            162 as for bars; 354: there is no subscription.
        """
        if self.competing:
            raise Refused(NO_DATA, _ELSEWHERE)
        if self.of(security) not in _SEEN_NOW and self.terms.history is UnpaidHistory.REFUSED:
            raise Refused(NOT_SUBSCRIBED, _UNPAID)

    def history_lag(self, security: Security) -> float:
        """How many seconds late the bars of a contract are told."""
        is_late = self.terms.history is UnpaidHistory.DELAYED and self.of(security) not in _SEEN_NOW
        return self.terms.delayed_seconds if is_late else 0.0


def _now(own: Subscription) -> Feed:
    if own is Subscription.PARTLY:
        text = (
            "Part of requested market data is not subscribed. Subscription-independent ticks are "
            f"still active.{_AVAILABLE}"
        )
        return Feed(Source.DEFAULTS, NOTHING_BUT_DEFAULTS, text)
    if own is Subscription.PARTLY_FOR_API:
        text = f"Part of requested market data {_NEEDS_MORE}{_AVAILABLE}"
        return Feed(Source.DEFAULTS, NOTHING_BUT_DEFAULTS_FOR_API, text)
    return Feed(Source.LIVE)


def _refused(own: Subscription, security: Security) -> Feed:
    where = f"BEST/{security.sec_type}/Top"
    if own is Subscription.NOT_FOR_API:
        text = f"Requested market data {_NEEDS_MORE}{_AVAILABLE}{security.symbol} {where}"
        return Feed(Source.NOTHING, NOT_FOR_API, text)
    return Feed(Source.NOTHING, NOT_SUBSCRIBED, f"{_UNPAID}{_AVAILABLE}Error&{where}&{where}")
