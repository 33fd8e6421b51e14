"""A command that was forked is a process like one that was begun from nothing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.command import finish, sellkit_answer, start
from tests.cli.warm import CAN_FORK, Forked

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CAN_FORK, reason="nothing is forked here"),
]

SETTINGS = 'profile = "{name}"\n[profiles.{name}]\nport = 9\n'


def folder(parent: Path, name: str) -> Path:
    """A folder with settings whose profile has its name."""
    made = parent / name
    (made / "config").mkdir(parents=True)
    (made / "config" / "sellkit.toml").write_text(SETTINGS.format(name=name))
    return made


def test_each_has_a_folder_and_variables_of_its_own(tmp_path: Path) -> None:
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    secret = {"SELLKIT_LIVE_SECRET": "a secret of the tests"}
    first, second = start("modes", cwd=one, variables=secret), start("modes", cwd=two)
    told = [finish(each).out for each in (first, second)]
    assert "profile  one" in told[0]
    assert "profile  two" in told[1]
    assert ["not set" in each for each in told] == [False, True]


def test_its_exit_code_and_its_streams_are_its_own(tmp_path: Path) -> None:
    answer = sellkit_answer("explain", "no-code", cwd=tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("sellkit explain: ")
    assert sellkit_answer("explain", "201", cwd=tmp_path).code == 0


def test_it_is_told_when_a_signal_ended_it(tmp_path: Path) -> None:
    words = ("gateway", "--port", "0", "--at", "2026-06-10T11:00:20", "--speed", "0")
    process = start(*words, cwd=tmp_path)
    assert isinstance(process, Forked)
    assert process.stdout is not None
    assert "ready" in process.stdout.readline()
    assert process.poll() is None
    process.kill()
    assert finish(process).code == -signal.SIGKILL
