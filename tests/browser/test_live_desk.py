"""The live desk in a real browser, on a gateway whose clock is stepped."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sellkit.commands import demo
from sellkit.config import Overrides
from sellkit.core.market_time import calendar_for
from sellkit.wiring import stopping
from tests.browser.accessibility import tab_stops
from tests.browser.lab import DARK, LIGHT
from tests.browser.recorder import recorded_page
from tests.browser.workspace import SCENARIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Driven
    from tests.browser.lab import Lab
    from tests.browser.processes import GatewayProcess, LabServer
    from tests.browser.workspace import Workspace

NOTEBOOK = "20_live_desk.ipynb"
CELL, CHART, CLOSES = "panels.live", "charts.live(", "desk.close()"
MILLISECONDS = 60_000
HOUR, MINUTE = 3600, 60
DESK_ID, LIVE_ID = 11, 15
POSITIONS, MANY = 8, 500

_SHORT_SIGHTED = "for each in panel.feed._told: each.onlookers._seconds = 3"
# What the live chart shows: the reader's range, the number of its figure, its name and its ink.
_CHART = """() => {
  const plot = document.querySelector('.js-plotly-plot');
  const style = (of) => getComputedStyle(plot.querySelector(of)).fill;
  return {
    range: plot.layout.xaxis.range.map((each) => Math.round(each)),
    number: plot.layout.meta.number,
    name: plot.getAttribute('aria-label'),
    ink: style('.gtitle tspan'),
  };
}"""
_MANY = f"""from sellkit.present.panels.live_panel import LivePanel
from tests.present.live_desk import MadeUpDesk, row_of, watched
made_up = MadeUpDesk()
many = LivePanel.open(made_up)
rows = [row_of(number) for number in range({MANY})]
assert made_up.connected.acquire(timeout=30)
made_up.open[0].give(watched(rows))
many"""


@pytest.fixture(scope="module")
def stepped(driven: Driven, workspace: Workspace) -> Iterator[GatewayProcess]:
    """A gateway for the tests here, whose clock stands still until one of them steps it."""
    from tests.browser.processes import gateway

    flags = ("--at", demo.MOMENT.isoformat(), "--speed", "0")
    with gateway(workspace.folder / "stepped", SCENARIO, *flags) as running:
        yield running


@pytest.fixture(scope="module")
def opened(
    driven: Driven, server: LabServer, stepped: GatewayProcess, workspace: Workspace
) -> Iterator[Lab]:
    """The notebook, opened cold and run as a whole; all tests but the first share its window."""
    from tests.browser.lab import Lab

    workspace.reset(stepped.port)
    with recorded_page(driven) as page:
        opened = Lab(page, server, stepped, workspace)
        opened.open(NOTEBOOK)
        opened.run_all()
        yield opened
        server.end_kernels()


@pytest.fixture
def desk(opened: Lab) -> Lab:
    """That window, with its first theme."""
    opened.set_theme(LIGHT)
    return opened


@pytest.fixture
def panel(desk: Lab) -> Locator:
    """The panel made anew, in place of the former one; its minute 1 has ended."""
    desk.workspace.forget_asked()
    desk.run_cell(CELL)
    desk.run_cell(CLOSES)
    panel = panel_of(desk)
    expect(panel).to_contain_text("minute 1 ·", timeout=MILLISECONDS)
    return panel


def panel_of(lab: Lab) -> Locator:
    """The panel of the notebook, with its rows."""
    panel = lab.output(CELL)
    expect(rows(panel)).to_have_count(POSITIONS, timeout=MILLISECONDS)
    return panel


def rows(panel: Locator) -> Locator:
    return panel.locator("tbody tr[data-key]")


def row(panel: Locator, token: str) -> Locator:
    return rows(panel).filter(has_text=token)


def light(panel: Locator, name: str) -> Locator:
    return panel.locator(f'[data-light="{name}"]')


def chosen(panel: Locator) -> Locator:
    return panel.locator('tbody tr[aria-selected="true"]')


def step(stepped: GatewayProcess, seconds: float) -> None:
    with stepped.control() as control:
        control.advance(seconds)


def clock(stepped: GatewayProcess) -> dt.datetime:
    """The gateway's time, on the clock of the exchange."""
    with stepped.control() as control:
        now = dt.datetime.fromisoformat(control.clock()["now"])
    return calendar_for("NYSE").local(now)


def wait_for_ids(page: Page, stepped: GatewayProcess, *wanted: int) -> None:
    """Wait until exactly these clients are connected."""
    with stepped.control() as control:
        for _ in range(MILLISECONDS // 200):
            found = sorted(int(each["clientId"]) for each in control.sessions())
            if found == sorted(wanted):
                return
            page.wait_for_timeout(200)  # another process: nothing in the page tells it
    raise AssertionError(f"connected are {found}, not {wanted}")


@pytest.mark.long
def test_one_client_id_serves_the_panel_however_often_its_cell_or_kernel_starts_anew(
    lab: Lab, stepped: GatewayProcess
) -> None:
    lab.workspace.use(stepped.port)
    lab.open(NOTEBOOK)
    lab.run_all()
    panel = panel_of(lab)
    wait_for_ids(lab.page, stepped, LIVE_ID)
    lab.run_cell(CELL)
    wait_for_ids(lab.page, stepped, DESK_ID, LIVE_ID)
    expect(rows(panel)).to_have_count(POSITIONS, timeout=MILLISECONDS)
    lab.restart_kernel()
    wait_for_ids(lab.page, stepped)
    lab.run_all()
    expect(rows(lab.output(CELL))).to_have_count(POSITIONS, timeout=MILLISECONDS)
    wait_for_ids(lab.page, stepped, LIVE_ID)
    lab.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    lab.begin_new_cell(_SHORT_SIGHTED)
    lab.wait_until_idle()
    lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")  # is missed
    wait_for_ids(lab.page, stepped)
    lab.open(NOTEBOOK)  # its kernel is the former one: the panel is back, and so is its connection
    expect(rows(lab.output(CELL))).to_have_count(POSITIONS, timeout=MILLISECONDS)
    wait_for_ids(lab.page, stepped, LIVE_ID)
    lab.page.goto("about:blank")  # says that it goes
    wait_for_ids(lab.page, stepped)


def test_a_live_chart_fed_by_the_panel_keeps_the_reader_s_zoom(
    desk: Lab, panel: Locator, stepped: GatewayProcess
) -> None:
    desk.run_cell(CHART)
    step(stepped, MINUTE)
    shown = desk.output(CHART)
    expect(shown.locator(".js-plotly-plot .gtitle")).to_contain_text("NASDAQ:AAPL · EMA 20 1H")
    expect(shown.get_by_role("figure", name="NASDAQ:AAPL · EMA 20 1H · EXIT")).to_be_visible()
    expect(shown.get_by_role("status")).to_contain_text(
        f"refreshed {clock(stepped):%Y-%m-%d %H:%M}"
    )
    shown.locator(".nsewdrag").first.hover()  # waits until nothing is drawn anew
    field = shown.locator(".nsewdrag").first.bounding_box()
    assert field is not None
    mouse, height = desk.page.mouse, field["y"] + field["height"] / 2
    mouse.move(field["x"] + 0.5 * field["width"], height)
    mouse.down()
    mouse.move(field["x"] + 0.9 * field["width"], height, steps=5)
    mouse.up()
    zoomed = desk.page.evaluate(_CHART)
    assert zoomed["range"][1] - zoomed["range"][0] < 80
    step(stepped, HOUR)
    desk.page.wait_for_function(
        f"(number) => ({_CHART})().number > number", arg=zoomed["number"], timeout=MILLISECONDS
    )
    moved = desk.page.evaluate(_CHART)
    assert moved["range"] == zoomed["range"]
    assert moved["name"] != zoomed["name"]
    assert "EXIT" in moved["name"]
    desk.shot("live_chart_light", shown)
    desk.set_theme(DARK)
    assert (zoomed["ink"], desk.page.evaluate(_CHART)["ink"]) == (
        "rgba(0, 0, 0, 0.87)",
        "rgba(255, 255, 255, 0.87)",
    )
    shown.locator(".nsewdrag").first.hover(position={"x": 300, "y": 90})
    expect(shown.locator(".hoverlayer")).to_contain_text("close ")
    desk.shot("live_chart_dark", shown)


def test_a_person_without_a_mouse_reads_sorts_and_halts(desk: Lab, panel: Locator) -> None:
    stops = tab_stops(panel)
    assert stops[0] == "Halt ..."
    titles = ("token", "signal", "abv_be", "close", "assigned", "average")
    assert [each for each in stops if each in titles] == [*titles]
    assert not [each for each in stops if "unseen" in each]
    grid, keyboard = panel.get_by_role("grid", name="positions of demo"), desk.page.keyboard
    grid.focus()
    keyboard.press("End")
    expect(chosen(panel)).to_contain_text("NYSE:KO")
    keyboard.press("ArrowUp")
    expect(chosen(panel)).to_contain_text("NYSE:KVYO")
    expect(panel.locator(".sellkit-grid-detail")).to_contain_text("needs 200 bars in a row")
    keyboard.press("Escape")
    expect(chosen(panel)).to_have_count(0)
    header = panel.get_by_role("columnheader", name="size")
    header.get_by_role("button").focus()
    keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(rows(panel).first).to_contain_text("NYSE:KO")
    keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(rows(panel).first).to_contain_text("NYSE:KVYO")
    keyboard.press("Enter")
    expect(rows(panel).last).to_contain_text("NYSE:KO")

    overrides = Overrides(config=str(desk.workspace.settings), profile="demo")
    panel.get_by_role("button", name="Halt").focus()
    keyboard.press("Enter")
    again = panel.get_by_role("button", name="Click again within 5 s to halt")
    expect(again).to_be_focused()
    assert stopping.current_halt(overrides) is None
    keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Halted")).to_be_disabled()
    expect(panel.get_by_text("sellkit resume --profile demo")).to_be_visible()
    found = stopping.current_halt(overrides)
    assert found is not None
    assert found.reason == "by the Halt button of the live desk"
    stopping.resume(overrides, "a test is over")
    expect(panel.get_by_role("button", name="Halt ...")).to_be_enabled()


@pytest.mark.long
def test_what_the_gateway_no_longer_tells_is_grey_and_comes_back_by_itself(
    desk: Lab, panel: Locator, stepped: GatewayProcess
) -> None:
    with stepped.control() as control:
        control.log_out()
        expect(light(panel, "connection")).to_have_attribute("data-state", "broken")
        expect(panel.locator(".sellkit-grid.away")).to_be_visible()
        expect(rows(panel)).to_have_count(POSITIONS)
        desk.shot("live_away", panel)
        control.log_in()
        expect(light(panel, "connection")).to_have_attribute(
            "data-state", "well", timeout=MILLISECONDS
        )
        control.advance(MINUTE)
    expect(panel.get_by_text("minute 2 ")).to_be_visible(timeout=MILLISECONDS)
    expect(panel.locator("tr.stale, .sellkit-grid.away")).to_have_count(0)


def test_the_table_moves_with_the_minutes_also_while_a_cell_blocks(
    desk: Lab, panel: Locator, stepped: GatewayProcess, axe: Callable[[Locator], list[str]]
) -> None:
    step(stepped, MINUTE)
    expect(panel.get_by_text("minute 2 ")).to_be_visible(timeout=MILLISECONDS)
    expect(light(panel, "connection")).to_have_attribute("data-state", "well")
    expect(light(panel, "data farms")).to_have_attribute("data-state", "well")
    expect(rows(panel).first).to_contain_text("NASDAQ:AAPL")
    expect(rows(panel).first.get_by_role("gridcell").nth(1)).to_have_text("yes")
    expect(row(panel, "NYSE:JPM")).to_contain_text("no: orders that sellkit did not place rest")
    countdown = panel.get_by_role("timer")
    expect(countdown).to_have_text(re.compile(rf"in {59 - clock(stepped).minute} min \d+ s"))
    assert not axe(panel)
    desk.shot("live_light", panel)

    desk.begin_new_cell("import time; time.sleep(6)")
    panel = desk.output(CELL)
    before = row(panel, "NASDAQ:AAPL").get_by_role("gridcell").nth(2).inner_text()
    step(stepped, HOUR)
    close = row(panel, "NASDAQ:AAPL").get_by_role("gridcell").nth(2)
    expect(close).not_to_have_text(before, timeout=MILLISECONDS)
    expect(panel.locator(".changed").first).to_be_visible()
    expect(panel.get_by_text("a cell is running")).to_be_visible()
    desk.wait_until_idle()
    desk.set_theme(DARK)
    assert not axe(panel)
    desk.shot("live_dark", panel)


def test_500_positions_scroll_with_only_those_in_sight_in_the_page(desk: Lab) -> None:
    desk.begin_new_cell(_MANY)
    panel = desk.output("MadeUpDesk")
    grid = panel.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY + 1), timeout=MILLISECONDS)
    assert rows(panel).count() < MANY / 5
    panel.locator(".sellkit-grid-scroller").evaluate("(each) => each.scrollTo(0, 7000)")
    expect(panel.locator('tr[aria-rowindex="260"]')).to_be_in_viewport()
    assert rows(panel).count() < MANY / 5
    grid.focus()
    desk.page.keyboard.press("End")
    expect(chosen(panel)).to_have_attribute("aria-rowindex", str(MANY + 1))
    expect(chosen(panel)).to_be_in_viewport()
    desk.page.keyboard.press("Home")
    expect(chosen(panel)).to_have_attribute("aria-rowindex", "2")
    expect(chosen(panel)).to_be_in_viewport()
    desk.shot("live_many", panel)
    change = "rows[0] = row_of(0, close=222.5)\nmade_up.open[0].give(watched(rows, 2))"
    desk.begin_new_cell(change)
    panel = desk.output("MadeUpDesk")
    expect(panel.get_by_role("gridcell", name="222.50", exact=True)).to_be_visible()
