"""The order of a probe on a gateway in memory: what its reference outlives, and what goes wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from sellkit.core.instrument import Instrument
from sellkit.core.portfolio import Account, AccountSnapshot, OpenOrder, Position, Side
from sellkit.core.probe_order import ProbeOrder
from sellkit.core.probing import Answer, Outcome
from sellkit.core.reports import (
    BrokerRecords,
    CompletedOrder,
    Meaning,
    OrderReport,
    ReportKind,
)
from sellkit.errors import (
    JournalError,
    NotConnected,
    NotSent,
    SellkitError,
    SubmissionUncertain,
)
from sellkit.operate.probe_order import OrderProbe
from tests.build import NOW, account, instrument, new_york, open_order, position, utc
from tests.fakes import FakeClock

REFERENCE = "SKP-0123456789ab"
SPY = instrument("ARCA:SPY", 756733)


@dataclass
class Exchange:
    """A gateway that lives longer than a connection to it. Tests may change every attribute.

    Attributes
    ----------
    failures
        By method, what to raise in place of an answer, in turn; None answers.
    on_place, on_connect
        Called once an order rests; and for each connection, with its number from 1.
    is_stubborn
        Whether cancels are not heard.
    keeps_reference
        Whether ended orders are told with it.
    forgets
        Whether ended orders are not told at all.
    """

    positions: list[Position] = field(default_factory=lambda: [position()])
    orders: list[OpenOrder] = field(default_factory=list)
    completed: list[CompletedOrder] = field(default_factory=list)
    reports: list[OrderReport] = field(default_factory=list)
    failures: dict[str, list[SellkitError | None]] = field(default_factory=dict)
    on_place: Callable[[Exchange], None] = lambda _: None
    on_connect: Callable[[Exchange, int], None] = lambda _, _number: None
    is_stubborn: bool = False
    keeps_reference: bool = True
    forgets: bool = False
    placed: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    open_lines: int = 0
    connections: int = 0
    seconds: float = 0.0

    def connect(self) -> Line:
        self.fail("connect")
        assert not self.open_lines, "two connections as one client"
        self.connections += 1
        self.open_lines += 1
        self.on_connect(self, self.connections)
        return Line(self)

    def fail(self, method: str) -> None:
        raised = self.failures.get(method, [])
        error = raised.pop(0) if raised else None
        if error is not None:
            raise error

    def end(self, order: OpenOrder, filled: int = 0) -> None:
        self.orders.remove(order)
        if not self.forgets:
            self.completed.append(
                CompletedOrder(
                    con_id=order.con_id,
                    perm_id=order.perm_id,
                    reference=order.reference if self.keeps_reference else "",
                    side="BUY",
                    quantity=Decimal(1),
                    filled=Decimal(filled),
                    status="Filled" if filled else "Cancelled",
                    text="",
                )
            )


@dataclass
class Line:
    """One connection."""

    exchange: Exchange
    client_id: str = "1"
    is_closed: bool = False

    def lists(self, account: Account) -> BrokerRecords:
        at = self.exchange
        at.fail("lists")
        snapshot = AccountSnapshot(account, NOW, tuple(at.positions), tuple(at.orders), epoch=1)
        return BrokerRecords(
            began_at=NOW,
            steady_since=NOW,
            snapshot=snapshot,
            completed=tuple(at.completed),
            fills=(),
        )

    def place(self, account: Account, instrument: Instrument, reference: str) -> ProbeOrder:
        at = self.exchange
        at.fail("place")
        at.placed.append(reference)
        at.orders.append(resting(reference, instrument.con_id))
        at.on_place(at)
        at.fail("after place")
        return ProbeOrder(account, instrument, Decimal(100), Decimal(60), reference)

    def cancel(self, order: OpenOrder) -> None:
        at = self.exchange
        at.fail("cancel")
        at.cancelled.append(order.reference)
        if not at.is_stubborn:
            at.end(order)

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        told = tuple(self.exchange.reports[after:])
        if not told:
            self.exchange.seconds += seconds
        return told

    def close(self) -> None:
        if not self.is_closed:
            self.exchange.open_lines -= 1
        self.is_closed = True


PERM_IDS = itertools.count(9001)


def resting(reference: str = REFERENCE, con_id: int = SPY.con_id) -> OpenOrder:
    usual = open_order(reference, con_id, stop=None, side=Side.BUY)
    return replace(usual, order_id="101", client_id="1", perm_id=str(next(PERM_IDS)))


@dataclass
class World:
    """An exchange, and what is told of a probe there."""

    exchange: Exchange = field(default_factory=Exchange)
    clock: FakeClock = field(default_factory=lambda: FakeClock(utc("2026-01-28 17:00")))
    alarms: list[str] = field(default_factory=list)
    noted: list[Mapping[str, object]] = field(default_factory=list)

    def run(self) -> Answer:
        return self.probe().run(SPY, new_york())

    def probe(self) -> OrderProbe:
        return OrderProbe(
            connect=self.exchange.connect,
            account=account(),
            clock=self.clock,
            reference=REFERENCE,
            note=self.note,
            alarm=self.alarms.append,
            timer=lambda: self.exchange.seconds,
            patience_seconds=5.0,
        )

    def note(self, details: Mapping[str, object]) -> None:
        assert not self.exchange.placed, "placed before it was written down"
        self.noted.append(details)


@pytest.fixture
def world() -> World:
    return World()


def test_a_reference_that_outlives_reconnect_and_cancel_is_good(world: World) -> None:
    found = world.run()
    assert found.outcome is Outcome.GOOD
    assert found.answer.startswith("one share of ARCA:SPY to buy at 60, market 100: ")
    assert world.exchange.placed == world.exchange.cancelled == [REFERENCE]
    assert world.exchange.connections == 2
    assert (world.exchange.orders, world.exchange.open_lines) == ([], 0)
    assert world.alarms == []


def test_the_journal_knows_of_it_before_it_is_placed(world: World) -> None:
    world.run()
    assert world.noted == [{"reference": REFERENCE, "instrument": "ARCA:SPY"}]


def test_without_a_journal_nothing_is_placed(world: World) -> None:
    def fail(_: Mapping[str, object]) -> None:
        raise JournalError("read-only disk")

    probe = replace(world.probe(), note=fail)
    with pytest.raises(JournalError):
        probe.run(SPY, new_york())
    assert (world.exchange.placed, world.alarms) == ([], [])


@pytest.mark.parametrize("time", ["2026-01-28 12:00", "2026-01-28 20:51", "2026-01-31 17:00"])
def test_outside_of_a_session_and_near_its_end_nothing_is_placed(world: World, time: str) -> None:
    world.clock.time = utc(time)
    found = world.run()
    assert (found.is_measured, world.exchange.connections) == (False, 0)


def test_a_reference_that_is_gone_after_a_reconnect_fails_and_the_order_is_cancelled(
    world: World,
) -> None:
    def lose(at: Exchange, number: int) -> None:
        if number == 2:
            at.orders = [replace(each, reference="") for each in at.orders]

    world.exchange.on_connect = lose
    found = world.run()
    assert found.outcome is Outcome.BAD
    assert "stood on no open order" in found.answer
    assert (world.exchange.orders, world.alarms) == ([], [])


def test_a_reference_that_is_not_on_the_list_of_ended_orders_fails(world: World) -> None:
    world.exchange.keeps_reference = False
    found = world.run()
    assert (found.outcome, "list of ended orders" in found.answer) == (Outcome.BAD, True)


def test_an_ended_order_that_is_on_no_list_is_noted(world: World) -> None:
    world.exchange.forgets = True
    found = world.run()
    assert (found.outcome, world.alarms) == (Outcome.NOTED, [])


def test_what_was_not_sent_is_not_measured(world: World) -> None:
    world.exchange.failures["place"] = [NotSent("no price is known")]
    found = world.run()
    assert (found.outcome, found.is_measured) == (Outcome.NOTED, False)
    assert (world.exchange.connections, world.alarms) == (1, [])


def test_what_may_have_been_sent_is_looked_for_and_cancelled(world: World) -> None:
    world.exchange.failures["after place"] = [SubmissionUncertain("the connection broke")]
    assert world.run().outcome is Outcome.GOOD
    assert world.exchange.orders == []


@pytest.mark.parametrize("is_told", [True, False])
def test_an_order_that_the_gateway_refused_is_not_measured(world: World, is_told: bool) -> None:
    """Whether or not it then stands on the list of ended orders."""
    world.exchange.forgets = not is_told

    def refuse(at: Exchange) -> None:
        at.end(at.orders[0])
        at.reports.append(
            OrderReport(
                number=1,
                at=NOW,
                epoch=1,
                kind=ReportKind.CODE,
                order_id="101",
                code=109,
                text="Price is out of the range",
                meaning=Meaning.ORDER_DEAD,
            )
        )

    world.exchange.on_place = refuse
    found = world.run()
    assert (found.is_measured, world.alarms) == (False, [])
    assert "109: Price is out of the range" in found.answer


def test_an_order_that_somebody_else_cancelled_is_not_measured(world: World) -> None:
    def cancel(at: Exchange, number: int) -> None:
        if number == 2:
            at.end(at.orders[0])

    world.exchange.on_connect = cancel
    found = world.run()
    assert (found.is_measured, world.alarms) == (False, [])
    assert "ended before it was cancelled" in found.answer


def test_an_order_that_stands_in_no_list_is_an_alarm(world: World) -> None:
    world.exchange.on_place = lambda at: at.orders.clear()
    assert world.run().outcome is Outcome.BAD
    assert "stands in no list" in world.alarms[0]


def test_a_cancel_that_is_not_confirmed_is_an_alarm_that_names_the_order(world: World) -> None:
    world.exchange.is_stubborn = True
    assert world.run().outcome is Outcome.BAD
    (alarm,) = world.alarms
    assert REFERENCE in alarm
    assert "cancel it by hand" in alarm


def test_a_second_connection_that_cannot_be_made_is_an_alarm(world: World) -> None:
    world.exchange.failures["connect"] = [None, NotConnected("nothing listens there")]
    assert world.run().outcome is Outcome.BAD
    assert len(world.alarms) == 1


def test_a_first_connection_that_cannot_be_made_is_none(world: World) -> None:
    world.exchange.failures["connect"] = [NotConnected("client id 1 is in use")]
    with pytest.raises(NotConnected):
        world.run()
    assert world.alarms == []


def test_a_person_who_ends_it_half_way_is_told_what_may_rest(world: World) -> None:
    def interrupt(_: Exchange) -> None:
        raise KeyboardInterrupt

    world.exchange.on_place = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.run()
    assert "half-way" in world.alarms[0]
    assert world.exchange.open_lines == 0


def test_an_order_that_was_filled_all_the_same_is_an_alarm(world: World) -> None:
    def fill(at: Exchange, number: int) -> None:
        if number == 2:
            at.end(at.orders[0], filled=1)

    world.exchange.on_connect = fill
    assert world.run().outcome is Outcome.BAD
    assert "1 of its shares were filled" in world.alarms[0]


def test_a_position_that_changed_meanwhile_is_an_alarm(world: World) -> None:
    def buy(at: Exchange, number: int) -> None:
        if number == 2:
            at.positions.append(replace(position(con_id=SPY.con_id), quantity=Decimal(1)))

    world.exchange.on_connect = buy
    assert world.run().outcome is Outcome.BAD
    assert len(world.alarms) == 1


def test_what_an_earlier_probe_left_is_cancelled_first(world: World) -> None:
    world.exchange.orders = [resting("SKP-ffffffffffff"), open_order("SK1-0123456789ab-1")]
    assert world.run().outcome is Outcome.GOOD
    assert world.exchange.cancelled == ["SKP-ffffffffffff", REFERENCE]
    assert [each.reference for each in world.exchange.orders] == ["SK1-0123456789ab-1"]


def test_while_what_an_earlier_probe_left_cannot_be_cancelled_nothing_is_placed(
    world: World,
) -> None:
    world.exchange.orders, world.exchange.is_stubborn = [resting("SKP-ffffffffffff")], True
    found = world.run()
    assert (found.outcome, world.exchange.placed) == (Outcome.BAD, [])
