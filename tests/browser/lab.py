"""JupyterLab as a person works in it: opens a notebook, runs cells, restarts the kernel."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.processes import GatewayProcess, LabServer
    from tests.browser.workspace import Workspace

SHOTS = "SELLKIT_TEST_SHOTS"
"""The variable that names a folder for pictures; without it none is taken."""

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
SECONDS = 60

_RUN = "(id) => window.jupyterapp.commands.execute(id)"
_THEME = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
_NEW_CELL = """(source) => {
  const { shell, commands } = window.jupyterapp;
  const notebook = shell.currentWidget.content;
  notebook.activeCellIndex = notebook.widgets.length - 1;
  return commands.execute('notebook:insert-cell-below').then(() => {
    notebook.activeCell.model.sharedModel.setSource(source);
    commands.execute('notebook:run-cell');
  });
}"""
# Lab drops what is out of sight from the page: the cell is scrolled to, and made the active one.
_SHOW_CELL = """(text) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const index = notebook.widgets.findIndex(
    (each) => each.model.type === 'code' && each.model.sharedModel.getSource().includes(text));
  if (index < 0) throw new Error('no code cell holds ' + text);
  notebook.activeCellIndex = index;
  return notebook.scrollToItem(index, 'start').then(() => index);
}"""
_ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter((each) => each.model.type === 'code')
  .flatMap((each) => each.model.outputs.toJSON())
  .filter((each) => each.output_type === 'error')
  .map((each) => each.ename + ': ' + each.evalue)"""


@dataclass(slots=True)
class Lab:
    """One browser's window on JupyterLab.

    Attributes
    ----------
    page
        The window; `page.get_by_role(...)` finds what the notebook shows.
    server, gateway, workspace
        What stands behind it: the Jupyter server, the simulated gateway, and the folder.
    """

    page: Page
    server: LabServer
    gateway: GatewayProcess
    workspace: Workspace

    def open(self, notebook: str) -> None:
        """Open a notebook of the workspace, by its file's name, and wait for its kernel."""
        address = f"{self.server.url}/lab/tree/notebooks/{notebook}?reset&token={self.server.token}"
        self.page.goto(address)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing to do; before it is ready "Run All" does nothing."""
        expect(self.page.get_by_text("| Idle")).to_be_visible(timeout=SECONDS * 1000)

    def run_all(self, *, may_fail: bool = False) -> None:
        """Run > Run All Cells, and wait for the end; a cell's error fails the test.

        Parameters
        ----------
        may_fail
            Whether a cell may end in an error.
        """
        self.page.evaluate(_RUN, "notebook:run-all-cells")
        assert may_fail or self.errors() == []

    def begin_all(self) -> None:
        """As `run_all`, without waiting."""
        self.page.evaluate(f"(id) => {{ ({_RUN})(id); }}", "notebook:run-all-cells")

    def run_cell(self, text: str, *, may_fail: bool = False) -> None:
        """Run the first code cell that holds a text, and wait for its end."""
        self.show_cell(text)
        self.page.evaluate(_RUN, "notebook:run-cell")
        assert may_fail or self.errors() == []

    def begin_new_cell(self, source: str) -> None:
        """Put a further cell at the end and run it, without waiting for its end."""
        self.page.evaluate(_NEW_CELL, source)

    def show_cell(self, text: str) -> Locator:
        """Scroll to the first code cell that holds a text; gives the cell with its output."""
        index = self.page.evaluate(_SHOW_CELL, text)
        notebook = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        return notebook.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, text: str) -> Locator:
        """What the first code cell that holds a text has shown."""
        return self.show_cell(text).locator(".jp-OutputArea").first

    def errors(self) -> list[str]:
        """The errors that cells ended in."""
        found: list[str] = self.page.evaluate(_ERRORS)
        return found

    def restart_kernel(self) -> None:
        """Kernel > Restart Kernel, and yes, it is meant."""
        self.page.evaluate(f"(id) => {{ ({_RUN})(id); }}", "notebook:restart-kernel")
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Confirm Kernel Restart").click()
        expect(dialog).to_have_count(0)
        self.wait_until_idle()

    def set_theme(self, name: str) -> None:
        """Take `LIGHT` or `DARK`."""
        self.page.evaluate(_THEME, name)
        is_light = "true" if name == LIGHT else "false"
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)

    def shot(self, name: str, part: Locator | None = None) -> None:
        """Take a picture of the window, or of a part, where somebody wants pictures."""
        folder = os.environ.get(SHOTS)
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        (part or self.page).screenshot(path=Path(folder) / f"{name}.png")
