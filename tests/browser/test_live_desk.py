"""The live desk in a real browser, on a gateway whose clock is stepped."""

from __future__ import annotations

import re
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
MILLISECONDS = 60_000
HOUR, MINUTE = 3600, 60
LIVE_ID = 14  # three above the viewers'
POSITIONS = 8

_NEW_CELL = """(source) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = notebook.widgets.length - 1;
  return window.jupyterapp.commands.execute('notebook:insert-cell-below').then(() => {
    notebook.activeCell.model.sharedModel.setSource(source);
  });
}"""


@pytest.fixture
def stepped(lab: Lab, driven: Driven, workspace: Workspace) -> Iterator[GatewayProcess]:
    """A gateway of its own, whose clock stands still until a test steps it."""
    from tests.browser.processes import gateway

    flags = ("--at", demo.MOMENT.isoformat(), "--speed", "0")
    with gateway(workspace.folder / "stepped", SCENARIO, *flags) as running:
        workspace.use(running.port)
        yield running


def opened(lab: Lab) -> Locator:
    """The panel of the notebook, run as a whole."""
    lab.open(NOTEBOOK)
    lab.run_all()
    panel = lab.output(CELL)
    expect(rows(panel)).to_have_count(POSITIONS, timeout=MILLISECONDS)
    return panel


def rows(panel: Locator) -> Locator:
    return panel.locator("tbody tr[data-key]")


def row(panel: Locator, token: str) -> Locator:
    return rows(panel).filter(has_text=token)


def step(stepped: GatewayProcess, seconds: float) -> None:
    with stepped.control() as control:
        control.advance(seconds)


def client_ids(stepped: GatewayProcess) -> list[int]:
    with stepped.control() as control:
        return sorted(int(each["clientId"]) for each in control.sessions())


def test_explore(lab: Lab, stepped: GatewayProcess) -> None:
    panel = opened(lab)
    print("IDS", client_ids(stepped))
    # blocking cell
    lab.page.evaluate(_NEW_CELL, "import time; time.sleep(12); print('slept', 'well')")
    lab.page.evaluate("(id) => { window.jupyterapp.commands.execute(id); }", "notebook:run-cell")
    lab.show_cell(CELL)
    import time
    t0 = time.time()
    step(stepped, MINUTE)
    expect(panel.get_by_text("minute 2 ")).to_be_visible(timeout=MILLISECONDS)
    print("minute 2 after", time.time() - t0)
    t0 = time.time()
    panel.get_by_role("button", name="Halt").click()
    expect(panel.get_by_role("button", name="Click again")).to_be_visible(timeout=MILLISECONDS)
    print("halt click answered after", time.time() - t0)
    lab.wait_until_idle()
    # rerun
    lab.run_cell(CELL)
    print("IDS", client_ids(stepped))
    expect(rows(panel)).to_have_count(POSITIONS, timeout=MILLISECONDS)
    print("IDS", client_ids(stepped))
    # scroll away
    lab.page.evaluate(_NEW_CELL, "x = 1\n" * 200)
    lab.show_cell("x = 1")
    for i in range(8):
        lab.page.wait_for_timeout(2000)
        print("away", i, client_ids(stepped))
    lab.show_cell(CELL)
    lab.page.wait_for_timeout(3000)
    print("IDS back", client_ids(stepped))
    # restart
    lab.restart_kernel()
    print("IDS restarted", client_ids(stepped))
