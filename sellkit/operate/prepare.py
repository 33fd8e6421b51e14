"""Everything that a decision needs in memory before the hour ends; then one question for each bar.

What is asked, stored, judged and refused is what a download at the hour would ask, store, judge and
refuse: only the reading and the averages of what was known before are done by then.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from sellkit.core.coverage import missing_slots
from sellkit.core.evaluate import evaluate
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.pacing import Urgency
from sellkit.core.schedule import Timetable, next_due
from sellkit.core.signals import Decision
from sellkit.errors import ConfigError
from sellkit.operate.asking import Asking
from sellkit.operate.decide import Foreseen
from sellkit.operate.memory import Memory
from sellkit.operate.slices import slice_of
from sellkit.operate.wanted import wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.portfolio import Position
    from sellkit.core.quotes import Quote
    from sellkit.core.reports import BrokerRecords
    from sellkit.core.standing import Standing
    from sellkit.operate.fetch import Series
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.parts import Parts
    from sellkit.operate.study import Study
    from sellkit.operate.timing import Timing

LONGEST_WAIT: Final = dt.timedelta(minutes=30)
"""A run that waits keeps the budget of requests, and a notebook's cell may not take for ever."""

_HANDS: Final = 4
_NEARLY: Final = 5
"""When so many answers are still awaited, the lists for the decision are read."""

_NO_ASSIGNMENT: Final = ("NYSE",)


def hour_end(tokens: Iterable[Token], options: DeskOptions, now: dt.datetime) -> dt.datetime:
    """The end of the hour whose bars are final next; aware UTC.

    Parameters
    ----------
    tokens
        Those of the assignments: the sessions of their exchanges count.

    Raises
    ------
    ConfigError
        It lies too far ahead to be waited for.
    """
    known = {each.exchange for each in tokens if has_calendar(each.exchange)}
    calendars = tuple(
        calendar_for(each, extended=not options.rth) for each in sorted(known) or _NO_ASSIGNMENT
    )
    timetable = Timetable(calendars, options.anchor, options.limits.early)
    end = next_due(timetable, now - options.lag).at
    if end - now > LONGEST_WAIT:
        minutes = LONGEST_WAIT.total_seconds() / 60
        raise ConfigError(
            f"the next hour ends at {end:%Y-%m-%d %H:%M} UTC, which is more than {minutes:.0f} "
            "minutes ahead: run it later, without --prepare, or by `sellkit schedule`"
        )
    return end


class Preparation:
    """What a run knows by the time that the hour ends.

    Parameters
    ----------
    parts
        The adapters.
    options
        How the desk works.
    timing
        Told each answer.
    end
        The end of the hour that is waited for; aware UTC.
    """

    def __init__(
        self, parts: Parts, options: DeskOptions, timing: Timing, end: dt.datetime
    ) -> None:
        self._parts = parts
        self._options = options
        self._timing = timing
        self._end = end
        self._memory = Memory(parts.store, options)
        asks = (parts.broker, parts.store, options, options.concurrency)
        self._asking = Asking(*asks, heard=timing.answer)
        self._basis: object = None
        self._series: list[Series] = []
        self._instruments: dict[int, Instrument] = {}
        self._positions: dict[int, Position] = {}
        self._assignments: Mapping[Token, Assignment] = {}
        self.foreseen: dict[int, Foreseen] = {}
        self._quoted: dict[int, Future[Mapping[int, Quote]]] = {}
        self._pool = ThreadPoolExecutor(_HANDS, thread_name_prefix="ahead")
        self._early = parts.live and parts.live.early_look()

    def load(self, positions: Sequence[Position], assignments: Mapping[Token, Assignment]) -> None:
        """Read and study what is stored of every position; nothing where that was done before."""
        self._positions = {each.instrument.con_id: each for each in positions}
        self._assignments = assignments
        basis = ([(each.instrument, each.quantity > 0) for each in positions], dict(assignments))
        if basis == self._basis:
            return
        self._basis = basis
        due_by = self._end + self._options.lag
        found, _ = wanted(positions, assignments, self._options, due_by)
        self._series = found
        self._instruments = {each.instrument.con_id: each.instrument for each in positions}
        self._look(self._parts.clock.now(), self._judged())

    def wait(self) -> None:
        """Return when the bars that end with the hour are final."""
        self._parts.clock.sleep_until(self._end + self._options.lag)

    def ask(self, as_of: dt.datetime) -> list[Series]:
        """Ask for the newest bar of each series, and study each as soon as it is answered.

        Parameters
        ----------
        as_of
            The moment that is judged; aware UTC.

        Returns
        -------
        list of Series
            All of each instrument of which a newest bar is not there, or does not fit what is
            stored: after a split one series says nothing without the other.
        """
        self._timing.ask(self._end, as_of)
        self._look(as_of, ())
        open_ones = [each for each in self._series if self._is_open(each)]
        urgency, end = (
            Urgency.HOUR,
            as_of.replace(microsecond=0),
        )  # seconds are all that a question can tell
        slices = [
            slice_of(each.instrument, each.key.bar_size, self._memory, self._options, end, urgency)
            for each in open_ones
            if self._memory.freeze(each.instrument.con_id) is None
        ]
        answered = {each.instrument.con_id for each in slices}
        for instrument in self._judged():
            if instrument.con_id not in answered:
                self._foresee(instrument)
        waiting = Counter(each.instrument.con_id for each in slices)
        late = {each.key.con_id for each in open_ones} - waiting.keys()
        for some, _troubles in self._asking.ask_in_turn(slices, as_of):
            if self._early and waiting.total() <= len(some) + _NEARLY:
                self._early.begin()
            self._memory.look_at(each.instrument for each in some)
            for each in some:
                con_id = each.instrument.con_id
                waiting[con_id] -= 1
                if not waiting[con_id]:
                    self._foresee(each.instrument)
            asked = {each.key for each in some}
            late |= {
                each.key.con_id for each in open_ones if each.key in asked and self._is_open(each)
            }
        self._pool.shutdown(wait=False)  # what is under way comes to its end
        return [each for each in self._series if each.key.con_id in late]

    def look_again(self) -> None:
        """Take what a download has stored since."""
        self._timing.answer()
        self._memory.look(self._instruments.values())

    def study(self, instrument: Instrument) -> Study:
        """The study of an instrument at the moment asked for."""
        if instrument.con_id not in self._instruments:
            self._instruments[instrument.con_id] = instrument
            self._memory.look(self._instruments.values())
        return self._memory.study(instrument)

    def lists(self) -> tuple[Standing, BrokerRecords] | None:
        """How the connection stood, and the lists then read over it; None where there are none.

        Where something has to be reconciled first, lists from before that do not count.
        """
        live = self._parts.live
        return None if not self._early or not live or live.must_reconcile() else self._early.take()

    def quotes(self, instruments: Sequence[Instrument]) -> Mapping[int, Quote]:
        """What the market shows; that of an exit which was foreseen has been asked for already."""
        oldest = self._parts.clock.now() - self._options.limits.max_snapshot_age
        foreseen = [each.con_id for each in instruments if each.con_id in self._quoted]
        told = {con_id: self._quoted[con_id].result()[con_id] for con_id in foreseen}
        found = {con_id: each for con_id, each in told.items() if each.asked_at >= oldest}
        left = [each for each in instruments if each.con_id not in found]
        return {**found, **self._parts.broker.quotes(left)} if left else found

    def _foresee(self, instrument: Instrument) -> None:
        """Study an instrument whose bars are there, and ask what the market shows of an exit."""
        study, con_id = self._memory.study(instrument), instrument.con_id
        position = self._positions.get(con_id)
        assignment = self._assignments.get(instrument.token)
        if position is None:
            return
        signal = evaluate(position, assignment, study.history, self._options.daily_basis)
        self.foreseen[con_id] = Foreseen(signal, study)
        if signal.decision is Decision.EXIT and con_id not in self._quoted:
            self._quoted[con_id] = self._pool.submit(self._parts.broker.quotes, [instrument])

    def _judged(self) -> list[Instrument]:
        decided = [each for each in self._instruments.values() if each.is_decided]
        return [each for each in decided if has_calendar(each.token.exchange)]

    def _look(self, as_of: dt.datetime, instruments: Iterable[Instrument]) -> None:
        self._memory.look(self._instruments.values())
        self._memory.move_to(as_of)
        for each in instruments:
            self._memory.study(each)

    def _is_open(self, series: Series) -> bool:
        """Whether its newest bar is not stored, or was told before it was final."""
        newest = series.due[-1:]
        bars = self._memory.bars(series.key)
        return bool(missing_slots(bars, newest, self._options.lag))
