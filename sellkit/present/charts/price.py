"""Charts of one position: price and average, and hours beside days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.present.charts.drawing import Panel, Style
from sellkit.present.charts.picture import picture
from sellkit.present.charts.scene import scene

if TYPE_CHECKING:
    import pandas as pd

    from sellkit.core.past import Past
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.charts.figure import Chart
    from sellkit.present.charts.scene import Scene
    from sellkit.present.heading import Heading

_HEIGHT = 420
_SLIDER_HEIGHT = 70


def price_and_average(
    bars: pd.DataFrame,
    row: SnapshotRow,
    *,
    heading: Heading,
    past: Past | None = None,
    style: Style | None = None,
) -> Chart:
    """Candles of the last bars, the assigned average, and what happened to the position.

    Bars stand at equal distances, one beside the other, so that nights, week-ends and half days
    leave no gaps. The other averages are drawn, in grey, only when a style is given: a chart that
    is kept should be small.

    Parameters
    ----------
    bars
        Bar frame of completed bars of the assigned timeframe (hourly when unassigned). Averages
        are computed over all of them, the last 150 are shown.
    row
        The position, its decision and its certificate.
    heading
        Its mode stands in the title.
    past
        What the journal holds of the position, `desk.past(row)`: each decision, order and execution
        within the bars shown is marked.
    style
        How it looks.
    """
    told = scene(bars, row, heading, past=past, with_others=style is not None)
    return _drawn([told], style or Style())


def hours_and_days(
    hours: pd.DataFrame,
    days: pd.DataFrame,
    row: SnapshotRow,
    *,
    heading: Heading,
    past: Past | None = None,
    style: Style | None = None,
) -> Chart:
    """Both timeframes of a position side by side; in the one that does not decide all are grey.

    The picture that stands for it in HTML is that of the timeframe that decides.

    Parameters
    ----------
    hours, days
        Bar frames of completed bars.
    row, heading, past, style
        As for `price_and_average`.
    """
    frames = {Timeframe.H1: hours, Timeframe.D1: days}
    told = [
        scene(
            frame,
            row,
            heading,
            past=past,
            timeframe=timeframe,
            with_others=style is not None,
        )
        for timeframe, frame in frames.items()
    ]
    return _drawn(told, style or Style())


def _drawn(scenes: list[Scene], style: Style) -> Chart:
    # A decision must not wait for plotly, and nothing is drawn before it is taken.
    from sellkit.present.charts.figure import Chart, layout  # noqa: PLC0415

    first = scenes[0]
    height = _HEIGHT + (_SLIDER_HEIGHT if style.range_slider else 0)
    page = {
        **layout(first.title, first.subtitle, height),
        "hovermode": "x unified",
        # In pixels: more would tell what happened on the bars beside the one pointed at.
        "hoverdistance": 1 if style.candles else 4,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
    }
    if style.range_slider:
        page["margin"] = {**page["margin"], "b": 20}
    panels = [
        Panel(each, style, number, len(scenes))
        for number, each in enumerate(scenes, start=1)
        if not each.is_empty
    ]
    traces = [trace for panel in panels for trace in panel.traces()]
    for panel in panels:
        page |= panel.axes()
    if not panels:
        page["annotations"] = [{"text": "no completed bars to draw", "showarrow": False}]
    # The picture is of the panel that decides.
    pictured = next((each for each in scenes if _decides(each)), first)
    return Chart.made(traces, page, picture(pictured), pictured.summary)


def _decides(scene: Scene) -> bool:
    return any(each.is_assigned for each in scene.lines)
