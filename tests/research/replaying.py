"""Small histories to be replayed: sessions of half-hours and days with closes of one's choice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sellkit.core.bars import PRICES, Anchor, BarSize, session_slots
from sellkit.core.market_time import Session
from sellkit.research.course import Course, Judgement, ReplayTerms, Subject
from sellkit.research.replay import Replaying
from sellkit.research.replayed import PositionReplay
from sellkit.research.series import Costs
from tests import build

FIRST = dt.date(2026, 1, 5)  # a Monday
PER_SESSION = 13
NO_COSTS = Costs(0.0, 0.0)


class Silent:
    """A `Progress` that nobody looks at."""

    def start(self, label: str, total: int) -> None: ...

    def advance(self, steps: int = 1, *, of: str = "") -> None: ...

    def stop(self) -> None: ...


def sessions(count: int, first: dt.date = FIRST) -> Sequence[Session]:
    """So many sessions in New York from a date on."""
    return build.new_york().between(first, first + dt.timedelta(days=2 * count + 10))[:count]


def halves(closes: Sequence[float], first: dt.date = FIRST) -> pd.DataFrame:
    """Half-hours with these closes; each opens where the one before closed."""
    days = sessions(-(-len(closes) // PER_SESSION) + 1, first)
    slots = [s for d in days for s in session_slots(d, BarSize.M30, build.new_york())]
    frame = build.bars(slots[: len(closes)], closes)
    frame["open"] = np.append(closes[:1], closes[:-1])
    frame["high"] = frame[["open", "close"]].max(axis=1)
    frame["low"] = frame[["open", "close"]].min(axis=1)
    return frame


def days_of(bars: pd.DataFrame) -> pd.DataFrame:
    """Whole days folded from half-hours that are there."""
    labels = pd.DatetimeIndex(bars.index).tz_convert("America/New_York").normalize()
    labels = labels.tz_localize(None).tz_localize("UTC").as_unit("us").rename("start")
    by_day = bars.groupby(labels)
    ways = dict(zip(PRICES, ("first", "max", "min", "last"), strict=True))
    return by_day.agg({**ways, "volume": "sum", "fetched_at": "max"})


def subject(bars: pd.DataFrame, choice: str = "SMA 5 1H", **changes: Any) -> Subject:
    """Apple with these half-hours, and the days that they make."""
    held = build.position(quantity="1", cost=None)
    given: dict[str, Any] = {"halves": bars, "days": days_of(bars), **changes}
    return Subject(held, build.assignment(choice), **given)


def terms(bars: pd.DataFrame, **changes: Any) -> ReplayTerms:
    """From the first bar to the last one, without costs."""
    begin = bars.index[0].to_pydatetime()
    end = bars.index[-1].to_pydatetime() + dt.timedelta(minutes=30)
    usual: dict[str, Any] = {
        "begin": begin,
        "end": end,
        "anchor": Anchor.CLOCK,
        "costs": NO_COSTS,
        "max_seed_weight": 1.0,
    }
    return ReplayTerms(**(usual | changes))


def replayed(held: Subject, how: ReplayTerms) -> PositionReplay:
    """One position."""
    (found,) = Replaying([held], how).run(Silent()).positions
    return found


def judged(held: Subject, how: ReplayTerms) -> list[Judgement]:
    return list(Course(held, how))


def wavy(count: int, seed: int = 0) -> list[float]:
    """Closes on the grid of cents that go up and down."""
    steps = np.random.default_rng(seed).integers(-60, 61, count)
    return ((10_000 + np.cumsum(steps)) / 100).tolist()


def without(bars: pd.DataFrame, is_out: Callable[[int], bool]) -> pd.DataFrame:
    """The bars but for some, by their places."""
    return bars[[not is_out(place) for place in range(len(bars))]]
