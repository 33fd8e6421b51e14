"""Instruments, and the one normal form of the labels that people write for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from sellkit.errors import InvalidToken

_EXCHANGE = re.compile(r"[A-Z][A-Z0-9]*(\.[A-Z0-9]+)?")
_SYMBOL = re.compile(r"[A-Z0-9]+(\.[A-Z0-9]*)*")
_SEPARATORS = re.compile(r"[\s\-/]+")

# The gateway says ISLAND for a direct route to what every list calls NASDAQ.
_SAME_EXCHANGE = {"ISLAND": "NASDAQ", "NASDAQ.NMS": "NASDAQ", "NASDAQ.SCM": "NASDAQ"}

DECIDED_TYPES = frozenset({"STK"})
"""Security types that the rule decides: Interactive Brokers files ETFs under STK, too."""


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """`EXCHANGE:SYMBOL`, the label for people: primary exchange, never SMART.

    Matching is exact. The symbol's parts are joined by dots: ` brk-b ` and `BRK B` are `BRK.B`.

    Raises
    ------
    InvalidToken
        A part is not in its normal form; `parse` brings text into it.
    """

    exchange: str
    symbol: str

    def __post_init__(self) -> None:
        if self.exchange == "SMART":
            raise InvalidToken(
                f"SMART in {self} is a route, not an exchange; write the listing exchange, "
                "NASDAQ:AAPL for instance"
            )
        if not _EXCHANGE.fullmatch(self.exchange) or not _SYMBOL.fullmatch(self.symbol):
            raise InvalidToken(
                f"{str(self)!r} is not a token; write EXCHANGE:SYMBOL, NASDAQ:AAPL for instance"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token as a person writes it: any case, blanks around, `BRK B` or `BRK-B`."""
        exchange, colon, symbol = text.partition(":")
        if not colon:
            raise InvalidToken(f"{text.strip()!r} names no exchange; write it as in NASDAQ:AAPL")
        return cls.of(exchange, symbol)

    @classmethod
    def of(cls, exchange: str, symbol: str) -> Self:
        """Join an exchange and a symbol as the gateway names them, in normal form."""
        exchange = exchange.strip().upper()
        return cls(
            _SAME_EXCHANGE.get(exchange, exchange),
            _SEPARATORS.sub(".", symbol.strip().upper()),
        )

    def __str__(self) -> str:
        return f"{self.exchange}:{self.symbol}"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded.

    Attributes
    ----------
    con_id
        Interactive Brokers' contract number: the identity. Everything else may change.
    token
        The label.
    security_type
        As Interactive Brokers names them: STK, OPT, FUT, CASH, ...
    currency
        ISO code.
    tick
        Smallest price step in `currency`, where the gateway told it.
    long_name
        The company's or the fund's name; shown only.
    problem
        Why the gateway cannot tell the contract any more, which nothing is decided on then; ""
        when it can.
    """

    con_id: int
    token: Token = field(compare=False)
    security_type: str = field(default="STK", compare=False)
    currency: str = field(default="USD", compare=False)
    tick: Decimal | None = field(default=None, compare=False)
    long_name: str = field(default="", compare=False)
    problem: str = field(default="", compare=False)

    @property
    def is_decided(self) -> bool:
        """Whether the rule decides this type of security at all."""
        return self.security_type in DECIDED_TYPES

    def __str__(self) -> str:
        return str(self.token)
