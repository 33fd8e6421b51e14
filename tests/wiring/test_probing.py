"""A probe that waits for a bar, on a simulated gateway over the socket."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sellkit.config import Overrides
from sellkit.core.market_time import UTC
from sellkit.core.probing import Question
from sellkit.simgateway.clock import VirtualClock
from sellkit.wiring.probing import probe
from tests.cli.command import MOMENT, Workspace, gateway

BEFORE_THE_END = dt.datetime(2026, 6, 10, 15, 29, 58, tzinfo=UTC)


class Hurrying:
    """A progress that lets the gateway's time jump to the end of what is waited for."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.labels: list[str] = []
        self.steps = 0

    def start(self, label: str, total: int) -> None:
        self.labels.append(label)
        if label.startswith("waiting"):
            self.clock.set(BEFORE_THE_END)
            self.clock.set_speed(20.0)

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        assert steps >= 0
        self.steps += steps

    def stop(self) -> None:
        """Nothing to take away."""


def test_it_waits_for_the_half_hours_end_and_asks_until_the_bar_stays(tmp_path: Path) -> None:
    clock = VirtualClock(MOMENT, 0)
    with gateway(clock=clock) as running:
        place = Workspace.make(tmp_path / "desk", running.port)
        chosen = Overrides(config=str(place.settings), account="demo")
        progress = Hurrying(clock)
        record = probe(chosen, progress, is_patient=True)
    found = record.found(Question.FINAL)
    assert found is not None
    assert found.is_measured
    assert found.answer.startswith("a half-hour that ended 15:30 UTC: final after ")
    assert isinstance(found.figures["seconds"], float)
    assert 0 < found.figures["seconds"] <= 60
    assert progress.labels == [
        "probing",
        "waiting for the bar that ends 15:30 UTC",
        "asking for the bar that ended 15:30 UTC",
    ]
