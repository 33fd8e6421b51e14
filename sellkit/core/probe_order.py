"""The one order of a probe: a single share, bought at a price that the market does not reach.

It buys. A resting sale would claim a share that a close may need, and together with that close end
short; a purchase can do neither. Should it ever fill, one share was bought far below its price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.portfolio import GatewayKind, Side, is_paper_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Account

PROBE_REFERENCE: Final = "SKP-"
"""How its reference begins: not as those of tickets, which it must never be taken for."""

LEAST_DISTANCE: Final = Decimal("0.3")
"""What part of the market's price lies at least between it and the limit."""

_LIMIT: Final = Decimal("0.6")


@dataclass(frozen=True, slots=True)
class ProbeOrder:
    """To buy one share at a limit far below the market, on this day alone.

    Attributes
    ----------
    market
        The lowest price known of the instrument.
    reference
        The order reference.

    Raises
    ------
    ValueError
        The limit is not above zero or not far enough away, it is no stock, or the reference is not
        a probe's.
    """

    account: Account
    instrument: Instrument
    market: Decimal
    limit: Decimal
    reference: str

    def __post_init__(self) -> None:
        if not self.instrument.is_decided:
            raise ValueError(f"{self.instrument} is no stock and no ETF")
        if not (self.market > 0 and self.limit > 0):
            raise ValueError(f"limit {self.limit} or market {self.market} is not above 0")
        if self.limit > self.market * (1 - LEAST_DISTANCE):
            raise ValueError(f"limit {self.limit} is too near to the market's {self.market}")
        if not self.reference.startswith(PROBE_REFERENCE):
            raise ValueError(f"{self.reference!r} is not the reference of a probe")

    def order(self) -> dict[str, dict[str, object]]:
        """The complete order by Interactive Brokers' field names; the account by its alias."""
        return {
            "contract": {
                "conId": self.instrument.con_id,
                "symbol": self.instrument.token.symbol,
                "secType": self.instrument.security_type,
                "currency": self.instrument.currency,
                "exchange": "SMART",
            },
            "order": {
                "action": str(Side.BUY),
                "totalQuantity": "1",
                "orderType": "LMT",
                "lmtPrice": str(self.limit),
                "tif": "DAY",
                "account": self.account.alias,
                "orderRef": self.reference,
                "outsideRth": False,
                "transmit": True,
            },
        }


def far_limit(market: Decimal, step: Decimal) -> Decimal:
    """A limit well beyond `LEAST_DISTANCE`, on the instrument's steps of price."""
    return (market * _LIMIT / step).to_integral_value(rounding=ROUND_DOWN) * step


def lowest(prices: Iterable[Decimal | None]) -> Decimal | None:
    """The lowest price that is one; None where there is none."""
    return min((each for each in prices if each is not None and each > 0), default=None)


def takes_probe_orders(kind: GatewayKind, account: Account, numbers: Iterable[str]) -> bool:
    """Whether nothing that is sent there can touch money: a simulation, or paper throughout."""
    if kind is GatewayKind.SIMULATED:
        return True
    everyone = (account.number, *numbers)
    return kind is GatewayKind.PAPER and all(is_paper_number(each) for each in everyone)
