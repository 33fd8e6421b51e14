"""The gateway over a plain socket: what it takes, refuses and survives."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario import Scenario
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.wire import AAPL, WireClient, bars, contract, frame, hello, order

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIO = default_scenario()
NOON = parse_instant("2025-11-28T12:00:05")


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket()


@pytest.fixture
def gateway(market: FakeMarket) -> Iterator[Gateway]:
    with serve(SCENARIO, market=market, clock=VirtualClock(NOON, 0)) as running:
        yield running


def code_of(message: tuple[str, ...]) -> tuple[str, int, int]:
    """Message number, request id and code of an error."""
    return message[0], int(message[2]), int(message[3])


# --- handshake ------------------------------------------------------------------------------------


def test_the_handshake_is_answered_with_two_fields_and_then_silence(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.socket.sendall(hello("v157..176"))
        assert client.receive() == ("176", "20251128 12:00:05 EST")
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.receive()


@pytest.mark.parametrize(
    ("versions", "announced"), [("v100..157", 157), ("v157..178", 178), ("v100..222", 178)]
)
def test_the_version_is_negotiated(gateway: Gateway, versions: str, announced: int) -> None:
    with WireClient(gateway) as client:
        assert client.shake(versions) == announced


def test_start_api_is_answered_with_account_order_id_and_farms(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.shake()
        client.send(71, 2, 1, "")
        answers = [client.receive() for _ in range(5)]
    assert answers[:2] == [("15", "1", "DU0000001"), ("9", "1", "2")]
    assert [answer[3] for answer in answers[2:]] == ["2104", "2106", "2158"]
    assert all(answer[2] == "-1" and answer[4].endswith(":sellkitsim") for answer in answers[2:])


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0\xff\xff\xff\xff",
        hello("nonsense"),
        hello("v100..156"),
        hello("v157..176") + b"\x7f\x00\x00\x00",
        hello("v157..176") + frame(61, 1),  # before the API was started
    ],
)
def test_a_bad_opening_closes_that_socket_only(gateway: Gateway, opening: bytes) -> None:
    with WireClient(gateway) as other, WireClient(gateway) as client:
        other.start(2)
        client.socket.sendall(opening)
        assert client.is_closed()
        assert other.ask(49, 1)[0] == "49"


def test_a_client_that_never_starts_is_hung_up_on(market: FakeMarket) -> None:
    with serve(SCENARIO, market=market, handshake_seconds=0.2) as gateway:
        with WireClient(gateway) as client:
            assert client.is_closed()
        with WireClient(gateway) as client:
            client.socket.sendall(hello("v157..176"))
            assert client.is_closed()
        with WireClient(gateway) as client:
            client.start()
            client.socket.settimeout(0.5)
            with pytest.raises(TimeoutError):
                client.receive()  # a started client may be as quiet as it likes


def test_a_client_id_in_use_is_refused_and_then_closed(gateway: Gateway) -> None:
    with WireClient(gateway) as first, WireClient(gateway) as second:
        first.start(1)
        second.shake()
        assert code_of(second.ask(71, 2, 1, "")) == ("4", -1, 326)
        assert second.is_closed()
        assert len(gateway.sessions) == 1


@pytest.mark.parametrize("linger", [False, True])
def test_a_client_id_is_free_again_after_any_kind_of_close(gateway: Gateway, linger: bool) -> None:
    for _ in range(3):
        with WireClient(gateway) as watcher, WireClient(gateway) as client:
            client.start(1)
            if linger:  # closing with this option set resets the connection
                option = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            client.socket.close()
            watcher.start(9)
            while len(gateway.sessions) > 1:
                watcher.ask(49, 1)


def test_32_clients_are_served_at_once(gateway: Gateway) -> None:
    clients = [WireClient(gateway).start(number) for number in range(32)]
    for client in clients:
        client.send(61, 1)
    counts = [len(client.until(62)) for client in clients]
    for client in clients:
        client.socket.close()
    assert counts == [7] * 32


def test_the_33rd_client_is_hung_up_on_until_another_one_leaves(gateway: Gateway) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(WireClient(gateway)).start(n) for n in range(1, 33)]
        one_more, same = (stack.enter_context(WireClient(gateway)) for _ in range(2))
        for client, number in ((one_more, 33), (same, 5)):
            client.shake()
            client.send(71, 2, number, "")
        assert one_more.is_closed()
        assert same.receive()[3] == "326"
        clients[0].socket.close()
        while len(gateway.sessions) > 31:
            assert clients[1].ask(49, 1)[0] == "49"
        assert stack.enter_context(WireClient(gateway)).start(33).ask(49, 1)[0] == "49"


# --- robustness -----------------------------------------------------------------------------------


def test_requests_may_arrive_byte_by_byte_or_many_at_once(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start()
        for byte in frame(49, 1):
            client.socket.sendall(bytes([byte]))
        assert client.receive()[0] == "49"
        client.socket.sendall(frame(49, 1) * 20)
        assert [client.receive()[0] for _ in range(20)] == ["49"] * 20


def test_an_unknown_message_is_an_error_and_the_session_goes_on(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start()
        assert code_of(client.ask(9999, 1, 2, 3)) == ("4", -1, 320)
        assert client.ask(49, 1)[0] == "49"


def test_a_request_that_is_not_offered_says_so_under_its_own_id(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start()
        answer = client.ask(78, 17, "AAPL", "", "STK", AAPL)
        assert code_of(answer) == ("4", 17, 321)
        assert answer[4] == "reqSecDefOptParams is not offered by this gateway yet"
        assert code_of(client.ask(24, 1)) == ("4", -1, 321)
        client.send(23, 1, 17)
        assert client.ask(49, 1)[0] == "49"


@pytest.mark.parametrize(
    "request_bytes",
    [
        frame(9, 8, "seven", *contract(), 0, "", ""),  # a bad number
        frame(9, 8, 2**31, *contract(), 0, "", ""),  # one that an id cannot have
        frame(9, 8, 7, *contract("9" * 5000), 0, "", ""),
        frame(9, 8, 7),  # too short
        frame(61, 1, 1),  # too long
        frame("", 1),
        frame("sixty-one", 1),
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x04\xff\xfe61",
        b"\x00\x00\x00\x0461\xff\x00",
    ],
)
def test_a_request_that_cannot_be_read_is_320_and_the_end(
    gateway: Gateway, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with WireClient(gateway) as other, WireClient(gateway) as client:
        other.start(2)
        client.start(1)
        client.socket.sendall(request_bytes)
        assert client.receive()[3] == "320"
        assert client.is_closed()
        assert other.ask(49, 1)[0] == "49"
    assert "request_failed" not in caplog.text


def test_a_failure_behind_one_request_leaves_the_others_alone(
    gateway: Gateway, market: FakeMarket
) -> None:
    market.error = RuntimeError("the market broke")
    with WireClient(gateway) as other, WireClient(gateway) as client:
        other.start(2)
        client.start(1)
        assert code_of(client.ask(*bars(7))) == ("4", 7, 320)
        assert client.is_closed()
        assert other.ask(49, 1)[0] == "49"


def listed_with(local_symbol: str) -> Scenario:
    """A scenario of one position whose messages are as long as its local symbol makes them."""
    held = SCENARIO.holdings[0]
    security = replace(held.security, local_symbol=local_symbol)
    return Scenario(holdings=(replace(held, security=security),))


def bytes_of_positions(gateway: Gateway) -> tuple[int, list[str]]:
    """Bytes and numbers of the messages that a list of positions takes."""
    with WireClient(gateway) as client:
        client.start()
        before = client.received
        client.send(61, 1)
        numbers = [message[0] for message in client.until(62)]
        client.socket.settimeout(0.1)
        with suppress(TimeoutError):
            numbers.append(client.receive()[3])
        return client.received - before, numbers


def test_an_answer_of_4096_bytes_is_followed_by_a_notice(market: FakeMarket) -> None:
    with serve(listed_with("X"), market=market) as gateway:
        size, numbers = bytes_of_positions(gateway)
        assert numbers == ["61", "62"]
    with serve(listed_with("X" * (4097 - size)), market=market) as gateway:
        size, numbers = bytes_of_positions(gateway)
        assert numbers == ["61", "62", "2106"]
        assert 4096 < size < 4200


def test_a_client_that_does_not_read_is_dropped_and_nobody_waits_for_it(market: FakeMarket) -> None:
    with (
        serve(listed_with("X" * 20_000), market=market, buffer_limit=50_000) as gateway,
        WireClient(gateway, receive_buffer=4096) as slow,
        WireClient(gateway) as other,
    ):
        slow.start(1).send(61, 1)
        other.start(2)
        changes = 0
        while len(gateway.sessions) == 2:
            gateway.terminal.hold("AAPL", Decimal(changes), Decimal(1))
            changes += 1
            assert changes < 5_000
        assert slow.is_closed()
        assert other.ask(49, 1)[0] == "49"


def test_a_silent_gateway_takes_the_connection_and_says_nothing(gateway: Gateway) -> None:
    gateway.silent = True
    with WireClient(gateway) as client:
        client.socket.sendall(hello("v157..176"))
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.receive()


# --- the books ------------------------------------------------------------------------------------


def test_what_clients_send_is_remembered(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start(5)
        client.ask(49, 1)
    assert [(one.id, one.name, one.client_id) for one in gateway.requests] == [
        (71, "startApi", None),
        (49, "reqCurrentTime", 5),
    ]
    assert gateway.requests[1].time == NOON
    assert gateway.requests[1].fields == ("49", "1")


@pytest.mark.parametrize("version", [157, 176, 178])
def test_an_order_is_taken_and_remembered(gateway: Gateway, version: int) -> None:
    with WireClient(gateway) as client:
        client.start(1, f"v157..{version}")
        client.send(*order(version, 55, "SELL", 100))
        client.send(8, 1, 1)
        assert client.until(9)[-1] == ("9", "1", "56")
    placed = gateway.exchange.placed_orders
    assert [(one.client_id, one.order_id) for one in placed] == [(1, 55)]
    assert placed[0].fields[14:17] == ("SELL", "100", "MKT")


def test_a_gateway_that_was_asked_for_lists_only_holds_no_order(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start()
        for request in ((61, 1), (5, 1), (16, 1), (99, 0), (7, 3, 1, 0, "", "", "", "", "", "")):
            client.send(*request)
        client.until(55)
    assert gateway.exchange.placed_orders == []


def test_a_read_only_gateway_refuses_orders_and_their_lists(market: FakeMarket) -> None:
    read_only = replace(SCENARIO, read_only=True)
    with serve(read_only, market=market) as gateway, WireClient(gateway) as client:
        client.start()
        answers = [client.ask(5, 1), client.ask(99, 0), client.ask(3, 55, *contract())]
    assert [code_of(answer) for answer in answers] == [
        ("4", -1, 321),
        ("4", -1, 321),
        ("4", 55, 321),
    ]
    assert all(
        answer[4].endswith("The API interface is currently in Read-Only mode.")
        for answer in answers
    )
    assert len(gateway.exchange.placed_orders) == 1


@pytest.mark.parametrize(("versions", "fields"), [("v100..157", 128), ("v157..178", 135)])
def test_open_orders_have_the_version_s_field_count_on_the_wire(
    gateway: Gateway, versions: str, fields: int
) -> None:
    with WireClient(gateway) as client:
        client.start(1, versions).send(5, 1)
        assert [len(message) for message in client.until(53)] == [fields, 12, 2]


def test_only_the_default_client_may_bind_orders(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start(1)
        assert code_of(client.ask(15, 1, 1)) == ("4", -1, 321)


def test_positions_carry_the_listing_exchange(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start().send(61, 1)
        messages = client.until(62)
    assert messages[0] == (
        *("61", "3", "DU0000001", str(AAPL), "AAPL", "STK", "", "0.0", "", "", "NASDAQ", "USD"),
        *("AAPL", "NMS", "100", "205.40"),
    )


def test_a_changed_position_reaches_those_who_asked(gateway: Gateway) -> None:
    with WireClient(gateway) as asked, WireClient(gateway) as quiet:
        asked.start(1).send(61, 1)
        asked.until(62)
        quiet.start(2)
        gateway.terminal.hold("AAPL", Decimal(0), Decimal(0))
        assert asked.receive()[4::10] == ("AAPL", "0")
        asked.send(61, 1)
        assert len(asked.until(62)) == 6
        assert quiet.ask(49, 1)[0] == "49"


def test_portfolio_messages_have_20_fields_and_no_exchange(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start().send(6, 2, 1, "DU0000001")
        messages = client.until(54)
    portfolio = [message for message in messages if message[0] == "7"]
    assert {len(message) for message in portfolio} == {20}
    assert portfolio[0][7:11] == ("0", "", "NASDAQ", "USD")
    assert portfolio[0][13:17] == ("100", "100.0", "10000.0", "205.40")
    assert messages[0] == ("6", "2", "AccountReady", "true", "", "DU0000001")


def test_an_unknown_account_is_refused(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        client.start()
        assert code_of(client.ask(6, 2, 1, "U9")) == ("4", -1, 321)
        assert code_of(client.ask(76, 1, 7, "U9", "", 0)) == ("4", 7, 321)
        assert code_of(client.ask(74, 1, 8, "U9", "")) == ("4", 8, 321)


# --- starting and stopping ------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.invalid", ""])
def test_only_this_machine_is_served(host: str, market: FakeMarket) -> None:
    with pytest.raises(ConfigError, match="this machine only"):
        Gateway(SCENARIO, market=market, host=host)


def test_a_port_in_use_is_an_error_that_names_it(gateway: Gateway, market: FakeMarket) -> None:
    second = serve(SCENARIO, market=market, port=gateway.port)
    with pytest.raises(ConfigError, match=f"127.0.0.1:{gateway.port}.*choose another port"):
        second.__enter__()


def test_a_stopped_gateway_closes_its_sockets_and_its_port(market: FakeMarket) -> None:
    with serve(SCENARIO, market=market) as gateway:
        client = WireClient(gateway).start()
    assert client.is_closed()
    client.socket.close()
    with pytest.raises(ConnectionRefusedError):
        WireClient(gateway)


def test_a_block_that_is_opened_again_ends_the_gateway_before() -> None:
    """As running a notebook's cell again does."""
    running = ExitStack()
    former = running.enter_context(serve(SCENARIO))
    running = ExitStack()
    latter = running.enter_context(serve(SCENARIO))
    with pytest.raises(ConnectionRefusedError):
        WireClient(former)
    with WireClient(latter) as client:
        assert client.shake() == 176
    running.close()


def test_a_process_ends_although_nobody_ended_its_gateway() -> None:
    code = (
        "from contextlib import ExitStack\n"
        "from sellkit.simgateway.default_portfolio import default_scenario\n"
        "from sellkit.simgateway.server import serve\n"
        "import builtins; builtins.held = ExitStack()\n"
        "print(builtins.held.enter_context(serve(default_scenario())).port)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0
