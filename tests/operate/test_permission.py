"""What is gathered for the gates of live mode, and whence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from sellkit.core.arming import Halt
from sellkit.core.gates import DeferredTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.live_facts import LiveFacts, ProbeStanding, is_sent, sold
from sellkit.core.portfolio import GatewayKind
from sellkit.core.reports import BrokerRecords
from sellkit.core.tickets import TicketRecord
from sellkit.errors import JournalError, NotConnected
from sellkit.operate.permission import Permission, day_began
from tests import build
from tests.build import (
    NOW,
    SECOND,
    account,
    arming,
    position,
    row,
    snapshot,
    ticket,
    ticket_record,
    utc,
)
from tests.fakes import FakeBroker, FakeClock
from tests.fakes_live import MemoryLease, MemorySwitches
from tests.fakes_store import MemoryJournal
from tests.fakes_tickets import FakeTicketBook
from tests.operate.workplace import header
from tests.ticketing import claimed, other

HOUR = dt.timedelta(hours=1)
EVERYTHING_SOLD = Decimal(9900)


class TickingClock(FakeClock):
    """A clock that moves a little with each look at it."""

    def __init__(self, now: dt.datetime, step: dt.timedelta) -> None:
        super().__init__(now)
        self.step = step

    def now(self) -> dt.datetime:
        told = self.time
        self.time += self.step
        return told


@dataclass
class Place:
    """A permission over fakes; a test changes what matters."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    machine: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    is_clock_judged: bool = True

    def __post_init__(self) -> None:
        self.broker = FakeBroker(self.clock, positions=[position()])
        self.switches = MemorySwitches()
        self.lease = MemoryLease()
        self.tickets = FakeTicketBook()
        self.journal = MemoryJournal()

    @property
    def permission(self) -> Permission:
        return Permission(
            account=account(),
            is_named=True,
            profile="demo",
            expected=GatewayKind.SIMULATED,
            port=4012,
            broker=self.broker,
            clock=self.clock,
            machine=self.machine,
            is_clock_judged=self.is_clock_judged,
            switches=self.switches,
            lease=self.lease,
            tickets=self.tickets,
            journal=self.journal,
            probe=lambda: ProbeStanding(NOW),
        )

    def facts(self, records: BrokerRecords | None = None) -> LiveFacts:
        return self.permission.live_facts(records)


def test_nothing_switched_is_told_as_such() -> None:
    facts = Place().facts()
    assert facts.arming.arming is None
    assert facts.halt is None
    assert facts.lease_trouble == "the lease is not held here"
    assert (facts.records_epoch, facts.reconciled_epoch) == (None, None)
    assert [facts.orders_today, facts.notional_today, facts.notional_armed] == [0, 0, 0]


def test_every_switch_is_read_anew_each_time() -> None:
    place = Place()
    permission = place.permission
    permission.live_facts(None)
    place.switches.arm(arming())
    place.lease.take()
    place.switches.set_halt(Halt(NOW, "a person", "a try"))
    facts = permission.live_facts(None)
    assert facts.arming.arming == arming()
    assert facts.lease_trouble is None
    assert facts.halt == Halt(NOW, "a person", "a try")


def test_the_connection_of_the_lists_is_told() -> None:
    lists = BrokerRecords(
        began_at=NOW, steady_since=NOW, snapshot=snapshot(epoch=3), completed=(), fills=()
    )
    assert Place().facts(lists).records_epoch == 3


def test_an_account_that_the_login_does_not_manage_is_told() -> None:
    place = Place()
    assert place.facts().is_managed
    elsewhere = replace(place.permission, account=account("DU7"))
    assert not elsewhere.live_facts(None).is_managed


def test_a_claimed_ticket_counts_as_an_order_of_this_day_and_is_unsettled() -> None:
    place = Place()
    claimed(place.tickets)
    facts = place.facts()
    assert (facts.orders_today, facts.notional_today) == (1, EVERYTHING_SOLD)
    assert [each.reference for each in facts.unsettled] == [ticket().reference]
    assert facts.unsettled_on(265598)
    assert not facts.unsettled_on(1)


def test_a_ticket_that_was_only_intended_is_no_order() -> None:
    place = Place()
    place.tickets.intend("r1", other(), NOW)
    facts = place.facts()
    assert [facts.orders_today, facts.notional_today] == [0, 0]
    assert facts.unsettled_on(272093)


def test_the_orders_of_a_former_day_do_not_count_today_but_for_the_arming() -> None:
    place = Place()
    claimed(place.tickets)
    place.switches.arm(arming(armed_at=NOW - HOUR, until=NOW + 48 * HOUR))
    place.clock.time = NOW + 24 * HOUR
    facts = place.facts()
    assert [facts.orders_today, facts.notional_today] == [0, 0]
    assert facts.notional_armed == EVERYTHING_SOLD


def test_what_was_sold_before_the_arming_does_not_count_for_it() -> None:
    place = Place()
    claimed(place.tickets)
    place.switches.arm(arming(armed_at=NOW + 60 * SECOND))
    facts = place.facts()
    assert facts.notional_today == EVERYTHING_SOLD
    assert facts.notional_armed == 0


def test_without_an_arming_money_is_counted_from_the_beginning_of_the_day() -> None:
    place = Place()
    claimed(place.tickets)
    assert place.facts().notional_armed == EVERYTHING_SOLD


def test_the_opening_that_a_ticket_was_deferred_to_is_told() -> None:
    place = Place()
    opening = utc("2026-01-29 14:30")
    place.journal.begin(header("r1"))
    build.record(place.journal, "r1", [row(verdict=DeferredTicket(ticket(), opening))])
    assert place.permission.deferred() == {ticket().ticket_id: opening}
    place.clock.time = opening + 13 * HOUR
    assert place.permission.deferred() == {}


# --- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "skew"),
    [(0.0, 0.0), (0.9, 0.0), (1.0, 0.0), (3.0, 2.0), (3.5, 2.5), (-0.1, -0.1), (-2.5, -2.5)],
)
def test_a_clock_is_held_against_whole_seconds_of_the_gateway(ahead: float, skew: float) -> None:
    """The gateway tells whole seconds, rounded down: it may be almost a second later there."""
    place = Place(clock=FakeClock(NOW), machine=FakeClock(NOW + ahead * SECOND))
    assert place.facts().clock_skew == skew * SECOND


def test_an_answer_that_takes_long_is_no_wrong_clock() -> None:
    place = Place(machine=TickingClock(NOW - 5 * SECOND, 20 * SECOND))
    assert place.facts().clock_skew == dt.timedelta()


def test_no_clock_is_judged_where_sellkit_lives_by_a_virtual_time() -> None:
    place = Place(machine=FakeClock(NOW + 999 * HOUR), is_clock_judged=False)
    assert place.facts().clock_skew == dt.timedelta()


def test_a_gateway_that_does_not_tell_its_time_is_an_error_and_no_fact() -> None:
    place = Place()
    place.broker.close()
    with pytest.raises(NotConnected):
        place.facts()


# --- the day --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "began"),
    [
        ("2026-01-28 20:00", "2026-01-28 00:00"),
        ("2026-01-28 14:30", "2026-01-28 00:00"),
        ("2026-01-28 04:00", "2026-01-27 16:00"),
        ("2026-01-28 00:00", "2026-01-27 12:00"),
    ],
)
def test_a_day_begins_at_midnight_and_cuts_no_session(now: str, began: str) -> None:
    assert day_began(utc(now)) == utc(began)


# --- what counts ----------------------------------------------------------------------------------


def record(state: TicketState, filled: str = "0", notional: str | None = "9900") -> TicketRecord:
    told = None if notional is None else Decimal(notional)
    return ticket_record(state=state, filled=Decimal(filled), notional=told)


SENT = [each for each in TicketState if each is not TicketState.ABANDONED]


@pytest.mark.parametrize("state", SENT)
def test_every_claimed_attempt_is_an_order_however_it_ended(state: TicketState) -> None:
    assert is_sent(record(state), NOW)
    assert not is_sent(record(state), NOW + SECOND)


def test_an_attempt_that_was_given_up_before_it_was_written_is_no_order() -> None:
    assert not is_sent(record(TicketState.ABANDONED), NOW)


@pytest.mark.parametrize(
    ("state", "filled", "counted"),
    [
        (TicketState.SUBMITTING, "0", "9900"),
        (TicketState.ACKNOWLEDGED, "60", "9900"),
        (TicketState.UNCERTAIN, "0", "9900"),
        (TicketState.DONE, "100", "9900"),
        (TicketState.CANCELLED, "60", "5940"),
        (TicketState.EXPIRED, "1", "99"),
        (TicketState.REJECTED, "0", "0"),
        (TicketState.NOT_RECEIVED, "0", "0"),
    ],
)
def test_what_may_still_be_sold_counts_in_whole_and_what_has_ended_as_far_as_it_came(
    state: TicketState, filled: str, counted: str
) -> None:
    assert sold([record(state, filled)]) == Decimal(counted)


def test_the_remainder_of_a_partial_fill_is_not_counted_twice() -> None:
    first = record(TicketState.CANCELLED, "60")
    rest = replace(record(TicketState.DONE, "40", "3960"), quantity=Decimal(40), attempt=2)
    assert sold([first, rest]) == EVERYTHING_SOLD


def test_one_amount_that_cannot_be_told_makes_the_whole_unknown() -> None:
    assert sold([record(TicketState.DONE), record(TicketState.DONE, notional=None)]) is None
    assert sold([]) == 0


# --- to stop --------------------------------------------------------------------------------------


def test_to_stop_halts_every_process_and_is_journalled() -> None:
    place = Place(machine=FakeClock(NOW + SECOND))
    place.permission.stop("the position changed its sign")
    halt = Halt(NOW + SECOND, "sellkit", "the position changed its sign")
    assert place.switches.halt() == halt
    (told,) = place.journal.events("halt")
    assert told["text"] == "by sellkit"
    assert told["details"] == {"account": "main", "reason": "the position changed its sign"}


def test_a_journal_that_cannot_be_written_does_not_keep_from_halting() -> None:
    class BrokenJournal(MemoryJournal):
        def record_event(self, *_: object) -> None:
            raise JournalError("the disk is full")

    place = Place()
    place.journal = BrokenJournal()
    with pytest.raises(JournalError):
        place.permission.stop("a flip")
    assert place.switches.halt() is not None
