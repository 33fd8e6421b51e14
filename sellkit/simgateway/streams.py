"""Prices of one contract on their way to a client: the first picture, then what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.simgateway import messages

if TYPE_CHECKING:
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.market import Quote
    from sellkit.simgateway.scenario import Security

_LOT: Final = 100
_SHARES_SINCE: Final = 175
_AMERICAN: Final = "XNYS"


def volume_unit(version: int, security: Security) -> int:
    """Shares in one unit of volume: a lot of American stocks before version 175, then a share."""
    is_american = CALENDAR_OF_EXCHANGE.get(security.primary_exchange) == _AMERICAN
    return _LOT if is_american and version < _SHARES_SINCE else 1


class QuoteStream:
    """What a client was told of a contract's prices.

    Attributes
    ----------
    name
        The contract's name in the market.
    """

    def __init__(self, request_id: int, name: str, unit: int) -> None:
        self.name = name
        self._request_id = request_id
        self._unit = unit
        self._told: dict[int, Message] = {}

    def update(self, quote: Quote) -> list[Message]:
        """The ticks that differ from those told before; all of them at first."""
        ticks = self._ticks(quote)
        changed = [tick for kind, tick in ticks.items() if self._told.get(kind) != tick]
        self._told = ticks
        return changed

    def _ticks(self, quote: Quote) -> dict[int, Message]:
        """Every tick by its type: prices first, each side with its size, then sizes."""
        sizes = {
            0: quote.bid_size // self._unit,
            3: quote.ask_size // self._unit,
            5: quote.last_size // self._unit,
            8: quote.volume // self._unit,
        }
        prices = {
            1: (quote.bid, sizes[0]),
            2: (quote.ask, sizes[3]),
            4: (quote.last, sizes[5]),
            6: (quote.high, 0),
            7: (quote.low, 0),
            9: (quote.previous_close, 0),
            14: (quote.open, 0),
        }
        ticks = {
            kind: messages.tick_price(self._request_id, kind, price, size)
            for kind, (price, size) in prices.items()
        }
        return ticks | {
            kind: messages.tick_size(self._request_id, kind, size) for kind, size in sizes.items()
        }
