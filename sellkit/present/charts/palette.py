"""Colours of charts, which read on white and on JupyterLab's dark page alike.

No one colour has the contrast of 4.5:1 that text should have on both: 4.35:1 is the most there is.
So words are set in the page's own ink, which JupyterLab tells as a variable of its style, and stand
on a white ground in pictures, which know of no page. What is drawn has at least 3:1 on both, and a
shape of its own.
"""

from __future__ import annotations

from typing import Final

INK: Final = "#797979"
"""Text on a page that does not tell its ink."""

INK_VARIABLE: Final = "--jp-ui-font-color1"
PAPER: Final = "#ffffff"
PAPER_INK: Final = "#595959"
"""The ground of a picture, and its text."""

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

CHIP: Final = "rgba(116,116,116,0.85)"
"""The ground of what is told of a bar: on it the ink of a light page reads, and of a dark one."""
