"""The rows of the panel that assigns averages, as plain values for its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sellkit.core.assignments import Timeframe
from sellkit.core.prospect import Prospect
from sellkit.present import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Position
    from sellkit.core.snapshot import Reading


_DEAR: Final = 10
"""Of an average above this two decimals are shown, below it four."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a position, or an assignment whose position is gone.

    Attributes
    ----------
    is_open
        Whether it can be assigned; a short position and an option are shown alone.
    note
        What is particular about it; empty for an ordinary position.
    """

    token: Token
    position: Position | None
    is_open: bool
    note: str
    prospect: Prospect

    def record(self) -> dict[str, Any]:
        """The row as JSON: texts for people, and numbers to sort by.

        `averages` has a triple for each of the 28 choices: its value, how far the price is from it
        in percent, and why its history is too short, which is empty when it is not.
        """
        position, closes = self.position, self.prospect.closes
        close = closes.get(Timeframe.H1, closes.get(Timeframe.D1))
        cost = None if position is None else position.average_cost
        return {
            "token": str(self.token),
            "note": self.note,
            "open": self.is_open,
            "size": words.UNKNOWN if position is None else words.shares(position.quantity),
            "cost": words.price(cost),
            "close": words.price(close),
            "sizeValue": None if position is None else float(position.quantity),
            "costValue": None if cost is None else float(cost),
            "closeValue": close,
            "problem": self.prospect.problem if self.is_open else "",
            "averages": [_average(self.prospect, each) for each in self.prospect.readings],
        }


def position_lines(
    positions: Iterable[Position], prospects: Mapping[int, Prospect]
) -> tuple[Line, ...]:
    """A row for each position, by token."""
    ordered = sorted(positions, key=lambda each: each.instrument.token)
    return tuple(_line(each, prospects) for each in ordered)


def left_over_line(token: Token) -> Line:
    """The row of an assignment whose position is gone."""
    return Line(token, None, is_open=True, note="no position now", prospect=Prospect())


def _line(position: Position, prospects: Mapping[int, Prospect]) -> Line:
    instrument = position.instrument
    is_open = instrument.is_decided and position.quantity > 0
    note = "" if is_open else "never decided"
    if not instrument.is_decided:
        note = f"{instrument.security_type}, never decided"
    elif not is_open:
        note = "short, never decided"
    prospect = prospects.get(instrument.con_id, Prospect()) if is_open else Prospect()
    return Line(instrument.token, position, is_open, note, prospect)


def _average(prospect: Prospect, reading: Reading) -> list[Any]:
    return [
        words.UNKNOWN
        if reading.value is None
        else f"{reading.value:,.{_decimals(reading.value)}f}",
        prospect.percent_to_cross(reading),
        _shortness(reading) if prospect.is_short(reading) else "",
    ]


def _decimals(value: float) -> int:
    return 2 if value >= _DEAR else 4


def _shortness(reading: Reading) -> str:
    if reading.value is None:
        return f"{reading.bars_used} of {reading.average.length} bars"
    return f"seed weighs {reading.seed_weight:.1%}"
