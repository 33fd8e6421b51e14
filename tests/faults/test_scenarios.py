"""The scenarios of the faults: all of them load, and each fault of a gateway really strikes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sellkit.simgateway.scenario_file import load_scenario
from tests.faults.catalogue import COUNT, FAULTS, GROUPS, SCENARIOS, scenario_files
from tests.faults.play import Play, playing
from tests.faults.strikes import STRIKES, Client

FILES = scenario_files()
QUIET = "Nothing is wrong with the gateway: "
ABSENT = {1}  # the gateway is not there at all


def test_there_are_74_faults_without_a_gap() -> None:
    assert sorted(FAULTS) == list(range(1, COUNT + 1))
    assert sum(len(group) for group in GROUPS.values()) == COUNT
    assert sorted(FILES) == list(range(1, COUNT + 1))


@pytest.mark.parametrize("path", FILES.values(), ids=[path.stem for path in FILES.values()])
def test_a_scenario_loads_and_holds_what_a_fault_needs(path: Path) -> None:
    assert load_scenario(path).holdings


def test_a_file_without_a_number_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "late_bar.toml").write_text("")
    with pytest.raises(ValueError, match="by number and subject"):
        scenario_files(tmp_path)


def test_two_files_of_one_number_are_an_error(tmp_path: Path) -> None:
    for name in ("07_a.toml", "07_b.toml"):
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match="has the number of 07_a"):
        scenario_files(tmp_path)


def test_every_scenario_says_whether_its_gateway_is_at_fault() -> None:
    for number, path in FILES.items():
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# "), path.name
        is_quiet = text.startswith(f"# {QUIET}") or number in ABSENT
        assert is_quiet or number in STRIKES, f"{path.name} strikes nobody in a test"
        assert not (is_quiet and "[[faults]]" in text), path.name


@pytest.mark.parametrize("number", STRIKES)
def test_a_fault_strikes_a_plain_client(number: int, tmp_path: Path) -> None:
    with playing(FAULTS[number], tmp_path) as play:
        _strike(play, STRIKES[number])


def _strike(play: Play, scene: Callable[[Play, Client], Awaitable[None]]) -> None:
    async def act() -> None:
        client = Client(play)
        try:
            async with asyncio.timeout(20):
                await scene(play, client)
        finally:
            client.leave()

    asyncio.run(act())


def test_the_folder_holds_scenarios_only() -> None:
    assert {path.suffix for path in SCENARIOS.iterdir()} == {".toml"}
