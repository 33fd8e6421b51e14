"""Charts as JupyterLab, and HTML by nbconvert, show them: not trusted, offline, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert.exporters.html import HTMLExporter
from playwright.sync_api import expect

from sellkit.core.assignments import Timeframe
from sellkit.present import charts
from sellkit.present.heatmap import coverage_map
from sellkit.present.tables import notebook_table
from tests.browser.lab import DARK, LIGHT
from tests.browser.recorder import recorded_page
from tests.present.holdings import HEADING, HOLDINGS, bars_of, portfolio, row_of
from tests.present.pasts import past_of
from tests.present.test_heatmap import series, sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Driven
    from tests.browser.lab import Lab

NAME = "executed.ipynb"
CELLS = (
    "charts.all_positions",
    "charts.price_and_average(",
    "charts.hours_and_days",
    "charts.live(",
)
APPLE = HOLDINGS[0]
MAPPED = {series("AAPL", 1): sessions(0, 0, 3, 0), series("MSFT", 2): sessions(0, 13, 13, 0)}
_SCROLLING = "scrollable-region-focusable"
_WORDS = ".gtitle, .gtitle-subtitle, .xtick text, .ytick text, .legendtext"
_COLOURS = f"""() => [...document.querySelectorAll('{_WORDS}')]
  .map((each) => getComputedStyle(each.querySelector('tspan')).fill)"""
INK = {"light": "rgba(0, 0, 0, 0.87)", "dark": "rgba(255, 255, 255, 0.87)"}


def _executed(path: Path) -> Path:
    """A notebook with a table and a chart in it, that nobody here has run."""
    chart = charts.price_and_average(
        bars_of(APPLE, Timeframe.H1), row_of(APPLE), heading=HEADING, past=past_of(APPLE)
    )
    table = notebook_table(portfolio(), HEADING)
    told: list[dict[str, Any]] = [
        {"text/html": table._repr_html_(), "text/plain": repr(table)},
        chart.bundle,
        coverage_map(MAPPED, heading=HEADING).bundle,
    ]
    cells = [
        nbformat.v4.new_code_cell(
            f"show_{number}",
            execution_count=number,
            outputs=[nbformat.v4.new_output("display_data", data=data)],
        )
        for number, data in enumerate(told)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.mark.long
def test_a_notebook_that_is_not_trusted_shows_its_table_and_its_charts_on_both_pages(
    lab: Lab, axe: Callable[[Locator], list[str]]
) -> None:
    _executed(lab.workspace.notebooks / NAME)
    lab.open(NAME)
    expect(lab.output("show_0").get_by_text("NASDAQ:MSFT").first).to_be_visible()
    shown = lab.output("show_1")
    expect(shown.locator(".js-plotly-plot .gtitle")).to_have_text(
        "NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN"
    )
    expect(lab.output("show_2").locator(".js-plotly-plot .gtitle")).to_have_text(
        "stored bars · DRY RUN"
    )
    shown = lab.output("show_1")
    expect(shown.locator(".js-plotly-plot .boxes path.box")).to_have_count(charts.SHOWN_BARS)
    for theme, name in ((LIGHT, "light"), (DARK, "dark")):
        lab.set_theme(theme)
        assert set(lab.page.evaluate(_COLOURS)) == {INK[name]}
        lab.shot(f"chart_untrusted_{name}")
        # Of a table that JupyterLab does not trust it drops what would let the keyboard scroll it.
        assert [each.partition(" ")[0] for each in axe(lab.output("show_0"))] == [_SCROLLING]
        for cell in ("show_1", "show_2"):
            assert not axe(lab.output(cell)), cell
        lab.shot(f"map_untrusted_{name}")


def test_html_by_nbconvert_shows_the_picture_without_a_network(
    driven: Driven, tmp_path: Path
) -> None:
    html, _ = HTMLExporter().from_filename(str(_executed(tmp_path / NAME)))
    with driven.awake() as browser:
        context = browser.new_context(offline=True)
        page = context.new_page()
        page.set_content(html, wait_until="domcontentloaded")
        picture = page.locator("img[src^='data:image/svg+xml']")
        expect(picture).to_have_count(2)
        for each in picture.all():
            assert each.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 860
        expect(page.get_by_text("NASDAQ:MSFT").first).to_be_visible()
        context.close()


def test_an_exported_page_draws_its_charts_and_asks_nobody(
    driven: Driven, tmp_path: Path, axe: Callable[[Locator], list[str]]
) -> None:
    chart = charts.price_and_average(
        bars_of(APPLE, Timeframe.H1), row_of(APPLE), heading=HEADING, style=charts.Style()
    )
    grid = charts.all_positions(
        portfolio(), lambda _: bars_of(APPLE, Timeframe.H1), heading=HEADING
    )
    (written,) = charts.export([chart, grid], tmp_path, kinds=["html"]).files
    with recorded_page(driven) as page:
        page.set_content(written.read_text(encoding="utf-8"))
        expect(page.locator(".js-plotly-plot .gtitle")).to_have_count(2)
        expect(page.locator(".modebar-btn[data-title*='Download']")).to_have_count(2)
        expect(page.locator(".modebar-btn[data-title*='Share']")).to_have_count(0)
        _expect_words(page, "NASDAQ:AAPL", "10 positions · DRY RUN")
        assert not axe(page.locator("body"))
        page.locator(".js-plotly-plot").nth(1).hover(position={"x": 90, "y": 180})
        expect(page.locator(".hoverlayer").nth(1)).to_have_text(
            re.compile("SMA 50 1H.*close 179.67")
        )


@pytest.mark.long
def test_the_notebook_of_charts_runs_and_its_live_chart_tells_its_age(
    lab: Lab, axe: Callable[[Locator], list[str]]
) -> None:
    lab.open("30_charts.ipynb")
    lab.run_all()
    shown = lab.output("charts.live(")
    expect(shown.get_by_role("status")).to_contain_text("DRY RUN · NASDAQ:AAPL · refreshed 2026")
    expect(shown.locator(".js-plotly-plot .gtitle")).to_contain_text("EMA 20 1H · EXIT · DRY RUN")
    lab.shot("chart_live")
    for theme in (LIGHT, DARK):
        lab.set_theme(theme)
        for cell in CELLS:
            assert not axe(lab.output(cell)), cell
    lab.set_theme(LIGHT)
    lab.shot("chart_price", lab.output("charts.price_and_average("))
    expect(shown.get_by_role("figure", name="NASDAQ:AAPL · EMA 20 1H · EXIT")).to_be_visible()
    page = lab.output("charts.all_positions(")
    expect(page.get_by_role("figure", name=re.compile("positions · DRY RUN"))).to_be_visible()
    lab.shot("chart_all", page)


def _expect_words(page: Page, *words: str) -> None:
    for each in words:
        expect(page.locator(".js-plotly-plot").get_by_text(each).first).to_be_visible()
