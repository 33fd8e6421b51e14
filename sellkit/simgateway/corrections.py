"""Bars that are told anew, because a trade in them was reported wrongly at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Correction:
    """The last price of the bars that end at one moment, as it is told later.

    Attributes
    ----------
    symbol
        The contract's name in the market.
    bar_end
        Every bar that ends there has another close, whatever its size; aware UTC.
    factor
        By which the close is multiplied; high and low follow where they must.
    known_from
        Before that moment the bars are told as they were first; aware UTC.
    """

    symbol: str
    bar_end: dt.datetime
    factor: float
    known_from: dt.datetime


class Corrections:
    """Every correction; other threads may read, as what is there is replaced, never changed."""

    def __init__(self, corrections: Iterable[Correction] = ()) -> None:
        self._corrections = tuple(corrections)

    @property
    def all(self) -> tuple[Correction, ...]:
        """Every correction, in the order in which they were added."""
        return self._corrections

    def add(self, correction: Correction) -> None:
        """Add one."""
        self._corrections = (*self._corrections, correction)

    def restore(self, corrections: Iterable[Correction]) -> None:
        """Know those that were kept, too."""
        self._corrections = tuple(dict.fromkeys((*self._corrections, *corrections)))

    def known(self, symbol: str, now: float) -> tuple[Correction, ...]:
        """Those of a contract that are known at a moment, in seconds after 1970."""
        return tuple(
            one
            for one in self._corrections
            if one.symbol == symbol and one.known_from.timestamp() <= now
        )
