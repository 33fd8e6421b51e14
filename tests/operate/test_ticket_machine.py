"""Tickets through a market that does what it likes: never two closes, never short, never silent.

SELLKIT_TICKET_EXAMPLES=5000 plays so many lives of a desk in place of the usual few.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import AlertKind
from sellkit.core.arming import ArmingSeen
from sellkit.core.gates import (
    ApprovedTicket,
    DeniedTicket,
    Verdict,
    has_whole_shares,
    long_stock_only,
    no_foreign_order,
    position_as_decided,
)
from sellkit.core.lifecycle import TicketState
from sellkit.core.live_facts import LiveFacts, ProbeStanding
from sellkit.core.live_gates import nothing_unsettled
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import GatewayKind, Position
from sellkit.core.reports import BrokerRecords
from sellkit.core.resolving import WORDS
from sellkit.core.tickets import TicketRecord
from sellkit.errors import BrokerError
from sellkit.operate.keys import Keys
from sellkit.operate.reconcile import Reconciler
from sellkit.operate.submit import Submission
from sellkit.operate.trading import Trading
from sellkit.ports.order_route import OrderDraft
from sellkit.ports.ticket_book import TicketBook
from tests.build import account, certificate, facts, open_order, position, session_hours, ticket
from tests.contracts.test_journal import header
from tests.fakes_route import as_order
from tests.fakes_tickets import FakeTicketBook
from tests.operate.market import LISTS, Fuse, Fused, Killed, Market, Plan
from tests.operate.trading_build import RUN, Stage

EXAMPLES = int(os.environ.get("SELLKIT_TICKET_EXAMPLES", "0"))
APPLE, MICROSOFT = 265598, 272093
OLD = dt.timedelta(days=30)
BARS = [
    slot.end
    for day in (21, 22, 23, 26, 27, 28)
    for slot in session_hours(dt.date(2026, 1, day))
    if slot.end <= dt.datetime(2026, 1, 28, 20, tzinfo=dt.UTC)
]
LEFT_OPEN = (TicketState.UNCERTAIN, TicketState.STOPPING)
FAILED = (
    *(TicketState.ABANDONED, TicketState.REJECTED, TicketState.CANCELLED),
    *(TicketState.EXPIRED, TicketState.NOT_RECEIVED, TicketState.UNCERTAIN),
)
UNCLAIMED = (TicketState.INTENT, TicketState.CANCELLING)

SECONDS = st.sampled_from([0, 1, 5, 14, 25, 45, 70, 200])
PLANS = st.builds(
    Plan,
    deed=st.sampled_from(sorted(Market([]).deeds())),
    seconds=SECONDS,
    part=st.sampled_from([1, 10, 30, 50, 99]),
    drop=st.sampled_from(["", "", "", "", "before", "after", "queue", "halt"]),
    mute=st.sampled_from([0, 0, 0, 1, 20, 90]),
    doubled=st.booleans(),
    reversed=st.booleans(),
    stale=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(LISTS), st.sampled_from([2, 10])),
            st.tuples(st.sampled_from(LISTS[:3]), st.just(40)),
        ),
        max_size=2,
    ).map(tuple),
    on_cancel=st.sampled_from(["confirm", "ignore", "late", "fill", "part", "too late"]),
)
KILLS = st.one_of(
    st.just((0, False)), st.just((0, False)), st.tuples(st.integers(1, 45), st.booleans())
)
CON_IDS = st.sampled_from([APPLE, MICROSOFT])
CONTRACTS = st.sampled_from([{APPLE}, {APPLE, MICROSOFT}])


class Look:
    """The gates that look at lists and journal, and the halt."""

    def __init__(self, life: Life, records: BrokerRecords) -> None:
        self.life, self.records = life, records

    def judge(self, one: OrderTicket) -> Verdict:
        seen = facts(snapshot=self.records.snapshot)
        gates = (long_stock_only, has_whole_shares, no_foreign_order, position_as_decided)
        why = [told for gate in gates if (told := gate(one, seen))]
        why += [told for told in (self._unsettled(one), self.life.halt) if told]
        return DeniedTicket(one, tuple(why)) if why else ApprovedTicket(one)

    def _unsettled(self, one: OrderTicket) -> str | None:
        live = LiveFacts(
            is_named=True,
            is_managed=True,
            profile="demo",
            expected=GatewayKind.SIMULATED,
            port=1,
            gateway=GatewayKind.SIMULATED,
            arming=ArmingSeen(None, "not asked here"),
            halt=None,
            lease_trouble=None,
            probe=ProbeStanding(None, "not asked here"),
            clock_skew=None,
            records_epoch=1,
            reconciled_epoch=1,
            unsettled=self.life.book.unsettled("main"),
            orders_today=0,
            notional_today=None,
            notional_armed=None,
        )
        return nothing_unsettled(one, facts(), live)


class Life(RuleBasedStateMachine):
    """One account from process to process; the market and the book outlive each of them."""

    book: TicketBook

    def __init__(self) -> None:
        super().__init__()
        held = [position(), position("NASDAQ:MSFT", "50.5", con_id=MICROSOFT)]
        self.market = Market(held)
        self.market.refuse = self._refuse
        self.market.halt = lambda: self._stop("a person said so just now")
        self.book = self.open_book()
        self.alarms: list[str] = []
        self.halt = ""
        self.is_interrupted = False
        self.bar = 0
        self.retries = False
        self.foreign = 0

    def open_book(self) -> TicketBook:
        return FakeTicketBook()

    # --- what may happen --------------------------------------------------------------------------

    @initialize(
        retries=st.booleans(),
        stop=st.booleans(),
        con_ids=CONTRACTS,
        plans=st.lists(PLANS, min_size=1, max_size=4),
        kill=KILLS,
    )
    def begin(
        self,
        retries: bool,
        stop: bool,
        con_ids: set[int],
        plans: list[Plan],
        kill: tuple[int, bool],
    ) -> None:
        self.retries = retries
        if stop:
            self._place_stop()
        self._decide(con_ids, plans, kill)

    @rule(con_ids=CONTRACTS, plans=st.lists(PLANS, min_size=1, max_size=4), kill=KILLS)
    def decide_on_the_next_bar(
        self, con_ids: set[int], plans: list[Plan], kill: tuple[int, bool]
    ) -> None:
        self.bar = min(self.bar + 1, len(BARS) - 1)
        self._decide(con_ids, plans, kill)

    @rule(con_ids=CONTRACTS, plans=st.lists(PLANS, min_size=1, max_size=4), kill=KILLS)
    def decide_on_the_same_bar(
        self, con_ids: set[int], plans: list[Plan], kill: tuple[int, bool]
    ) -> None:
        self._decide(con_ids, plans, kill)

    @rule(kill=KILLS, is_old=st.booleans(), pauses=st.lists(SECONDS, max_size=2))
    def look_back(self, kill: tuple[int, bool], is_old: bool, pauses: list[int]) -> None:
        def looks(trading: Trading, _: Keys) -> None:
            for pause in [*pauses, 0]:
                self._settle(trading, dt.timedelta() if is_old else OLD)
                self.market.advance(float(pause))

        self._process(looks, kill)

    @rule(
        what=st.sampled_from(
            ("wait", "trade", "foreign", "stop", "fire", "cut", "halt", "resolve")
        ),
        con_id=CON_IDS,
        change=st.sampled_from([-100, -40, -1, 10, 60]),
        seconds=SECONDS,
    )
    def happen(self, what: str, con_id: int, change: int, seconds: int) -> None:
        """Time passes, somebody trades, an order of somebody else's comes or goes, and so on."""
        market = self.market
        things: dict[str, Callable[[], None]] = {
            "wait": lambda: market.advance(float(seconds)),
            "trade": lambda: market.later(seconds, lambda: market.meddle(con_id, change)),
            "foreign": lambda: self._place_or_cancel_foreign(con_id),
            "stop": self._place_stop,
            "fire": lambda: market.later(seconds, self._fire),
            "cut": lambda: market.cut(seconds),
            "resolve": self._resolve,
            "halt": lambda: self._stop("" if self.halt else "a person said so"),
        }
        things[what]()

    @rule()
    def calm_down(self) -> None:
        """With nothing happening any more, all is found, and found once."""
        for _ in range(3):  # what is cancelled now may be told late once more
            self.market.calm()
            self._process(lambda trading, _: self._settle(trading, OLD), (0, False))
        self.market.calm()
        before = self._steps()
        self._process(lambda trading, _: self._settle(trading, OLD), (0, False))
        assert self._without_proofs(self._steps()) == self._without_proofs(before)
        self._check_ledger()

    # --- what always holds ------------------------------------------------------------------------

    @invariant()
    def one_close_lives(self) -> None:
        for con_id in (APPLE, MICROSOFT):
            assert len(self.market.live(con_id)) <= 1

    @invariant()
    def an_end_is_true(self) -> None:
        live = {each for con_id in (APPLE, MICROSOFT) for each in self.market.live(con_id)}
        for record in self._records():
            assert not (record.state.is_terminal and record.reference in live), record

    # --- behind it --------------------------------------------------------------------------------

    def _decide(self, con_ids: set[int], plans: list[Plan], kill: tuple[int, bool]) -> None:
        """An hourly run, which looks back first as every one of them does."""
        self.market.plans = plans

        def run(trading: Trading, keys: Keys) -> None:
            self._settle(trading, OLD)
            records = trading.route.records(account())
            held = {each.instrument.con_id: each for each in records.snapshot.positions}
            tickets = [self._ticket(held[each]) for each in sorted(con_ids) if each in held]
            Submission(trading, keys).carry_out([each for each in tickets if each])

        self._process(run, kill)

    def _resolve(self) -> None:
        """A person looks into TWS, sees what is true, and says so."""
        self.market.calm()
        for record in self._records():
            if record.state is not TicketState.UNCERTAIN or self.market.live(record.con_id):
                continue
            order = self.market.all_orders.get(record.reference)
            word = "filled" if order and order.filled == order.quantity else "cancelled"
            for state in WORDS[word]:
                self.book.step(record.reference, state, self.market.now(), "a person saw it")

    def _place_or_cancel_foreign(self, con_id: int) -> None:
        own = [each for each in self.market.orders if each.is_own]
        if len(own) == len(self.market.orders):
            self.foreign += 1
            own.append(replace(open_order(con_id=con_id), perm_id=str(500 + self.foreign)))
        self.market.orders = own

    def _place_stop(self) -> None:
        """A stop of an earlier sellkit, which has been in the lists for long."""
        self.market.lists.until.pop("orders", None)
        reference = "SK1-aaaaaaaaaaaa-1"
        known = [*self.market.orders, *self.market.completed]
        is_free = self.market.free(APPLE) == 100 and not self.market.live(APPLE)
        if is_free and all(each.reference != reference for each in known):
            self.market.orders.append(open_order(reference=reference))

    def _process(self, act: Callable[[Trading, Keys], None], kill: tuple[int, bool]) -> None:
        """A process begins, acts, and ends or is killed."""
        self.market.restart()
        try:
            act(self._trading(Fuse(*kill)), Keys())
        except (Killed, BrokerError):  # a run that cannot read the lists decides nothing
            self.is_interrupted = True
            return
        for record in self._records():
            fine = record.state.is_terminal or record.state in UNCLAIMED
            assert fine or record.state in LEFT_OPEN, record
            told = any(record.reference in each for each in self.alarms)
            assert fine or told, f"nobody was told of {record}"
            self._check_protection(record)

    def _check_protection(self, record: TicketRecord) -> None:
        """What was cancelled for a close that failed is named, unless the namer was killed."""
        if not record.stopped or record.state not in FAILED or self.is_interrupted:
            return
        assert any(each.startswith(AlertKind.UNPROTECTED) for each in self.alarms), record

    def _settle(self, trading: Trading, max_bar_age: dt.timedelta) -> None:
        reconciler = Reconciler(trading, max_bar_age)
        found = reconciler.reconcile()
        reconciler.adopt(found.tickets)

    def _trading(self, fuse: Fuse) -> Trading:
        stage = Stage(self.market)
        route: Any = Fused(self.market, fuse)
        book: Any = Fused(self.book, fuse)
        return replace(
            stage.trading,
            route=route,
            book=book,
            look=lambda records: Look(self, records),
            stopped=lambda: self.halt,
            stop=self._stop,
            alarm=lambda kind, text: self.alarms.append(f"{kind}: {text}"),
            retries_proven_unsent=self.retries,
        )

    def _stop(self, reason: str) -> None:
        self.halt = reason

    def _ticket(self, held: Position) -> OrderTicket | None:
        if held.quantity < 1:
            return None
        return ticket(held, certificate(end=BARS[self.bar]))

    def _fire(self) -> None:
        for each in self.market.orders:
            if each.is_own and each.order_type == "STP":
                self.market.lists.until.clear()
                self.market.fill_rest(as_order(each))
                return

    def _refuse(self, approved: ApprovedTicket, draft: OrderDraft, free: Decimal) -> None:
        record = self.book.ticket(draft.reference)
        assert record is not None, "an order without a ticket"
        assert record.state is TicketState.SUBMITTING, "an order without a claim"
        assert record.order_id == draft.order_id
        assert record.quantity == approved.ticket.quantity
        assert not self.halt, "an order while everything is stopped"
        assert draft.reference not in self.market.sent, "sent twice"
        assert approved.ticket.quantity <= free, f"{free} shares are there to be sold"

    def _records(self) -> tuple[TicketRecord, ...]:
        return self.book.ticket_records("main", self.market.start - OLD)

    def _steps(self) -> dict[str, list[str]]:
        return {
            each.reference: [str(step["state"]) for step in self.book.steps(each.reference)]
            for each in self._records()
        }

    @staticmethod
    def _without_proofs(steps: dict[str, list[str]]) -> dict[str, list[str]]:
        """That an order was never received takes time, and nothing else."""
        return {key: [s for s in told if s != "NOT_RECEIVED"] for key, told in steps.items()}

    def _check_ledger(self) -> None:
        for record in self._records():
            order = self.market.all_orders.get(record.reference)
            assert record.filled == (order.filled if order else 0), record
            if record.state is TicketState.NOT_RECEIVED:
                assert not record.filled

    def teardown(self) -> None:
        for record in self._records():
            event(f"a ticket ends as {record.state}")
        event(f"orders sent: {min(len(self.market.sent), 5)}")
        self.calm_down()
        self.one_close_lives()
        self.an_end_is_true()


class FileLife(Life):
    """The same over the journal's file."""

    def open_book(self) -> TicketBook:
        self.folder = Path(tempfile.mkdtemp())
        self.journal = SqliteJournal(self.folder / "journal.sqlite")
        self.journal.begin(header(RUN))
        return self.journal.book

    def teardown(self) -> None:
        try:
            super().teardown()
            assert self.journal.evidence.flaws() == ()
        finally:
            self.journal.close()
            shutil.rmtree(self.folder)


def _played(examples: int, steps: int) -> settings:
    return settings(
        max_examples=EXAMPLES or examples,
        stateful_step_count=steps,
        deadline=None,
        phases=[each for each in Phase if each is not Phase.explain],
        suppress_health_check=list(HealthCheck),
    )


TestLife = Life.TestCase
TestLife.settings = _played(130, 20)
TestFileLife = FileLife.TestCase
TestFileLife.settings = _played(6, 12)
