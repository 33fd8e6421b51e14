"""What the 28 alternatives would have come to, instrument by instrument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.assignments import ALL_AVERAGES, ALL_CHOICES, Timeframe
from sellkit.errors import ConfigError
from sellkit.research.trading import FIGURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sellkit.research.series import Terms

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]

LABELS: Final = tuple(f"{average} {timeframe}" for average, timeframe in ALL_CHOICES)
"""The names of the 28 choices, in the order of the arrays."""

_TIMEFRAMES: Final = tuple(Timeframe)
_AVERAGES: Final = len(ALL_AVERAGES)


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """Figures of every choice of every instrument.

    Every array that is asked for has the shape (instruments, 28), the choices in the order of
    `LABELS`. An instrument without a bar to judge on a timeframe has NaN there.

    Attributes
    ----------
    names
        Of the instruments.
    terms
        How the alternatives were traded.
    bars
        Bars from the first one judged on, by instrument and timeframe, shape (instruments, 2).
    decided
        Bars at which the average decided; 0 where history is too short for it, and what is told of
        that choice is then what holding came to.
    figures
        Shape (instruments, 2, 15, figures): by timeframe, average and, last, holding; in the order
        of `trading.FIGURES`.
    is_complete
        False when the study was cancelled: then it has the instruments that were done.
    """

    names: tuple[str, ...]
    terms: Terms
    bars: Counts
    decided: Counts
    figures: Values
    is_complete: bool = True

    def __len__(self) -> int:
        return len(self.names)

    @property
    def exits(self) -> Values:
        """Exits made: sold at the open after a close strictly below."""
        return self._of("exits")

    @property
    def whipsaws(self) -> Values:
        """Exits after which the price to buy again was no lower than what was sold at.

        That is the open after the first close strictly above the average, bought or not.
        """
        return self._of("whipsaws")

    @property
    def time_out(self) -> Values:
        """Share of the bars at whose close nothing was held."""
        bars = np.repeat(self.bars, _AVERAGES, axis=1).astype(np.float64)
        return self._of("bars_out") / np.where(bars > 0, bars, np.nan)

    @property
    def costs(self) -> Values:
        """Commission and spread paid, as a share of the price at the beginning."""
        return self._of("costs")

    @property
    def growth(self) -> Values:
        """What 1 became after costs, at the last close; its last exit may still be pending."""
        return self._of("growth")

    @property
    def held_growth(self) -> Values:
        """What 1 became when it was held."""
        return self._held("growth")

    @property
    def against_holding(self) -> Values:
        """How much more than holding it came to: 0.1 is a tenth more, -0.1 a tenth less."""
        return self.growth / self.held_growth - 1.0

    @property
    def drawdown(self) -> Values:
        """The deepest fall from a former height, at closes of its timeframe: 0.2 is a fifth."""
        return self._of("drawdown")

    @property
    def held_drawdown(self) -> Values:
        """The same of holding."""
        return self._held("drawdown")

    @property
    def drawdown_avoided(self) -> Values:
        """How much less deep it fell than holding, in shares of the height; negative: deeper."""
        return self.held_drawdown - self.drawdown

    @property
    def is_pending(self) -> NDArray[np.bool_]:
        """Whether the last close called for an exit that no open came after."""
        return np.equal(self._of("pending"), 1.0)

    def table(self, name: str) -> pd.DataFrame:
        """The figures of one instrument, a row for each choice.

        Raises
        ------
        ConfigError
            The study has no such instrument.
        """
        if name not in self.names:
            raise ConfigError(f"the study has no {name}; it has {', '.join(self.names[:10])}")
        place = self.names.index(name)
        columns = ("exits", "whipsaws", "time_out", "costs", "growth", "held_growth")
        further = ("against_holding", "drawdown", "drawdown_avoided", "is_pending", "decided")
        values = {each: getattr(self, each)[place] for each in (*columns, *further)}
        return pd.DataFrame(values, index=pd.Index(LABELS, name="choice"))

    def _of(self, figure: str) -> Values:
        found = self.figures[:, :, :_AVERAGES, FIGURES.index(figure)]
        return found.reshape(len(self.names), len(LABELS)).copy()

    def _held(self, figure: str) -> Values:
        found = self.figures[:, :, _AVERAGES, FIGURES.index(figure)]
        return np.repeat(found, _AVERAGES, axis=1)


def joined(parts: list[StudyResult], terms: Terms, *, is_complete: bool) -> StudyResult:
    """Parts of one study, in their order."""
    of_none = (0, len(_TIMEFRAMES), _AVERAGES + 1, len(FIGURES))
    return StudyResult(
        tuple(name for part in parts for name in part.names),
        terms,
        np.concatenate([np.empty((0, 2), np.int64), *(part.bars for part in parts)]),
        np.concatenate([np.empty((0, len(LABELS)), np.int64), *(part.decided for part in parts)]),
        np.concatenate([np.empty(of_none), *(part.figures for part in parts)]),
        is_complete,
    )
