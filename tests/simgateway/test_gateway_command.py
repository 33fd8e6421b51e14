"""`sellkit gateway` as a process, and what it refuses."""

from __future__ import annotations

import argparse
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sellkit.commands import gateway as command
from sellkit.errors import ConfigError, NoCalendar
from tests.simgateway.wire import frame, hello

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = """
import argparse, sys
from sellkit.commands import gateway
parser = argparse.ArgumentParser()
parser.add_argument("--host")
parser.add_argument("--port", type=int)
gateway.add_arguments(parser)
sys.exit(gateway.run(parser.parse_args()))
"""


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    words = ("--port", "0", "--clock", "virtual", "--at", "2025-11-28T13:00:05", "--speed", "0")
    running = subprocess.Popen(
        [sys.executable, "-c", START, *words], stdout=subprocess.PIPE, text=True
    )
    with running:
        yield running
        running.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_one_line_when_ready_and_ends_cleanly(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(
        r"simulated gateway ready: 127\.0\.0\.1:(\d+), account DU0000001, "
        r"clock 20251128 13:00:05 US/Eastern \(virtual, stands still\)\n",
        line,
    )
    assert found is not None, line
    with socket.create_connection(("127.0.0.1", int(found[1])), 10) as client:
        client.sendall(hello("v157..176") + frame(71, 2, 1, ""))
        assert client.recv(4096)
        process.send_signal(number)
        assert process.wait(10) == 0
    assert process.stdout.read() == ""


def test_importing_the_command_loads_nothing_heavy() -> None:
    heavy = "{'asyncio', 'numpy', 'pandas', 'exchange_calendars', 'ib_insync'}"
    code = f"import sys, sellkit.commands.gateway; print({heavy} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--bars", "30m"), "must be a bar size and a folder"),
        (("--bars", "30m=/nowhere"), "there is no folder /nowhere"),
        (("--clock", "wall", "--speed", "2"), "leave out --clock wall"),
        (("--at", "noon"), "'noon' is no time"),
        (("--speed", "-1"), "must be 0 or more"),
        (("--scenario", "/nowhere.toml"), "nowhere.toml cannot be read"),
        (("--host", "0.0.0.0"), "this machine only"),
        (("--port", "70000"), "cannot listen on 127.0.0.1:70000"),
        (("--state", "/dev/null/here"), "the state in /dev/null/here cannot be opened"),
        (("--record", "/dev/null/here"), "the record /dev/null/here cannot be written"),
    ],
)
def test_a_wrong_flag_is_one_clear_line(words: tuple[str, ...], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        command.run(parse(*words))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("time", ["1990-01-01T12:00", "2090-01-01T12:00"])
def test_a_time_outside_the_calendar_is_one_clear_line(time: str) -> None:
    with pytest.raises(NoCalendar, match=f"{time[:10]} lies outside the session calendar"):
        command.run(parse("--at", time))


def test_two_folders_for_one_bar_size_are_refused(tmp_path: Path) -> None:
    words = ("--bars", f"30m={tmp_path}", "--bars", f"30m={tmp_path}")
    with pytest.raises(ConfigError, match="two folders for 30m"):
        command.run(parse(*words))


def test_an_unknown_bar_size_to_replay_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="7m"):
        command.run(parse("--bars", f"7m={tmp_path}"))


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            command.run(parse("--port", str(port)))
