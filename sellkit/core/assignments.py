"""Moving averages a position can be assigned, and the assignment itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from sellkit.core.bars import BarSize
from sellkit.core.instrument import Token
from sellkit.errors import InvalidAssignment

LENGTHS: Final = (5, 10, 20, 50, 100, 150, 200)


class MaKind(StrEnum):
    """Simple or exponential."""

    SMA = "SMA"
    EMA = "EMA"


class Timeframe(StrEnum):
    """The bars that an average is taken over: hourly or daily."""

    H1 = "1H"
    D1 = "1D"

    @property
    def bar_size(self) -> BarSize:
        """The size of the bars judged."""
        return BarSize.H1 if self is Timeframe.H1 else BarSize.D1


@dataclass(frozen=True, slots=True, order=True)
class MovingAverage:
    """One of the fourteen averages.

    Raises
    ------
    InvalidAssignment
        The length is not one of `LENGTHS`.
    """

    kind: MaKind
    length: int

    def __post_init__(self) -> None:
        if self.length not in LENGTHS:
            choices = ", ".join(str(length) for length in LENGTHS)
            raise InvalidAssignment(f"length {self.length} is not one of {choices}")

    @property
    def column(self) -> str:
        """Its column in tables of averages: `sma_50`."""
        return f"{self.kind.lower()}_{self.length}"

    def seed_weight(self, bars: int) -> float:
        """The share of the value that still comes from the seed after `bars` bars.

        An SMA forgets: 0 once it has its bars. An EMA is seeded with the SMA of its first `length`
        closes and keeps (1 - 2/(length+1))^k of it after k further bars. 1 with too few bars.
        """
        if bars < self.length:
            return 1.0
        if self.kind is MaKind.SMA:
            return 0.0
        return (1 - 2 / (self.length + 1)) ** (bars - self.length)

    def bars_needed(self, max_seed_weight: float) -> int:
        """How many bars bring the seed's weight down to `max_seed_weight`."""
        if self.kind is MaKind.SMA:
            return self.length
        decay = 1 - 2 / (self.length + 1)
        return self.length + math.ceil(math.log(max_seed_weight) / math.log(decay))

    def __str__(self) -> str:
        return f"{self.kind} {self.length}"


ALL_AVERAGES: Final = tuple(MovingAverage(kind, length) for kind in MaKind for length in LENGTHS)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The one average, on one timeframe, that decides a position."""

    token: Token
    average: MovingAverage
    timeframe: Timeframe

    @classmethod
    def parse(cls, ticker: str, kind: str, length: str, timeframe: str) -> Self:
        """Read the four fields as a person writes them, in any case and with blanks around.

        Raises
        ------
        InvalidToken, InvalidAssignment
            A field is not one of its choices; the message names the value and the choices.
        """
        return cls(Token.parse(ticker), _average(kind, length), _timeframe(timeframe))

    @property
    def label(self) -> str:
        """`SMA 50 1H`."""
        return f"{self.average} {self.timeframe}"

    def __str__(self) -> str:
        return f"{self.token} {self.label}"


ALL_CHOICES: Final = tuple(
    (average, timeframe) for timeframe in Timeframe for average in ALL_AVERAGES
)


def parse_choice(text: str) -> tuple[MovingAverage, Timeframe]:
    """Read `SMA 50 1H`.

    Raises
    ------
    InvalidAssignment
        Not three words, or one of them is not one of its choices.
    """
    words = text.split()
    if len(words) != 3:
        raise InvalidAssignment(
            f"{text!r} is not an average; write type, length and timeframe: SMA 50 1H"
        )
    return _average(words[0], words[1]), _timeframe(words[2])


def _average(kind: str, length: str) -> MovingAverage:
    name = kind.strip().upper()
    if name not in MaKind.__members__:
        raise InvalidAssignment(f"type {kind.strip()!r} is not one of SMA, EMA")
    digits = length.strip()
    if not digits.isdecimal():
        choices = ", ".join(str(choice) for choice in LENGTHS)
        raise InvalidAssignment(f"length {digits!r} is not one of {choices}")
    return MovingAverage(MaKind(name), int(digits))


def _timeframe(text: str) -> Timeframe:
    name = text.strip().upper()
    for timeframe in Timeframe:
        if timeframe == name:
            return timeframe
    raise InvalidAssignment(f"timeframe {text.strip()!r} is not one of 1H, 1D")
