"""Whether an alternative beat holding, or was only lucky: a block bootstrap of the difference.

Who looks at 28 averages and takes the best has looked at 28 chances to be lucky. White's reality
check (H. White, "A Reality Check for Data Snooping", Econometrica 68, 2000) asks how often the best
of them would look as good if none were any better than holding. What chance does is drawn by the
stationary bootstrap (D. N. Politis and J. P. Romano, "The Stationary Bootstrap", Journal of the
American Statistical Association 89, 1994): sessions in blocks of random length, so that what
follows upon each other in the market stays together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.assignments import Timeframe
from sellkit.core.counting import counted
from sellkit.errors import ConfigError, DataError
from sellkit.research import trading
from sellkit.research.result import LABELS
from sellkit.research.sides import firsts, sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sellkit.research.series import Bars, Series, Terms

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]

DRAWS: Final = 2_000
_DRAWN_AT_ONCE: Final = 250
FEWEST_SESSIONS: Final = 20
_TAIL: Final = 0.05
_NOTHING: Final = 1e-9
"""What a choice is taken to be worth that its costs have eaten up, of 1 at the beginning."""


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """By session, how much more each choice gained than holding, as a natural logarithm.

    So 0.01 is about one percent of what it was worth; and the sum over all sessions is what the
    choice came to against holding, gains upon gains. A mean of plain shares is not: who is now and
    then out of a wild market may lose by their mean, and have more in the end.

    Attributes
    ----------
    sessions
        Dates, days since 1970, shape (t,): those of which there are hours and days.
    values
        Shape (t, 28); NaN for a choice whose history is too short to decide once.
    """

    sessions: Counts
    values: Values


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the bootstrap says of the 28 choices of an instrument.

    Attributes
    ----------
    best
        The choice with the largest mean difference of those that decided; "" if none did.
    p_value
        How often the best of 28 would look at least as good by luck alone: White's p-value. Only
        when it is small, below 0.05 say, is the best one more than lucky.
    alone
        The same of each choice as if it were the only one that anybody had looked at, shape (28,).
        Of 28 lucky ones some are always small: they are no evidence. NaN, as are the following, for
        a choice that did not decide.
    mean, low, high
        The mean difference of a session of each choice, and between which two values nine tenths of
        the draws lie, shape (28,).
    sessions, draws, block, seed
        How many sessions; how many draws of blocks of what mean length, and from what seed.
    """

    best: str
    p_value: float
    alone: Values
    mean: Values
    low: Values
    high: Values
    sessions: int
    draws: int
    block: float
    seed: int


def differences(series: Series, terms: Terms) -> Differences:
    """Follow the 28 choices of an instrument, and hold each session against holding.

    Raises
    ------
    DataError
        The bars do not tell their sessions.
    """
    parts = [_gains(series.name, series.of(tf), terms) for tf in Timeframe]
    common = np.intersect1d(parts[0][0], parts[1][0])
    rows = [gains[np.searchsorted(sessions, common)] for sessions, gains in parts]
    values = np.concatenate([row[:, :-1] - row[:, -1:] for row in rows], axis=1)
    begins = firsts(terms.max_seed_weight)
    is_mute = np.concatenate([begins >= len(series.of(each)) for each in Timeframe])
    values[:, is_mute] = np.nan
    return Differences(common, values)


def _gains(name: str, bars: Bars, terms: Terms) -> tuple[Counts, Values]:
    """The dates of the sessions, and the logarithm of each row's gain in each, holding last."""
    if bars.sessions is None:
        raise DataError(f"{name}: bars without their sessions cannot be compared across timeframes")
    values = trading.paths(bars, sides(bars.closes, terms.max_seed_weight), terms)
    sessions = bars.sessions[bars.begin :]
    last = np.flatnonzero(np.append(sessions[1:] != sessions[:-1], [True] * bool(len(sessions))))
    worth = np.log(np.maximum(values[:, last], _NOTHING))
    return sessions[last], np.diff(worth, axis=1, prepend=0.0).T


def verdict(
    found: Differences, *, draws: int = DRAWS, block: float | None = None, seed: int = 0
) -> Verdict:
    """Judge the best of the choices against luck.

    Parameters
    ----------
    found
        The differences of an instrument; of several, their mean by session may be given.
    draws
        How many histories chance draws.
    block
        Mean length of a block in sessions; the cube root of their number when left out, and at
        least 5.
    seed
        The same seed draws the same histories.

    Raises
    ------
    ConfigError
        `draws` or `block` is below 1.
    DataError
        Fewer than 20 sessions say nothing about luck.
    """
    count = len(found.values)
    if count < FEWEST_SESSIONS:
        raise DataError(
            f"{counted(count, 'session')} cannot tell luck from skill: at least "
            f"{FEWEST_SESSIONS} are needed"
        )
    length = max(5.0, round(count ** (1 / 3))) if block is None else float(block)
    if draws < 1 or length < 1:
        raise ConfigError(f"a bootstrap needs draws and a block of 1 or more: {draws}, {length:g}")
    mean = found.values.mean(axis=0)
    means = np.concatenate(list(_drawn_means(found.values, draws, length, seed)))
    best, p_value = "", 1.0
    if np.isfinite(mean).any():
        place = int(np.nanargmax(mean))
        best = LABELS[place] if len(mean) == len(LABELS) else str(place)
        p_value = _share(np.nanmax(means - mean, axis=1) >= mean[place])
    alone = np.array([_share(own) for own in (means - mean >= mean).T])
    alone[np.isnan(mean)] = np.nan
    low, high = np.quantile(means, [_TAIL, 1 - _TAIL], axis=0)
    return Verdict(best, p_value, alone, mean, low, high, count, draws, length, seed)


def _share(is_as_good: NDArray[np.bool_]) -> float:
    # What was seen counts as one of the draws, so that no share is 0 for want of draws.
    return float((is_as_good.sum() + 1) / (len(is_as_good) + 1))


def _drawn_means(values: Values, draws: int, block: float, seed: int) -> Iterator[Values]:
    """The mean of each column in each draw, shape (draws, columns) in all."""
    random = np.random.default_rng(seed)
    count = len(values)
    for begin in range(0, draws, _DRAWN_AT_ONCE):
        some = min(_DRAWN_AT_ONCE, draws - begin)
        places = drawn_places(count, some, block, random)
        flat = (places + count * np.arange(some)[:, None]).ravel()
        times = np.bincount(flat, minlength=some * count).reshape(some, count)
        yield times @ values / count


def drawn_places(count: int, draws: int, block: float, random: np.random.Generator) -> Counts:
    """Which sessions a draw takes, shape (draws, count): blocks that go on past the end at the top.

    A block goes on with probability 1 - 1/`block`, so that it is `block` long in the mean.
    """
    fresh = random.random((draws, count)) < 1.0 / block
    fresh[:, 0] = True
    starts = random.integers(0, count, (draws, count))
    along = np.arange(count)
    begun = np.maximum.accumulate(np.where(fresh, along, 0), axis=1)
    places: Counts = (np.take_along_axis(starts, begun, axis=1) + along - begun) % count
    return places
