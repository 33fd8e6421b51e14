"""Fault rules: what is refused in them, when they strike, and what then happens on the wire."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.plain_order import VERSIONS, sell
from tests.simgateway.wire import WireClient, bars, contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario

    Serve = Callable[[str], AbstractContextManager[Gateway]]

NOON = parse_instant("2025-11-28T12:00:05")
PORTFOLIO = """
[[positions]]
symbol = "AAPL"
conId = 265598
primaryExchange = "NASDAQ"
position = 100
avgCost = 205.4
[[positions]]
symbol = "JPM"
conId = 1520593
primaryExchange = "NYSE"
position = 50
avgCost = 210
"""
JPM = 1520593


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON, 0)


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], Scenario]:
    """Reads the portfolio with some text behind it."""

    def read(text: str) -> Scenario:
        file = tmp_path / "scenario.toml"
        file.write_text(PORTFOLIO + text, encoding="utf-8")
        return load_scenario(file)

    return read


@pytest.fixture
def with_faults(scenario: Callable[[str], Scenario], clock: VirtualClock) -> Serve:
    """Serves the portfolio with rules; one text is one rule or several."""
    return lambda text: serve(scenario(text), market=FakeMarket(), clock=clock)


def rule(*lines: str) -> str:
    """One rule of a scenario file."""
    return "\n".join(("[[faults]]", *lines, ""))


def is_quiet(client: WireClient, seconds: float = 0.15) -> bool:
    """Whether nothing comes for a while."""
    client.socket.settimeout(seconds)
    try:
        client.receive()
    except TimeoutError:
        return True
    else:
        return False
    finally:
        client.socket.settimeout(10)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (rule('message = "reqPositions"'), r"'do' is missing in faults\[1\]"),
        (rule('do = "explode"'), r"'do' in faults\[1\] .* must be one of delay, drop"),
        (rule('do = "drop"'), r"'message' is missing in faults\[1\]"),
        (rule('do = "drop"', 'message = "reqHolidays"'), "could never strike: 'reqHolidays'"),
        (rule('do = "drop"', 'message = "reqPositions"', "colour = 1"), "unknown key 'colour'"),
        (rule('do = "drop"', 'message = "*"'), "'direction' is missing"),
        (
            rule('do = "drop"', 'message = "position"', 'direction = "in"'),
            "'direction' .* is wrong: position goes 'out'",
        ),
        (rule('do = "drop"', 'message = "position"', "nth = 0"), "'nth' .* must be 1 or more"),
        (
            rule('do = "drop"', 'message = "position"', "nth = 1", "every = 2"),
            "'nth' .* stands beside another count",
        ),
        (
            rule('do = "drop"', 'message = "position"', 'symbol = "MSFT"'),
            "'symbol' .* is not in the scenario, so it could never strike: 'MSFT'",
        ),
        (
            rule('do = "drop"', 'message = "positionEnd"', 'symbol = "AAPL"'),
            "'symbol' .* positionEnd is about no contract",
        ),
        (
            rule('do = "drop"', 'message = "position"', "after = 2025-11-28", "nth = 1"),
            "'after' .* must be a time like",
        ),
        (
            rule(
                'do = "drop"',
                'message = "position"',
                "after = 2025-11-28T12:00:00",
                "before = 2025-11-28T11:00:00",
            ),
            "'before' .* must be later than 'after'",
        ),
        (
            rule('do = "drop"', 'message = "handshake"', "clientId = 1"),
            "'clientId' .* is not known yet",
        ),
        (rule('do = "drop"', "at = 2025-11-28T12:00:00"), "'do' .* needs a message"),
        (
            rule('do = "close"', "at = 2025-11-28T12:00:00", 'message = "position"'),
            "'at' .* strikes without a message",
        ),
        (
            rule('do = "close"', "at = 2025-11-28T12:00:00", "nth = 1"),
            "unknown key 'nth' in faults",
        ),
        (rule('do = "delay"', 'message = "position"'), "'seconds' is missing"),
        (
            rule('do = "delay"', 'message = "position"', "seconds = -1"),
            "'seconds' .* must be 0 or more",
        ),
        (rule('do = "duplicate"', 'message = "position"', "times = 1"), "'times' .* from 2 to"),
        (rule('do = "truncate"', 'message = "position"'), "'fields' .* or 'bytes' must be given"),
        (
            rule('do = "truncate"', 'message = "reqPositions"', "bytes = 3"),
            "'bytes' .* only cuts what the gateway sends",
        ),
        (rule('do = "error"', 'message = "reqPositions"'), "'code' is missing"),
        (rule('do = "error"', 'message = "reqPositions"', "code = 4711"), "'text' is missing"),
        (rule('do = "corrupt"', 'message = "position"', 'value = "x"'), "'field' is missing"),
        (
            rule('do = "corrupt"', 'message = "position"', "field = 3", "value = true"),
            "'value' .* must be a text or a number",
        ),
        (
            rule('do = "refuse_client_id"', 'message = "reqPositions"'),
            "'message' .* must be startApi",
        ),
        (rule('do = "sequence"', 'message = "reqPositions"'), "'steps' is missing"),
        (
            rule('do = "sequence"', 'message = "reqPositions"', "steps = [{code = 1100, on = 1}]"),
            r"unknown key 'on' in steps\[1\]",
        ),
        ('[[latency]]\nmessage = "reqPositions"', "'seconds' .* exactly one of them"),
        ('[[latency]]\nmessage = "*"\ndirection = "in"\nseconds = 1', "must be one kind"),
        ('[[latency]]\nmessage = "reqIds"\nlow = 2\nhigh = 1', "'high' .* must not be below"),
        (
            '[[latency]]\nmessage = "reqIds"\nseconds = 1\n' * 2,
            r"'message' in latency\[2\] .* has a latency already",
        ),
    ],
)
def test_a_wrong_rule_is_refused_by_key_and_place(
    scenario: Callable[[str], Scenario], text: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=named) as refused:
        scenario(text)
    assert "\n" not in str(refused.value)


# --- what happens to a message --------------------------------------------------------------------


def test_without_rules_every_message_passes_untouched(with_faults: Serve) -> None:
    with with_faults("") as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert [message[0] for message in client.until(62)] == ["61", "61", "62"]


def test_a_dropped_answer_never_comes(with_faults: Serve) -> None:
    with (
        with_faults(rule('do = "drop"', 'message = "positionEnd"')) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(61, 1)
        assert [client.receive()[0] for _ in range(2)] == ["61", "61"]
        assert client.ask(49, 1)[0] == "49"


def test_a_dropped_request_is_remembered_and_never_answered(with_faults: Serve) -> None:
    with (
        with_faults(rule('do = "drop"', 'message = "placeOrder"')) as gateway,
        WireClient(gateway) as client,
    ):
        client.start(1, VERSIONS).send(*sell(55))
        assert client.ask(49, 1)[0] == "49"
        assert gateway.exchange.placed_orders == []
        assert [one.name for one in gateway.requests][1:] == ["placeOrder", "reqCurrentTime"]


def test_a_delayed_answer_is_overtaken_by_other_kinds_only(with_faults: Serve) -> None:
    fault = rule('do = "delay"', 'message = "position"', "seconds = 0.1")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        began = time.monotonic()
        found = [client.receive() for _ in range(3)]
    assert [message[0] for message in found] == ["62", "61", "61"]
    assert [message[4] for message in found[1:]] == ["AAPL", "JPM"]
    assert time.monotonic() - began >= 0.09


def test_messages_of_one_kind_never_overtake_each_other(with_faults: Serve) -> None:
    fault = rule('do = "delay"', 'message = "position"', "seconds = 0.1", "nth = 1")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert [client.receive()[4:5] for _ in range(3)] == [(), ("AAPL",), ("JPM",)]


def test_a_duplicated_answer_comes_twice_in_a_row(with_faults: Serve) -> None:
    fault = rule('do = "duplicate"', 'message = "position"', 'symbol = "JPM"')
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert [message[4:5] for message in client.until(62)] == [("AAPL",), ("JPM",), ("JPM",), ()]


def test_a_duplicated_request_is_answered_twice(with_faults: Serve) -> None:
    fault = rule('do = "duplicate"', 'message = "reqCurrentTime"', "times = 3")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(49, 1)
        assert [client.receive()[0] for _ in range(3)] == ["49"] * 3


def test_a_reordered_answer_goes_behind_the_next(with_faults: Serve) -> None:
    fault = rule('do = "reorder"', 'message = "position"', "nth = 1")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert [message[4:5] for message in client.until(62)] == [("JPM",), ("AAPL",), ()]


def test_a_reordered_answer_that_nothing_follows_still_comes(with_faults: Serve) -> None:
    fault = rule('do = "reorder"', 'message = "currentTime"', "seconds = 0.05")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        assert client.start().ask(49, 1)[0] == "49"


def test_a_truncated_answer_is_a_whole_frame_with_fewer_fields(with_faults: Serve) -> None:
    fault = rule('do = "truncate"', 'message = "position"', "fields = 4", "nth = 2")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert [len(message) for message in client.until(62)] == [16, 4, 2]


def test_a_truncated_request_cannot_be_read(with_faults: Serve) -> None:
    fault = rule('do = "truncate"', 'message = "reqContractDetails"', "fields = 4")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start()
        assert client.ask(9, 8, 7, *contract(), 0, "", "")[3] == "320"


def test_a_frame_cut_in_bytes_ends_the_connection(with_faults: Serve) -> None:
    fault = rule('do = "truncate"', 'message = "position"', "bytes = 9")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert client.is_closed()
        assert (len(client._rest), client._rest[4:]) == (9, b"61\x003\x00")


def test_a_corrupted_field_carries_the_given_text(with_faults: Serve) -> None:
    fault = rule('do = "corrupt"', 'message = "position"', "field = 15", 'value = "-1"')
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        assert [message[14] for message in client.until(62)[:2]] == ["-1", "-1"]


def test_an_error_stands_in_for_the_answer_under_the_requests_id(with_faults: Serve) -> None:
    fault = rule('do = "error"', 'message = "reqContractDetails"', "code = 200", 'text = "No."')
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(9, 8, 7, *contract(), 0, "", "")
        assert answer[2:5] == ("7", "200", "No.")
        assert client.ask(49, 1)[0] == "49"


def test_an_error_with_deliver_goes_before_the_answer(with_faults: Serve) -> None:
    fault = rule(
        'do = "error"',
        'message = "reqCurrentTime"',
        "code = 10349",
        'text = "x"',
        "deliver = true",
        "requestId = 12",
    )
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        assert client.start().ask(49, 1)[2:4] == ("12", "10349")
        assert client.receive()[0] == "49"


def test_no_data_and_pacing_strike_the_chosen_symbol_alone(with_faults: Serve) -> None:
    faults = rule('do = "no_data"', 'symbol = "AAPL"') + rule('do = "pacing"', 'symbol = "JPM"')
    with with_faults(faults) as gateway, WireClient(gateway) as client:
        client.start()
        first = client.ask(*bars(5))
        second = client.ask(*bars(6, of=contract(JPM)))
    assert (first[2], first[3]) == ("5", "162")
    assert first[4].endswith("HMDS query returned no data: AAPL@SMART Trades")
    assert (second[2], second[3]) == ("6", "162")
    assert second[4].endswith("pacing violation")


def test_a_symbol_is_known_in_answers_that_carry_an_id_only(with_faults: Serve) -> None:
    fault = rule('do = "drop"', 'message = "historicalData"', 'symbol = "AAPL"')
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(*bars(5))
        assert client.ask(*bars(6, of=contract(JPM)))[:2] == ("17", "6")
        assert is_quiet(client)


# --- what happens to a session --------------------------------------------------------------------


def test_closing_ends_that_session_only(with_faults: Serve) -> None:
    fault = rule('do = "close"', 'message = "reqPositions"', "clientId = 1")
    with (
        with_faults(fault) as gateway,
        WireClient(gateway) as struck,
        WireClient(gateway) as other,
    ):
        struck.start(1).send(61, 1)
        assert struck.is_closed()
        other.start(2).send(61, 1)
        assert len(other.until(62)) == 3


def test_closing_with_deliver_carries_the_request_out_and_loses_its_answer(
    with_faults: Serve,
) -> None:
    fault = rule('do = "close"', 'message = "placeOrder"', "deliver = true")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start(1, VERSIONS).send(*sell(55))
        with pytest.raises((EOFError, ConnectionError)):
            client.receive()
        assert [order.order_id for order in gateway.exchange.placed_orders] == [55]


def test_a_silent_session_stays_open_and_answers_nothing_for_a_while(with_faults: Serve) -> None:
    fault = rule('do = "silent"', 'message = "reqPositions"', "seconds = 0.3", "nth = 1")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start().send(61, 1)
        client.send(49, 1)
        assert is_quiet(client, 0.2)
        while is_quiet(client, 0.05):
            client.send(49, 1)
        assert client.ask(49, 1)[0] == "49"


def test_silence_with_deliver_carries_the_request_out(with_faults: Serve) -> None:
    fault = rule('do = "silent"', 'message = "placeOrder"', "deliver = true")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start(1, VERSIONS).send(*sell(55))
        assert is_quiet(client)
        assert [order.order_id for order in gateway.exchange.placed_orders] == [55]


def test_a_refused_client_id_is_told_so_and_hung_up_on(with_faults: Serve) -> None:
    fault = rule('do = "refuse_client_id"', "clientId = 7", "nth = 1")
    with with_faults(fault) as gateway:
        with WireClient(gateway) as client:
            client.shake()
            assert client.ask(71, 2, 7, "")[2:4] == ("-1", "326")
            assert client.is_closed()
        with WireClient(gateway) as other, WireClient(gateway) as again:
            other.start(8)
            again.start(7)


def test_a_silent_handshake_is_a_port_that_takes_and_says_nothing(with_faults: Serve) -> None:
    with (
        with_faults(rule('do = "silent"', 'message = "handshake"')) as gateway,
        WireClient(gateway) as client,
    ):
        client.socket.settimeout(0.15)
        with pytest.raises(TimeoutError):
            client.shake()


def test_a_late_start_of_the_api_is_not_taken_for_a_missing_one(
    scenario: Callable[[str], Scenario],
) -> None:
    text = '[[latency]]\nmessage = "startApi"\nseconds = 0.3'
    with (
        serve(scenario(text), market=FakeMarket(), handshake_seconds=0.2) as gateway,
        WireClient(gateway) as client,
    ):
        client.start()
        assert is_quiet(client, 0.3)
        assert client.ask(49, 1)[0] == "49"


def test_a_sequence_tells_every_client_in_order(with_faults: Serve) -> None:
    fault = rule(
        'do = "sequence"',
        'message = "reqPositions"',
        "steps = [{code = 1100, mute = true}, {after = 0.1, code = 2103},"
        " {after = 0.1, code = 1102, mute = false}]",
    )
    with (
        with_faults(fault) as gateway,
        WireClient(gateway) as asking,
        WireClient(gateway) as other,
    ):
        other.start(2)
        asking.start(1).send(61, 1)
        assert other.receive()[3] == "1100"
        other.send(49, 1)  # is taken, and lost
        codes = [other.receive()[3] for _ in range(2)]
        assert codes == ["2103", "1102"]
        assert other.ask(49, 1)[0] == "49"
        assert [asking.receive()[3] for _ in range(3)] == ["1100", "2103", "1102"]


def test_a_port_reset_tells_1300_and_closes(with_faults: Serve) -> None:
    fault = rule('do = "sequence"', 'message = "reqIds"', "steps = [{code = 1300, close = true}]")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        assert client.start().ask(8, 1, 1)[3] == "1300"
        assert client.is_closed()


# --- when a rule strikes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "answered"),
    [
        ("nth = 2", [True, False, True, True, True, True]),
        ("every = 3", [True, True, False, True, True, False]),
        ("from = 5", [True, True, True, True, False, False]),
        ("", [False] * 6),
    ],
)
def test_a_count_chooses_the_messages(with_faults: Serve, count: str, answered: list[bool]) -> None:
    fault = rule(
        'do = "error"', 'message = "reqCurrentTime"', "code = 100", 'text = "struck"', count
    )
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start()
        assert [client.ask(49, 1)[0] == "49" for _ in answered] == answered
        assert gateway.faults.armed[0].fitted == 6
        assert gateway.faults.armed[0].struck == answered.count(False)


def test_a_rule_keeps_to_its_hours_of_the_gateways_clock(
    with_faults: Serve, clock: VirtualClock
) -> None:
    fault = rule(
        'do = "error"',
        'message = "reqCurrentTime"',
        "code = 100",
        "after = 2025-11-28T13:00:00",
        'before = "2025-11-28T19:00:00Z"',
    )
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start()
        found = []
        for hour in (12, 13, 14):
            clock.set(parse_instant(f"2025-11-28T{hour}:00:00"))
            found.append(client.ask(49, 1)[0])
    assert found == ["49", "4", "49"]


def test_a_rule_with_a_moment_strikes_once_without_any_message(
    with_faults: Serve, clock: VirtualClock
) -> None:
    fault = rule('do = "error"', "code = 2105", "at = 2025-11-28T13:00:00", "clientId = 2")
    with (
        with_faults(fault) as gateway,
        WireClient(gateway) as other,
        WireClient(gateway) as told,
    ):
        other.start(1)
        told.start(2)
        clock.set(parse_instant("2025-11-28T13:00:00"))
        assert told.receive()[3:5] == ("2105", "HMDS data farm connection is broken:sellkitsim")
        assert is_quiet(told, 0.4)
        assert other.ask(49, 1)[0] == "49"


def test_every_message_of_a_direction_can_be_meant(with_faults: Serve) -> None:
    fault = rule('do = "close"', 'message = "*"', 'direction = "in"', "nth = 3")
    with with_faults(fault) as gateway, WireClient(gateway) as client:
        client.start()
        assert client.ask(49, 1)[0] == "49"
        client.send(49, 1)
        assert client.is_closed()


# --- latency --------------------------------------------------------------------------------------


def test_a_latency_makes_answers_slow_and_others_overtake_them(with_faults: Serve) -> None:
    with (
        with_faults('[[latency]]\nmessage = "reqPositions"\nseconds = 0.1') as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(61, 1)
        began = time.monotonic()
        assert client.ask(49, 1)[0] == "49"
        assert [message[0] for message in client.until(62)] == ["61", "61", "62"]
        assert time.monotonic() - began >= 0.09


@pytest.mark.parametrize(
    ("spread", "low", "high"),
    [("low = 1\nhigh = 3", 1, 3), ("mean = 0.5\nlow = 1", 1, 6), ("seconds = 2", 2, 2)],
)
def test_latencies_are_drawn_from_the_seed_within_their_bounds(
    scenario: Callable[[str], Scenario], spread: str, low: float, high: float
) -> None:
    (latency,) = scenario(f'[[latency]]\nmessage = "reqIds"\n{spread}').latencies
    drawn = [latency.seconds(share / 1000) for share in range(1000)]
    assert low <= min(drawn)
    assert max(drawn) <= high
    assert drawn == sorted(drawn)


# --- the real client ------------------------------------------------------------------------------


def test_the_real_client_connects_without_positions_when_their_end_is_lost(
    with_faults: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def look(gateway: Gateway) -> int:
        ib = IB()
        await ib.connectAsync(gateway.host, gateway.port, clientId=1, timeout=0.5)
        try:
            return len(ib.positions())
        finally:
            ib.disconnect()

    with (
        caplog.at_level(logging.ERROR, "ib_insync"),
        with_faults(
            rule('do = "drop"', 'message = "position"', "nth = 2")
            + rule('do = "drop"', 'message = "positionEnd"')
        ) as gateway,
    ):
        assert asyncio.run(look(gateway)) == 1
    assert "positions request timed out" in caplog.text


def test_the_real_client_hears_a_lost_connection_and_its_return(with_faults: Serve) -> None:
    fault = rule(
        'do = "sequence"',
        'message = "reqCurrentTime"',
        "steps = [{code = 1100}, {after = 0.05, code = 1101}]",
    )

    async def listen(gateway: Gateway) -> list[int]:
        ib = IB()
        await ib.connectAsync(gateway.host, gateway.port, clientId=1)
        codes: asyncio.Queue[int] = asyncio.Queue()
        ib.errorEvent += lambda _id, code, _text, _contract: codes.put_nowait(code)
        try:
            await ib.reqCurrentTimeAsync()
            return [await asyncio.wait_for(codes.get(), 5) for _ in range(2)]
        finally:
            ib.disconnect()

    with with_faults(fault) as gateway:
        assert asyncio.run(listen(gateway)) == [1100, 1101]
