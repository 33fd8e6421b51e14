"""The number of fields of every message, at each version that a client of today speaks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.kinds import HANDSHAKE, Direction, kind_of, names
from sellkit.simgateway.market import Market
from sellkit.simgateway.server import serve
from tests.clients.checks import MSFT, limit, order, trading
from tests.simgateway.trading import NOON, SCENARIO
from tests.simgateway.watching import pass_time
from tests.simgateway.wire import WireClient, bars, contract
from tests.simgateway.wire import order as raw_order

if TYPE_CHECKING:
    from tests.clients.driving import Client

VERSIONS = (157, 176, 178)
HELLO = {157: "v100..157", 176: "v157..176", 178: "v157..178"}

# By number and by version, the number itself being the first field; where rows repeat, the fields
# before them, the place of their count, and the fields of one row.
LENGTHS: Final[dict[int, tuple[int, int, int]]] = {
    1: (7, 7, 7),
    2: (5, 5, 5),
    3: (12, 12, 12),
    4: (5, 6, 6),
    5: (128, 136, 135),
    6: (6, 6, 6),
    7: (20, 20, 20),
    8: (3, 3, 3),
    9: (3, 3, 3),
    10: (39, 40, 40),
    11: (31, 31, 32),
    14: (6, 6, 6),
    15: (3, 3, 3),
    45: (5, 5, 5),
    46: (5, 5, 5),
    49: (3, 3, 3),
    52: (3, 3, 3),
    53: (2, 2, 2),
    54: (3, 3, 3),
    55: (3, 3, 3),
    57: (3, 3, 3),
    58: (4, 4, 4),
    59: (8, 8, 8),
    61: (16, 16, 16),
    62: (2, 2, 2),
    63: (7, 7, 7),
    64: (3, 3, 3),
    71: (18, 18, 18),
    72: (3, 3, 3),
    73: (8, 8, 8),
    74: (3, 3, 3),
    81: (5, 5, 5),
    88: (3, 3, 3),
    90: (10, 10, 10),
    94: (5, 5, 5),
    95: (7, 7, 7),
    100: (4, 4, 4),
    101: (96, 101, 100),
    102: (1, 1, 1),
}
ROWS: Final[dict[int, tuple[int, int, tuple[int, int, int]]]] = {
    17: (5, 4, (8, 8, 8)),
    79: (3, 2, (6, 8, 8)),
    93: (3, 2, (2, 2, 2)),
    106: (6, 5, (3, 3, 3)),
}
# What a gateway sends only when it is asked for what the conversation below does not ask for.
UNASKED: Final = {14, 45, 46, 90, 94, 95, 106}

TWO_ACCOUNTS: Final = replace(SCENARIO, accounts=("DU0000001", "DU2"))

Messages = dict[int, list[tuple[str, ...]]]


def expected(message: tuple[str, ...], version: int) -> int:
    number, place = int(message[0]), VERSIONS.index(version)
    if number in LENGTHS:
        return LENGTHS[number][place]
    before, count, rows = ROWS[number]
    return before + int(message[count]) * rows[place]


@cache
def _prices() -> Market:
    return Market.of(TWO_ACCOUNTS)


def converse(version: int) -> Messages:
    """Everything that a gateway says to a client that asks for everything."""
    heard: Messages = defaultdict(list)
    with serve(TWO_ACCOUNTS, market=_prices(), clock=VirtualClock(NOON, 0)) as gateway:
        gateway.terminal.place("AAPL", "SELL", Decimal(5), "LMT", limit_price=Decimal(900))
        with WireClient(gateway) as client:
            client.shake(HELLO[version])
            for request in asked(version):
                client.send(*request)
            messages = client.until(17)
            pass_time(gateway, 60)
            messages += client.until(90)
    for message in messages:
        heard[int(message[0])].append(message)
    return heard


def asked(version: int) -> list[tuple[object, ...]]:
    """The requests of a whole conversation; the last one's answer ends it."""
    aapl = contract()
    issuer = ("",) if version >= 176 else ()
    stop, trail = {21: 90, 22: "GTC"}, {21: 5, 70: 90}
    group = {23: "pair", 48: 1, 20: 900}
    return [
        (71, 2, 0, ""),
        *((15, 1, 1), (61, 1), (6, 2, 1, "DU0000001"), (99, 0)),
        (62, 1, 3, "All", "NetLiquidation,$LEDGER:ALL"),
        *((74, 1, 4, "DU0000001", ""), (76, 1, 5, "DU0000001", "", 0)),
        (9, 8, 6, *aapl, 0, "", "", *issuer),
        (9, 8, 7, *contract(1), 0, "", "", *issuer),
        *((81, 8, "a"), (91, 26), (49, 1), (8, 1, 1), (17, 1)),
        (1, 11, 9, *aapl, 0, "", 1, 0, ""),
        (1, 11, 14, *aapl, 0, "", 0, 0, ""),
        raw_order(version, 20, "SELL", 3, "MKT", of=aapl),
        raw_order(version, 21, "SELL", 3, "LMT", of=aapl, changes=group),
        raw_order(version, 22, "SELL", 3, "STP", of=aapl, changes=stop),
        raw_order(version, 23, "SELL", 3, "TRAIL", of=aapl, changes=trail),
        raw_order(version, 24, "SELL", 3, "MKT", of=aapl, changes={86: 1}),
        raw_order(version, 25, "SELL", 999, "MKT", of=aapl),
        (4, 1, 21, *(("",) if version >= 169 else ())),
        *((5, 1), (16, 1), (99, 0), (58, 1), (99, 0)),
        (7, 3, 11, 0, "", "", "", "", "", ""),
        (87, 12, *aapl, 0, 1, "TRADES", 1),
        (20, 13, *aapl, 0, "", "1 day", "5 D", 1, "SCHEDULE", 1, 0, ""),
        bars(10, keep=1),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_message_has_exactly_as_many_fields_as_its_version_has(version: int) -> None:
    heard = converse(version)
    wrong = {
        (number, len(message), expected(message, version))
        for number, messages in heard.items()
        for message in messages
        if len(message) != expected(message, version)
    }
    assert wrong == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_conversation_makes_the_gateway_say_all_that_it_can(version: int) -> None:
    silent = (LENGTHS.keys() | ROWS.keys()) - converse(version).keys()
    assert silent <= UNASKED


def test_the_lengths_of_all_kinds_are_known() -> None:
    numbers = LENGTHS.keys() | ROWS.keys()
    known = {kind_of(Direction.OUT, (str(number),)) for number in numbers}
    assert names(Direction.OUT) - {HANDSHAKE} == known


@pytest.mark.parametrize("number", [5, 101])
def test_orders_carry_the_word_none_that_brings_further_fields(number: int) -> None:
    places = {5: 63, 101: 54}  # counted from 1, as the type of the delta neutral order
    for message in converse(157)[number]:
        assert message[places[number] - 1] == "None"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_clients_own_order_is_read_to_its_last_field(client: Client, number: int) -> None:
    wanted = (
        order("SELL", 10),
        limit("SELL", 10, 110, tif="GTC", orderRef="x", outsideRth=True, ocaGroup="g"),
        order("SELL", 10, "TRAIL", trailingPercent=5),
    )[number]
    with trading() as (gateway, _):
        client.connect(gateway)
        client.ask("place", order_id=900, contract=MSFT, order=wanted)
        assert client.settle("status")
        sent = [one.fields for one in gateway.requests if one.name == "placeOrder"]
    lengths = {"ibapi": 110, "ib_insync": 115, "ib_async": 114}
    assert [len(fields) for fields in sent] == [lengths[client.library]]
