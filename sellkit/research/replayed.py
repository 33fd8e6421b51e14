"""What a replay found: exits with what came of them, and the equity beside holding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.counting import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Token
    from sellkit.research.course import ReplayTerms
    from sellkit.research.market import Fill

AFTER: Final = (1, 5, 20)
"""After how many bars, and how many days, it is looked at what became of a price."""

EXIT_FIELDS: Final = (
    *("ticker", "average", "decided_at", "close", "ma_value", "filled_at", "fill_price"),
    *("proceeds", *(f"after_{count}_bars_percent" for count in AFTER)),
    *(f"after_{count}_days_percent" for count in AFTER),
    *("to_the_end_percent", "back_above_after_bars", "is_whipsaw", "avoided_percent", "was_held"),
)
"""The names of what `exit_record` tells, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """One exit that the rule would have made of whoever held then.

    Prices are in the instrument's currency; percents are of the price that the sale met.

    Attributes
    ----------
    at
        When it was decided: the end of the bar that closed below; aware UTC.
    close, average, seed_weight
        As in its certificate.
    fill
        The open of the next bar, at an exit at the close that of the next session; None where no
        bar is stored after it.
    proceeds
        What a share would have brought after costs; None without a fill.
    after_bars, after_days
        By `AFTER`, how far the price had moved at the close of that bar, the bar of the sale being
        the first; negative is a fall that was avoided. None beyond the end of the replay.
    since_percent
        The same at the last close of the replay: holding on against having sold, before costs.
        None where the sale would have come after it.
    back_above
        After how many judged bars one closed strictly above the average again; None when none did.
    is_whipsaw
        Whether that were few enough to call it one.
    avoided_percent
        How far the price fell below the sale until then, or to the end; 0 when it never did.
    was_held
        Whether the replayed position was still held then; it is sold once, unless it re-enters.
    """

    at: dt.datetime
    close: float
    average: float
    seed_weight: float
    fill: Fill | None
    proceeds: float | None
    after_bars: Mapping[int, float | None]
    after_days: Mapping[int, float | None]
    since_percent: float | None
    back_above: int | None
    is_whipsaw: bool
    avoided_percent: float | None
    was_held: bool


@dataclass(frozen=True, slots=True, eq=False)
class Equity:
    """A position's worth by time, 1 at the first bar judged.

    Attributes
    ----------
    times
        Ends of bars, microseconds since 1970 UTC, shape (n,).
    rule, holding
        With the exits and their costs, and without any; shape (n,).
    """

    times: np.ndarray[tuple[int], np.dtype[np.int64]]
    rule: np.ndarray[tuple[int], np.dtype[np.float64]]
    holding: np.ndarray[tuple[int], np.dtype[np.float64]]

    @property
    def rule_percent(self) -> float:
        """What the rule made of it, in percent; 0 without a bar."""
        return _gain(self.rule)

    @property
    def holding_percent(self) -> float:
        """What holding made of it."""
        return _gain(self.holding)

    @property
    def rule_drawdown(self) -> float:
        """The deepest fall from a former height, in percent, by the rule."""
        return drawdown(self.rule)

    @property
    def holding_drawdown(self) -> float:
        """The same of holding."""
        return drawdown(self.holding)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PositionReplay:
    """One position replayed.

    Attributes
    ----------
    moments
        Bars that were due, and judged.
    decided
        Of them, how many came to HOLD or EXIT.
    undecided
        By reason, without the times in it, how many did not.
    withheld
        EXITs that an average too close to its seed would have kept from being sent.
    told_later
        Decisions on a bar that the source told more than an hour after it was due: a run at that
        time may have seen another price, or none.
    corrected
        How often a bar was told with another close later.
    exits
        In order.
    out_percent
        Share of the decided bars during which nothing was held.
    equity
        Beside holding.
    """

    token: Token
    con_id: int
    assignment: Assignment
    moments: int
    decided: int
    undecided: Mapping[str, int]
    withheld: int
    told_later: int
    corrected: int
    exits: tuple[Exit, ...]
    out_percent: float
    equity: Equity

    @property
    def whipsaws(self) -> int:
        """Exits that were one."""
        return sum(each.is_whipsaw for each in self.exits)

    @property
    def edge_percent(self) -> float:
        """What the rule made of the position, less what holding made of it."""
        return self.equity.rule_percent - self.equity.holding_percent

    def __repr__(self) -> str:
        exits = counted(len(self.exits), "exit")
        return (
            f"{self.token!s:<14} {self.assignment.label:<11} {exits:>9}, "
            f"{counted(self.whipsaws, 'whipsaw')}; rule {self.equity.rule_percent:+.1f} %, "
            f"holding {self.equity.holding_percent:+.1f} %"
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Replay:
    """The positions of a trader on history.

    Attributes
    ----------
    terms
        From when to when, and how.
    positions
        Those with bars, in order of their tokens.
    without
        By token, why a position could not be replayed at all.
    is_whole
        False when it was interrupted, and positions are missing.
    """

    terms: ReplayTerms
    positions: tuple[PositionReplay, ...]
    without: Mapping[Token, str] = field(default_factory=dict)
    is_whole: bool = True

    @property
    def equity(self) -> Equity:
        """All positions, each with an equal share of the money at the beginning."""
        return _together([each.equity for each in self.positions])

    @property
    def exits(self) -> tuple[tuple[PositionReplay, Exit], ...]:
        """All exits, in order of time."""
        found = [(each, sold) for each in self.positions for sold in each.exits]
        return tuple(sorted(found, key=lambda pair: pair[1].at))

    def __repr__(self) -> str:
        begin, end = (f"{each:%Y-%m-%d}" for each in (self.terms.begin, self.terms.end))
        head = f"{counted(len(self.positions), 'position')} from {begin} to {end}: "
        head += counted(len(self.exits), "exit")
        if not self.is_whole:
            head += "; INTERRUPTED, positions are missing"
        lines = [repr(each) for each in self.positions]
        lines += [f"{token!s:<14} {reason}" for token, reason in self.without.items()]
        return "\n".join([head, *lines])


def drawdown(worth: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The deepest fall from a former height, in percent of it; 0 for nothing."""
    if not len(worth):
        return 0.0
    heights = np.maximum.accumulate(worth)
    return float(((heights - worth) / heights).max() * 100)


def _gain(worth: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float((worth[-1] / worth[0] - 1) * 100) if len(worth) else 0.0


def _together(parts: list[Equity]) -> Equity:
    """The mean of all, each at its first worth before it begins and at its last after it ends."""
    times = np.unique(np.concatenate([np.empty(0, np.int64), *(each.times for each in parts)]))
    kept = [each for each in parts if len(each.times)]
    if not kept:
        return Equity(times, np.empty(0), np.empty(0))
    rule, holding = (
        np.mean([_at(getattr(each, name), each.times, times) for each in kept], axis=0)
        for name in ("rule", "holding")
    )
    return Equity(times, rule, holding)


def _at(
    worth: np.ndarray[tuple[int], np.dtype[np.float64]],
    known: np.ndarray[tuple[int], np.dtype[np.int64]],
    times: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    place = np.searchsorted(known, times, side="right") - 1
    return worth[np.maximum(place, 0)]


def frame_of(replay: Replay) -> pd.DataFrame:
    """The exits as a table, one row each."""
    import pandas as pd  # noqa: PLC0415  (only who wants a table waits for it)

    return pd.DataFrame([exit_record(each, sold) for each, sold in replay.exits])


def exit_record(position: PositionReplay, sold: Exit) -> dict[str, object]:
    """An exit as plain values, times as ISO text in UTC."""
    return {
        "ticker": str(position.token),
        "average": position.assignment.label,
        "decided_at": sold.at.isoformat(),
        "close": sold.close,
        "ma_value": sold.average,
        "filled_at": None if sold.fill is None else sold.fill.at.isoformat(),
        "fill_price": None if sold.fill is None else sold.fill.price,
        "proceeds": sold.proceeds,
        **{f"after_{bars}_bars_percent": sold.after_bars[bars] for bars in AFTER},
        **{f"after_{days}_days_percent": sold.after_days[days] for days in AFTER},
        "to_the_end_percent": sold.since_percent,
        "back_above_after_bars": sold.back_above,
        "is_whipsaw": sold.is_whipsaw,
        "avoided_percent": sold.avoided_percent,
        "was_held": sold.was_held,
    }
