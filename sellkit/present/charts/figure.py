"""The plotly figure of a notebook: small, offline, with a plain picture beside it.

Whoever imports this module loads plotly, which takes a while.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from sellkit.present.charts import palette
from sellkit.present.charts.ink import inked
from sellkit.present.charts.offline import config

if TYPE_CHECKING:
    from typing import Self

MIME: Final = "application/vnd.plotly.v1+json"


class Chart(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A plotly figure that a notebook shows offline.

    JupyterLab draws the figure itself, also in a notebook that it does not trust; while its kernel
    runs it has its summary for a name. Where nothing draws it, as in HTML that nbconvert made, a
    picture stands in its place. What is changed in the figure later is not in the picture.
    """

    _picture: str = ""
    _summary: str = "a chart"

    @classmethod
    def made(cls, traces: list[Any], layout: dict[str, Any], picture: str, summary: str) -> Self:
        """A figure with the picture and the sentence that stand for it elsewhere.

        Parameters
        ----------
        picture
            SVG.
        summary
            What a text-only page shows, and a screen reader says.
        """
        chart = cls(data=traces, layout={**layout, "meta": {"summary": summary}})
        chart._picture, chart._summary = picture, summary
        return chart

    @property
    def picture(self) -> str:
        """The SVG that stands for the figure where nothing draws it."""
        return self._picture

    @property
    def summary(self) -> str:
        """The chart in a sentence."""
        return self._summary

    @property
    def name(self) -> str:
        """Its title."""
        return str(self.layout.title.text or "")

    @property
    def figure(self) -> dict[str, Any]:
        """As plain JSON for a page: in its ink, and with what it is to offer beside the figure."""
        plain = json.loads(self.to_json())
        return inked({"data": plain["data"], "layout": plain["layout"], "config": config()})

    @property
    def bundle(self) -> dict[str, object]:
        """By MIME type, what a notebook keeps of the chart."""
        kept: dict[str, object] = {MIME: self.figure, "text/plain": self._summary}
        return {**kept, "image/svg+xml": self._picture} if self._picture else kept

    def _repr_mimebundle_(self, *_args: object, **_settings: object) -> dict[str, object]:
        return self.bundle

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415  (only a notebook has it at hand)

        if find_spec("anywidget") is not None:
            from sellkit.present.charts.page import name_charts  # noqa: PLC0415  (an extra)

            name_charts()
        display(self.bundle, raw=True)  # type: ignore[no-untyped-call]


def layout(title: str, subtitle: str, height: int) -> dict[str, Any]:
    """What every figure has: a title, a clear ground, and no template, which would weigh 7 KB."""
    return {
        "template": "none",
        "title": {
            "text": title,
            "x": 0,
            "xref": "paper",
            "subtitle": {"text": subtitle, "font": {"size": 12}},
        },
        "font": {"color": palette.INK, "size": 12},
        "paper_bgcolor": palette.CLEAR,
        "plot_bgcolor": palette.CLEAR,
        "height": height,
        "margin": {"l": 10, "r": 60, "t": 80, "b": 70},
        # Without a colour of its own the text takes that of the border, which is not to be seen.
        "hoverlabel": {
            "bgcolor": palette.CHIP,
            "bordercolor": palette.CLEAR,
            "font": {"color": palette.INK},
        },
        "modebar": {"bgcolor": palette.CLEAR, "color": palette.INK},
    }
