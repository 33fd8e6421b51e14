"""What Interactive Brokers' message codes mean, for sellkit and for a person.

The numbers and what they stand for are from Interactive Brokers' list of message codes, and where
that is silent from reports of its users. What follows from a code is sellkit's own: the client
library takes almost every code with an order's number for the order's end, also those after which
it lives and fills.
"""

from __future__ import annotations

from typing import Final

from sellkit.core.code_book.connections import CONNECTIONS
from sellkit.core.code_book.data import DATA
from sellkit.core.code_book.entry import Entry
from sellkit.core.code_book.orders import ORDERS
from sellkit.core.reports import Meaning

__all__ = ["BOOK", "Entry", "explained", "is_listed", "meaning_for_order", "meaning_of", "told"]

BOOK: Final[dict[int, Entry]] = ORDERS | DATA | CONNECTIONS

_WARNINGS: Final = range(2100, 2200)
# The gateway did not take what was asked: of an order that is its end.
_NOT_TAKEN: Final = frozenset({200, 320, 321})
# How Interactive Brokers divides its numbers; what stands in none of these is no code of theirs.
_RANGES: Final = (
    (range(100, 500), "for errors about orders and requests"),
    (range(500, 600), "for errors of the program that connects"),
    (range(1100, 1301), "for messages about the connection"),
    (_WARNINGS, "for warnings"),
    (range(10000, 11000), "for newer errors about orders and requests"),
)


def meaning_of(code: int) -> Meaning:
    """What follows from a code; warnings of 2100 to 2199 that are not in the book inform."""
    entry = BOOK.get(code)
    if entry is not None:
        return entry.meaning
    return Meaning.INFORMATION if code in _WARNINGS else Meaning.UNKNOWN


def meaning_for_order(code: int) -> Meaning:
    """What follows from a code that carries the number of an order: a failed one was refused."""
    return Meaning.ORDER_DEAD if code in _NOT_TAKEN else meaning_of(code)


def is_listed(code: int) -> bool:
    """Whether the book has it."""
    return code in BOOK


def told(code: int, text: str) -> str:
    """A code with its text, and where the book has it what it means and what to do."""
    entry = BOOK.get(code)
    return f"{code}: {text}" + ("" if entry is None else f" ({entry})")


def explained(code: int) -> str:
    """What a code means and what to do, in two sentences; of one not in the book, what is known."""
    entry = BOOK.get(code)
    if entry is not None:
        return f"{code}: {entry}"
    found = next((each for each in _RANGES if code in each[0]), None)
    if found is None:
        return f"{code} is no code of Interactive Brokers that sellkit knows; see its text"
    numbers, purpose = found
    taken = (
        "taken as information"
        if meaning_of(code) is Meaning.INFORMATION
        else "taken as unknown, and nothing is concluded from it about an order"
    )
    return (
        f"{code} is not in sellkit's book: Interactive Brokers uses {numbers.start} to "
        f"{numbers.stop - 1} {purpose}, and this one is {taken}; look it up in their list of codes"
    )
