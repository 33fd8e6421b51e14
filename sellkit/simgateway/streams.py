"""Prices of one contract on their way to a client: the first picture, then what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.simgateway import messages
from sellkit.simgateway.rights import Source
from sellkit.simgateway.ticks import TIMED, Picture, Ticks, default_ticks, generic_ticks

if TYPE_CHECKING:
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.quote import Quote
    from sellkit.simgateway.rights import Feed
    from sellkit.simgateway.scenario import Security

_LOT: Final = 100
_SHARES_SINCE: Final = 175
_AMERICAN: Final = "XNYS"
_LIVE: Final = 1
_FROZEN: Final = 2
_DELAYED: Final = 3
_DELAYED_FROZEN: Final = 4
_UNKNOWN: Final = -1


def volume_unit(version: int, security: Security) -> int:
    """Shares in one unit of volume: a lot of American stocks before version 175, then a share."""
    is_american = CALENDAR_OF_EXCHANGE.get(security.primary_exchange) == _AMERICAN
    return _LOT if is_american and version < _SHARES_SINCE else 1


class QuoteStream:
    """What a client was told of a contract's prices.

    Parameters
    ----------
    name
        The contract's name in the market.
    unit
        Shares in one unit of volume.
    wanted
        The market data type that the client had asked for: 1 live, 2 frozen, 3 delayed, 4 both.
    generic
        The generic ticks that it asked for.
    ends
        It is a snapshot: the first picture is all.

    Attributes
    ----------
    feed
        What it gets; to be set before the first update, and anew when that changes.
    """

    def __init__(
        self,
        request_id: int,
        security: Security,
        name: str,
        unit: int,
        *,
        wanted: int = _LIVE,
        generic: frozenset[int] = frozenset(),
        ends: bool = False,
    ) -> None:
        self.request_id = request_id
        self.security = security
        self.name = name
        self.wanted = wanted
        self.ends = ends
        self.feed: Feed | None = None
        self._unit = unit
        self._generic = generic
        self._told: Ticks = {}
        self._volume: int | None = None
        self._type: int | None = None

    @property
    def is_delayed(self) -> bool:
        """Whether its prices come late."""
        return self.feed is not None and self.feed.source is Source.DELAYED

    @property
    def flows(self) -> bool:
        """Whether it gets any prices at present."""
        sources = (Source.LIVE, Source.DEFAULTS, Source.DELAYED)
        return self.feed is not None and self.feed.source in sources

    def take(self, feed: Feed) -> None:
        """Get something else from now on; what was told of the other prices counts no more."""
        if self.feed is not None and feed.source is not self.feed.source:
            self._told, self._volume, self._type = {}, None, None
        self.feed = feed

    def update(self, quote: Quote, halted: int) -> list[Message]:
        """The ticks that differ from those told before; all of them at first.

        A change of the market data type comes before them, and so does the step of prices at first.
        """
        kind = self._kind(quote)
        changed: list[Message] = []
        if kind != self._type:
            changed.append(messages.market_data_type(self.request_id, kind))
        if self._type is None:
            changed.append(messages.tick_parameters(self.request_id, self.security.min_tick))
        self._type = kind
        ticks = self._ticks(quote, _UNKNOWN if kind in (_FROZEN, _DELAYED_FROZEN) else halted)
        is_traded = quote.volume != self._volume
        changed += [
            tick
            for key, tick in ticks.items()
            if self._told.get(key) != tick and (is_traded or key[1] not in TIMED)
        ]
        self._told, self._volume = ticks, quote.volume
        return changed

    def lacks_sides(self, quote: Quote) -> bool:
        """Whether neither bid nor ask can be told."""
        return self._kind(quote) in (_LIVE, _DELAYED) and not quote.is_open

    def _kind(self, quote: Quote) -> int:
        """The market data type of what is told."""
        is_frozen = self.wanted in (_FROZEN, _DELAYED_FROZEN) and not quote.is_open
        if self.is_delayed:
            return _DELAYED_FROZEN if is_frozen else _DELAYED
        return _FROZEN if is_frozen else _LIVE

    def _ticks(self, quote: Quote, halted: int) -> Ticks:
        picture = Picture(quote, self._unit, halted, has_sides=not self.lacks_sides(quote))
        ticks = default_ticks(self.request_id, picture, delayed=self.is_delayed)
        if self.feed is not None and self.feed.source is Source.LIVE:
            ticks |= generic_ticks(self.request_id, picture, self._generic, self._volume)
        return ticks
