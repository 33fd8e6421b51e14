"""What every test shares: the place of the real data, and the guard against other machines."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.loopback import refuse_other_machines

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
ABSENT = f"../{SHARED_DATA.parent.name}/{SHARED_DATA.name} is absent"

sys.addaudithook(refuse_other_machines)


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of real price bars, one folder per group within."""
    return _shared("market")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of averages that were worked out elsewhere."""
    return _shared("reference")


def _shared(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(ABSENT)
    return folder


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: a third of a test's time it waits, for a socket or a process."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test begins first; as one of the last it would keep one worker busy alone."""
    items.sort(key=lambda each: not each.nodeid.startswith("tests/week/"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line when tests on real data did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    missed = sum(ABSENT in str(report.longrepr) for report in skipped)
    if missed:
        terminalreporter.write_line(f"{missed} tests skipped: {ABSENT}", yellow=True, bold=True)
