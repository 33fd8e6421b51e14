"""The three clients: their environments, their processes, and what holds for every check."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.clients.driving import Client, Driver
from tests.clients.environments import FOLDER, is_required, make, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = ("ib_insync", "ib_async", "ibapi")
ABSENT = "its own environment cannot be made"

_failures: dict[str, str] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the environments outside of any test, since their first making takes long."""
    if session.config.option.collectonly:
        return
    wanted: set[str] = set()
    for item in session.items:
        call = getattr(item, "callspec", None)
        wanted |= {call.params.get("driver", "")} if call is not None else set()
        wanted |= set(CLIENTS) if "drivers" in getattr(item, "fixturenames", ()) else set()
    _failures.update(make(*(name for name in CLIENTS if name in wanted)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line for each client that was not tested."""
    skipped = [str(one.longrepr) for one in terminalreporter.stats.get("skipped", [])]
    for name, reason in _failures.items():
        missed = sum(f"{name}: {ABSENT}" in text for text in skipped)
        if missed:
            line = f"{missed} tests skipped: {name}: {ABSENT} in {FOLDER.name}: {reason}"
            terminalreporter.write_line(line, yellow=True, bold=True)


@pytest.fixture(scope="session", params=CLIENTS)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """A process with one of the clients."""
    with _driven(request.param) as driver:
        yield driver


@pytest.fixture(scope="module")
def processes() -> Iterator[list[Driver]]:
    """A process for each of the clients."""
    with ExitStack() as running:
        yield [running.enter_context(_driven(name)) for name in CLIENTS]


@pytest.fixture
def drivers(processes: list[Driver]) -> Iterator[list[Driver]]:
    """Each of the clients; no message may have puzzled one."""
    yield processes
    for one in processes:
        one.leave()
    assert [one.complaints() for one in processes] == [[]] * len(processes)


@contextmanager
def _driven(name: str) -> Iterator[Driver]:
    if name in _failures:
        if is_required():
            pytest.fail(f"{name}: {ABSENT}: {_failures[name]}")
        pytest.skip(f"{name}: {ABSENT}")
    driver = Driver(name, python_of(name))
    try:
        yield driver
    finally:
        driver.end()


@pytest.fixture
def client(driver: Driver) -> Iterator[Client]:
    """A client that is not connected yet; no message may have puzzled it."""
    yield Client(driver)
    driver.leave()
    assert driver.complaints() == []
