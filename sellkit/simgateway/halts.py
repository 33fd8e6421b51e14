"""When a contract does not trade although its exchange is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable


class HaltKind(IntEnum):
    """Why trading stands still; the values are those of tick type 49."""

    REGULATORY = 1
    VOLATILITY = 2


@dataclass(frozen=True, slots=True)
class Halt:
    """One stop of trading.

    Attributes
    ----------
    symbol
        The contract's name in the market.
    start, end
        Aware UTC; the end is the moment of the reopening, None until somebody ends the halt.
    """

    symbol: str
    start: dt.datetime
    end: dt.datetime | None
    kind: HaltKind

    def holds(self, now: dt.datetime) -> bool:
        """Whether trading stands still at a moment; at the reopening it goes on."""
        return self.start <= now and (self.end is None or now < self.end)


class Halts:
    """Every halt of every contract; may be added to while the gateway runs.

    Other threads may read: what is there is replaced, never changed.
    """

    def __init__(self, halts: Iterable[Halt] = ()) -> None:
        self._halts: tuple[Halt, ...] = ()
        for halt in halts:
            self.begin(halt)

    @property
    def all(self) -> tuple[Halt, ...]:
        """Every halt, in order of its start."""
        return self._halts

    def of(self, symbol: str) -> tuple[Halt, ...]:
        """The halts of a contract, in order of their start."""
        return tuple(halt for halt in self._halts if halt.symbol == symbol)

    def at(self, symbol: str, now: dt.datetime) -> HaltKind | None:
        """Why a contract does not trade at a moment; None while it may."""
        kinds = [halt.kind for halt in self.of(symbol) if halt.holds(now)]
        return kinds[-1] if kinds else None

    def begin(self, halt: Halt) -> None:
        """Add a halt."""
        self._halts = tuple(sorted((*self._halts, halt), key=lambda one: one.start))

    def restore(self, halts: Iterable[Halt]) -> None:
        """Know the halts as they were kept, beside those of the scenario that were not.

        One with the same contract and start as a kept one is that one.
        """
        kept = {
            (halt.symbol, halt.start): replace(halt, kind=HaltKind(halt.kind)) for halt in halts
        }
        own = {(halt.symbol, halt.start): halt for halt in self._halts}
        self._halts = tuple(sorted((own | kept).values(), key=lambda one: one.start))

    def end(self, symbol: str, now: dt.datetime) -> int:
        """Let a contract trade again; gives how many halts held it."""
        ended = [halt for halt in self._halts if halt.symbol == symbol and halt.holds(now)]
        self._halts = tuple(
            replace(halt, end=now) if halt in ended else halt for halt in self._halts
        )
        return len(ended)
