"""Marks drawn as traces of plotly, each kind in a shape of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.present.charts import palette
from sellkit.present.charts.marks import MarkKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sellkit.present.charts.marks import Mark

_MANY: Final = 10
"""So many marks of a kind are worth the other form."""

_MARKERS: Final[dict[MarkKind, dict[str, Any]]] = {
    MarkKind.HOLD: {"symbol": "circle", "size": 4, "color": palette.UP},
    MarkKind.EXIT: {"symbol": "triangle-down", "size": 9, "color": palette.DOWN},
    MarkKind.CROSSING: {"symbol": "x-thin", "size": 10, "color": palette.MARK},
    MarkKind.ORDER: {"symbol": "square-open", "size": 11, "color": palette.ORDER},
    MarkKind.SOLD: {"symbol": "star", "size": 13, "color": palette.ORDER},
    MarkKind.BOUGHT: {"symbol": "star-open", "size": 13, "color": palette.ORDER},
    MarkKind.DECIDING: {"symbol": "diamond-open", "size": 14, "color": palette.MARK},
}
_THICK: Final = {"width": 2.5, "color": palette.MARK}
for _kind in (MarkKind.CROSSING, MarkKind.DECIDING):
    _MARKERS[_kind]["line"] = _THICK


def traces(marks: Sequence[Mark], labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A trace for each kind that there is.

    Parameters
    ----------
    labels
        Of the places that the marks stand at.
    """
    for kind, marker in _MARKERS.items():
        found = [each for each in marks if each.kind is kind]
        if not found:
            continue
        yield {
            "type": "scatter",
            "y": np.array([each.price for each in found]),
            "mode": "markers",
            "name": str(kind),
            "legendgroup": str(kind),
            "marker": marker,
            "cliponaxis": False,
            "x": [labels[each.place] for each in found],
            "hovertext": [each.text for each in found],
            "hoverinfo": "text",
            **condensed(found, labels),
        }


def condensed(found: list[Mark], labels: Sequence[str]) -> dict[str, Any]:
    """Marks of which only the numbers differ, told by their numbers; a month of hours has many.

    Returns
    -------
    dict
        What is to be said otherwise of such a trace; nothing where the texts are not of that kind.
    """
    first = found[0]
    if len(found) < _MANY or first.average is None:
        return {}
    pattern = _pattern(first)
    close, average = np.full((2, len(labels)), np.nan)
    for each in found:
        if each.average is None or each.text != pattern.format(each.price, each.average):
            return {}
        close[each.place], average[each.place] = each.price, each.average
    template = pattern.replace("{:.4f}", "%{y:.4f}", 1).replace("{:.4f}", "%{customdata:.4f}", 1)
    return {
        "x": None,
        "x0": labels[0],
        "dx": 1,
        "y": close,
        "customdata": average,
        "hovertext": None,
        "hoverinfo": None,
        "hovertemplate": f"{template}<extra></extra>",
    }


def _pattern(mark: Mark) -> str:
    """The text of a decision with places for its close and its average."""
    text = mark.text.replace("{", "{{").replace("}", "}}")
    for value in (mark.price, mark.average):
        text = text.replace(f"{value:.4f}", "{:.4f}", 1)
    return text
