"""The live desk in a real browser, on a gateway whose clock is stepped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sellkit.commands import demo
from tests.browser.workspace import SCENARIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

    from tests.browser.chromium import Driven
    from tests.browser.lab import Lab
    from tests.browser.processes import GatewayProcess
    from tests.browser.workspace import Workspace

NOTEBOOK = "20_live_desk.ipynb"
CELL = "panels.live"
SOON = 60_000


@pytest.fixture
def stepped(driven: Driven, workspace: Workspace) -> Iterator[GatewayProcess]:
    """A gateway of its own, whose clock stands still until a test steps it."""
    from tests.browser.processes import gateway

    flags = ("--at", demo.MOMENT.isoformat(), "--speed", "0")
    with gateway(workspace.folder / "stepped", SCENARIO, *flags) as running:
        yield running


def test_look(lab: Lab, stepped: GatewayProcess) -> None:
    lab.workspace.use(stepped.port)
    lab.open(NOTEBOOK)
    lab.run_all()
    out = lab.output(CELL)
    grid = out.get_by_role("grid")
    expect(grid).to_be_visible(timeout=SOON)
    lab.shot("first")
    with stepped.control() as control:
        control.advance(60)
    lab.page.wait_for_timeout(5000)
    lab.shot("second")
    lab.show_cell("panel\n") if False else None
    grid.focus()
    lab.page.keyboard.press("ArrowDown")
    lab.page.wait_for_timeout(1000)
    lab.shot("third")
    print(out.inner_text())


def test_look_dark(lab: Lab, stepped: GatewayProcess) -> None:
    lab.workspace.use(stepped.port)
    lab.open(NOTEBOOK)
    lab.set_theme("JupyterLab Dark")
    lab.run_all()
    out = lab.output(CELL)
    grid = out.get_by_role("grid")
    with stepped.control() as control:
        control.advance(60)
    lab.page.wait_for_timeout(4000)
    with stepped.control() as control:
        control.ask("inject", rule={"do": "drop"}) if False else None
        control.advance(3600)
    lab.page.wait_for_timeout(1800)
    lab.shot("dark")
    lab.page.wait_for_timeout(2800)
    out.get_by_role("button", name="Halt").click()
    lab.page.wait_for_timeout(500)
    lab.shot("dark_halt1")
    out.get_by_role("button", name="Click again").click()
    lab.page.wait_for_timeout(2500)
    lab.shot("dark_halt2")
    grid.locator("tbody tr").nth(3).click()
    stepped.control().__enter__().log_out()
    lab.page.wait_for_timeout(8500)
    lab.shot("dark_away")
