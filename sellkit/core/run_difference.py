"""What two runs decided differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalledDecision:
    """One decision as the journal has it.

    Attributes
    ----------
    token
        The position, `NASDAQ:AAPL`.
    con_id
        Its contract, by which two runs are held against each other.
    decision, reasons
        The word, and why.
    average
        The assigned one, `SMA 50 1H`; None where none was assigned.
    quantity
        Shares held, as text.
    close, value, bar_end
        Of the deciding bar: its close, the average, and its end (aware UTC); None without one.
    """

    token: str
    con_id: int
    decision: str
    reasons: tuple[str, ...]
    average: str | None
    quantity: str
    close: float | None
    value: float | None
    bar_end: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A position on which two runs differ; None stands for a run that did not hold it."""

    token: str
    first: JournalledDecision | None
    second: JournalledDecision | None


def differences(
    first: Sequence[JournalledDecision], second: Sequence[JournalledDecision]
) -> tuple[Difference, ...]:
    """The positions whose decision is not the same in both, and those that only one of them held.

    By token. Reasons alone, which name prices and so hardly ever agree, make no difference.
    """
    one, other = ({each.con_id: each for each in told} for told in (first, second))
    found = []
    for con_id in one.keys() | other.keys():
        left, right = one.get(con_id), other.get(con_id)
        known = left or right
        is_same = left is not None and right is not None and left.decision == right.decision
        if known is not None and not is_same:
            found.append(Difference(known.token, left, right))
    return tuple(sorted(found, key=lambda each: each.token))
