"""Refreshes positions, orders and the newest bars at each minute's beginning. It only reads.

Nothing is decided, journalled or sent: a row says what the hourly run would say of the last
completed bar. A minute whose predecessor is still being worked on is skipped.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.evaluate import DailyBasis
from sellkit.core.watched import MINUTE, Watched, minute_of
from sellkit.errors import BrokerError, ClockWentBack, ConfigError, OtherGateway
from sellkit.operate.asking import Asking
from sellkit.operate.decide import Decider
from sellkit.operate.memory import Memory
from sellkit.operate.rows import watched_rows
from sellkit.operate.slices import slices_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.core.pacing import Usage
    from sellkit.core.portfolio import Account, AccountSnapshot
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.outlook import Outlook
    from sellkit.operate.parts import Parts
    from sellkit.ports import AssignmentSheet

log = logging.getLogger(__name__)


class Watch:
    """The engine: minutes in, immutable snapshots out. It knows no screen.

    Parameters
    ----------
    parts
        The adapters; the journal is only read, for what was decided on the same bars before.
    account
        Whose positions.
    options
        How the desk works.
    outlook
        What live mode would have against each order; prices of what would be sold are then asked
        for, too. Left out, no order would be sent now.
    steady
        Seconds that only rise, to tell how long a refresh took.
    """

    def __init__(
        self,
        parts: Parts,
        account: Account,
        options: DeskOptions,
        *,
        outlook: Outlook | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._outlook = outlook
        self._account = account
        self._options = options
        self._steady = steady
        self._memory = Memory(parts.store, options)
        self._asking = Asking(parts.broker, parts.store, options, options.concurrency)
        self._sheet: AssignmentSheet | None = None
        self._publishing = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._is_over = self._is_busy = False
        self._latest: Watched | None = None
        self._minute = self._skipped = 0

    @property
    def latest(self) -> Watched | None:
        """What was published last."""
        return self._latest

    @property
    def minutes(self) -> int:
        """How many have begun, skipped ones among them."""
        return self._minute

    def run(
        self,
        now: Callable[[], dt.datetime],
        wait_until: Callable[[dt.datetime], bool],
        publish: Callable[[Watched], None],
        minutes: int | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Refresh at once and at each minute's beginning, until told to end.

        Parameters
        ----------
        now
            The time by which minutes begin, aware UTC; it never goes back.
        wait_until
            Returns when an instant has come, or False when it is to end.
        publish
            Told each snapshot, one after the other, on any thread.
        minutes
            How many minutes, skipped ones among them; None for no end.
        wake
            Makes `wait_until` return False. It is called, on any thread, when a refresh ended with
            an error that is no matter of a row: the next minute is not waited for with that.
        """
        pool = self._pool = ThreadPoolExecutor(1, thread_name_prefix="watch")
        due = minute_of(now())
        try:
            work = self._begin(pool, due, publish, wake)
            while minutes is None or self._minute < minutes:
                if not wait_until(due + MINUTE):
                    return work.result() if work.done() else None
                due = self._move_on(due, minute_of(now()))
                if self._is_busy:
                    self._skip(due, publish)
                    continue
                work.result()
                work = self._begin(pool, due, publish, wake)
            work.result()
        finally:
            self._is_over = True
            pool.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait until nothing is under way; the connection should be closed before."""
        if self._pool is not None:
            self._pool.shutdown()

    def refresh(self, due: dt.datetime, minute: int = 1) -> Watched:
        """The snapshot of one minute, refreshed as far as that is possible.

        Raises
        ------
        OtherGateway, ClockWentBack
            What answers is not what was watched before.
        """
        began = self._steady()
        try:
            found = self._refresh(due, minute)
        except (OtherGateway, ClockWentBack):
            raise
        except BrokerError as error:
            found = self._in_trouble(due, minute, str(error))
        return replace(found, seconds=self._steady() - began, usage=self._usage())

    def _begin(
        self,
        pool: ThreadPoolExecutor,
        due: dt.datetime,
        publish: Callable[[Watched], None],
        wake: Callable[[], None],
    ) -> Future[None]:
        self._minute += 1
        self._is_busy = True
        work = pool.submit(self._work, due, self._minute, publish)
        work.add_done_callback(lambda done: wake() if _has_failed(done) else None)
        return work

    def _work(self, due: dt.datetime, minute: int, publish: Callable[[Watched], None]) -> None:
        try:
            watched = self.refresh(due, minute)
        finally:
            self._is_busy = False
        self._tell(watched, publish)

    def _move_on(self, former: dt.datetime, due: dt.datetime) -> dt.datetime:
        """The next minute; those that were slept through count as skipped."""
        missed = max(0, (due - former) // MINUTE - 1)
        self._minute += missed
        self._skipped += missed
        return max(due, former + MINUTE)

    def _skip(self, due: dt.datetime, publish: Callable[[Watched], None]) -> None:
        self._minute += 1
        self._skipped += 1
        usage = self._usage()
        trouble = f"minute {due:%H:%M} UTC is skipped: {self._asking.progress()}"
        if usage is not None and usage.kept_seconds > 0:
            trouble += "; requests wait for the hourly run, for which the budget is kept"
        log.warning("minute_skipped", extra={"due": due.isoformat(), "reason": trouble})
        self._tell(
            replace(
                self._in_trouble(due, self._minute, ""), seconds=0.0, usage=usage, trouble=trouble
            ),
            publish,
        )

    def _tell(self, watched: Watched, publish: Callable[[Watched], None]) -> None:
        with self._publishing:
            if self._is_over:
                return
            # A minute may have been skipped while this one was worked on.
            watched = replace(watched, skipped=self._skipped)
            self._latest = watched
            publish(watched)

    def _refresh(self, due: dt.datetime, minute: int) -> Watched:
        parts, options = self._parts, self._options
        now = parts.clock.now()
        snapshot = parts.broker.snapshot(self._account)
        sheet, trouble = self._load()
        instruments = [each.instrument for each in snapshot.positions]
        self._memory.look(instruments)
        end = now.replace(microsecond=0)  # seconds are all that a question can tell
        slices = [
            one
            for each in snapshot.positions
            for one in slices_of(
                each, sheet.assignments.get(each.instrument.token), self._memory, options, end
            )
        ]
        troubles = dict(self._asking.ask(slices, now))
        self._memory.look(instruments)
        decision = self._decider(snapshot, sheet, now).decide()
        doubt = decision.standing.doubt(snapshot.epoch)
        if doubt is not None:
            troubles = dict.fromkeys((each.con_id for each in instruments), doubt) | troubles
        former = {} if self._latest is None else {row.con_id: row for row in self._latest.rows}
        rows = watched_rows(decision, former, troubles, options)
        if self._outlook is not None:
            rows = self._outlook.beside(rows, decision, options.limits, now)
        return Watched(
            account=self._account.alias,
            minute=minute,
            due=due,
            refreshed_at=snapshot.taken_at,
            rows=rows,
            orders=snapshot.open_orders,
            requests=len(slices),
            trouble=trouble,
        )

    def _decider(
        self,
        snapshot: AccountSnapshot,
        sheet: AssignmentSheet,
        now: dt.datetime,
    ) -> Decider:
        # A bar that has just ended may still change: until it is final the one before is shown.
        as_of = now - self._options.lag
        self._memory.move_to(as_of, self._judged_on_days(snapshot, sheet))
        return Decider(
            snapshot=snapshot,
            standing=self._parts.broker.standing,
            assignments=sheet.assignments,
            study=self._memory.study,
            precedents=partial(self._parts.journal.precedents, self._account.alias),
            quotes=self._parts.broker.quotes if self._outlook else lambda _instruments: {},
            options=self._options,
            as_of=as_of,
            now=now,
            is_present=True,
            problems={},
            incomplete=sheet.incomplete,
        )

    def _judged_on_days(self, snapshot: AccountSnapshot, sheet: AssignmentSheet) -> frozenset[int]:
        if self._options.daily_basis is DailyBasis.HOURLY:
            return frozenset()
        tokens = {each.instrument.token: each.instrument.con_id for each in snapshot.positions}
        return frozenset(
            con_id
            for token, con_id in tokens.items()
            if token in sheet.assignments and sheet.assignments[token].timeframe is Timeframe.D1
        )

    def _load(self) -> tuple[AssignmentSheet, str]:
        """The assignments; the former ones while the file cannot be read, being edited."""
        try:
            self._sheet = self._parts.book.load()
        except ConfigError as error:
            if self._sheet is None:
                raise
            return self._sheet, str(error)
        return self._sheet, ""

    def _in_trouble(self, due: dt.datetime, minute: int, trouble: str) -> Watched:
        """What is known already; where there is trouble each row says so."""
        former = self._latest or Watched(account=self._account.alias, minute=0, due=due)
        rows = former.rows
        if trouble:
            rows = tuple(replace(each, trouble=trouble) for each in rows)
        return replace(former, minute=minute, due=due, rows=rows, requests=0, trouble=trouble)

    def _usage(self) -> Usage | None:
        return None if self._is_over else self._parts.broker.usage()


def _has_failed(work: Future[None]) -> bool:
    return not work.cancelled() and work.exception() is not None
