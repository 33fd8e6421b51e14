"""Live mode asks the kept probe of the very gateway that it is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sellkit.config import Overrides, Settings, load
from sellkit.core.portfolio import Account
from sellkit.core.probing import bad
from sellkit.wiring.parts import connect
from sellkit.wiring.probed import open_probes, probe_standing, probed_gateway
from tests.cli.command import ACCOUNT, MOMENT, Workspace, gateway
from tests.probes import probe_record

DEMO = Account("demo", ACCOUNT)


@dataclass
class World:
    """Settings and a broker of a gateway that runs."""

    settings: Settings

    def __post_init__(self) -> None:
        self.broker = connect(self.settings)

    def trouble(self, account: Account = DEMO) -> str | None:
        return probe_standing(self.settings, self.broker, account).trouble


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with gateway() as running:
        place = Workspace.make(tmp_path / "desk", running.port)
        made = World(load(Overrides(config=str(place.settings))))
        yield made
        made.broker.close()


def test_before_the_first_probe_there_is_none(world: World) -> None:
    assert "never probed" in str(world.trouble())


def test_a_passed_probe_of_it_counts_from_the_moment_that_it_is_kept(world: World) -> None:
    found = probed_gateway(world.settings, world.broker, DEMO)
    open_probes(world.settings).write(probe_record(at=MOMENT, gateway=found))
    assert world.trouble() is None
    assert "another account" in str(world.trouble(Account("other", "DU0000002")))
    failed = probe_record(at=MOMENT, gateway=found, HOURS=bad("neither", "-"))
    open_probes(world.settings).write(failed)
    assert "not passed (hours)" in str(world.trouble())
