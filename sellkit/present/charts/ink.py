"""The words of a figure in the page's own ink, so that they read on light and dark pages alike.

Plotly has no colour that a page decides. But it lets pieces of a text have a style of their own,
and there a variable of the page is as good as a colour.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sellkit.present.charts import palette

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_A_BAR: Final = "<br>".join(
    f"{each} %{{{each}:,.4~f}}" for each in ("open", "high", "low", "close")
)
_AXIS: Final = re.compile(r"[xy]axis\d*")


def told(text: str) -> str:
    """Words in the page's ink, in the markup that plotly knows."""
    return f'<span style="color:var({palette.INK_VARIABLE},{palette.INK})">{text}</span>'


def inked(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure, as plain JSON, whose titles, names, ticks and hover texts are in the page's ink."""
    layout = figure["layout"]
    axes = {name: _axis(name, each) for name, each in layout.items() if _AXIS.fullmatch(name)}
    named = {
        "title": _with(layout.get("title", {}), _texts),
        "annotations": [_with(each, _texts) for each in layout.get("annotations", [])],
    }
    traces = [_trace(each) for each in figure["data"]]
    return {**figure, "data": traces, "layout": {**layout, **axes, **named}}


def _texts(part: dict[str, Any]) -> dict[str, Any]:
    found = {name: _each(part[name]) for name in ("text", "name", "hovertext") if part.get(name)}
    return found | ({"subtitle": _with(part["subtitle"], _texts)} if part.get("subtitle") else {})


def _axis(name: str, axis: dict[str, Any]) -> dict[str, Any]:
    if not axis.get("visible", True):
        return axis
    if axis.get("ticktext"):
        hover = {"unifiedhovertitle": {"text": told("%{x}")}}
        return {**axis, "ticktext": _each(axis["ticktext"]), **hover}
    before, _, after = told("|").partition("|")
    suffix = f"{axis.get('ticksuffix', '')}{after}"
    return {**axis, "tickprefix": before, "ticksuffix": suffix} if name[0] == "y" else axis


def _trace(trace: dict[str, Any]) -> dict[str, Any]:
    """Lines and candles; what stands on a ground of its own keeps its words as they are."""
    if trace.get("type") == "heatmap" and "hovertext" in trace:  # not so what is told beside it
        return {**trace, "hovertext": [_each(line) for line in trace["hovertext"]]}
    if trace.get("type", "scatter") not in ("scatter", "candlestick"):
        return trace
    is_hovered = trace.get("hoverinfo") not in ("skip", "text")
    template = trace.get("hovertemplate") if is_hovered else None
    if is_hovered and template is None and trace.get("name"):
        told_of = _OF_A_BAR if trace.get("type") == "candlestick" else "%{y:,.4~f}"
        template = f"{trace['name']}: {told_of}<extra></extra>"
    text, extra, rest = (template or "").partition("<extra>")
    hover = {"hovertemplate": f"{told(text)}{extra}{rest}"} if template else {}
    return {**_with(trace, _texts), **hover}


def _with(part: dict[str, Any], more: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    return {**part, **more(part)}


def _each(text: str | list[str]) -> str | list[str]:
    return told(text) if isinstance(text, str) else [told(each) for each in text]
