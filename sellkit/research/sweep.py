"""The rule over history: the 28 alternatives of many instruments, bar by bar.

The 28 candidates of an instrument are 2 kinds of average (SMA, EMA) times 7 lengths times 2
timeframes, in the order of `core.assignments.ALL_CHOICES`: each timeframe is judged on its own
completed bars, and 28 candidates over n bars are 14 averages over n hours and 14 over n days. A
candidate is judged at every bar, by the comparison that the hourly run makes, and traded at the
next bar's open.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from operator import length_hint
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from sellkit.core.assignments import Timeframe
from sellkit.errors import ConfigError
from sellkit.research import sides, trading
from sellkit.research.result import StudyResult, joined
from sellkit.research.series import Costs, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from sellkit.ports import Progress
    from sellkit.research.series import Bars, Series

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]
    Sides = NDArray[np.int8]
    Part = Sequence[Series]

BARS_AT_ONCE: Final = 250_000
"""So many bars of each timeframe are one part. Their prices weigh 8 MB; Dask warns from 10 on."""

_TIMEFRAMES: Final = tuple(Timeframe)


class Workers(Protocol):
    """Whoever works through the parts of a study."""

    @property
    def at_once(self) -> int:
        """How many bars of each timeframe a part has at most; one instrument it always has."""
        ...

    def map(
        self, work: Callable[[Part], StudyResult], parts: Iterable[Part]
    ) -> Generator[StudyResult]:
        """The result of each part, in the order of the parts; closed when no more are wanted."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """This process does it all, one part after the other."""

    at_once: int = BARS_AT_ONCE

    def map(
        self, work: Callable[[Part], StudyResult], parts: Iterable[Part]
    ) -> Generator[StudyResult]:
        """The result of each part."""
        yield from map(work, parts)


def study(
    series: Iterable[Series],
    costs: Costs | None = None,
    *,
    reenter: bool = True,
    max_seed_weight: float | None = None,
    compiled: bool | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> StudyResult:
    """Follow the 28 alternatives of each instrument over its history.

    Parameters
    ----------
    series
        The instruments; taken one after the other, so that a generator needs no more memory for
        many of them than for a few.
    costs
        Of a trade; `Costs()` when left out.
    reenter, max_seed_weight
        As in `Terms`.
    compiled
        Whether numba does it; when left out, where it is installed. The numbers are the same.
    workers
        Who does it, `cluster.Cluster` for instance; this process when left out.
    progress
        Told of every instrument that is done.
    is_cancelled
        Asked now and then; once it says so, the result has what is done.

    Raises
    ------
    ConfigError
        `compiled` is asked for, and numba is not installed.
    """
    terms = Terms(costs or Costs(), reenter, max_seed_weight)
    work = partial(study_part, terms=terms, compiled=_is_compiled(compiled))
    if progress is not None:
        progress.start("28 alternatives over history", length_hint(series))
    found: list[StudyResult] = []
    is_complete = True
    workers = workers or Here()
    with closing(workers.map(work, parts_of(series, workers.at_once))) as results:
        for part in results:
            found.append(part)
            if progress is not None:
                progress.advance(len(part), of=part.names[-1])
            if is_cancelled is not None and is_cancelled():
                is_complete = False
                break
    if progress is not None:
        progress.stop()
    return joined(found, terms, is_complete=is_complete)


def parts_of(series: Iterable[Series], at_once: int) -> Iterator[list[Series]]:
    """Instruments in groups of at most so many bars."""
    part: list[Series] = []
    longest = 0
    for each in series:
        longest = max(longest, len(each.hours), len(each.days))
        if part and longest * (len(part) + 1) > at_once:
            yield part
            part, longest = [], max(len(each.hours), len(each.days))
        part.append(each.bare())
    if part:
        yield part


def study_part(part: Part, terms: Terms, *, compiled: bool) -> StudyResult:
    """The study of a few instruments at once."""
    found = [figures([each.of(tf) for each in part], terms, compiled) for tf in _TIMEFRAMES]
    counts = [[len(each.of(tf)) - each.of(tf).begin for tf in _TIMEFRAMES] for each in part]
    begins = sides.firsts(terms.max_seed_weight)
    decided = [
        np.concatenate([_decided(each.of(timeframe), begins) for timeframe in _TIMEFRAMES])
        for each in part
    ]
    names = tuple(each.name for each in part)
    return StudyResult(names, terms, np.array(counts), np.array(decided), np.stack(found, axis=1))


def figures(bars: Sequence[Bars], terms: Terms, compiled: bool) -> Values:
    """The figures of the fourteen averages and of holding, as `trading.trade` answers them."""
    found = np.full((len(bars), 2 * sides.ROWS + 1, len(trading.FIGURES)), np.nan)
    each_side = judged([each.closes for each in bars], terms.max_seed_weight, compiled=compiled)
    if not compiled:
        return trading.trade(bars, list(each_side), terms)
    from sellkit.research import sweep_kernel  # noqa: PLC0415  (loads numba)

    prices = (terms.costs.half_spread, terms.costs.per_share)
    for each, row, own in zip(bars, found, each_side, strict=True):
        if each.begin < len(each):
            sweep_kernel.trade(each.opens, each.closes, each.begin, own, prices, terms.reenter, row)
    return found


def judged(
    histories: Sequence[Values], max_seed_weight: float | None, *, compiled: bool
) -> Iterator[Sides]:
    """The sides of each series, shape (14, n), as `sides.sides` answers them.

    Each is to be used before the next one is asked for: they share their memory.
    """
    begins = sides.firsts(max_seed_weight)
    if not compiled:
        yield from sides.sides_of(histories, begins)
        return
    from sellkit.research import sweep_kernel  # noqa: PLC0415  (loads numba)

    longest = max(map(len, histories), default=0)
    room = np.empty(longest), np.empty(longest + 1), np.empty((sides.ROWS, longest))
    shared = np.empty((2 * sides.ROWS, longest), dtype=np.int8)
    for closes in histories:
        own = shared[:, : len(closes)]
        is_exact, is_open = sweep_kernel.judge(closes, *room, own)
        if is_open:
            sides.settle(closes, own, is_exact=is_exact)
        if max_seed_weight is not None:
            sides.hide(own, begins)
        yield own


def _decided(bars: Bars, begins: Counts) -> Counts:
    counts: Counts = np.maximum(len(bars) - np.maximum(bars.begin, begins), 0)
    return counts


def _is_compiled(wanted: bool | None) -> bool:
    is_there = find_spec("numba") is not None
    if wanted and not is_there:
        raise ConfigError(
            "the compiled sweep needs numba, which is not installed here: "
            "`pip install 'sellkit[research]'` adds it; without it numpy gives the same numbers"
        )
    return is_there if wanted is None else wanted
