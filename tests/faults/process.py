"""Runs of sellkit in processes of their own, which are killed in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sellkit.core.portfolio import Account
from tests.architecture.source import ROOT
from tests.faults.desk import ALIASES, NUMBER
from tests.faults.play import Play, until


@contextmanager
def another_sellkit(play: Play, client_id: int, step: str) -> Iterator[list[str]]:
    """A run in another process, up to a step, where it is killed when the block ends.

    Gives the tickets that it has prepared.
    """
    arguments = (play.gateway.port, play.folder, client_id, play.clock.now().isoformat(), step)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.child", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            ready, *tickets = process.stdout.readline().split() or ["it ended"]
            assert ready == "ready"
            yield tickets
        finally:
            process.kill()
    play.was_killed = True
    until(lambda: client_id not in [each.client_id for each in play.gateway.sessions])


def killed(play: Play, step: str) -> None:
    """A live run that is killed at a step; what it wrote to the gateway by then was heard."""
    play.armoury.arm(Account(ALIASES[NUMBER], NUMBER), play.clock.now())
    with another_sellkit(play, 1, step):
        if step == "sent":
            until(lambda: play.asked("placeOrder"))
