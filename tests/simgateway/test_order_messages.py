"""Field counts of the messages about orders and contracts, at each version that clients speak."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.simgateway.contract_messages import Listed, contract_details, symbol_samples
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.exchange import Exchange
from sellkit.simgateway.execution_messages import completed_orders_end
from sellkit.simgateway.framing import Message, encode, split
from sellkit.simgateway.messages import error
from sellkit.simgateway.order_messages import open_order, order_status
from sellkit.simgateway.orders.order import resting_order
from sellkit.simgateway.scenario import OrderKind, Security

SCENARIO = default_scenario()
STOP = Exchange(SCENARIO).orders()[0]
AAPL = SCENARIO.holdings[0].security
LISTED = Listed("US/Eastern", "", "", 26)


def sent(message: Message) -> tuple[str, ...]:
    """The fields of a message as they are on the wire; the first is field 1 of the protocol."""
    return ("", *split(encode(message)[4:]))


@pytest.mark.parametrize(
    ("version", "fields"), [(157, 128), (158, 128), (159, 129), (160, 130), (162, 131)]
)
def test_an_open_order_grows_with_the_version(version: int, fields: int) -> None:
    assert len(open_order(version, STOP)) == fields


@pytest.mark.parametrize(("version", "fields"), [(170, 136), (176, 136), (177, 135), (178, 135)])
def test_an_open_order_has_136_fields_at_176_and_135_at_178(version: int, fields: int) -> None:
    assert len(open_order(version, STOP)) == fields


def test_a_resting_stop_carries_what_a_real_gateway_fills_in() -> None:
    fields = sent(open_order(157, STOP))
    assert fields[1:14] == (
        *("5", "1", "265598", "AAPL", "STK", "", "0.0", "?", "", "SMART", "USD", "AAPL", "NMS"),
    )
    assert fields[14:20] == ("SELL", "100", "STP", "0.0", "150", "GTC")
    assert fields[21] == "DU0000001"
    assert fields[25:27] == ("1", "1400000001")
    assert fields[55] == "3"  # what happens to the rest of a group
    assert fields[63] == "None"  # type of the delta neutral order, which brings eight fields along
    assert fields[89] == "IB"  # clearing intent: field 81 and the eight
    assert fields[95] == "PreSubmitted"
    assert fields[96:108] == ("1.7976931348623157E308",) * 12
    assert fields[113] == "None"  # type of the adjusted order


def test_a_trailing_stop_shows_where_it_stands_in_both_places() -> None:
    resting = replace(
        SCENARIO.orders[0],
        order_type="TRAIL",
        aux_price=Decimal(3),
        trail_stop_price=Decimal("190.5"),
    )
    fields = sent(open_order(157, resting_order(resting, 1, 7)))
    assert (fields[75], fields[115]) == ("190.5", "190.5")  # fields 67 and 107, and the eight


def test_an_order_placed_by_hand_has_the_order_id_zero() -> None:
    resting = replace(SCENARIO.orders[0], kind=OrderKind.MANUAL, client_id=None)
    order = Exchange(replace(SCENARIO, orders=(resting,))).orders()[0]
    fields = sent(open_order(176, order))
    assert (fields[2], fields[25]) == ("0", "0")


def test_an_order_status_has_12_fields() -> None:
    assert sent(order_status(STOP))[1:] == (
        *(
            "3",
            "1",
            "PreSubmitted",
            "0.0",
            "100",
            "0.0",
            "1400000001",
            "0",
            "0.0",
            "1",
            "trigger",
            "0.0",
        ),
    )


def test_a_limit_order_works_at_once() -> None:
    stop = SCENARIO.orders[0]
    limit = replace(stop, order_type="LMT", limit_price=Decimal(300), aux_price=None)
    assert resting_order(limit, 1, 1).status == "Submitted"


def test_the_end_of_completed_orders_is_its_number_alone() -> None:
    assert sent(completed_orders_end())[1:] == ("102",)


def test_an_error_has_5_fields_and_6_from_166() -> None:
    assert error(165, 7, 200, "x") == (4, 2, 7, 200, "x")
    assert error(166, 7, 200, "x") == (4, 2, 7, 200, "x", "")


@pytest.mark.parametrize(
    ("version", "fields"), [(157, 39), (163, 40), (164, 40), (176, 40), (178, 40)]
)
def test_contract_details_change_with_the_version(version: int, fields: int) -> None:
    assert len(contract_details(version, 1, AAPL, "SMART", LISTED)) == fields


def test_contract_details_lose_their_own_version_at_164() -> None:
    assert sent(contract_details(163, 9, AAPL, "SMART", LISTED))[1:5] == ("10", "8", "9", "AAPL")
    assert sent(contract_details(164, 9, AAPL, "SMART", LISTED))[1:4] == ("10", "9", "AAPL")


def test_a_backslash_in_a_name_is_doubled() -> None:
    named = Security(con_id=1, symbol="X", primary_exchange="NYSE", long_name="A\\B Ä")
    assert "A\\\\B \\xc4" in sent(contract_details(176, 1, named, "SMART", LISTED))


@pytest.mark.parametrize(("version", "fields"), [(175, 9), (176, 11)])
def test_symbol_samples_gain_two_fields_at_176(version: int, fields: int) -> None:
    assert len(symbol_samples(version, 1, [(AAPL, ())])) == fields
