"""What every test of a fault gets: its stage, and the check of the invariants behind it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.catalogue import FAULTS
from tests.faults.invariants import check
from tests.faults.play import Play, playing
from tests.faults.reporter import IS_DRILL

LEFT_OUT: pytest.StashKey[set[int]] = pytest.StashKey()


@pytest.fixture
def play(request: pytest.FixtureRequest, tmp_path: Path, record_property: Any) -> Iterator[Play]:
    """The stage of the fault whose number the test bears.

    `@pytest.mark.market.with_args(make)` puts another market behind the gateway.
    """
    number = number_of(request.node)
    chosen = request.node.get_closest_marker("market")
    market = None if chosen is None else chosen.args[0]
    with playing(FAULTS[number], tmp_path, record_property, market) as stage:
        yield stage


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Hold what a test of a fault did against the invariants, as the last part of the test."""
    result = yield
    if pyfuncitem.get_closest_marker("fault") and "play" in pyfuncitem.funcargs:
        check(pyfuncitem.funcargs["play"])
    return result


def number_of(item: pytest.Item) -> int:
    """The number that a test bears.

    Raises
    ------
    pytest.UsageError
        It bears none, or one that the catalogue lacks.
    """
    marker = item.get_closest_marker("fault")
    if marker is None or len(marker.args) != 1 or marker.args[0] not in FAULTS:
        raise pytest.UsageError(
            f"{item.nodeid} needs @pytest.mark.fault with a number from 1 to 74"
        )
    number: int = marker.args[0]
    return number


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not built yet, unless the drill runs, and remember the numbers."""
    for item in items:
        if item.get_closest_marker("not_built") or item.get_closest_marker("fault"):
            number_of(item)
            if "play" not in getattr(item, "fixturenames", ()):
                raise pytest.UsageError(
                    f"{item.nodeid} plays no fault: it lacks the fixture `play`"
                )
    if config.stash.get(IS_DRILL, False):
        return
    left_out = [each for each in items if each.get_closest_marker("not_built")]
    config.stash[LEFT_OUT] = {number_of(each) for each in left_out}
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [each for each in items if each not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line that says how many faults were left out."""
    count = len(terminalreporter.config.stash.get(LEFT_OUT, ()))
    if count:
        terminalreporter.write_line(
            f"{count} faults not built yet, and left out: see `make drill`", yellow=True, bold=True
        )
