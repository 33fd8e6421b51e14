"""The part of a desk that sends, before it comes to sending."""

from __future__ import annotations

from dataclasses import dataclass, field

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket
from sellkit.core.live_facts import ProbeStanding
from sellkit.core.portfolio import GatewayKind
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.keys import Keys
from sellkit.operate.live import Live
from sellkit.operate.permission import Permission
from sellkit.operate.trading import Patience
from tests.build import NOW, account, limits, position, row, snapshot, standing, ticket
from tests.fakes import FakeBroker, FakeClock
from tests.fakes_live import MemoryLease, MemorySwitches
from tests.fakes_route import FakeRoute
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
