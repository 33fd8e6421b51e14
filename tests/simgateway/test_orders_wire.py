"""Orders over a plain socket: every field is read, and every answer has its field count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simgateway.trading import MSFT, trading
from tests.simgateway.wire import WireClient, contract, frame, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

OF_MSFT = contract(MSFT.conId)
VERSIONS = [157, 176, 178]
UNSET = "1.7976931348623157e+308"


def speaking(gateway: Gateway, version: int, client_id: int = 1) -> WireClient:
    return WireClient(gateway).start(client_id, f"v100..{version}")


def codes(messages: list[tuple[str, ...]]) -> list[str]:
    return [message[3] for message in messages if message[0] == "4"]


@pytest.mark.parametrize(("version", "fields"), [(157, 110), (176, 115), (178, 114)])
def test_a_plain_order_of_the_tests_is_as_long_as_a_real_one(version: int, fields: int) -> None:
    assert len(order(version, 1)) == fields


@pytest.mark.parametrize(
    ("version", "lengths"),
    [
        (157, {"5": 128, "3": 12, "11": 31, "59": 8, "101": 96}),
        (176, {"5": 136, "3": 12, "11": 31, "59": 8, "101": 101}),
        (178, {"5": 135, "3": 12, "11": 32, "59": 8, "101": 100}),
    ],
)
def test_a_fill_is_told_in_messages_of_the_right_length(
    gateway: Gateway, version: int, lengths: dict[str, int]
) -> None:
    with speaking(gateway, version) as client:
        client.send(*order(version, 7, of=OF_MSFT))
        client.send(99, 0)
        messages = client.until(102)
    assert {message[0]: len(message) for message in messages[:-1]} == lengths
    assert messages[-1] == ("102",)


def test_a_fill_is_told_in_the_real_order(gateway: Gateway) -> None:
    with speaking(gateway, 157) as client:
        client.send(61, 1)
        client.until(62)
        client.send(*order(157, 7, of=OF_MSFT))
        messages = client.until(59)
    assert [(m[0], m[2]) if m[0] == "3" else m[0] for m in messages] == [
        *("5", ("3", "PreSubmitted"), "5", ("3", "Submitted")),
        *("11", "5", ("3", "Filled"), "61", "59"),
    ]


def test_an_execution_carries_order_reference_and_local_time(gateway: Gateway) -> None:
    with speaking(gateway, 157) as client:
        client.send(*order(157, 7, of=OF_MSFT, changes={27: "SK1-abc-1"}))
        execution = next(m for m in client.until(59) if m[0] == "11")
    assert execution[1:3] == ("-1", "7")
    assert execution[14:16] == ("0000e0d5.65430001.01.01", "20251126 12:00:05 US/Eastern")
    assert execution[16:21] == ("DU0000001", "NASDAQ", "BOT", "10", "100.01")
    assert execution[22] == "1"
    assert execution[24:27] == ("10", "100.01", "SK1-abc-1")


BLOCKS = {
    "a combination's legs": {
        "of": (0, "A", "BAG", "", 0, "", "", "SMART", "", "USD", "", ""),
        "blocks": {35: (1, *range(8), 1, "1.0", 1, "tag", "value")},
    },
    "a delta neutral order": {
        "changes": {66: "LMT"},
        "blocks": {67: (1, "", "", "", "", 0, 0, "")},
    },
    "a scale": {"changes": {74: "0.5"}, "blocks": {74: (0, 0, 0, 0, 0, 0, 0)}},
    "a hedge": {"changes": {78: "D"}, "blocks": {78: ("x",)}},
    "a delta neutral contract": {"changes": {83: 1}, "blocks": {83: (1, 0.5, 10.0)}},
    "an algorithm": {"changes": {84: "Twap"}, "blocks": {84: (2, "a", "b", "c", "d")}},
    "a peg to a benchmark": {"kind": "PEG BENCH", "blocks": {90: (1, 0, 0.1, 0.1, "X")}},
    "conditions": {
        "changes": {91: 6},
        "blocks": {
            91: (
                *(1, "a", 1, 100.0, 265598, "SMART", 0),
                *(3, "a", 1, "20251126 15:00:00"),
                *(4, "o", 0, 30),
                *(5, "a", "STK", "SMART", "AAPL"),
                *(6, "a", 1, 1000, 265598, "SMART"),
                *(7, "a", 1, 5.0, 265598, "SMART"),
                *(0, 0),
            )
        },
    },
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_that_only_some_orders_have_is_read_to_its_end(
    gateway: Gateway, name: str, version: int
) -> None:
    with speaking(gateway, version) as client:
        client.send(*order(version, 7, **BLOCKS[name]))  # type: ignore[arg-type]
        client.send(49, 1)
        answers = client.until(49)
    assert "320" not in codes(answers)


@pytest.mark.parametrize(("kind", "extra"), [("PEG BEST", 2), ("PEG MID", 2)])
def test_pegged_orders_have_more_fields_from_170(gateway: Gateway, kind: str, extra: int) -> None:
    with speaking(gateway, 178) as client:
        client.send(*order(178, 7, kind=kind), *[""] * extra)
        assert codes([client.receive()]) == ["387"]
        client.send(*order(178, 8, kind="PEG BEST"), "", "Infinite", "", "")
        assert codes([client.receive()]) == ["387"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("change", [-1, 1])
def test_an_order_with_a_field_too_few_or_too_many_is_hung_up_on(
    gateway: Gateway, version: int, change: int
) -> None:
    fields = order(version, 7)
    with speaking(gateway, version) as client:
        client.send(*(fields[:-1] if change < 0 else (*fields, "")))
        answer = client.receive()
        assert (answer[2], answer[3]) == ("7", "320")
        assert client.is_closed()


@pytest.mark.parametrize(
    ("field", "value"), [(18, "ten"), (20, "1,5"), (28, "maybe"), (91, -1), (20, "Infinite")]
)
def test_an_order_with_a_field_that_is_no_number_is_hung_up_on(
    gateway: Gateway, field: int, value: object
) -> None:
    with speaking(gateway, 157) as client:
        client.send(*order(157, 7, changes={field: value}))
        assert codes([client.receive()]) == ["320"]
        assert client.is_closed()


@pytest.mark.parametrize("unset", ["", UNSET, "1.7976931348623157E308", "2147483647"])
def test_every_way_to_leave_a_price_unset_is_understood(gateway: Gateway, unset: str) -> None:
    with speaking(gateway, 157) as client:
        client.send(*order(157, 7, of=OF_MSFT, changes={20: unset, 21: unset, 93: unset}))
        assert [m[0] for m in client.until(59)][-1] == "59"


@pytest.mark.parametrize("field", [18, 20, 21, 70, 71])
@pytest.mark.parametrize("kind", ["MKT", "LMT", "STP", "TRAIL"])
def test_a_figure_too_large_to_reckon_with_is_refused(
    gateway: Gateway, field: int, kind: str
) -> None:
    with speaking(gateway, 157) as client:
        changes = {20: "100", 21: "90", field: "1e308"}
        answer = client.ask(*order(157, 7, "SELL", 1, kind, of=OF_MSFT, changes=changes))
        assert answer[2:4] == ("7", "321")
        assert "no size, price or percentage is above" in answer[4]


def test_what_cannot_be_played_is_refused_by_name(gateway: Gateway) -> None:
    with speaking(gateway, 157) as client:
        client.send(*order(157, 7, changes={84: "Twap"}, blocks={84: (0,)}))
        answer = client.receive()
        assert answer[2:4] == ("7", "321")
        assert answer[4].startswith("algoStrategy: not offered")


def test_an_executed_orders_ids_never_come_back(gateway: Gateway) -> None:
    with speaking(gateway, 157) as client:
        client.send(*order(157, 41, of=OF_MSFT))
        client.until(59)
    with WireClient(gateway) as again:
        again.shake()
        again.send(71, 2, 1, "")
        assert [m for m in again.until(9) if m[0] == "9"] == [("9", "1", "42")]


@pytest.fixture(scope="module")
def lasting() -> Iterator[Gateway]:
    with trading() as (running, _market):
        yield running


def everything(client: WireClient) -> list[tuple[str, ...]]:
    """What comes until the answer of the time, or until the gateway has hung up."""
    told: list[tuple[str, ...]] = []
    try:
        while not told or told[-1][0] != "49":
            told.append(client.receive())
    except (EOFError, ConnectionError):
        pass
    return told


NASTY = st.sampled_from(
    (
        *("", "0", "1", "-1", "2", "1e300", "-1e300", "99999999999999999999", "NaN", "Infinite"),
        *(
            "0.0000000001",
            "-0",
            "ten",
            "true",
            "\N{LATIN SMALL LETTER U WITH DIAERESIS}",
            "A" * 500,
        ),
        *(UNSET, "2147483647", "BUY", "LMT", "STP LMT", "TRAIL", "MOC", "PEG MID", "BAG", "IOC"),
    )
)


@settings(max_examples=200, deadline=None)
@given(changes=st.dictionaries(st.integers(2, 110), NASTY, max_size=5), again=st.booleans())
def test_whatever_stands_in_an_order_is_answered_and_breaks_nothing(
    lasting: Gateway, changes: dict[int, object], again: bool
) -> None:
    number = lasting.exchange.book.highest(1) + 1
    fields = order(157, number, "SELL", 1, of=OF_MSFT, changes=changes)
    with WireClient(lasting) as client:
        client.start(1, "v100..157")
        placed = frame(*fields) * (1 + again)
        client.socket.sendall(placed + frame(58, 1) + frame(49, 1))
        told = everything(client)
    assert told[-1][0] == "49" or "320" in codes(told)
    assert not [m for m in told if m[0] == "4" and "see the log" in m[4]]
