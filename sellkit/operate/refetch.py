"""Series that the source tells differently now: gathered anew beside the old, then exchanged.

Until the new series is whole the old one stays, frozen: it may be looked at, and nothing is decided
on it. What has been gathered outlives the process; the next download goes on with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from sellkit.core.bars import INSTANT
from sellkit.core.custody import Freeze

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.operate.fetch import Outcome, Series
    from sellkit.ports import BarStore

_ALSO: Final = "another series of this instrument is told differently now"
_AGAIN: Final = "prices were told differently once more while all were fetched anew; next time"
_NOT_WHOLE: Final = "prices have changed, and the gateway does not tell all bars anew yet"


def frozen_instruments(series: Sequence[Series], store: BarStore) -> set[int]:
    """The contracts of which a series lies frozen from an earlier time."""
    frozen = store.frozen()
    return {each.key.con_id for each in series if each.key in frozen}


def freeze(
    series: Sequence[Series],
    ratios: Mapping[int, float],
    store: BarStore,
    now: dt.datetime,
) -> None:
    """Freeze all series of an instrument together, those that are not frozen yet.

    Parameters
    ----------
    ratios
        By contract, by which factor prices were found to be told differently.
    now
        Aware UTC.
    """
    frozen = store.frozen()
    for each in series:
        if each.key in frozen:
            continue
        ratio = ratios.get(each.key.con_id, 1.0)
        reason = f"prices are told {ratio:.6g} times as high now" if ratio != 1.0 else _ALSO
        store.freeze(each.key, Freeze(now, ratio, reason))


def gather(
    series: Sequence[Series],
    store: BarStore,
    fetch: Callable[[BarStore, Sequence[Series]], list[Outcome]],
) -> list[Outcome]:
    """Gather frozen series anew, and exchange those of every instrument that are whole.

    Parameters
    ----------
    fetch
        Brings series up to date in a store.
    """
    if not series:
        return []
    staging = store.refetched()
    outcomes = [_judged(each, store) for each in fetch(staging, series)]
    unfinished = {each.series.key.con_id for each in outcomes if each.problem is not None}
    for outcome in outcomes:
        key = outcome.series.key
        if outcome.ratio is not None:
            staging.drop(key)
        if key.con_id not in unfinished:
            store.thaw(key)
    return outcomes


def _judged(outcome: Outcome, store: BarStore) -> Outcome:
    if outcome.ratio is not None:
        return replace(outcome, problem=_AGAIN)
    if outcome.problem is None and not _is_whole(outcome.series, store):
        return replace(outcome, problem=_NOT_WHOLE)
    return outcome


def _is_whole(series: Series, store: BarStore) -> bool:
    """Whether every bar that is due and was stored is there anew, or known to be there no more."""
    staging = store.refetched()
    new = staging.read(series.key)
    due = pd.DatetimeIndex([slot.start for slot in series.due], dtype=INSTANT)
    old = store.read(series.key).index.intersection(due)
    gone = pd.DatetimeIndex(list(staging.absent(series.key)), dtype=INSTANT)
    return not new.empty and old.difference(new.index).difference(gone).empty
