"""The route of orders, over a real socket to the simulated gateway: what is sent, and when not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from sellkit.adapters.ib.way import Way
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Account, Side
from sellkit.core.reports import Meaning, ReportKind
from sellkit.errors import ConfigError, NotConnected, NotSent
from sellkit.simgateway.scenario import Holding
from tests.adapters.orders_world import MAIN, approved, route_to, world
from tests.simgateway.trading import ACCOUNT, SCENARIO, held

NEVER_FILLS = {"fill_after_seconds": 86_400}


@dataclass(frozen=True, slots=True)
class LimitTicket(OrderTicket):
    """A ticket with a limit, as a marketable limit order has one."""

    def order(self) -> dict[str, dict[str, object]]:
        complete = OrderTicket.order(self)
        return complete | {"order": complete["order"] | {"orderType": "LMT", "lmtPrice": "99.005"}}


# --- what is sent ---------------------------------------------------------------------------------


def test_an_order_is_written_once_and_told_with_its_perm_id_and_its_fill() -> None:
    with world() as at:
        draft = at.send()
        told = at.until_status("Filled")

        (executed,) = [each for each in told if each.kind is ReportKind.EXECUTION]
        assert executed.fill is not None
        assert (executed.fill.quantity, executed.fill.side) == (Decimal(40), Side.SELL)
        assert executed.fill.account == MAIN
        assert executed.reference == draft.reference
        assert {each.order_id for each in told} == {draft.order_id}
        assert executed.perm_id not in (None, "0", "")
        assert [each.number for each in told] == list(range(1, len(told) + 1))
        assert len(at.placed()) == 1
        assert held(at.gateway) == 0


def test_every_field_that_matters_is_written_out() -> None:
    with world() as at:
        draft = at.send()
        at.until_status("Filled")

        (fields,) = at.placed()
        assert fields[1:3] == (draft.order_id, "272093")
        assert fields[16:19] == ("SELL", "40", "MKT")
        assert fields[21] == "DAY"
        assert fields[23] == ACCOUNT
        assert (fields[26], fields[27], fields[33]) == (draft.reference, "1", "0")


def test_a_price_goes_out_digit_by_digit() -> None:
    limited = approved().ticket
    names = ("signal", "ticket_id", "side", "quantity", "fraction")
    ticket = LimitTicket(**{name: getattr(limited, name) for name in names})
    with world(habits=NEVER_FILLS) as at:
        wanted = replace(approved(), ticket=ticket)
        draft = at.route.draft(wanted)
        at.route.submit(wanted, draft)

        (refused,) = at.until(lambda each: each.kind is ReportKind.CODE)
        assert (refused.code, refused.meaning) == (110, Meaning.ORDER_DEAD)
        assert at.placed()[0][18:20] == ("LMT", "99.005")


def test_the_order_goes_to_the_named_account_alone() -> None:
    second = Holding("DU0000002", SCENARIO.holdings[1].security, Decimal(40), Decimal(90))
    two = replace(SCENARIO, accounts=(ACCOUNT, "DU0000002"), holdings=(*SCENARIO.holdings, second))
    with world(scenario=two) as at:
        at.send()
        told = at.until_status("Filled")

        left = {each.account: each.quantity for each in at.gateway.exchange.holdings()}
        assert at.placed()[0][23] == ACCOUNT
        assert left["DU0000002"] == 40
        assert ACCOUNT not in repr([each.verbatim for each in told])


def test_an_account_that_the_login_does_not_manage_is_refused() -> None:
    with world() as at:
        with pytest.raises(ConfigError, match="does not manage the account 'other'"):
            at.route.records(Account("other", "DU9999999"))
        foreign = approved()
        position = replace(foreign.ticket.position, account=Account("other", "DU9999999"))
        signal = replace(foreign.ticket.signal, position=position)
        with pytest.raises(ConfigError):
            at.route.draft(replace(foreign, ticket=replace(foreign.ticket, signal=signal)))


def test_a_broker_that_was_not_connected_to_send_has_no_route() -> None:
    with world(sends_orders=False) as at, pytest.raises(ConfigError, match="sends no orders"):
        at.broker.route()


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_client_id_that_somebody_else_trades_under_is_never_changed(comes_back: bool) -> None:
    refused = {"message": "startApi", "do": "refuse_client_id"}
    with (
        pytest.raises(NotConnected, match=r"another program sends orders .* give no other id"),
        world(faults=(refused,), comes_back=comes_back, patience=1.0),
    ):
        pass


# --- what is not sent -----------------------------------------------------------------------------


def test_a_draft_is_submitted_once() -> None:
    with world(habits=NEVER_FILLS) as at:
        draft = at.send()
        with pytest.raises(NotSent, match="submitted before"):
            at.route.submit(approved(), draft)
        assert len(at.placed()) == 1


def test_the_same_attempt_under_another_number_is_not_sent() -> None:
    with world(habits=NEVER_FILLS) as at:
        at.send()
        again = at.route.draft(approved())
        with pytest.raises(NotSent, match="submitted before"):
            at.route.submit(approved(), again)
        at.rest()
        assert len(at.placed()) == 1


def test_a_draft_is_sent_for_the_order_that_it_was_made_for_alone() -> None:
    with world() as at:
        draft = at.route.draft(approved())
        with pytest.raises(NotSent, match="another order"):
            at.route.submit(approved(quantity=Decimal(41)), draft)
        with pytest.raises(NotSent, match="no draft of this connection"):
            at.route.submit(approved(), replace(draft, order_id="4711"))
        assert not at.placed()


def test_a_draft_of_an_earlier_connection_is_not_sent() -> None:
    with world(comes_back=True) as at:
        draft = at.route.draft(approved())
        at.drop_and_return()

        with pytest.raises(NotSent, match="drafted over connection 1"):
            at.route.submit(approved(), draft)
        assert not at.placed()


def test_nothing_is_sent_while_the_gateway_has_lost_interactive_brokers() -> None:
    with world(comes_back=True) as at:
        draft = at.route.draft(approved())
        at.inject(do="error", code=1100)
        at.until_not_ready()

        with pytest.raises(NotSent, match="1100"):
            at.route.submit(approved(), draft)
        with pytest.raises(NotConnected):
            at.route.draft(approved())
        assert not at.placed()


def test_nothing_is_sent_over_a_closed_connection() -> None:
    with world() as at:
        draft = at.route.draft(approved())
        at.broker.close()
        with pytest.raises(NotSent):
            at.route.submit(approved(), draft)
        assert not at.placed()


def test_an_order_does_not_queue_behind_other_messages() -> None:
    async def flood(way: Way) -> None:
        for _ in range(60):
            way.link.ib.client.reqCurrentTime()

    with world(habits=NEVER_FILLS) as at:
        draft = at.route.draft(approved())
        assert at.route.wait_until_idle(20)
        at.broker._bridge.ask("a flood", flood)

        assert not at.route.wait_until_idle(0)
        with pytest.raises(NotSent, match=r"queue before it|as many messages as allowed"):
            at.route.submit(approved(), draft)
        assert at.route.wait_until_idle(20)
        assert not at.placed()

        again = at.send()
        at.until(lambda each: each.perm_id)
        assert [fields[1] for fields in at.placed()] == [again.order_id]


def test_many_threads_send_each_order_once_under_a_number_of_its_own() -> None:
    with world(habits=NEVER_FILLS | {"max_active": 100}) as at, ThreadPoolExecutor(8) as threads:
        drafts = list(threads.map(lambda attempt: at.send(attempt=attempt), range(1, 9)))
        at.rest()

        assert len({each.order_id for each in drafts}) == 8
        assert sorted(fields[1] for fields in at.placed()) == sorted(d.order_id for d in drafts)


# --- numbers --------------------------------------------------------------------------------------


def test_numbers_do_not_go_back_with_the_gateways() -> None:
    rolls_back = {"message": "startApi", "nth": 2, "do": "roll_back_ids", "by": 3}
    with world(comes_back=True, faults=(rolls_back,)) as at:
        before = [at.send(symbol) for symbol in ("AAPL", "MSFT")]
        at.placed()
        at.drop_and_return()

        after = at.route.draft(approved(attempt=3))
        assert after.epoch == 2
        assert int(after.order_id) > max(int(each.order_id) for each in before)


def test_a_number_lies_above_those_of_orders_that_an_earlier_process_left() -> None:
    with world() as at:
        left = at.send()
        at.until_status("Filled")
        at.broker.close()
        at.gateway.terminal.roll_back_ids(7, 1)

        with route_to(at.gateway, at.market) as other:
            assert int(other.route.draft(approved(attempt=2)).order_id) > int(left.order_id)


def test_more_orders_than_fit_in_a_second_go_out_one_by_one_and_none_queues() -> None:
    with world(habits=NEVER_FILLS | {"max_active": 100}) as at:
        sent = []
        for attempt in range(1, 61):
            wanted = approved(attempt=attempt)
            draft = at.route.draft(wanted)
            assert at.route.wait_until_idle(20)
            at.route.submit(wanted, draft)
            sent.append(draft.order_id)

        assert [fields[1] for fields in at.placed()] == sent
