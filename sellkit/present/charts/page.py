"""What stands beside charts in a page: it names them, and brings a live one's news into its figure.

Nothing of it is seen. Whoever imports this module loads anywidget.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE: Final = Path(__file__).parent
_GRID: Final = _HERE.parent / "grid"
_SCRIPTS: Final = (_GRID / "late.js", _GRID / "attend.js", _HERE / "page.js")  # one module


class ChartPage(anywidget.AnyWidget):
    """Hears of a page whether it shows a live chart, and tells it the newest figure.

    Any thread may call it. While one exists, displayed or not, every chart of the page is named.

    Parameters
    ----------
    hear
        Called for what a page says: `want`, that it shows the chart and may have an old figure;
        `draws`, the number of the figure that it draws in place; `seen`, whether it shows it.
    """

    _esm = "\n".join(each.read_text(encoding="utf-8") for each in _SCRIPTS)

    def __init__(self, hear: Callable[[dict[str, Any]], None] = lambda _content: None) -> None:
        super().__init__()
        self.on_msg(lambda _widget, content, _buffers: hear(content))

    def tell(self, figure: dict[str, Any]) -> None:
        """Have a figure drawn in place of an older one."""
        self.send({"figure": figure})

    def ask(self) -> None:
        """Ask whether a page shows it."""
        if self.comm is not None:
            self.send({"ask": True})


_NAMING: Final[list[ChartPage]] = []


def name_charts() -> None:
    """Have the charts of this kernel's pages named."""
    if not _NAMING:
        _NAMING.append(ChartPage())
