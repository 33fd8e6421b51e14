"""Orders under the real gates: what holds them back, up to the moment at which they would go."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.arming import Halt
from sellkit.core.gates import ApprovedTicket
from sellkit.core.limits import Limits, OrderType
from sellkit.core.live_facts import ProbeStanding
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind
from sellkit.core.quotes import Quote
from sellkit.core.tickets import TicketRecord
from sellkit.errors import NotConnected
from sellkit.operate.final_look import FinalLook
from sellkit.operate.permission import Permission, Reconciled
from sellkit.operate.submit import Submission
from sellkit.ports.order_route import OrderDraft
from tests.build import (
    NOW,
    SECOND,
    account,
    arming,
    limits,
    open_order,
    position,
    snapshot,
    ticket,
)
from tests.fakes import FakeBroker, FakeClock
from tests.fakes_live import MemoryLease, MemorySwitches
from tests.fakes_route import FakeOrder, FakeRoute, as_order, fill, filling
from tests.fakes_store import MemoryJournal
from tests.fakes_tickets import FakeTicketBook
from tests.operate.trading_build import Stage

CON_IDS = (265598, 272093, 756733)
TOKENS = ("NASDAQ:AAPL", "NASDAQ:MSFT", "ARCA:SPY")


class RouteClock(FakeClock):
    """The time of the route."""

    def __init__(self, route: FakeRoute) -> None:
        super().__init__(NOW)
        self._route = route

    def now(self) -> dt.datetime:
        return self._route.now()


def tickets() -> list[OrderTicket]:
    pairs = zip(TOKENS, CON_IDS, strict=True)
    return [ticket(position(token, con_id=con_id)) for token, con_id in pairs]


@dataclass
class Armed:
    """Three positions, armed, with nothing against their orders."""

    limits: Limits = field(default_factory=limits)

    def __post_init__(self) -> None:
        self.route = FakeRoute([each.position for each in tickets()])
        self.stage = Stage(self.route)
        self.clock = RouteClock(self.route)
        self.broker = FakeBroker(self.clock)
        self.switches = MemorySwitches()
        self.switches.arm(arming())
        self.lease = MemoryLease()
        self.lease.take()
        self.probe = ProbeStanding(NOW)
        self.reconciled = Reconciled(1)
        self.basis: AccountSnapshot | None = None
        self.executed: frozenset[str] = frozenset()
        price = Quote(asked_at=NOW, bid=Decimal(99), ask=Decimal(99))
        self.quotes = dict.fromkeys(CON_IDS, price)

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
            machine=self.clock,
            is_clock_judged=True,
            switches=self.switches,
            lease=self.lease,
            tickets=self.stage.book,
            journal=MemoryJournal(),
            probe=lambda: self.probe,
            reconciled=self.reconciled,
        )

    def send(self, *wanted: OrderTicket) -> list[str]:
        """Carry the tickets out; the states that they end in."""
        permission = self.permission
        look = FinalLook(
            permission=permission,
            limits=self.limits,
            exits=1,
            positions=5,
            quotes=self.quotes,
            price_step=self.route.lowest_price_step,
            basis=self.basis,
            executed=self.executed,
        )
        trading = replace(
            self.stage.trading, look=look, stopped=permission.stopped, stop=permission.stop
        )
        done = Submission(trading, self.stage.keys).carry_out(wanted or tickets())
        return [str(each.state) for each in done]

    def told(self) -> str:
        return " | ".join(text for _, text in self.stage.alarms)


def test_with_nothing_against_them_every_position_is_closed_once() -> None:
    desk = Armed()
    assert desk.send() == ["DONE", "DONE", "DONE"]
    assert len(desk.route.sent) == 3


@pytest.mark.parametrize(
    "most",
    [{"max_orders": 2}, {"max_daily_notional": Decimal(20_000)}],
    ids=["orders", "money"],
)
def test_the_orders_of_one_batch_count_against_the_limits_of_the_day(most: Any) -> None:
    desk = Armed(limits(**most))
    assert desk.send() == ["DONE", "DONE", "ABANDONED"]
    assert len(desk.route.sent) == 2
    assert desk.stage.kinds() == [AlertKind.WITHHELD_EXIT]


def test_the_orders_of_one_batch_count_against_the_amount_that_was_armed() -> None:
    desk = Armed()
    desk.switches.arm(arming(max_notional=Decimal(19_800)))
    assert desk.send() == ["DONE", "DONE", "ABANDONED"]
    assert "over the 19800 that it was armed for" in desk.told()


def test_a_later_run_of_the_day_has_what_is_left_of_the_limit() -> None:
    desk = Armed(limits(max_orders=1))
    first, second, _ = tickets()
    assert desk.send(first) == ["DONE"]
    assert desk.send(second) == ["ABANDONED"]
    assert "1 order went out today" in desk.told()


def test_a_halt_after_the_lists_were_read_sends_nothing() -> None:
    desk = Armed()
    desk.route.after_read = lambda _: desk.switches.set_halt(Halt(NOW, "a person", "a try"))
    assert desk.send() == ["ABANDONED"] * 3
    assert not desk.route.sent
    assert "halted by a person" in desk.told()


def test_what_a_stop_sold_already_is_not_sold_again_because_the_position_lags() -> None:
    desk = Armed()
    stop = open_order(reference="SK1-aaaaaaaaaaaa-1")
    desk.basis = snapshot([each.position for each in tickets()], taken_at=NOW)
    desk.route.execute(as_order(stop), Decimal(100), is_told=False)
    desk.route.trade(265598, Decimal(100))  # executed, and held still by the list of positions
    assert desk.send() == ["ABANDONED", "DONE", "DONE"]
    assert "does not show (100 shares)" in desk.told()


def test_what_was_known_as_executed_when_it_was_decided_is_in_the_position() -> None:
    desk = Armed()
    stop = open_order(reference="SK1-aaaaaaaaaaaa-1")
    told = desk.route.execute(as_order(stop), Decimal(100), is_told=False)
    desk.route.trade(265598, Decimal(100))
    desk.executed = frozenset({told.family})
    desk.basis = snapshot([each.position for each in tickets()], taken_at=NOW)
    assert desk.send() == ["DONE", "DONE", "DONE"]


def test_what_a_partial_fill_left_is_sold_as_the_position_shows_it() -> None:
    desk = Armed()
    desk.basis = snapshot([tickets()[0].position], taken_at=NOW)

    def act(route: FakeRoute, order: FakeOrder) -> None:
        (filling(40) if order.quantity == 100 else fill)(route, order)

    desk.route.on_submit = act
    bid = Quote(asked_at=NOW + 180 * SECOND, bid=Decimal(99), ask=Decimal(99))
    desk.quotes = {265598: bid}
    assert desk.send(tickets()[0]) == ["CANCELLED", "DONE"]


def test_lists_of_before_an_interruption_are_no_ground_although_the_link_stood() -> None:
    desk = Armed()

    def act(route: FakeRoute, order: FakeOrder) -> None:
        desk.broker.standing = replace(desk.broker.standing, since=NOW + SECOND)
        fill(route, order)

    desk.route.on_submit = act
    assert desk.send() == ["DONE", "ABANDONED", "ABANDONED"]
    assert "it was interrupted after the positions were read" in desk.told()


class LosingClock(RouteClock):
    """Nobody can ask for the time after so many questions."""

    left = 1

    def now(self) -> dt.datetime:
        self.left -= 1
        if self.left < 0:
            raise NotConnected("the link is gone")
        return super().now()


@pytest.mark.parametrize("questions", range(1, 8))
def test_a_clock_that_cannot_be_asked_any_more_is_a_reason_and_no_error(questions: int) -> None:
    desk = Armed()
    desk.clock = LosingClock(desk.route)
    desk.clock.left = questions
    assert desk.send(tickets()[0]) == ["ABANDONED"]
    assert "the last look failed: the link is gone" in desk.told()


class HaltingBook(FakeTicketBook):
    """A halt comes right after each claim."""

    def __init__(self, switches: MemorySwitches) -> None:
        super().__init__()
        self._switches = switches

    def claim(
        self,
        approved: ApprovedTicket,
        draft: OrderDraft,
        before: AccountSnapshot,
        at: dt.datetime,
    ) -> TicketRecord:
        self._switches.set_halt(Halt(NOW, "a person", "at the last moment"))
        return super().claim(approved, draft, before, at)


def test_a_halt_between_the_claim_and_the_order_sends_nothing() -> None:
    desk = Armed()
    desk.stage.book = HaltingBook(desk.switches)
    assert desk.send(tickets()[0]) == ["ABANDONED"]
    assert not desk.route.sent
    assert "stopped before it was sent: halted by a person" in desk.told()


def disarmed(desk: Armed) -> None:
    desk.switches.disarm(None)


def without_lease(desk: Armed) -> None:
    desk.lease.release()


def unprobed(desk: Armed) -> None:
    desk.probe = ProbeStanding(None, "not probed")


def of_another_login(desk: Armed) -> None:
    desk.broker = FakeBroker(desk.clock, account_numbers=("DU7",))


def run_out(desk: Armed) -> None:
    desk.switches.arm(arming(until=NOW))


def not_reconciled(desk: Armed) -> None:
    desk.reconciled.epoch = None


def reconciled_over_a_former_connection(desk: Armed) -> None:
    desk.reconciled.epoch = 0


@pytest.mark.parametrize(
    "change",
    [
        *(disarmed, without_lease, unprobed, of_another_login, run_out, not_reconciled),
        reconciled_over_a_former_connection,
    ],
)
def test_what_changed_since_the_decision_sends_nothing(change: Any) -> None:
    desk = Armed()
    change(desk)
    assert desk.send() == ["ABANDONED"] * 3
    assert not desk.route.sent
    assert desk.stage.kinds() == [AlertKind.WITHHELD_EXIT] * 3


def test_a_gateway_that_does_not_tell_its_time_is_a_reason_and_no_error() -> None:
    class SilentBroker(FakeBroker):
        def server_time(self) -> dt.datetime:
            raise NotConnected("it went away")

    desk = Armed()
    desk.broker = SilentBroker(desk.clock)
    assert desk.send() == ["ABANDONED"] * 3
    assert "the last look failed: it went away" in desk.told()


def test_a_quote_of_the_decision_that_has_aged_is_asked_for_anew() -> None:
    desk = Armed()
    desk.broker.shown = dict(desk.quotes)
    fresh, _, aged = CON_IDS
    desk.quotes[aged] = replace(desk.quotes[aged], asked_at=NOW - 31 * SECOND)
    del desk.quotes[272093]
    assert desk.send() == ["DONE"] * 3
    assert set(desk.broker.quoted) == {272093, aged}
    assert fresh not in desk.broker.quoted


def test_a_close_that_is_too_far_from_the_fresh_quote_is_withheld() -> None:
    desk = Armed()
    desk.quotes = {}
    fallen = Quote(asked_at=NOW, bid=Decimal(50), ask=Decimal(50))
    desk.broker.shown = dict.fromkeys(CON_IDS, fallen)
    assert desk.send() == ["ABANDONED"] * 3
    assert "lies too far from the market" in desk.told()


def test_the_account_of_the_orders_is_the_one_that_was_armed() -> None:
    desk = Armed()
    other = Account("other", "DU7")
    desk.switches.disarm(None)
    desk.switches.arm(arming(account="other", fingerprint=other.fingerprint))
    assert desk.send(tickets()[0]) == ["ABANDONED"]
    assert not desk.route.sent


# --- what stops an order that was judged ----------------------------------------------------------


def test_nothing_is_stopped_while_the_account_is_armed_and_the_lease_held() -> None:
    assert Armed().permission.stopped() == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [(disarmed, "not armed"), (without_lease, "not held here")],
)
def test_a_lease_that_is_lost_or_an_arming_that_ended_stops(change: Any, told: str) -> None:
    desk = Armed()
    change(desk)
    assert told in desk.permission.stopped()


def test_a_halt_is_the_first_thing_that_is_told_of_what_stops() -> None:
    desk = Armed()
    disarmed(desk)
    desk.switches.set_halt(Halt(NOW, "a person", "a try"))
    assert desk.permission.stopped().startswith("halted by a person")


def test_a_marketable_limit_lies_below_the_bid_on_the_price_step() -> None:
    desk = Armed(limits(order_type=OrderType.MARKETABLE_LIMIT))
    desk.quotes = dict.fromkeys(CON_IDS, Quote(asked_at=NOW, bid=Decimal("99.99"), ask=None))
    sent: list[dict[str, object]] = []

    def look(route: FakeRoute, order: FakeOrder) -> None:
        sent.append(dict(order.draft.order["order"]))
        fill(route, order)

    desk.route.on_submit = look
    assert desk.send(tickets()[0]) == ["DONE"]
    assert [(each["orderType"], each["lmtPrice"]) for each in sent] == [("LMT", "99.79")]


def test_without_a_bid_no_limit_is_made_up() -> None:
    desk = Armed(limits(order_type=OrderType.MARKETABLE_LIMIT))
    desk.quotes = dict.fromkeys(CON_IDS, Quote(asked_at=NOW, last=Decimal(99)))
    assert desk.send(tickets()[0]) == ["ABANDONED"]
    assert desk.route.sent == []


def test_a_price_step_that_is_not_told_sends_nothing() -> None:
    desk = Armed(limits(order_type=OrderType.MARKETABLE_LIMIT))
    desk.route.failures["lowest_price_step"] = [NotConnected("gone")] * 2
    assert desk.send(tickets()[0]) == ["ABANDONED"]
    assert "no price step is known" in desk.told()
