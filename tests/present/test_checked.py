"""Checks as lines."""

from __future__ import annotations

import pytest

from sellkit.core.checks import Check, critical, noted, warning, well
from sellkit.present.checked import check_lines

WELL, NOTED = well("disk", "room"), noted("run", "none yet")
WARNING, CRITICAL = warning("budget", "low", "wait"), critical("bars", "none", "fetch")


@pytest.mark.parametrize(
    ("checks", "end"),
    [
        ([WELL, NOTED], "all well"),
        ([WELL, WARNING], "1 warning"),
        ([WARNING, WARNING, CRITICAL], "1 critical, 2 warnings"),
        ([CRITICAL, WELL], "1 critical"),
    ],
)
def test_the_last_line_says_how_many_are_not_well(checks: list[Check], end: str) -> None:
    assert [*check_lines(checks)][-1] == end
