"""Tickets close a position in full, under an identity that never changes, and name no account."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from sellkit.core.orders import OrderIntent, limited, prepare
from sellkit.core.portfolio import OWN_REFERENCE, Side
from sellkit.core.signals import Decision
from tests.build import (
    HOUR_END,
    NUMBER,
    account,
    assignment,
    certificate,
    open_order,
    position,
    signal,
    snapshot,
    ticket,
    utc,
)

# The first twelve digits that sha256sum gives for
# "DU1234567|265598|2026-01-28T20:00:00+00:00|CLOSE".
TICKET_ID = "458cc03b1d34"


# --- identity -------------------------------------------------------------------------------------


def test_a_ticket_has_the_same_id_for_ever() -> None:
    assert ticket().ticket_id == TICKET_ID
    assert OrderIntent(NUMBER, 265598, HOUR_END).ticket_id == TICKET_ID


def test_the_quantity_does_not_change_a_tickets_id() -> None:
    assert ticket(position(quantity="7")).ticket_id == TICKET_ID


def test_the_assignment_and_the_prices_do_not_change_a_tickets_id() -> None:
    other = signal(proof=certificate(close=50.0, seed=0.5), assigned=assignment("EMA 200 1D"))
    assert prepare(other).ticket_id == TICKET_ID


@pytest.mark.parametrize(
    "intent",
    [
        OrderIntent("DU7654321", 265598, HOUR_END),
        OrderIntent(NUMBER, 265599, HOUR_END),
        OrderIntent(NUMBER, 265598, utc("2026-01-28 21:00")),
    ],
)
def test_another_account_contract_or_bar_is_another_ticket(intent: OrderIntent) -> None:
    assert intent.ticket_id != TICKET_ID


def test_the_reference_names_the_ticket_and_its_attempt() -> None:
    assert ticket().reference == f"SK1-{TICKET_ID}-1"
    assert open_order(ticket().reference).is_own


@pytest.mark.parametrize("reference", ["", "sk1-458cc03b1d34-1", "mine", "XSK1-1"])
def test_an_order_without_our_reference_is_foreign(reference: str) -> None:
    assert not open_order(reference).is_own


# --- the order ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "quantity", "fraction"),
    [("100", "100", "0"), ("10.75", "10", "0.75"), ("0.5", "0", "0.5"), ("2.999", "2", "0.999")],
)
def test_the_whole_shares_are_sold_and_the_fraction_is_kept_apart(
    held: str, quantity: str, fraction: str
) -> None:
    prepared = ticket(position(quantity=held))
    assert prepared.side is Side.SELL
    assert (prepared.quantity, prepared.fraction) == (Decimal(quantity), Decimal(fraction))


def test_the_side_comes_from_the_sign_of_the_position() -> None:
    assert ticket(position(quantity="-5")).side is Side.BUY


def test_the_notional_is_quantity_times_close() -> None:
    assert ticket(position(quantity="3"), certificate(close=99.01)).notional == Decimal("297.03")


def test_the_order_is_complete_and_can_be_written_as_json() -> None:
    order = ticket(position("NYSE:BRK.B", quantity="12.5", con_id=1)).order()
    assert json.loads(json.dumps(order)) == order
    assert order["contract"] == {
        "conId": 1,
        "symbol": "BRK.B",
        "secType": "STK",
        "currency": "USD",
        "exchange": "SMART",
        "primaryExchange": "NYSE",
    }
    reference = order["order"].pop("orderRef")
    assert str(reference).startswith(OWN_REFERENCE)
    assert order["order"] == {
        "action": "SELL",
        "totalQuantity": "12",
        "orderType": "MKT",
        "tif": "DAY",
        "account": "main",
        "outsideRth": False,
        "transmit": True,
    }


@pytest.mark.parametrize("decision", [Decision.HOLD, Decision.UNDECIDED, Decision.EXCLUDED])
def test_a_decision_without_evidence_makes_no_ticket(decision: Decision) -> None:
    with pytest.raises(ValueError, match=f"{decision} on NASDAQ:AAPL has no certificate"):
        prepare(signal(decision=decision))


# --- what an account shows of itself --------------------------------------------------------------


@pytest.mark.parametrize(
    "thing",
    [
        account(),
        position(),
        open_order(),
        snapshot(orders=[open_order()]),
        OrderIntent(NUMBER, 265598, HOUR_END),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_the_account_number_stands_in_no_text(thing: object) -> None:
    assert NUMBER not in repr(thing)
    assert NUMBER not in str(thing)
    assert NUMBER not in f"{thing}"


def test_the_account_number_stands_in_no_ticket() -> None:
    prepared = ticket()
    assert NUMBER not in repr(prepared)
    assert NUMBER not in str(prepared)
    assert NUMBER not in json.dumps(prepared.order())


def test_an_account_is_shown_by_its_alias() -> None:
    assert str(account(alias="pension")) == "pension"


def test_two_accounts_of_one_alias_are_two() -> None:
    assert account("DU1") != account("DU2")
    assert account("DU1").fingerprint != account("DU2").fingerprint


def test_a_fingerprint_stays_the_same_whatever_the_alias() -> None:
    # The first twelve digits that sha256sum gives for "sellkit account DU1234567".
    assert account(alias="one").fingerprint == "ff43de575b35"
    assert account(alias="two").fingerprint == "ff43de575b35"


def test_orders_are_tied_to_a_position_by_the_contract_number() -> None:
    orders = [open_order(con_id=1), open_order(con_id=2), open_order("SK1-x-1", con_id=1)]
    assert snapshot(orders=orders).orders_on(1) == (orders[0], orders[2])
    assert snapshot(orders=orders).orders_on(3) == ()


@pytest.mark.parametrize(
    ("bid", "step", "limit"),
    [("100", "0.01", "99.8"), ("99.99", "0.01", "99.79"), ("99.99", "0.05", "99.75"),
     ("0.5432", "0.0001", "0.5421")],
)  # fmt: skip
def test_a_limit_below_the_bid_is_rounded_down_to_the_price_step(
    bid: str, step: str, limit: str
) -> None:
    made = limited(ticket(), Decimal(bid), Decimal("0.002"), Decimal(step))
    assert (made.order_type, made.limit_price) == ("LMT", Decimal(limit))
    assert made.reference == ticket().reference


def test_an_order_at_the_market_names_no_limit() -> None:
    assert "lmtPrice" not in ticket().order()["order"]
