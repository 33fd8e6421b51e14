"""What every route of orders does: the fake one, and the real one before the simulated gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest

from sellkit.core.fills import total
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import Position, Side
from sellkit.core.reports import BrokerRecords, Meaning, OrderReport, ReportKind
from sellkit.errors import NotSent
from sellkit.ports.order_route import OrderRoute
from tests import fakes_route
from tests.adapters.orders_world import HELD, MAIN, approved, world
from tests.adapters.waiting import PATIENCE
from tests.fakes_route import FakeRoute

MSFT = Instrument(272093, Token("NASDAQ", "MSFT"))


@dataclass
class Place:
    """A route, and what a test may have happen at its other end."""

    route: OrderRoute
    fills_at_once: Callable[[bool], None]
    rejects: Callable[[], None]
    come_back: Callable[[], None]

    def records(self) -> BrokerRecords:
        return self.route.records(MAIN)

    def heard(self, reference: str, ends: Callable[[OrderReport], object]) -> list[OrderReport]:
        """The reports of an order up to the first of which something holds."""
        seen, found = 0, list[OrderReport]()
        while not any(ends(each) for each in found):
            news = self.route.reports(seen, PATIENCE)
            assert news, f"it never came: {found}"
            seen = news[-1].number
            found += news
        return found


@contextmanager
def fake() -> Iterator[Place]:
    held = [
        Position(MAIN, Instrument(con_id, Token("NASDAQ", symbol)), Decimal(quantity), Decimal(90))
        for symbol, (con_id, quantity) in HELD.items()
    ]
    route = FakeRoute(held)

    def fills_at_once(does: bool) -> None:
        route.on_submit = fakes_route.fill if does else fakes_route.rest

    def rejects() -> None:
        route.on_submit = fakes_route.reject

    yield Place(route, fills_at_once, rejects, route.come_back)


@contextmanager
def real() -> Iterator[Place]:
    with world(client_id=1, comes_back=True) as at:

        def fills_at_once(does: bool) -> None:
            at.gateway.terminal.set_habits(fill_after_seconds=0.0 if does else 86_400.0)

        def rejects() -> None:
            at.gateway.terminal.set_habits(no_permission=frozenset(HELD))

        yield Place(at.route, fills_at_once, rejects, at.drop_and_return)


@pytest.fixture(params=[fake, real], ids=["fake", "simulated gateway"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    open_place: Callable[[], AbstractContextManager[Place]] = request.param
    with open_place() as opened:
        yield opened


def submit(place: Place, symbol: str = "MSFT", attempt: int = 1) -> str:
    """Send the close of a position; the order's reference."""
    wanted = approved(symbol, attempt)
    draft = place.route.draft(wanted)
    place.route.submit(wanted, draft)
    return draft.reference


def test_records_hold_what_is_held_over_the_connection_that_they_were_read(place: Place) -> None:
    records = place.records()
    held = {each.instrument.con_id: each.quantity for each in records.snapshot.positions}
    assert {con_id: held[con_id] for con_id, _ in HELD.values()} == {265598: 100, 272093: 40}
    assert (records.snapshot.open_orders, records.completed, records.fills) == ((), (), ())
    assert records.snapshot.account == MAIN
    assert records.snapshot.taken_at >= records.began_at
    assert records.epoch == 1


def test_a_draft_names_the_order_and_numbers_rise(place: Place) -> None:
    first, second = (place.route.draft(approved(attempt=attempt)) for attempt in (1, 2))
    ticket = approved().ticket
    assert (first.reference, first.order) == (ticket.reference, ticket.order())
    assert (first.client_id, first.epoch) == (place.route.client_id, 1)
    assert int(second.order_id) > int(first.order_id) > 0
    assert not place.records().snapshot.open_orders


def test_a_number_lies_above_those_that_the_journal_knows(place: Place) -> None:
    first = place.route.draft(approved())
    second = place.route.draft(approved(), above=str(int(first.order_id) + 500))
    third = place.route.draft(approved(), above=first.order_id)
    assert int(second.order_id) > int(first.order_id) + 500
    assert int(third.order_id) > int(second.order_id)


def test_an_order_that_fills_is_told_and_listed(place: Place) -> None:
    place.fills_at_once(True)
    reference = submit(place)
    told = place.heard(reference, lambda each: each.fill)
    records = place.records()

    (fill,) = [each.fill for each in told if each.fill is not None]
    assert (fill.reference, fill.side, fill.quantity) == (reference, Side.SELL, 40)
    assert [each.number for each in told] == list(range(1, len(told) + 1))
    assert total(records.fills_of(reference, None)) == 40
    assert records.fills_of("", fill.perm_id)
    (ended,) = records.completed_of(reference, None)
    assert (ended.status, ended.filled, ended.perm_id) == ("Filled", 40, fill.perm_id)
    assert MSFT.con_id not in {each.instrument.con_id for each in records.snapshot.positions}


def test_an_order_that_rests_is_acknowledged_by_its_perm_id_and_can_be_cancelled(
    place: Place,
) -> None:
    place.fills_at_once(False)
    reference = submit(place)
    told = place.heard(reference, lambda each: each.status == "Submitted")
    (order,) = place.records().open_of(reference, None)
    assert {each.perm_id for each in told if each.perm_id} == {order.perm_id}
    assert (order.quantity, order.remaining, order.is_own) == (40, 40, True)
    assert order.client_id == place.route.client_id

    place.route.cancel(order)
    place.heard(reference, lambda each: each.status == "Cancelled")
    records = place.records()
    assert not records.snapshot.open_orders
    assert records.completed_of(reference, order.perm_id)[0].status == "Cancelled"


def test_a_rejected_order_is_told_by_its_code_and_listed_with_the_reason(place: Place) -> None:
    place.rejects()
    reference = submit(place)
    told = place.heard(reference, lambda each: each.kind is ReportKind.CODE)

    (code,) = [each for each in told if each.kind is ReportKind.CODE]
    assert (code.code, code.meaning) == (201, Meaning.ORDER_DEAD)
    assert "rejected" in code.text
    records = place.records()
    assert not records.open_of(reference, None)
    assert "ejected" in records.completed_of(reference, None)[0].text
    assert not records.fills


def test_a_draft_is_submitted_once_and_over_its_own_connection(place: Place) -> None:
    place.fills_at_once(False)
    wanted = approved()
    draft = place.route.draft(wanted)
    place.route.submit(wanted, draft)
    with pytest.raises(NotSent):
        place.route.submit(wanted, draft)

    late = approved("AAPL")
    of_before = place.route.draft(late)
    place.come_back()
    with pytest.raises(NotSent):
        place.route.submit(late, of_before)
    records = place.records()
    assert records.epoch == 2
    assert [each.reference for each in records.snapshot.open_orders] == [draft.reference]


def test_reports_are_those_after_a_number_and_none_when_nothing_comes(place: Place) -> None:
    assert place.route.reports(0, 0.0) == ()
    place.fills_at_once(True)
    reference = submit(place)
    told = place.heard(reference, lambda each: each.fill)

    assert place.route.reports(told[0].number, 0.0)[: len(told) - 1] == tuple(told[1:])
    assert place.route.reports(10_000, 0.0) == ()


def test_prices_move_in_steps_and_nothing_queues(place: Place) -> None:
    assert place.route.lowest_price_step(MSFT, Decimal(430)) == Decimal("0.01")
    assert place.route.wait_until_idle(PATIENCE)
