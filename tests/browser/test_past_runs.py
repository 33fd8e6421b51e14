"""Past runs in a browser: the notebook of the audit, and the pages that open from a disk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from sellkit.cli import main
from sellkit.commands.demo import MOMENT
from tests.browser.accessibility import tab_stops
from tests.browser.lab import DARK, LIGHT, Lab
from tests.past import Profile, cell, error, notebook, page

if TYPE_CHECKING:
    from tests.browser.chromium import Driven

NOTEBOOK = "50_audit.ipynb"
HOUR = dt.timedelta(hours=1)
SOUND, FAILED, LAST = "00000001", "00000002", "00000004"
SETTINGS = """\
profile = "demo"
[paths]
data = "{data}"
[profiles.demo]
port = 4012
clock = "broker"
"""


def four_runs(data: Path, shown: object = None) -> Profile:
    """One that shows a table, one that failed, an hour left out, and two more."""
    made = Profile(data / "demo")
    table = shown or page("<table><tr><td>NASDAQ:AAPL</td></tr></table>")
    made.add(MOMENT - 21 * HOUR, ["EXIT", "HOLD"], content=notebook(cell("shown", 1, table)))
    gone = notebook(cell("x", 1, error()))
    made.add(MOMENT - 20 * HOUR, [], outcome="failed: cell 1: NotConnected", content=gone)
    made.add(MOMENT - HOUR, ["HOLD", "UNDECIDED"], outcome="undecided")
    made.add(MOMENT, ["HOLD", "HOLD"], mode="LIVE")
    return made


@pytest.fixture
def audited(lab: Lab, tmp_path: Path) -> Lab:
    """The notebook of the audit, run in a profile with runs; the gateway's own data stay away."""
    four_runs(tmp_path / "data")
    text = SETTINGS.format(data=(tmp_path / "data").as_posix())
    lab.workspace.settings.write_text(text, encoding="utf-8")
    lab.open(NOTEBOOK)
    lab.run_all()
    return lab


@pytest.mark.long
def test_the_runs_are_filtered_shown_and_compared_in_the_notebook(
    audited: Lab, axe: Callable[[Locator], list[str]]
) -> None:
    shown = audited.output("runs.browse")
    status = shown.get_by_role("status")
    expect(status).to_contain_text("4 runs: 2 decided, 1 undecided, 1 failed")
    shown.get_by_label("verdict").select_option("failed")
    expect(status).to_contain_text("1 run: 1 failed")
    expect(shown.get_by_role("rowheader", name=FAILED)).to_be_visible()
    expect(shown.get_by_role("rowheader", name=SOUND)).to_have_count(0)
    shown.get_by_label("verdict").select_option("any")
    shown.get_by_label("token").fill("aapl")
    shown.get_by_label("token").press("Enter")
    expect(status).to_contain_text("3 runs")
    shown.get_by_label("show run").select_option(label=f"2026-06-09 18:00  {SOUND}  decided")
    expect(shown.get_by_text("because of EXIT")).to_be_visible()
    assert tab_stops(shown) == ["month", "mode", "verdict", "token", "show run"]
    audited.shot("runs_panel", shown)
    for theme in (LIGHT, DARK):
        audited.set_theme(theme)
        audited.shot(f"runs_{theme.split()[-1].lower()}")
        assert not axe(audited.output("runs.browse"))
        hours = audited.output("runs.hours_table")
        expect(hours.get_by_text("MISSING", exact=True).first).to_be_visible()
        audited.shot(f"hours_{theme.split()[-1].lower()}")
        assert not axe(hours)
        assert not axe(audited.output("runs.comparison_table"))
    compared = audited.output("runs.comparison_table")
    expect(compared).to_contain_text("1 decision differs between 00000003 and 00000004")
    expect(compared).to_contain_text("because of UNDECIDED")


def test_the_index_opens_from_a_disk_filters_and_leads_to_each_notebook(
    page: Page,
    axe: Callable[[Locator], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    four_runs(tmp_path / "data")
    index = written(tmp_path, monkeypatch).as_uri()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(index)
        expect(page.get_by_role("status")).to_have_text("4 of 4 runs")
        assert not axe(page.locator("body"))
        page.get_by_label("mode").select_option("LIVE")
        expect(page.get_by_role("status")).to_have_text("1 of 4 runs")
        page.get_by_role("button", name="all").click()
        page.get_by_label("token").fill("aapl")
        expect(page.get_by_role("status")).to_have_text("3 of 4 runs")
        page.get_by_role("link", name=SOUND).click()
        expect(page.get_by_role("cell", name="NASDAQ:AAPL")).to_be_visible()
        assert not axe(page.locator("body"))
        page.get_by_role("link", name="all runs").click()
        expect(page.get_by_role("link", name=LAST)).to_be_visible()


def test_a_script_that_lies_in_a_notebook_does_not_run_in_its_page(
    driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"
    path = four_runs(tmp_path / "data", page(evil)).folder / "pages" / "2026-06-09"
    written(tmp_path, monkeypatch)
    with driven.awake() as browser:
        window = browser.new_page()
        window.goto((path / f"180020Z_{SOUND}.html").as_uri())
        assert window.locator("img").count() == 1
        assert window.evaluate("window.ran") is None
        window.close()


def written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The index of the runs below a folder."""
    (folder / "sellkit.toml").write_text(SETTINGS.format(data=(folder / "data").as_posix()))
    monkeypatch.chdir(folder)
    assert main(["runs", "html", "--config", "sellkit.toml"]) == 0
    return folder / "data" / "demo" / "pages" / "index.html"
