"""The desk: one account, one gateway, one moment, and the steps of a run in order."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from sellkit.core.market_time import LONGEST_SESSION
from sellkit.core.pacing import Urgency
from sellkit.operate.decide import Decider
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.download import DownloadReport, bring_up_to_date
from sellkit.operate.ending import end_run
from sellkit.operate.holdings import Holding, coverage, holdings
from sellkit.operate.last_bars import studying
from sellkit.operate.prepare import Preparation, hour_end
from sellkit.operate.protection import say_lapsed
from sellkit.operate.speech import say
from sellkit.operate.stillness import Stillness
from sellkit.operate.telling import end_explained, tell
from sellkit.operate.timing import Timing
from sellkit.operate.wanted import refuse_emptiness, refuse_future, refuse_past, unassigned, wanted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from typing import Self

    from sellkit.core.assignments import Assignment
    from sellkit.core.coverage import SessionCoverage
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.portfolio import Account, AccountSnapshot, Position
    from sellkit.core.quotes import Quote
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.fetch import Series
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.parts import Parts
    from sellkit.operate.reconcile import Reconciliation
    from sellkit.ports import AssignmentSheet, RunHeader

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Desk:
    """What a notebook or a command works with.

    Attributes
    ----------
    parts
        The adapters.
    account
        Whose positions.
    options
        How the desk works.
    run
        Who asks, when and in which mode; its `as_of` is the moment described.
    asked_as_of
        The moment asked for, or None for the present.
    timing
        How long the run took, in parts.
    """

    parts: Parts
    account: Account
    options: DeskOptions
    run: RunHeader
    asked_as_of: dt.datetime | None = None
    _snapshot: AccountSnapshot | None = field(default=None, repr=False)
    _problems: dict[int, str] = field(default_factory=dict, repr=False)
    _begun: bool = field(default=False, repr=False)
    _ready: Preparation | None = field(default=None, repr=False)
    _alerts: Sequence[Mapping[str, object]] | None = field(default=None, repr=False)
    timing: Timing = field(default_factory=Timing, repr=False)
    _stillness: Stillness = field(default_factory=Stillness, repr=False)

    def begin(self) -> None:
        """Open the run in the journal; a second call does nothing."""
        if not self._begun:
            self.parts.journal.begin(self.run)
            self._alerts = self.parts.journal.open_alerts() if self.asked_as_of is None else None
            self._begun = True

    def snapshot(self) -> AccountSnapshot:
        """Positions and open orders, read afresh."""
        self._snapshot = self.parts.broker.snapshot(self.account)
        return self._snapshot

    def positions(self) -> tuple[Position, ...]:
        """The positions, read afresh."""
        return self.snapshot().positions

    def known_positions(self) -> tuple[Position, ...]:
        """The positions as last read; read now if they have not been yet."""
        return (self._snapshot or self.snapshot()).positions

    def sheet(self) -> AssignmentSheet:
        """The assignments as they stand on disk."""
        return self.parts.book.load()

    def assign(self, assignment: Assignment) -> None:
        """Write one assignment."""
        self.parts.book.save(assignment)
        log.info("assigned", extra={"token": str(assignment.token), "average": assignment.label})

    def find(self, token: Token) -> Instrument:
        """The instrument of a token: a position's, or one that the gateway knows."""
        for position in self.positions():
            if position.instrument.token == token:
                return position.instrument
        return self.parts.broker.find(token)

    def apply_default(self) -> tuple[Assignment, ...]:
        """Assign the default to positions that have no row at all, and write it back."""
        fresh = unassigned(self.known_positions(), self.sheet(), self.options)
        for assignment in fresh:
            self.assign(assignment)
        return fresh

    def bring_up_to_date(self) -> DownloadReport:
        """Fetch the bars that the decisions need and the store lacks.

        In a run, which nobody watches, positions without any row get the default assignment first.

        Raises
        ------
        ConfigError
            The moment asked for lies in the future.
        DataError
            The gateway has no bar at all for it.
        """
        self._move_to_present()
        self._ready = None
        if self._begun:
            self.apply_default()
        positions, assignments = self.snapshot().positions, self.sheet().assignments
        series, self._problems = wanted(positions, assignments, self.options, self.run.as_of)
        self.parts.store.name({each.key.con_id: each.instrument.token for each in series})
        if ends := [each.due[-1].end for each in series if each.due]:
            self.timing.ask(max(ends), self.run.as_of)
        report = self._download(series)
        self._problems |= report.problems
        self.timing.answer()
        if self.asked_as_of is not None and not self._problems:
            refuse_emptiness(self.parts.store, series, self.run.as_of)
        return report

    def prepare(self) -> None:
        """Know all that can be known before the hour ends; wait for its end, and for its bars.

        What is decided then is what would have been decided without it, only sooner. Bars that are
        late are asked for again until their time is over; all positions wait for them.

        Raises
        ------
        ConfigError
            A past moment was asked for, or the next hour does not end soon.
        """
        refuse_past(self.asked_as_of)
        end = hour_end(self.sheet().assignments, self.options, self.parts.clock.now())
        self.bring_up_to_date()
        ready = Preparation(self.parts, self.options, self.timing, end)
        ready.load(self.known_positions(), self.sheet().assignments)
        self._stillness.make_ready()
        ready.wait()
        self._stillness.begin()
        self._move_to_present()
        ready.load(self.positions(), self.sheet().assignments)
        if late := ready.ask(self.run.as_of):
            self._problems |= self._download(late).problems
            ready.look_again()
        self._ready = ready

    def coverage(self) -> dict[Holding, list[SessionCoverage] | None]:
        """Of every stored series, session by session, how much is stored by now."""
        store, now, lag = self.parts.store, self.run.as_of, self.options.lag
        return {each: coverage(store, each, now, lag) for each in holdings(store)}

    def decide(self) -> HourlyDecision:
        """Judge every position on what is stored, with positions and orders as they are now.

        A run that waited for its bars has read them in the last seconds of that. Nothing is decided
        when the connection was not ready throughout.

        Raises
        ------
        NotConnected
            It was not ready for the positions to be read.
        """
        sheet, broker, live = self.sheet(), self.parts.broker, self.parts.live
        seen = None if self._ready is None else self._ready.lists()
        before, records = seen or (broker.standing, live and live.records(self.run.run_id))
        snapshot = self._snapshot = records.snapshot if records else self.snapshot()
        parts, at, held = self.parts, self.run.as_of, snapshot.positions
        known = sheet.assignments
        decider = Decider(
            snapshot=snapshot,
            standing=before,
            assignments=known,
            incomplete=sheet.incomplete,
            precedents=partial(self.parts.journal.precedents, self.account.alias),
            quotes=self._quotes,
            study=studying(*(parts, self.options, at, self.asked_as_of, self._ready), held, known),
            foreseen={} if self._ready is None else self._ready.foreseen,
            options=self.options,
            as_of=self.run.as_of,
            now=self.parts.clock.now(),
            is_present=self.asked_as_of is None,
            problems=self._problems,
            live=live.facts(records) if live and records else None,
            deferred=parts.journal.deferrals(self.account.alias, at - LONGEST_SESSION),
        )
        decision = decider.decide()
        self.timing.decide()
        after = broker.standing.interrupted(before)
        return decision if after == before else decision.under(after)

    def record(self, decision: HourlyDecision) -> HourlyDecision:
        """Write everything to the journal, and the plain lines to the signal log.

        Returns
        -------
        HourlyDecision
            As it was written: undecided as a whole, with the reason, when the connection that it
            was decided on was lost or interrupted since.
        """
        self.begin()
        run_id, journal, live = self.run.run_id, self.parts.journal, self.parts.live
        if live is not None and self._ready is not None and decision.exits:
            live.look_ahead()
        say_lapsed(journal, decision.snapshot, self.parts.alarm)
        decision = decision.under(self.parts.broker.standing.interrupted(decision.standing))
        journal.record_decision(run_id, decision.snapshot, decision.standing, decision.rows)
        self.timing.record()
        if self.parts.live is None:
            self._stillness.end()
            say(run_id, decision.rows)
            tell(self.parts, decision, self._alerts)
            end_run(self.parts, run_id, decision, self.timing)
        return decision

    def reconcile(self) -> Reconciliation | None:
        """Settle what former live runs left; a run follows what still works. None in a dry run."""
        if self.parts.live is None:
            return None
        found = self.parts.live.reconcile(self.run.run_id, adopts=self._begun)
        end_explained(self.parts, found)
        return found

    def submit(self, decision: HourlyDecision) -> tuple[TicketRecord, ...]:
        """Send what a recorded decision approved, and end the run; a dry run sends nothing."""
        if self.parts.live is None:
            return ()
        run_id = self.run.run_id
        try:
            sent = self.parts.live.submit(run_id, decision, self.timing)
        finally:
            self._stillness.end()
            say(run_id, decision.rows)  # orders wait neither for the log nor for the alerts
            tell(self.parts, decision, self._alerts)
        end_run(self.parts, run_id, decision, self.timing, sent)
        return sent

    def close(self) -> None:
        """End the connection and close the journal; a second call does nothing."""
        self._stillness.end()
        if self.parts.live is not None:
            self.parts.live.close()
        self.parts.broker.close()
        self.parts.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _download(self, series: Sequence[Series]) -> DownloadReport:
        urgency, parts = Urgency.HOUR if self._begun else Urgency.BACKFILL, self.parts
        return bring_up_to_date(
            [replace(each, urgency=urgency) for each in series],
            *(parts.broker, parts.store, parts.progress, self.options, parts.clock),
            is_present=self.asked_as_of is None,
        )

    def _move_to_present(self) -> None:
        """Let a desk that was not asked for a past moment describe this one."""
        now = self.parts.clock.now()
        refuse_future(self.asked_as_of, now)
        if self.asked_as_of is None:
            self.run = replace(self.run, as_of=now)

    def _quotes(self, instruments: Sequence[Instrument]) -> Mapping[int, Quote]:
        """What the market shows now, which tells nothing of a past moment."""
        if self.asked_as_of is not None or not self.parts.broker.standing.is_ready:
            return {}
        source = self.parts.broker if self._ready is None else self._ready
        return source.quotes(instruments)
