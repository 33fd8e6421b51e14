"""Quotes of one moment, looked up once for all clients that are shown them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.errors import SellkitError
from sellkit.simgateway.history import Refused

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.quote import Quote
    from sellkit.simgateway.streams import QuoteStream


class Board:
    """What the market shows at present, and what it showed when delayed prices were made."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._now = gateway.clock.now()
        self._found: dict[tuple[str, bool], Quote | None] = {}

    def quote(self, stream: QuoteStream) -> Quote:
        """What is shown to a client of a contract.

        Raises
        ------
        Refused, SellkitError
            There is no price.
        """
        return self._gateway.market.quote(stream.name, self._moment(stream))

    def find(self, stream: QuoteStream) -> Quote | None:
        """The same, None where there is no price; looked up once."""
        key = (stream.name, stream.is_delayed)
        if key not in self._found:
            try:
                self._found[key] = self.quote(stream)
            except (Refused, SellkitError):
                # A moment without a price, before a listing for instance, changes nothing.
                self._found[key] = None
        return self._found[key]

    def halted(self, stream: QuoteStream) -> int:
        """The value of the tick that tells of a halt."""
        return int(self._gateway.halts.at(stream.name, self._moment(stream)) or 0)

    def _moment(self, stream: QuoteStream) -> dt.datetime:
        seconds = self._gateway.rights.terms.delayed_seconds if stream.is_delayed else 0.0
        return self._now - dt.timedelta(seconds=seconds)
