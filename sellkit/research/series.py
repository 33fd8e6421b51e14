"""What a study of history is given: bars of both timeframes, and what trading costs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from sellkit.core.assignments import Timeframe
from sellkit.core.counting import counted
from sellkit.errors import ConfigError, InvalidBars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Prices = NDArray[np.float64]
    Days = NDArray[np.int64]


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
    sessions
        The date of each bar's session, days since 1970, shape (n,): only `chance` needs it, which
        holds hours against days. None where it is not known.

    Raises
    ------
    InvalidBars
        The shapes differ, or a price is not a positive number.
    """

    opens: Prices
    closes: Prices
    begin: int = 0
    sessions: Days | None = None

    def __post_init__(self) -> None:
        for name in ("opens", "closes"):
            given = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, given)
        if self.opens.ndim != 1 or self.opens.shape != self.closes.shape:
            shapes = f"{self.opens.shape} and {self.closes.shape}"
            raise InvalidBars(f"a study needs an open for each close, got shapes {shapes}")
        if self.sessions is not None and len(self.sessions) != len(self.closes):
            raise InvalidBars(
                f"{counted(len(self.sessions), 'session')} for {counted(len(self.closes), 'bar')}"
            )
        if not 0 <= self.begin <= len(self.closes):
            raise InvalidBars(f"bar {self.begin} of {len(self.closes)} cannot be the first judged")
        for name in ("opens", "closes"):
            prices = getattr(self, name)
            if len(prices) and not (prices.min() > 0 and prices.max() < np.inf):
                raise InvalidBars(f"a study needs positive {name}, got {prices.min()}")

    def __len__(self) -> int:
        return len(self.closes)

    @classmethod
    def of(cls, frame: pd.DataFrame, begin: int = 0, zone: str = "UTC") -> Self:
        """The bars of a bar frame.

        Parameters
        ----------
        frame
            A bar frame.
        begin
            The first bar that is judged.
        zone
            The exchange's, in which an hour's start has its session's date; UTC for days, whose
            start is that date.
        """
        starts = pd.DatetimeIndex(frame.index).tz_convert(zone).tz_localize(None)
        sessions = starts.to_numpy().astype("datetime64[D]").astype(np.int64)
        return cls(frame["open"].to_numpy(), frame["close"].to_numpy(), begin, sessions)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One instrument: its hours and its days."""

    name: str
    hours: Bars
    days: Bars

    @classmethod
    def since(
        cls, name: str, hours: pd.DataFrame, days: pd.DataFrame, begin: dt.date, zone: str
    ) -> Self:
        """An instrument whose sessions from a date on are judged.

        Parameters
        ----------
        hours, days
            Bar frames; what lies before the date is for the averages.
        begin
            The first session judged.
        zone
            The exchange's.
        """
        first = (begin - dt.date(1970, 1, 1)).days
        made = []
        for frame, own_zone in ((hours, zone), (days, "UTC")):
            bars = Bars.of(frame, 0, own_zone)
            place = 0 if bars.sessions is None else int(np.searchsorted(bars.sessions, first))
            made.append(replace(bars, begin=place))
        return cls(name, *made)

    def bare(self) -> Self:
        """The same with prices alone, which weigh less on their way to another machine."""
        hours, days = replace(self.hours, sessions=None), replace(self.days, sessions=None)
        return replace(self, hours=hours, days=days)

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
