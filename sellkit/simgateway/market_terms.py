"""What a gateway may show of its market, and how its market behaves: the scenario's part of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.simgateway.corrections import Correction
    from sellkit.simgateway.halts import Halt


class Subscription(StrEnum):
    """What the account may see of a contract's prices over the API.

    `delayed` and `not_for_api` have delayed prices only, and refuse present ones with 354 and with
    10089. `none` has nothing at all. `partly` and `partly_for_api` have present prices without the
    generic ticks, and say so with 10090 and with 10091.
    """

    LIVE = "live"
    DELAYED = "delayed"
    NONE = "none"
    NOT_FOR_API = "not_for_api"
    PARTLY = "partly"
    PARTLY_FOR_API = "partly_for_api"


class UnpaidHistory(StrEnum):
    """What becomes of a request for bars of a contract whose present prices may not be seen.

    Real gateways refuse it, though their own charts show delayed bars.
    """

    REFUSED = "refused"
    DELAYED = "delayed"
    OPEN = "open"


class UntilFinal(StrEnum):
    """What is told of a bar that has ended and is not final: nothing, or what was known before."""

    MISSING = "missing"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """How much history is too much, for bars of any size.

    Attributes
    ----------
    slow_after
        Requests in ten real minutes that are answered at once.
    slow_seconds
        By so many real seconds each further one waits longer than the one before it.
    drop_after
        One more request in ten minutes than that ends the client's connection; None never does.
    """

    slow_after: int
    slow_seconds: float = 1.0
    drop_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTerms:
    """The table `[market_data]` of a scenario, and its halts and corrections.

    Attributes
    ----------
    subscription, exchanges, symbols
        For everything, by primary exchange, and by symbol; the narrower one counts.
    competing
        The same user is logged in elsewhere and has the market data there.
    delayed_enabled
        Whether delayed prices may be shown at all.
    delayed_seconds
        How late delayed prices are.
    history, history_code
        What becomes of requests for bars without a subscription, and the code of a refusal.
    lines
        How many subscriptions to prices may run at once, of all clients together.
    snapshot_seconds
        After how many real seconds a snapshot ends for which no complete quote came.
    bar_seconds
        How often bars that are kept up to date are looked at, in seconds of the gateway's clock.
    bars_survive_outage
        They go on after the connection to the servers was lost (1100) and found again (1102).
    until_final
        What is told of a bar that is not final yet.
    flat_when_halted
        Bars inside a halt are there, flat and without volume.
    throttle
        None lets every request pass at once.
    """

    subscription: Subscription = Subscription.LIVE
    exchanges: Mapping[str, Subscription] = field(default_factory=dict)
    symbols: Mapping[str, Subscription] = field(default_factory=dict)
    competing: bool = False
    delayed_enabled: bool = True
    delayed_seconds: float = 900.0
    history: UnpaidHistory = UnpaidHistory.REFUSED
    history_code: int = 162
    lines: int = 100
    snapshot_seconds: float = 11.0
    bar_seconds: float = 5.0
    bars_survive_outage: bool = False
    until_final: UntilFinal = UntilFinal.MISSING
    flat_when_halted: bool = False
    throttle: Throttle | None = None
    halts: tuple[Halt, ...] = ()
    corrections: tuple[Correction, ...] = ()
