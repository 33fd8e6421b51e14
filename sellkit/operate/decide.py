"""Judge every position on stored, completed bars and prepare the tickets. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.evaluate import evaluate
from sellkit.core.facts import Facts
from sellkit.core.gates import judge
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.orders import prepare
from sellkit.core.precedent import by_key, upheld
from sellkit.core.signals import Decision, Signal
from sellkit.core.snapshot import SnapshotRow, in_display_order
from sellkit.operate.decision import HourlyDecision

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from sellkit.core.assignments import Assignment
    from sellkit.core.gates import Verdict
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.portfolio import AccountSnapshot, Position
    from sellkit.core.precedent import Precedent
    from sellkit.core.quotes import Quote
    from sellkit.core.standing import Standing
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.study import Study


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A signal, and the study that it was judged on."""

    signal: Signal
    study: Study | None

    def is_of(self, position: Position, assignment: Assignment | None, study: Study | None) -> bool:
        """Whether it was judged on just these."""
        judged = (self.signal.position, self.signal.assignment)
        return self.study is study and judged == (position, assignment)


@dataclass(frozen=True, slots=True)
class Decider:
    """What every judgement of one run shares.

    Attributes
    ----------
    snapshot
        Positions and open orders.
    standing
        How the connection stands; nothing is decided on one that is not ready, or is another one
        than that over which the positions were read.
    assignments
        By token; matching is exact.
    study
        Gives the bars and averages of an instrument.
    as_of
        Bars count up to here; aware UTC.
    now
        The time of the decision, against which ages are held: later than `as_of` by the time the
        download took.
    is_present
        Whether the present is described; a past moment that was asked for is not.
    incomplete
        Tokens whose row of assignments cannot be used.
    precedents
        Given a time, what was decided before on bars that ended then or later, oldest first;
        nothing when left out.
    quotes
        Given instruments, what the market shows of them, by contract; left out, whoever would
        exit is withheld, as nobody knows whether prices are live.
    problems
        By contract, why bars could not be had; said beside UNDECIDED.
    live
        What the gates of live mode see; None in a dry run.
    deferred
        By ticket id, the opening that a ticket of an earlier session was deferred to.
    foreseen
        By contract, signals that were judged before: one is taken where it is of the position, the
        assignment and the study that are at hand, for then the rule says the same again.
    """

    snapshot: AccountSnapshot
    standing: Standing
    assignments: Mapping[Token, Assignment]
    study: Callable[[Instrument], Study]
    options: DeskOptions
    as_of: dt.datetime
    now: dt.datetime
    is_present: bool
    problems: Mapping[int, str]
    incomplete: frozenset[Token]
    precedents: Callable[[dt.datetime], Sequence[Precedent]] = lambda _since: ()
    quotes: Callable[[Sequence[Instrument]], Mapping[int, Quote]] = lambda _instruments: {}
    live: LiveFacts | None = None
    deferred: Mapping[str, dt.datetime] = field(default_factory=dict)
    foreseen: Mapping[int, Foreseen] = field(default_factory=dict)

    def decide(self) -> HourlyDecision:
        """Judge every position of the snapshot."""
        studies = {
            each.instrument.con_id: self.study(each.instrument)
            for each in self.snapshot.positions
            if each.instrument.is_decided and has_calendar(each.instrument.token.exchange)
        }
        signals = self._upheld([self._signal(each, studies) for each in self.snapshot.positions])
        exits = [each.position.instrument for each in signals if each.decision is Decision.EXIT]
        quotes = self.quotes(exits) if exits else {}
        decided = sum(each.instrument.is_decided for each in self.snapshot.positions)
        counted = (len(exits), decided)
        rows = [self._row(each, studies, counted, quotes) for each in signals]
        shown = tuple(in_display_order(rows))
        return HourlyDecision(self.as_of, self.snapshot, self.standing, shown, studies)

    def _signal(self, position: Position, studies: Mapping[int, Study]) -> Signal:
        instrument = position.instrument
        assignment = self.assignments.get(instrument.token)
        doubt = self.standing.doubt(self.snapshot.epoch)
        if doubt is not None:
            return Signal(position, assignment, Decision.UNDECIDED, (doubt,))
        study, known = studies.get(instrument.con_id), self.foreseen.get(instrument.con_id)
        if known is not None and known.is_of(position, assignment, study):
            signal = known.signal
        else:
            history = study.history if study else None
            signal = evaluate(position, assignment, history, self.options.daily_basis)
        problem = self.problems.get(instrument.con_id)
        if signal.decision is not Decision.UNDECIDED:
            return signal
        if instrument.token in self.incomplete:
            reason = "its row of assignments cannot be used: mend it, or assign an average anew"
            return Signal(position, None, signal.decision, (reason,))
        if assignment is None or problem is None:
            return signal
        return Signal(position, assignment, signal.decision, (*signal.reasons, problem))

    def _upheld(self, signals: Sequence[Signal]) -> list[Signal]:
        """The signals, in their place what was decided on the same bars before."""
        ends = [each.certificate.slot.end for each in signals if each.certificate is not None]
        found = by_key(self.precedents(min(ends))) if ends else {}
        return [upheld(each, found) for each in signals]

    def _row(
        self,
        signal: Signal,
        studies: Mapping[int, Study],
        counted: tuple[int, int],
        quotes: Mapping[int, Quote],
    ) -> SnapshotRow:
        con_id = signal.position.instrument.con_id
        study = studies.get(con_id)
        timeframe = signal.assignment.timeframe if signal.assignment else Timeframe.H1
        frame = study.history.of(timeframe).frame if study else None
        is_exit, quote = signal.decision is Decision.EXIT, quotes.get(con_id)
        return SnapshotRow(
            as_of=self.as_of,
            signal=signal,
            last_close=_last_close(signal, frame),
            readings=study.readings if study else (),
            open_orders=self.snapshot.orders_on(con_id),
            verdict=self._verdict(signal, counted, quote) if is_exit else None,
            quote=quote,
            max_seed_weight=self.options.limits.max_seed_weight,
        )

    def _verdict(self, signal: Signal, counted: tuple[int, int], quote: Quote | None) -> Verdict:
        calendar = calendar_for(signal.position.instrument.token.exchange)
        facts = Facts(
            now=self.now,
            is_present=self.is_present,
            snapshot=self.snapshot,
            standing=self.standing,
            quote=quote,
            session=calendar.at(self.now),
            next_open=calendar.next_to_open(self.now).open_utc,
            exits=counted[0],
            positions=counted[1],
            limits=self.options.limits,
            live=self.live,
            deferred=self.deferred,
        )
        return judge(prepare(signal), facts)


def _last_close(signal: Signal, bars: pd.DataFrame | None) -> float | None:
    """The close that was judged; without a judgement that of the last completed bar."""
    if signal.certificate is not None:
        return signal.certificate.close
    return None if bars is None or bars.empty else float(bars["close"].iloc[-1])
