"""The part of a desk that sends, before it comes to sending."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.live_facts import ProbeStanding
from sellkit.core.portfolio import GatewayKind
from sellkit.core.quotes import Quote
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.keys import Keys
from sellkit.operate.live import Live
from sellkit.operate.permission import Permission
from sellkit.operate.trading import Patience
from tests.build import (
    NOW,
    account,
    arming,
    limits,
    position,
    row,
    snapshot,
    standing,
    ticket,
)
from tests.fakes import FakeBroker, FakeClock
from tests.fakes_live import MemoryLease, MemorySwitches
from tests.fakes_route import FakeRoute, swallow
from tests.fakes_store import MemoryJournal
from tests.fakes_tickets import FakeTicketBook


@dataclass
class Told:
    """What a person was told."""

    alarms: list[AlertKind] = field(default_factory=list)


def live_on(book: FakeTicketBook, route: FakeRoute, told: Told) -> Live:
    """One that has not the lease."""
    clock = FakeClock(NOW)
    permission = Permission(
        account=account(),
        is_named=True,
        profile="demo",
        expected=GatewayKind.SIMULATED,
        port=4012,
        broker=FakeBroker(clock, positions=[position()]),
        clock=clock,
        machine=clock,
        is_clock_judged=False,
        switches=MemorySwitches(),
        lease=MemoryLease(),
        tickets=book,
        journal=MemoryJournal(),
        probe=lambda: ProbeStanding(NOW),
    )
    return Live(
        route=route,
        tickets=book,
        account=account(),
        permission=permission,
        keys=Keys(),
        limits=limits(),
        patience=Patience(),
        alarm=lambda kind, _text: told.alarms.append(kind),
    )


def test_without_the_lease_nothing_is_sent_and_not_even_an_intent_noted() -> None:
    book, route, told = FakeTicketBook(), FakeRoute([position()]), Told()
    live = live_on(book, route, told)
    rows = (row(verdict=ApprovedTicket(ticket())),)
    decision = HourlyDecision(NOW, snapshot(), standing(), rows, {})
    assert live.submit("run-1", decision) == ()
    assert book.written == []
    assert route.sent == []
    assert told.alarms == [AlertKind.WITHHELD_EXIT]


# --- nothing is sent that was not reconciled before -----------------------------------------------


@dataclass
class Armed:
    """A live desk's part with nothing against an order but what the test brings."""

    told: Told = field(default_factory=Told)
    route: FakeRoute = field(default_factory=lambda: FakeRoute([position()]))
    book: FakeTicketBook = field(default_factory=FakeTicketBook)

    def __post_init__(self) -> None:
        usual = live_on(self.book, self.route, self.told)
        switches, lease = MemorySwitches(), MemoryLease()
        switches.arm(arming())
        lease.take()
        self.clock = FakeClock(NOW)
        self.broker = FakeBroker(self.clock, positions=[position()])
        permission = replace(
            usual.permission, clock=self.clock, broker=self.broker, switches=switches, lease=lease
        )
        self.live = replace(
            usual, permission=permission, patience=Patience(acknowledge=1, settle=1)
        )

    def submit(self) -> list[TicketState]:
        quote = Quote(asked_at=NOW, bid=Decimal(99), ask=Decimal(99))
        rows = (replace(row(verdict=ApprovedTicket(ticket())), quote=quote),)
        decision = HourlyDecision(NOW, snapshot(), standing(), rows, {})
        return [each.state for each in self.live.submit("run-1", decision)]

    def reconcile(self) -> None:
        self.live.reconcile("run-1", adopts=True)

    def come_back(self) -> None:
        """The connection is made anew."""
        self.route.come_back()
        self.broker.come_back()


def test_what_was_not_reconciled_before_is_not_sent_and_that_is_said() -> None:
    desk = Armed()
    assert desk.submit() == [TicketState.ABANDONED]
    assert desk.route.sent == []
    assert desk.told.alarms == [AlertKind.WITHHELD_EXIT]
    (record,) = desk.book.ticket_records("main", NOW)
    assert "`desk.reconcile()`" in record.cause


def test_what_was_reconciled_before_is_sent() -> None:
    desk = Armed()
    desk.reconcile()
    assert desk.submit() == [TicketState.DONE]


def test_each_sending_wants_a_reconciliation_of_its_own() -> None:
    desk = Armed()
    desk.reconcile()
    desk.submit()
    assert desk.live.facts(desk.live.records("run-1")).reconciled_epoch is None


def test_a_connection_made_anew_since_it_was_reconciled_sends_nothing() -> None:
    desk = Armed()
    desk.reconcile()
    desk.come_back()
    assert desk.submit() == [TicketState.ABANDONED]
    assert desk.route.sent == []


def test_a_decision_over_a_connection_made_anew_is_reconciled_again() -> None:
    desk = Armed()
    desk.reconcile()
    desk.come_back()
    assert desk.live.facts(desk.live.records("run-1")).reconciled_epoch == 2


def test_what_nobody_reconciled_is_not_reconciled_by_reading_lists() -> None:
    desk = Armed()
    assert desk.live.facts(desk.live.records("run-1")).reconciled_epoch is None
    assert desk.book.lists == []


def test_a_run_that_waits_for_its_hour_looks_a_second_time_for_what_is_uncertain() -> None:
    desk = Armed()
    desk.route.on_submit = swallow
    approved = ApprovedTicket(ticket())
    desk.book.intend("run-1", ticket(), NOW)
    desk.book.claim(approved, desk.route.draft(approved), snapshot(), NOW)
    desk.reconcile()
    for seconds, state in ((59, TicketState.UNCERTAIN), (1, TicketState.NOT_RECEIVED)):
        desk.clock.time += dt.timedelta(seconds=seconds)
        desk.live.records("run-1")
        (record,) = desk.book.ticket_records("main", NOW)
        assert record.state is state
