"""What notebooks are run on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sellkit.commands import demo
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = Path(demo.__file__).parent


@pytest.fixture
def environment(shared: dict[str, str]) -> dict[str, str]:
    """The variables by which a kernel finds a simulated gateway and a folder for its data.

    Nothing counts as asked yet: the same question would have to wait for 15 seconds.
    """
    for each in Path(shared["SELLKIT_CONFIG"]).parent.glob("data/*/pacing.sqlite*"):
        each.unlink()
    return shared


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A simulated gateway, and a data folder that is empty at first."""
    folder = tmp_path_factory.mktemp("notebooks")
    assigned = (COMMANDS / "demo_assigned_ma.csv").read_text(encoding="utf-8")
    (folder / "assigned_ma.csv").write_text(assigned, encoding="utf-8")
    scenario = load_scenario(COMMANDS / "demo_scenario.toml")
    with serve(scenario, clock=VirtualClock(demo.MOMENT, 0)) as gateway:
        settings = demo.SETTINGS.format(
            data=json.dumps(str(folder / "data")),
            port=gateway.port,
            assignments=json.dumps(str(folder / "assigned_ma.csv")),
        )
        (folder / "sellkit.toml").write_text(settings, encoding="utf-8")
        yield {**os.environ, "SELLKIT_CONFIG": str(folder / "sellkit.toml")}
        assert gateway.exchange.placed_orders == []
