"""Colours that read on white and on JupyterLab's dark page alike, so that a chart needs no theme.

No colour has the contrast of 4.5:1 that small text should have on both: 4.35:1 is the most there
is, and most text here has it, a decision in its colour almost. Whatever else is drawn has at least
3:1, and a shape of its own.
"""

from __future__ import annotations

from typing import Final

INK: Final = "#797979"
"""Text on the bare page."""

GRID: Final = "rgba(128,128,128,0.25)"
CLEAR: Final = "rgba(0,0,0,0)"

UP: Final = "#2d8659"
DOWN: Final = "#cf4b40"
AVERAGE: Final = "#3b82c4"
OTHER: Final = "#8e8e8e"
COST: Final = "#b8860b"
ORDER: Final = "#b8601a"
MARK: Final = "#a85fd6"
"""Of the bar that decided, and of the crossing."""

UNSURE: Final = "#a87000"

WORDS: Final = (UP, DOWN, UNSURE, INK)
"""Every colour that a word has."""

CHIP: Final = "#333333"
CHIP_TEXT: Final = "#ffffff"
"""Of a text with a ground of its own."""
