"""JupyterLab in a real browser, on a simulated gateway.

Without a Chromium these tests are skipped, in one loud line; `SELLKIT_TEST_BROWSER=required` makes
that a failure. `SELLKIT_TEST_SHOTS=folder` keeps the pictures that they take. Those marked
`long` are left to `make browser`, and a line says how many they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sellkit.commands import demo
from tests.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Driven
    from tests.browser.lab import Lab
    from tests.browser.processes import GatewayProcess, LabServer
    from tests.browser.workspace import Workspace

HERE = Path(__file__).parent


LEFT = "a long test in a browser, left to `make browser`"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in a browser waits for several processes, each of which takes seconds to start."""
    for item in items:
        if item.get_closest_marker("long") and not chromium.is_all():
            item.add_marker(pytest.mark.skip(reason=LEFT))
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line when the browser is missing, and one when long tests were left out."""
    skipped = terminalreporter.stats.get("skipped", [])
    if left := sum(LEFT in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(f"{left} tests skipped: {LEFT}", yellow=True, bold=True)
    missed = sum(chromium.ABSENT in str(report.longrepr) for report in skipped)
    if missed:
        line = f"{missed} tests skipped: {chromium.ABSENT}: {chromium.missing()}"
        terminalreporter.write_line(line, yellow=True, bold=True)


@pytest.fixture(scope="package")
def driven() -> Iterator[Driven]:
    """The browser; skips, or fails, where there is none."""
    if missing := chromium.missing():
        said = f"{chromium.ABSENT}: {missing}"
        pytest.fail(said) if chromium.is_required() else pytest.skip(said)
    driven = chromium.Driven()
    yield driven
    driven.close()


@pytest.fixture(scope="package")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The folder that everything works in."""
    from tests.browser.workspace import Workspace

    return Workspace(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="package")
def gateway(driven: Driven, workspace: Workspace) -> Iterator[GatewayProcess]:
    """A simulated gateway with the demo's portfolio, whose clock stands still at the demo's moment.

    A test that moves its clock or its market starts one of its own, by `processes.gateway`, and
    points the settings there, by `lab.workspace.use(port)`.
    """
    from tests.browser.processes import gateway
    from tests.browser.workspace import SCENARIO

    flags = ("--at", demo.MOMENT.isoformat(), "--speed", "0")
    with gateway(workspace.folder / "gateway", SCENARIO, *flags) as running:
        yield running


@pytest.fixture(scope="package")
def server(driven: Driven, workspace: Workspace) -> Iterator[LabServer]:
    """JupyterLab on the workspace."""
    from tests.browser.processes import lab_server

    with lab_server(workspace) as running:
        yield running


@pytest.fixture
def page(driven: Driven) -> Iterator[Page]:
    """A window of its own profile; what its recorder complains of fails the test at its end."""
    from tests.browser.recorder import recorded_page

    with recorded_page(driven) as page:
        yield page


@pytest.fixture
def lab(
    page: Page, server: LabServer, gateway: GatewayProcess, workspace: Workspace
) -> Iterator[Lab]:
    """JupyterLab in that window, on notebooks and assignments that nobody touched yet."""
    from tests.browser.lab import Lab

    workspace.reset(gateway.port)
    yield Lab(page, server, gateway, workspace)
    server.end_kernels()


@pytest.fixture
def axe() -> Callable[[Locator], list[str]]:
    """What axe finds gravely wrong with a part of the page; `assert not axe(panel)`."""
    from tests.browser.accessibility import grave_violations

    return grave_violations
