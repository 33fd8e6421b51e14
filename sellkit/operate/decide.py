"""Judge every position on stored, completed bars and prepare the tickets. Sends nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.evaluate import evaluate
from sellkit.core.gates import DeniedTicket, Facts, judge
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.orders import prepare
from sellkit.core.signals import Decision, Signal
from sellkit.core.snapshot import SnapshotRow, in_display_order

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    import pandas as pd

    from sellkit.core.assignments import Assignment
    from sellkit.core.gates import Verdict
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.portfolio import AccountSnapshot, Position
    from sellkit.core.standing import Standing
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.study import Study

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HourlyDecision:
    """Every position judged at one moment.

    Attributes
    ----------
    as_of
        The moment, aware UTC.
    snapshot
        Positions and open orders as read for it.
    standing
        How the connection stood for it.
    rows
        One for each position, in display order.
    studies
        Bars and averages by contract.
    """

    as_of: dt.datetime
    snapshot: AccountSnapshot
    standing: Standing
    rows: tuple[SnapshotRow, ...]
    studies: Mapping[int, Study]

    @property
    def exits(self) -> tuple[SnapshotRow, ...]:
        """The rows that signal EXIT."""
        return tuple(row for row in self.rows if row.signal.decision is Decision.EXIT)

    @property
    def undecided(self) -> tuple[SnapshotRow, ...]:
        """The rows for which missing or doubtful data allow no answer."""
        return tuple(row for row in self.rows if row.signal.decision is Decision.UNDECIDED)

    def under(self, standing: Standing) -> HourlyDecision:
        """This decision by a later standing: undecided as a whole when that one gives doubt."""
        doubt = standing.doubt(self.snapshot.epoch)
        if doubt is None:
            return self
        rows = in_display_order(_undecided(row, doubt) for row in self.rows)
        return replace(self, standing=standing, rows=tuple(rows))

    def bars(self, row: SnapshotRow) -> pd.DataFrame:
        """The completed bars of a row's assigned timeframe, a bar frame; hourly when unassigned."""
        study = self.studies[row.position.instrument.con_id]
        timeframe = row.assignment.timeframe if row.assignment else Timeframe.H1
        return study.history.of(timeframe).frame


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
    problems
        By contract, why bars could not be had; said beside UNDECIDED.
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

    def decide(self) -> HourlyDecision:
        """Judge every position of the snapshot."""
        studies = {
            each.instrument.con_id: self.study(each.instrument)
            for each in self.snapshot.positions
            if each.instrument.is_decided and has_calendar(each.instrument.token.exchange)
        }
        signals = [self._signal(each, studies) for each in self.snapshot.positions]
        exits = sum(each.decision is Decision.EXIT for each in signals)
        decided = sum(each.instrument.is_decided for each in self.snapshot.positions)
        rows = [self._row(each, studies, (exits, decided)) for each in signals]
        shown = tuple(in_display_order(rows))
        return HourlyDecision(self.as_of, self.snapshot, self.standing, shown, studies)

    def _signal(self, position: Position, studies: Mapping[int, Study]) -> Signal:
        instrument = position.instrument
        assignment = self.assignments.get(instrument.token)
        doubt = self.standing.doubt(self.snapshot.epoch)
        if doubt is not None:
            return Signal(position, assignment, Decision.UNDECIDED, (doubt,))
        study = studies.get(instrument.con_id)
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

    def _row(
        self, signal: Signal, studies: Mapping[int, Study], counted: tuple[int, int]
    ) -> SnapshotRow:
        con_id = signal.position.instrument.con_id
        study = studies.get(con_id)
        timeframe = signal.assignment.timeframe if signal.assignment else Timeframe.H1
        frame = study.history.of(timeframe).frame if study else None
        return SnapshotRow(
            as_of=self.as_of,
            signal=signal,
            last_close=_last_close(signal, frame),
            readings=study.readings if study else (),
            open_orders=self.snapshot.orders_on(con_id),
            verdict=self._verdict(signal, *counted) if signal.decision is Decision.EXIT else None,
            max_seed_weight=self.options.limits.max_seed_weight,
        )

    def _verdict(self, signal: Signal, exits: int, decided: int) -> Verdict:
        calendar = calendar_for(signal.position.instrument.token.exchange)
        facts = Facts(
            now=self.now,
            is_present=self.is_present,
            snapshot=self.snapshot,
            standing=self.standing,
            session=calendar.at(self.now),
            next_open=calendar.next_to_open(self.now).open_utc,
            exits=exits,
            positions=decided,
            limits=self.options.limits,
        )
        return judge(prepare(signal), facts)


def _undecided(row: SnapshotRow, doubt: str) -> SnapshotRow:
    signal = Signal(row.position, row.assignment, Decision.UNDECIDED, (doubt,))
    return replace(row, signal=signal, verdict=None)


def _last_close(signal: Signal, bars: pd.DataFrame | None) -> float | None:
    """The close that was judged; without a judgement that of the last completed bar."""
    if signal.certificate is not None:
        return signal.certificate.close
    return None if bars is None or bars.empty else float(bars["close"].iloc[-1])


def say(run_id: str, row: SnapshotRow) -> None:
    """Log a decision; until alert channels exist, what is undecided or withheld loudest."""
    decision, reasons = row.signal.decision, row.signal.reasons
    is_withheld = isinstance(row.verdict, DeniedTicket)
    if isinstance(row.verdict, DeniedTicket):
        reasons = (*reasons, *row.verdict.reasons)
    level = logging.CRITICAL if is_withheld or decision is Decision.UNDECIDED else logging.INFO
    event = f"decision_{decision.lower()}" + ("_withheld" if is_withheld else "")
    token = str(row.position.instrument)
    log.log(level, event, extra={"run_id": run_id, "token": token, "reasons": list(reasons)})
