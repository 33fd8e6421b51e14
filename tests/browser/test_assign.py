"""The panel to assign averages, as a person uses it: by mouse, by keyboard alone, beside others."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.core.assignments import Assignment
from tests.browser.accessibility import tab_stops
from tests.browser.lab import DARK, LIGHT
from tests.browser.recorder import recorded_page
from tests.browser.workspace import ASSIGNED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

    from tests.browser.chromium import Driven
    from tests.browser.lab import Lab
    from tests.browser.processes import GatewayProcess, LabServer
    from tests.browser.workspace import Workspace

TRIES = 6
COUNT_CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"


@pytest.fixture(scope="module")
def opened(
    driven: Driven, server: LabServer, gateway: GatewayProcess, workspace: Workspace
) -> Iterator[Lab]:
    """The notebook, opened cold and run as a whole; all tests here share its window."""
    from tests.browser.lab import Lab

    workspace.reset(gateway.port)
    with recorded_page(driven) as page:
        opened = Lab(page, server, gateway, workspace)
        opened.open("10_assign.ipynb")
        opened.run_all()
        yield opened
        server.end_kernels()


@pytest.fixture
def lab(opened: Lab) -> Lab:
    """That window, with the assignments and the theme as they were at first."""
    opened.workspace.assigned.write_text(ASSIGNED, encoding="utf-8")
    opened.set_theme(LIGHT)
    return opened


@pytest.fixture
def panel(lab: Lab) -> Locator:
    """The panel of the notebook, made anew: it forgets what was not saved."""
    lab.run_cell("panels.assign")
    panel = lab.page.get_by_role("region", name="Assign averages")
    expect(panel.get_by_role("row")).to_have_count(1 + 8)
    return panel


def rows(lab: Lab) -> list[str]:
    """The file, a line for each assignment."""
    with lab.workspace.assigned.open(encoding="utf-8", newline="") as file:
        return [" ".join(each) for each in csv.reader(file)][1:]


def elsewhere(lab: Lab, ticker: str, kind: str, length: str, timeframe: str) -> None:
    """What another process does to the file."""
    book = CsvAssignments(lab.workspace.assigned)
    book.save(Assignment.parse(ticker, kind, length, timeframe))


def choose_by_letters(chooser: Locator, label: str) -> None:
    """Type the label of a choice where none is made yet.

    On a busy machine letters come too slowly and begin a new word, which chooses something else:
    that is taken back, step by step, before the next try.
    """
    keys = chooser.page.keyboard
    for _ in range(TRIES):
        keys.type(label)
        with suppress(AssertionError):
            expect(chooser).to_have_value(label.upper(), timeout=3000)
            return
        while chooser.input_value():
            was = chooser.input_value()
            keys.press("Control+z")
            expect(chooser).not_to_have_value(was)
    expect(chooser).to_have_value(label.upper())


def expect_lines_beside_choices(chooser: Locator) -> None:
    """They come once somebody comes to the list, and change nothing."""
    option, chosen = chooser.get_by_role("option", name="SMA 50 1H"), chooser.input_value()
    expect(option).not_to_contain_text(re.compile("[▁▂▃▄▅▆▇█]"))
    chooser.focus()
    expect(option).to_have_text(re.compile(r"[▁▂▃▄▅▆▇█]{10}\s[+-]\d+\.\d\d\s%"))
    expect(chooser).to_have_value(chosen)


def set_selected_by_keyboard(panel: Locator) -> None:
    """Set what is selected, which is one row, and take it back."""
    keys, chosen = panel.page.keyboard, panel.get_by_label("Average of ARCA:SPY")
    bulk = panel.get_by_label("Average for the selected rows")
    keys.press("Control+b")
    expect(bulk).to_be_focused()
    choose_by_letters(bulk, "sma 100 1d")
    keys.press("Tab")
    keys.press("Enter")
    expect(chosen).to_have_value("SMA 100 1D")
    keys.press("Control+z")
    expect(chosen).to_have_value("SMA 200 1H")
    panel.get_by_label("Select ARCA:SPY").focus()


def test_by_mouse_one_chooses_sorts_filters_sets_many_undoes_and_saves(
    lab: Lab, panel: Locator, axe: Callable[[Locator], list[str]]
) -> None:
    status, save = panel.get_by_role("status"), panel.get_by_role("button", name="Save")
    lab.shot("assign_light", panel)
    assert not axe(panel)
    expect_lines_beside_choices(panel.get_by_label("Average of NYSE:JPM"))
    stops = tab_stops(panel)
    assert [stops[0], *stops[2:4], *stops[-3:]] == [
        *("Filter positions", "Select all rows shown", "position"),
        *("Average for the selected rows", "Save…", "Keys"),
    ]
    chosen = [each for each in stops if each.endswith("NYSE:JPM") or each.endswith("NASDAQ:NVDA")]
    assert chosen == [
        *("Select NASDAQ:NVDA", "Average of NASDAQ:NVDA"),
        *("Select NYSE:JPM", "Average of NYSE:JPM"),
    ]
    assert not [each for each in stops if "unseen" in each]
    save.click()
    expect(status).to_contain_text("Not saved: 1 row without an average: NASDAQ:NVDA.")
    nvda = panel.get_by_role("row", name="NASDAQ:NVDA")
    panel.get_by_label("Average of NASDAQ:NVDA").select_option("EMA 50 1H")
    expect(status).to_contain_text("EMA 50 1H for NASDAQ:NVDA; not saved yet.")
    expect(nvda).to_contain_text("not saved seed weighs")
    panel.get_by_role("button", name="position").click()
    panel.get_by_role("button", name="position").click()
    expect(panel.get_by_role("row").nth(1)).to_contain_text("NYSE:XOM")
    panel.get_by_label("Filter positions").fill("nyse")
    expect(panel.get_by_role("row")).to_have_count(1 + 4)
    panel.get_by_label("Select all rows shown").check()
    panel.get_by_label("Average for the selected rows").select_option("SMA 5 1D")
    panel.get_by_role("button", name="Set 3 selected").click()
    expect(status).to_contain_text("SMA 5 1D for NYSE:JPM, NYSE:KVYO, NYSE:XOM; not saved yet.")
    panel.get_by_role("button", name="Undo").click()
    expect(status).to_contain_text("Taken back: NYSE:JPM, NYSE:KVYO, NYSE:XOM.")
    panel.get_by_role("button", name="Save 1…").click()
    preview = panel.get_by_role("region", name="This will be written")
    expect(preview).to_contain_text("new: NASDAQ:NVDA,EMA,50,1H")
    assert "NASDAQ:NVDA EMA 50 1H" not in rows(lab)
    lab.shot("preview_light", panel)
    assert not axe(panel)
    preview.get_by_role("button", name="Confirm").click()
    expect(status).to_contain_text("Saved 1 assignment to assigned_ma.csv: NASDAQ:NVDA.")
    assert "NASDAQ:NVDA EMA 50 1H" in rows(lab)
    assert "NYSE:JPM SMA 50 1H" in rows(lab)
    expect(preview).to_be_hidden()


def test_by_keyboard_alone_one_filters_chooses_undoes_and_saves(
    lab: Lab, panel: Locator, axe: Callable[[Locator], list[str]]
) -> None:
    lab.set_theme(DARK)
    panel.get_by_text("Keys", exact=True).click()
    lab.shot("assign_dark", panel)
    keys, status = lab.page.keyboard, panel.get_by_role("status")
    cells = lab.page.evaluate(COUNT_CELLS)
    panel.get_by_label("Select ARCA:SPY").focus()
    for key in ("ArrowDown", "ArrowDown", "End", "Home", "Space"):
        keys.press(key)
    expect(panel.get_by_label("Select ARCA:SPY")).to_be_checked()
    set_selected_by_keyboard(panel)
    keys.type("nvda")  # letters that JupyterLab would take for its own, but for the filter
    expect(panel.get_by_role("row")).to_have_count(1 + 1)
    keys.press("Enter")
    chooser = panel.get_by_label("Average of NASDAQ:NVDA")
    expect(chooser).to_be_focused()
    choose_by_letters(chooser, "ema 100 1h")
    expect(panel.get_by_role("row", name="NASDAQ:NVDA")).to_contain_text("not saved")
    assert not axe(panel)
    keys.press("Control+z")
    expect(chooser).to_have_value("")
    choose_by_letters(chooser, "sma 20 1d")
    keys.press("Control+s")
    expect(panel.get_by_role("button", name="Confirm")).to_be_focused()
    lab.shot("preview_dark", panel)
    keys.press("Escape")
    expect(status).to_contain_text("Nothing was written")
    keys.press("Control+s")
    expect(panel.get_by_role("button", name="Confirm")).to_be_focused()
    keys.press("Enter")
    expect(status).to_contain_text("Saved 1 assignment")
    assert "NASDAQ:NVDA SMA 20 1D" in rows(lab)
    assert lab.page.evaluate(COUNT_CELLS) == cells
    chooser.focus()
    keys.press("Escape")
    expect(panel.get_by_label("Filter positions")).to_be_focused()


@pytest.mark.long
def test_a_restarted_kernel_is_told_of_and_a_fresh_run_shows_the_file(
    lab: Lab, panel: Locator
) -> None:
    panel.get_by_label("Average of NASDAQ:AAPL").select_option("SMA 5 1H")
    expect(panel.get_by_role("row", name="NASDAQ:AAPL")).to_contain_text("not saved")
    lab.run_cell("panels.assign")  # a panel made anew forgets what was not saved
    expect(panel.get_by_label("Average of NASDAQ:AAPL")).to_have_value("EMA 20 1H")
    lab.restart_kernel()
    panel.get_by_label("Average of NASDAQ:AAPL").select_option("SMA 5 1H")
    expect(panel.get_by_role("status")).to_contain_text("kernel of this panel is gone")
    lab.run_all()
    lab.show_cell("panels.assign")
    expect(panel.get_by_label("Average of NASDAQ:AAPL")).to_have_value("EMA 20 1H")
    expect(panel).to_have_count(1)


@pytest.mark.long
def test_a_change_by_another_process_is_shown_and_never_overwritten_unseen(
    lab: Lab, panel: Locator, axe: Callable[[Locator], list[str]]
) -> None:
    status = panel.get_by_role("status")
    for token in ("NASDAQ:NVDA", "NYSE:XOM"):
        panel.get_by_label(f"Average of {token}").select_option("SMA 10 1H")
    panel.get_by_role("button", name="Save 2…").click()
    confirm = panel.get_by_role("button", name="Confirm")
    expect(confirm).to_be_focused()
    elsewhere(lab, "NYSE:XOM", "EMA", "5", "1D")
    elsewhere(lab, "NYSE:GE", "SMA", "50", "1H")
    confirm.click()
    conflict = panel.get_by_role("region", name="Somebody else changed the file")
    expect(conflict).to_contain_text(
        "NYSE:XOM was SMA 20 1D and is now EMA 5 1D. You chose SMA 10 1H."
    )
    expect(conflict).to_contain_text("NYSE:GE was none and is now SMA 50 1H.")
    assert {"NYSE:XOM EMA 5 1D", "NYSE:GE SMA 50 1H"} <= set(rows(lab))
    lab.shot("conflict_light", panel)
    assert not axe(panel)
    lab.set_theme(DARK)
    assert not axe(panel)
    lab.shot("conflict_dark", panel)
    panel.get_by_role("button", name="position").click()
    panel.get_by_role("button", name="position").click()
    panel.get_by_label("Select NYSE:JPM").check()
    panel.get_by_role("button", name="Keep my changes").click()
    expect(panel.get_by_role("row", name="NYSE:GE no position now")).to_be_visible()
    expect(panel.get_by_role("row").nth(1)).to_contain_text("NYSE:XOM")  # sorted as before
    expect(panel.get_by_label("Select NYSE:JPM")).to_be_checked()
    panel.get_by_label("Select NYSE:JPM").uncheck()
    expect(panel.get_by_role("row", name="NYSE:XOM")).to_contain_text("EMA 5 1D")
    elsewhere(lab, "NYSE:GE", "SMA", "100", "1H")
    panel.get_by_role("button", name="Save 2…").click()
    panel.get_by_role("button", name="Reload, and drop my changes").click()
    expect(panel.get_by_label("Average of NYSE:XOM")).to_have_value("EMA 5 1D")
    expect(panel.get_by_label("Average of NYSE:GE")).to_have_value("SMA 100 1H")
    elsewhere(lab, "NYSE:JPM", "SMA", "200", "1D")
    lab.page.mouse.move(0, 0)
    panel.hover()
    expect(status).to_contain_text("NYSE:JPM was SMA 50 1H and is now SMA 200 1D.")
    expect(panel.get_by_label("Average of NYSE:JPM")).to_have_value("SMA 200 1D")
