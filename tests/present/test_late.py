"""What each script of a panel does first, so that one that was loaded late is not deaf."""

from __future__ import annotations

import re

import pytest

from sellkit.present.charts.page import ChartPage
from sellkit.present.grid.table import Grid
from sellkit.present.grid.ticking import Ticking
from sellkit.present.panels.assign_view import AssignView
from sellkit.present.panels.connect_view import ConnectView

WIDGETS = (AssignView, ChartPage, ConnectView, Grid, Ticking)
FIRST = re.compile(r"initialize\(\{ model \}\) \{\s+hearThoughLate\(model\);")


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_script_hears_though_it_was_loaded_late(widget: type) -> None:
    script = str(vars(widget)["_esm"])
    assert script.count("function hearThoughLate(") == 1
    assert len(FIRST.findall(script)) == 1
