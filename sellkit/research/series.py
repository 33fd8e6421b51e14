"""What a study of history is given: bars of both timeframes, and what trading costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import micros
from sellkit.errors import ConfigError, InvalidBars

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Prices = NDArray[np.float64]
    Instants = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Completed bars of one timeframe, in order and without a hole.

    Attributes
    ----------
    opens, closes
        Shape (n,), float64, finite and positive.
    begin
        The first bar that is judged. Averages take in all bars before it; the position is held from
        its open on.
    starts
        When each bar starts, microseconds since 1970 UTC, shape (n,); only comparisons across
        timeframes need them. None where they are not known.

    Raises
    ------
    InvalidBars
        The shapes differ, or a price is not a positive number.
    """

    opens: Prices
    closes: Prices
    begin: int = 0
    starts: Instants | None = None

    def __post_init__(self) -> None:
        for name in ("opens", "closes"):
            given = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, given)
        if self.opens.ndim != 1 or self.opens.shape != self.closes.shape:
            shapes = f"{self.opens.shape} and {self.closes.shape}"
            raise InvalidBars(f"a study needs an open for each close, got shapes {shapes}")
        if self.starts is not None and len(self.starts) != len(self.closes):
            raise InvalidBars(f"{len(self.starts)} starts for {len(self.closes)} bars")
        if not 0 <= self.begin <= len(self.closes):
            raise InvalidBars(f"bar {self.begin} of {len(self.closes)} cannot be the first judged")
        for name in ("opens", "closes"):
            prices = getattr(self, name)
            if len(prices) and not (prices.min() > 0 and prices.max() < np.inf):
                raise InvalidBars(f"a study needs positive {name}, got {prices.min()}")

    def __len__(self) -> int:
        return len(self.closes)

    @classmethod
    def of(cls, frame: pd.DataFrame, begin: int = 0) -> Self:
        """The bars of a bar frame."""
        opens, closes = frame["open"].to_numpy(), frame["close"].to_numpy()
        return cls(opens, closes, begin, micros(frame.index))


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One instrument: its hours and its days."""

    name: str
    hours: Bars
    days: Bars

    def of(self, timeframe: Timeframe) -> Bars:
        """The bars of one timeframe."""
        return self.hours if timeframe is Timeframe.H1 else self.days


@dataclass(frozen=True, slots=True)
class Costs:
    """What a trade costs.

    Attributes
    ----------
    per_share
        Commission in the instrument's currency. 0.005 is IBKR Pro's fixed rate for US stocks
        (interactivebrokers.com, Commissions); its minimum of an order is left out, because a study
        knows no quantity. On split-adjusted prices the shares of long ago are counted as today's.
    spread_bp
        The whole spread between bid and ask in basis points (1/10,000 of the price); a trade pays
        half of it.

    Raises
    ------
    ConfigError
        One of them is negative, or not a number.
    """

    per_share: float = 0.005
    spread_bp: float = 2.0

    def __post_init__(self) -> None:
        for name in ("per_share", "spread_bp"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigError(f"costs: {name} is {getattr(self, name)}; it is 0 or more")

    @property
    def half_spread(self) -> float:
        """What a trade loses to the spread, as a share of the price."""
        return self.spread_bp / 20_000


NO_COSTS: Final = Costs(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Terms:
    """How the alternatives are traded.

    Attributes
    ----------
    reenter
        Whether what was sold is bought again at the next bar's open after the first completed bar
        that closes strictly above the average. The rule itself never buys.
    max_seed_weight
        An EMA decides from the bar on where its seed weighs no more than this; None: as soon as it
        has a value.
    """

    costs: Costs = Costs()
    reenter: bool = True
    max_seed_weight: float | None = None
