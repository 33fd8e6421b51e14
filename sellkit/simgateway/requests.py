"""Reads what clients send: the handshake, and the fields of a request in their order."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sellkit.core.counting import counted
from sellkit.simgateway.framing import UNSET_INTEGER

NEWEST_VERSION: Final = 178
OLDEST_VERSION: Final = 157

_RANGE = re.compile(rb"v(\d{1,6})\.\.(\d{1,6})( .*)?", re.DOTALL)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
# Interactive Brokers' own numbers have 32 bits; a gateway cannot read a larger one.
_LARGEST_INTEGER: Final = 2**31 - 1
_NUMBER = re.compile(r"-?\d+(\.\d*)?([eE][+-]?\d{1,3})?", re.ASCII)
_LARGEST_DOUBLE: Final = 1.7976931348623157e308
_FLAGS: Final = {"": False, "0": False, "1": True, "false": False, "true": True}


class BadRequest(ValueError):
    """A request that cannot be read: a field is missing, left over, or not a number."""


def choose_version(payload: bytes) -> int | None:
    """The protocol version to announce, or None for a client to hang up on.

    It is the client's newest version, at most `NEWEST_VERSION`. Never 158: clients write the
    order's duration from 158 on but read it back only from 159.

    Parameters
    ----------
    payload
        The framed text behind `API\\0`: `v157..176`, perhaps with connect options behind a blank.
    """
    found = _RANGE.fullmatch(payload)
    if found is None:
        return None
    oldest, newest = int(found[1]), int(found[2])
    version = min(newest, NEWEST_VERSION)
    if version == 158:
        version = 157
    return version if max(oldest, OLDEST_VERSION) <= version else None


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """The contract that a request describes; an empty text or None asks for nothing there."""

    con_id: int | None
    symbol: str
    sec_type: str
    last_trade_date: str
    strike: float | None
    right: str
    multiplier: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    trading_class: str


class Fields:
    """The fields of one request, taken from left to right.

    Attributes
    ----------
    answer_to
        The id that an error about this request carries; -1 until the request's id was read.
    """

    def __init__(self, values: tuple[str, ...]) -> None:
        self._values = values
        self._next = 0
        self.answer_to = -1

    def text(self) -> str:
        """The next field as it is."""
        try:
            text = self._values[self._next]
        except IndexError:
            raise BadRequest(f"field {self._next + 1} is missing") from None
        self._next += 1
        return text

    def integer(self, unset: int = 0) -> int:
        """The next field as a number of 32 bits; `unset` for an empty one or an unset mark."""
        text = self.text()
        if text in ("", UNSET_INTEGER):
            return unset
        if _INTEGER.fullmatch(text) and -_LARGEST_INTEGER - 1 <= int(text) <= _LARGEST_INTEGER:
            return int(text)
        if _is_unset(text):
            return unset
        raise BadRequest(f"field {self._next} is no whole number of 32 bits: {text[:40]!r}")

    def number(self) -> float | None:
        """The next field as a number; None for an empty one or an unset mark."""
        text = self.text()
        if text in ("", UNSET_INTEGER) or _is_unset(text):
            return None
        if text == "Infinite":
            return math.inf
        if not _NUMBER.fullmatch(text):
            raise BadRequest(f"field {self._next} is no number: {text[:40]!r}")
        return float(text)

    def decimal(self) -> Decimal | None:
        """The next field as a number with the digits that were sent; None for an unset one."""
        number = self.number()
        if number is None:
            return None
        if not math.isfinite(number):
            raise BadRequest(f"field {self._next} is not finite")
        return Decimal(self._values[self._next - 1])

    def flag(self) -> bool:
        """The next field as a truth value."""
        text = self.text()
        flag = _FLAGS.get(text.lower())
        if flag is None:
            raise BadRequest(f"field {self._next} is no flag: {text[:40]!r}")
        return flag

    def request_id(self) -> int:
        """The next field as the request's id, to which errors will be addressed."""
        self.answer_to = self.integer(unset=-1)
        return self.answer_to

    def skip(self, count: int = 1) -> None:
        """Pass over fields that change nothing here."""
        if count > len(self._values) - self._next:
            raise BadRequest(f"field {len(self._values) + 1} is missing")
        self._next += max(0, count)  # as many as are written, which may be -1

    def contract(self) -> ContractQuery:
        """The next twelve fields as a contract."""
        return ContractQuery(
            con_id=self.integer() or None,
            symbol=self.text(),
            sec_type=self.text(),
            last_trade_date=self.text(),
            strike=self.number() or None,
            right=self.text(),
            multiplier=self.text(),
            exchange=self.text(),
            primary_exchange=self.text(),
            currency=self.text(),
            local_symbol=self.text(),
            trading_class=self.text(),
        )

    def legs(self, query: ContractQuery) -> None:
        """Pass over a combination's legs, which only a contract of type BAG has."""
        if query.sec_type == "BAG":
            self.skip(4 * self.integer())

    def ahead(self) -> tuple[str, ...]:
        """Every field that is left, which stay to be taken."""
        return self._values[self._next :]

    def rest(self) -> tuple[str, ...]:
        """Every field that is left."""
        left = self._values[self._next :]
        self._next = len(self._values)
        return left

    def end(self) -> None:
        """Make sure that nothing is left over."""
        left = len(self._values) - self._next
        if left:
            raise BadRequest(f"{counted(left, 'field')} left over behind field {self._next}")


def _is_unset(text: str) -> bool:
    """Whether a text is the largest double, in Java's or in Python's spelling."""
    return text[:5] == "1.797" and text.lower().replace("e+", "e") == (
        str(_LARGEST_DOUBLE).replace("e+", "e")
    )
