"""A part of a panel that a busy machine loads late, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.lab import Lab

# anywidget waits for two seconds.
LATE = """from sellkit.present.grid.ticking import Ticking
wait = "await new Promise((done) => setTimeout(done, 3000));"
late_one = type("Late", (Ticking,), {"_esm": f"{wait}\\n{Ticking._esm}"})("one", lambda: None)
late_one"""


@pytest.mark.long
def test_what_is_loaded_late_shows_what_was_told_meanwhile_and_what_is_told_later(lab: Lab) -> None:
    lab.open("00_start_here.ipynb")
    lab.begin_new_cell(LATE)
    lab.begin_new_cell('late_one.markup = "two"')
    shown = lab.output("late_one = type").locator(".sellkit-ticking")
    expect(shown).to_have_text("two", timeout=60_000)
    lab.begin_new_cell('late_one.markup = "three"')
    expect(shown).to_have_text("three")
    assert lab.errors() == []
