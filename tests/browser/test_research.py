"""The notebook of the replay in a browser: its tables, its lines and its heat map."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import DARK, LIGHT, Lab

NOTEBOOK = "40_research.ipynb"
CELLS = ("bench.run()", "charts.equity(replay)", "charts.equity(replay, str", "others = bench")
HEAT = "charts.alternatives("
_SCROLLING = "scrollable-region-focusable"


@pytest.mark.long
def test_a_replay_is_shown_with_its_lines_and_the_28_in_both_themes(
    lab: Lab, axe: Callable[[Locator], list[str]]
) -> None:
    lab.open(NOTEBOOK)
    lab.run_all()
    for theme in (LIGHT, DARK):
        lab.set_theme(theme)
        for number, text in enumerate((*CELLS, HEAT)):
            shown = lab.output(text)
            lab.shot(f"research_{number}_{theme.split()[-1].lower()}", shown)
        table = lab.output(CELLS[0])
        expect(table.get_by_text("without dividends")).to_be_visible()
        # A wide table that scrolls has nothing in it to stop at.
        assert [each for each in axe(table) if not each.startswith(_SCROLLING)] == []
    expect(lab.output(HEAT).locator(".js-plotly-plot .gtitle").first).to_contain_text("28")
