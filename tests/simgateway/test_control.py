"""The control channel: what it takes, what it refuses, and `sellkit gateway ctl`."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import re
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB

from sellkit.cli import main
from sellkit.commands import gateway as command
from sellkit.errors import ConfigError, NotConnected
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.control_file import (
    ControlAddress,
    read_address,
    remove_address,
    write_address,
)
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.wire import AAPL, WireClient, contract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = parse_instant("2025-11-26T12:00:05")
SCENARIO = default_scenario()


@pytest.fixture
def running() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOON, 0), control_port=0) as gateway:
        yield gateway


@pytest.fixture
def control(running: Gateway) -> Iterator[Control]:
    with Control(address_of(running)) as opened:
        yield opened


def address_of(gateway: Gateway) -> ControlAddress:
    assert gateway.control is not None
    return gateway.control.address


def say(gateway: Gateway, *lines: bytes) -> list[dict[str, object]]:
    """The answers to raw lines, until the channel closes."""
    address = address_of(gateway)
    with socket.create_connection((address.host, address.port), 10) as line:
        line.sendall(b"".join(lines))
        line.shutdown(socket.SHUT_WR)
        return [json.loads(answer) for answer in line.makefile("rb")]


def request(gateway: Gateway, **arguments: object) -> bytes:
    return json.dumps({"token": address_of(gateway).token, **arguments}).encode() + b"\n"


# --- who may ask ----------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["wrong", "", 5, None, "é"])
def test_a_wrong_token_is_refused_and_hung_up_on(running: Gateway, token: object) -> None:
    asked = json.dumps({"token": token, "action": "drop"}).encode() + b"\n"
    answers = say(running, asked, request(running, action="state"))
    assert answers == [{"ok": False, "error": "the token is wrong"}]
    assert say(running, request(running, action="clear"))[0]["ok"]


def test_garbage_is_one_line_each_and_the_channel_stays_up(running: Gateway) -> None:
    garbage = (b"hello\n", b"\xff\xfe\n", b"[1, 2]\n", b"\n", b"[" * 100_000 + b"\n")
    answers = say(running, *garbage, request(running, action="clear"))
    assert [answer["ok"] for answer in answers] == [False] * 5 + [True]
    assert answers[0]["error"] == "the line is no JSON"
    assert answers[2]["error"] == "the line must be one JSON object"


def test_a_line_that_is_too_long_is_refused_and_the_next_is_taken(running: Gateway) -> None:
    answers = say(running, b"x" * 3_300_000 + b"\n", request(running, action="clear"))
    assert [answer["ok"] for answer in answers] == [False, True]
    assert "the line is longer" in str(answers[0]["error"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"action": "explode"}, "there is no action 'explode'; known are inject, clear, clock"),
        ({}, "there is no action 'None'"),
        ({"action": "clear", "all": 1}, "unknown key 'all' in the request"),
        ({"action": "inject"}, "'rule' is missing in the request"),
        ({"action": "inject", "rule": 5}, "rule of the request must be a table"),
        ({"action": "inject", "rule": {"do": "drop"}}, "'do' in rule of the request needs a mess"),
        (
            {"action": "inject", "rule": {"do": "drop", "message": "reqHolidays"}},
            "could never strike: 'reqHolidays'",
        ),
        ({"action": "clock", "set": "noon"}, "'noon' is no time"),
        ({"action": "clock", "speed": 3601}, "at most 3600"),
        ({"action": "clock", "advance": -1}, "'advance' in the request must be 0 or more"),
        ({"action": "clock", "advance": 1e300}, "'advance' in the request must be at most"),
        ({"action": "clock", "set": "2090-01-01T12:00"}, "lies outside the session calendar"),
        ({"action": "clock", "set": "2025-11-26", "advance": 1}, "give one of them"),
        ({"action": "price", "symbol": "NONE", "factor": 2}, "has no price in this gateway: NONE"),
        ({"action": "price", "symbol": "AAPL"}, "or 'to' must be given"),
        ({"action": "price", "symbol": "AAPL", "factor": 0}, "must be above zero"),
        ({"action": "record", "last": 0}, "must be 1 or more"),
    ],
)
def test_a_wrong_request_is_refused_by_what_is_wrong(
    running: Gateway, arguments: dict[str, object], why: str
) -> None:
    answers = say(running, request(running, **arguments), request(running, action="clear"))
    assert not answers[0]["ok"]
    assert why in str(answers[0]["error"])
    assert answers[1]["ok"]


def test_a_gateway_without_a_control_port_has_no_channel() -> None:
    with serve(SCENARIO, market=FakeMarket()) as gateway:
        assert gateway.control is None


def test_a_control_port_in_use_is_an_error_that_names_it(running: Gateway) -> None:
    taken = address_of(running).port
    with pytest.raises(ConfigError, match=f"control channel cannot listen on 127.0.0.1:{taken}"):
        serve(SCENARIO, market=FakeMarket(), control_port=taken).__enter__()


# --- what can be done -----------------------------------------------------------------------------


def test_a_rule_that_is_injected_strikes_until_it_is_cleared(
    running: Gateway, control: Control
) -> None:
    with WireClient(running) as client:
        client.start()
        control.inject({"do": "error", "message": "reqCurrentTime", "code": 100})
        assert client.ask(49, 1)[3] == "100"
        (shown,) = control.state()["faults"]
        assert (shown["fitted"], shown["struck"]) == (1, 1)
        assert shown["when"]["message"] == "reqCurrentTime"
        assert shown["action"]["code"] == 100
        assert control.clear() == 1
        assert client.ask(49, 1)[0] == "49"


def test_a_rule_without_a_message_strikes_at_once(running: Gateway, control: Control) -> None:
    with WireClient(running) as client:
        client.start()
        control.inject({"do": "sequence", "steps": [{"code": 1100}, {"code": 1102}]})
        assert control.state()["faults"][0]["struck"] == 1
        assert [client.receive()[3] for _ in range(2)] == ["1100", "1102"]


def test_clearing_ends_a_cut_off(running: Gateway, control: Control) -> None:
    with WireClient(running) as client:
        client.start()
        control.inject({"do": "sequence", "steps": [{"code": 1100, "mute": True}]})
        assert client.receive()[3] == "1100"
        assert control.state()["mute"]
        control.clear()
        assert client.ask(49, 1)[0] == "49"


def test_the_clock_is_set_stepped_and_sped_up_for_every_client(
    running: Gateway, control: Control
) -> None:
    with WireClient(running) as client:
        client.start()
        control.set_clock(NOON + dt.timedelta(hours=1))
        control.advance(90.5)
        expected = NOON + dt.timedelta(hours=1, seconds=90.5)
        assert int(client.ask(49, 1)[2]) == int(expected.timestamp())
    shown = control.clock()
    assert dt.datetime.fromisoformat(shown["now"]) == expected
    assert (shown["kind"], shown["speed"]) == ("virtual", 0)
    control.set_speed(3600)
    assert control.clock()["speed"] == 3600
    assert dt.datetime.fromisoformat(control.clock()["now"]) > expected


def test_a_step_of_the_clock_makes_a_rule_due_at_once(running: Gateway, control: Control) -> None:
    with WireClient(running) as client:
        client.start()
        control.inject({"do": "error", "code": 2103, "at": "2025-11-26T13:00:00"})
        assert client.ask(49, 1)[0] == "49"
        control.advance(3600)
        assert control.state()["faults"][0]["struck"] == 1
        assert client.receive()[3] == "2103"


def test_the_wall_clock_cannot_be_moved() -> None:
    with (
        serve(SCENARIO, market=FakeMarket(), control_port=0) as gateway,
        Control(address_of(gateway)) as control,
    ):
        assert control.clock()["kind"] == "wall"
        with pytest.raises(ConfigError, match="only a virtual clock"):
            control.advance(1)


def test_a_moved_price_reaches_subscribers_and_portfolios_at_once(control: Control) -> None:
    with (
        serve(SCENARIO, clock=VirtualClock(NOON, 0), control_port=0) as gateway,
        Control(address_of(gateway)) as mover,
        WireClient(gateway) as client,
    ):
        client.start().send(1, 11, 7, *contract(), 0, "", 0, 0, "")
        before = {tick[3]: tick for tick in client.until(2) if tick[0] == "1"}
        client.until(2)
        client.send(49, 1)
        client.until(49)
        last = mover.move_price("AAPL", 0.9)  # far above the stop that rests on it
        client.send(49, 1)
        after = {tick[3]: tick for tick in client.until(49) if tick[0] == "1"}
        assert float(after["4"][4]) == last
        assert last == pytest.approx(float(before["4"][4]) * 0.9, abs=0.011)
        client.send(6, 2, 1, "DU0000001")
        portfolio = next(m for m in client.until(54) if m[0] == "7" and m[2] == str(AAPL))
        assert float(portfolio[14]) == last


def test_a_market_that_is_not_made_up_cannot_be_moved() -> None:
    with (
        serve(SCENARIO, market=FakeMarket(), control_port=0) as gateway,
        Control(address_of(gateway)) as control,
        pytest.raises(ConfigError, match="cannot be moved"),
    ):
        control.move_price("AAPL", 2)


def test_dropping_resets_every_connection(running: Gateway, control: Control) -> None:
    with WireClient(running) as one, WireClient(running) as two:
        one.start(1)
        two.start(2)
        assert control.drop_connections() >= 2
        assert one.is_closed()
        assert two.is_closed()
    assert control.sessions() == []


def test_sessions_record_and_state_tell_what_happened(running: Gateway, control: Control) -> None:
    with WireClient(running) as client:
        client.start(5, "v157..178").send(61, 1)
        client.until(62)
        (session,) = control.sessions()
        assert (session["clientId"], session["version"]) == (5, 178)
        assert session["wants_positions"]
        state = control.state()
        last = control.record(1)
    assert last == [
        {
            "direction": "in",
            "name": "reqPositions",
            "time": NOON.isoformat(),
            "clientId": 5,
            "fields": ["61", "1"],
        }
    ]
    assert state["accounts"] == ["DU0000001"]
    assert (state["positions"][0]["symbol"], state["positions"][0]["position"]) == ("AAPL", "100")
    assert state["received"] == running.received
    assert len(state["orders"]) == 1


def test_the_real_client_lives_through_a_drop_and_comes_back(
    running: Gateway, control: Control
) -> None:
    async def live() -> tuple[bool, int]:
        ib = IB()
        await ib.connectAsync(running.host, running.port, clientId=3)
        gone = asyncio.Event()
        ib.disconnectedEvent += gone.set
        control.drop_connections()
        await asyncio.wait_for(gone.wait(), 5)
        was_connected = ib.isConnected()
        await ib.connectAsync(running.host, running.port, clientId=3)
        try:
            return was_connected, len(ib.positions())
        finally:
            ib.disconnect()

    assert asyncio.run(live()) == (False, 6)


def test_a_gateway_that_is_gone_is_not_connected() -> None:
    with serve(SCENARIO, market=FakeMarket(), control_port=0) as gateway:
        address = address_of(gateway)
        control = Control(address)
    with control, pytest.raises(NotConnected, match="control channel"):
        control.clear()
    with pytest.raises(NotConnected, match="no gateway can be steered"):
        Control(address)


# --- the file with the token ----------------------------------------------------------------------


def test_the_file_is_its_owners_alone_and_goes_with_its_gateway(tmp_path: Path) -> None:
    file = tmp_path / "new" / "control.json"
    first, second = ControlAddress("127.0.0.1", 1, "a"), ControlAddress("127.0.0.1", 2, "b")
    write_address(file, first)
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    write_address(file, second)
    assert read_address(file) == second
    remove_address(file, first)
    assert file.exists()
    remove_address(file, second)
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", '{"host": "127.0.0.1"}', "{"])
def test_what_is_no_control_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "control.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match="is no control file"):
        read_address(file)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "control.json"
    write_address(file, ControlAddress("127.0.0.1", 1, "a"))
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        read_address(file)


# --- the command ----------------------------------------------------------------------------------


def ctl(file: Path, *words: str) -> int:
    return main(["gateway", "ctl", *words, "--control-file", str(file)])


@pytest.fixture
def file(running: Gateway, control: Control, tmp_path: Path) -> Path:
    path = tmp_path / "control.json"
    write_address(path, address_of(running))
    return path


def test_the_command_prints_the_answer_as_json(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ctl(file, "inject", "do=delay", "message=reqIds", "seconds=0.5") == 0
    assert json.loads(capsys.readouterr().out)["number"] >= 1
    assert ctl(file, "clock", "set=2025-11-26T13:00:00") == 0
    assert json.loads(capsys.readouterr().out)["now"] == "2025-11-26T18:00:00+00:00"
    assert ctl(file, "inject", "do=sequence", 'steps=[{"code": 1100}]') == 0
    assert ctl(file, "state") == 0
    assert '"seconds": 0.5' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("clock", "advance"), "'advance' must be KEY=VALUE"),
        (("clock", "token=5"), "'token' is not for you to give"),
        (("price", "symbol=AAPL", "factor=-1"), "must be above zero"),
        (("inject", "do=drop", "message=none"), "could never strike"),
    ],
)
def test_a_wrong_word_is_one_line_and_exit_2(
    file: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    assert ctl(file, *words) == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1


def test_without_a_gateway_the_command_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ctl(tmp_path / "none.json", "state") == 2
    assert "start the gateway with --control-port" in capsys.readouterr().err


START = "import sys; from sellkit.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_the_process_writes_its_file_and_removes_it_and_shows_no_token(tmp_path: Path) -> None:
    file = tmp_path / "gateway-control.json"
    words = ("gateway", "--port", "0", "--control-port", "0", "--data-dir", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", START, *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r", control 127\.0\.0\.1:(\d+) with the token in (.*)\n", line)
        assert found is not None, line
        assert found[2] == str(file)
        address = read_address(file)
        assert address.token not in line
        with Control.of_file(file) as control:
            assert control.state()["clock"]["kind"] == "wall"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not file.exists()


def test_plain_gateway_takes_no_control_flags_by_default() -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    args = parser.parse_args([])
    assert (args.form, args.control_port, args.control_file) == (None, None, None)


def test_a_moved_price_fills_what_it_reaches_on_a_standing_clock() -> None:
    with (
        serve(SCENARIO, clock=VirtualClock(NOON, 0), control_port=0) as gateway,
        Control(address_of(gateway)) as control,
    ):
        last = gateway.market.quote("MSFT", NOON).last
        assert last is not None
        order = gateway.terminal.place(
            "MSFT", "SELL", Decimal(10), "LMT", limit_price=Decimal(round(last * 1.5))
        )
        control.move_price("MSFT", 2.0)
        assert gateway.floor.book.now(order).filled == 10
