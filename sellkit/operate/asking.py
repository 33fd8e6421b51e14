"""Asks for the slices of a minute, many at once, and keeps count of what is still waited for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.core.bars import COLUMNS
from sellkit.errors import AnsweredElsewhere, BrokerError, InvalidBars
from sellkit.operate.slices import NOTHING, Grounds, Joined

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sellkit.core.bars import SeriesKey
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.slices import Slice
    from sellkit.ports import BarStore, Broker


@dataclass(slots=True)
class Asking:
    """The questions of one minute after the other.

    Attributes
    ----------
    hands
        Questions under way at once; how fast they may follow each other, the budget says.
    """

    broker: Broker
    store: BarStore
    options: DeskOptions
    hands: int
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _asked: int = 0
    _answered: int = 0
    # What the store put aside once must not be put aside again each minute.
    _refused: dict[SeriesKey, tuple[pd.DataFrame, str]] = field(default_factory=dict)

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
        with self._turn:
            self._asked, self._answered = len(slices), 0
        grounds = Grounds(self.options, now)
        with ThreadPoolExecutor(self.hands, thread_name_prefix="slices") as pool:
            answers = list(pool.map(lambda one: self._one(one, grounds), slices))
        troubles = {
            one.key.con_id: each.trouble
            for one, each in zip(slices, answers, strict=True)
            if each.trouble
        }
        fresh = {
            one.key: each.fresh
            for one, each in zip(slices, answers, strict=True)
            if len(each.fresh)
        }
        if fresh:
            for key, bars in self.store.add_many(fresh).items():
                self._refused[key] = (bars, _told(bars))
                troubles[key.con_id] = self._refused[key][1]
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
            with self._turn:
                self._answered += 1
        return self._but_refused(one, grounds.joined(one, answer))

    def _but_refused(self, one: Slice, joined: Joined) -> Joined:
        if one.key not in self._refused:
            return joined
        refused, text = self._refused[one.key]
        numbers = COLUMNS[:-1]
        same = joined.fresh.index.isin(refused.index)
        place = refused.index.get_indexer(joined.fresh.index[same])
        told = joined.fresh[numbers].to_numpy()[same]
        same[same] = (told == refused[numbers].to_numpy()[place]).all(axis=1)
        if not same.any():
            del self._refused[one.key]
            return joined
        return Joined(joined.fresh[~same], joined.trouble or text)


def _told(refused: pd.DataFrame) -> str:
    first = f"{refused.index[0]:%Y-%m-%d %H:%M} UTC: {refused['reason'].iloc[0]}"
    return f"{len(refused)} of the bars told cannot be and were put aside, {first}"
