"""Asks for slices, many at once, and keeps count of what is still waited for."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sellkit.core.bars import COLUMNS
from sellkit.errors import AnsweredElsewhere, BrokerError, InvalidBars
from sellkit.operate.slices import NOTHING, Grounds, Joined

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sellkit.core.bars import SeriesKey
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.slices import Slice
    from sellkit.ports import BarStore, Broker


@dataclass(slots=True)
class Asking:
    """The questions of one moment after the other.

    Attributes
    ----------
    hands
        Questions under way at once; how fast they may follow each other, the budget says.
    heard
        Called with each answer, on the thread that waited for it.
    """

    broker: Broker
    store: BarStore
    options: DeskOptions
    hands: int
    heard: Callable[[], None] = lambda: None
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _asked: int = 0
    _answered: int = 0
    # What the store put aside once must not be put aside again each minute.
    _refused: dict[SeriesKey, pd.DataFrame] = field(default_factory=dict)

    def ask(self, slices: Sequence[Slice], now: dt.datetime) -> Mapping[int, str]:
        """Ask them all; what is new goes to the store in one piece.

        Parameters
        ----------
        now
            The present, aware UTC: bars that have not ended by then are left for later.

        Returns
        -------
        Mapping
            By contract why a slice of it could not be had, or cannot be used.
        """
        with self._begin(slices) as pool:
            grounds = Grounds(self.options, now)
            answers = list(pool.map(lambda one: self._one(one, grounds), slices))
        return self._kept(list(zip(slices, answers, strict=True)))

    def ask_in_turn(
        self, slices: Sequence[Slice], now: dt.datetime
    ) -> Iterator[tuple[Sequence[Slice], Mapping[int, str]]]:
        """Ask them all, and give each back as soon as its answer is in the store.

        So whoever judges has done so for the others by the time that the last answer comes.

        Parameters
        ----------
        now
            As for `ask`.

        Yields
        ------
        tuple
            What has been answered meanwhile, and by contract why it could not be had or used.
        """
        pool = self._begin(slices)
        grounds = Grounds(self.options, now)
        waiting = {pool.submit(self._one, each, grounds): each for each in slices}
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                answered = [(waiting.pop(each), each.result()) for each in done]
                yield [one for one, _ in answered], self._kept(answered)
        finally:
            # What was answered last is not kept waiting until the threads have ended.
            pool.shutdown(wait=bool(waiting), cancel_futures=True)

    def _begin(self, slices: Sequence[Slice]) -> ThreadPoolExecutor:
        with self._turn:
            self._asked, self._answered = len(slices), 0
        return ThreadPoolExecutor(self.hands, thread_name_prefix="slices")

    def _kept(self, answered: Sequence[tuple[Slice, Joined]]) -> Mapping[int, str]:
        """What is new goes to the store in one piece; the troubles by contract."""
        troubles = {one.key.con_id: each.trouble for one, each in answered if each.trouble}
        fresh = {one.key: each.fresh for one, each in answered if len(each.fresh)}
        if fresh:
            for key, bars in self.store.add_many(fresh).items():
                self._refused[key] = _together(self._refused.get(key), bars)
                troubles[key.con_id] = _told(self._refused[key])
        return troubles

    def progress(self) -> str:
        """How many answers are still waited for, in words."""
        with self._turn:
            left = self._asked - self._answered
            if left:
                return f"{left} of {self._asked} answers of the one before are still waited for"
            return "the one before is still being worked on"

    def _one(self, one: Slice, grounds: Grounds) -> Joined:
        """The one place where an error of the gateway becomes a value: each row has its own."""
        try:
            answer = self.broker.bars(one.request)
        except AnsweredElsewhere:
            return Joined(NOTHING)
        except (BrokerError, InvalidBars) as error:
            return Joined(NOTHING, str(error))
        finally:
            self.heard()
            with self._turn:
                self._answered += 1
        return self._but_refused(one, grounds.joined(one, answer))

    def _but_refused(self, one: Slice, joined: Joined) -> Joined:
        if joined.trouble or one.key not in self._refused:
            return joined
        refused = self._refused[one.key]
        numbers = COLUMNS[:-1]
        same = joined.fresh.index.isin(refused.index)
        place = refused.index.get_indexer(joined.fresh.index[same])
        told, before = joined.fresh[numbers].to_numpy()[same], refused[numbers].to_numpy()[place]
        # A price that is no number is told the same each time, though it equals nothing.
        is_same = ((told == before) | (np.isnan(told) & np.isnan(before))).all(axis=1)
        same[same] = is_same
        if not same.any():
            del self._refused[one.key]
            return joined
        # What is told otherwise by now, or no longer, is not waited for again.
        still = self._refused[one.key] = refused.iloc[place[is_same]]
        return Joined(joined.fresh[~same | _stands_still(joined.fresh, same)], _told(still))


def _together(former: pd.DataFrame | None, refused: pd.DataFrame) -> pd.DataFrame:
    """What was put aside before and is still told, and what was put aside now."""
    if former is None:
        return refused
    return pd.concat([former[~former.index.isin(refused.index)], refused]).sort_index()


def _stands_still(fresh: pd.DataFrame, same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bars put aside before without which the next one would not be seen to stand still, too."""
    idle = fresh["volume"].to_numpy() == 0
    is_new: NDArray[np.bool_] = idle & ~same
    found: NDArray[np.bool_] = same & idle & np.concatenate([is_new[1:], [False]])
    return found


def _told(refused: pd.DataFrame) -> str:
    first = f"{refused.index[0]:%Y-%m-%d %H:%M} UTC: {refused['reason'].iloc[0]}"
    return f"{len(refused)} of the bars told cannot be and were put aside, {first}"
