"""Charts of price against the assigned average, small and readable on light and dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from sellkit.core import indicators
from sellkit.core.assignments import Timeframe
from sellkit.core.bars import INSTANT, day_label
from sellkit.core.market_time import calendar_for
from sellkit.present import words
from sellkit.present.heading import two_clocks

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    import plotly.graph_objects as go

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.heading import Heading

SHOWN_BARS: Final = 150
OFFLINE_RENDERER: Final = "plotly_mimetype"
"""What JupyterLab draws itself, without the internet and without trusting the notebook."""

_TICKS: Final = 8

# Each reads on white and on black alike.
_INK, _GRID, _CLEAR = "#7a7a7a", "rgba(128,128,128,0.25)", "rgba(0,0,0,0)"
_UP, _DOWN, _AVERAGE, _COST, _MARK = "#2e9d62", "#cf4b40", "#3b82c4", "#b8860b", "#9c4fd0"


def price_and_average(bars: pd.DataFrame, row: SnapshotRow, *, heading: Heading) -> go.Figure:
    """Candles of the last bars, the assigned average, the deciding bar and the average cost.

    Bars stand at equal distances, one beside the other, so that nights, week-ends and half days
    leave no gaps.

    Parameters
    ----------
    bars
        Bar frame of completed bars of the assigned timeframe (hourly when unassigned). The average
        is computed over all of them, the last 150 are shown.
    row
        The position, its decision and its certificate.
    heading
        Its mode stands in the title.
    """
    import plotly.graph_objects as go  # noqa: PLC0415  (a decision must not wait for plotly)

    shown = bars.iloc[-SHOWN_BARS:]
    labels = _labels(pd.DatetimeIndex(shown.index), row)
    figure = go.Figure(layout=_layout(row, heading))
    if shown.empty:
        figure.add_annotation(text="no completed bars to draw", showarrow=False)
        return figure
    figure.add_trace(go.Candlestick(**_candles(shown, labels)))
    if row.assignment is not None:
        line = indicators.average(bars["close"].to_numpy(), row.assignment.average)
        figure.add_trace(go.Scatter(**_average(line[-len(shown) :], labels, row)))
    if row.position.average_cost is not None:
        figure.add_trace(go.Scatter(**_cost(shown, labels, row.position.average_cost)))
    if row.signal.certificate is not None:
        figure.add_trace(go.Scatter(**_deciding_bar(shown, labels, row)))
    figure.update_xaxes(_ticks(pd.DatetimeIndex(shown.index), labels, row))
    return figure


def show_charts(
    rows: Iterable[SnapshotRow],
    bars_of: Callable[[SnapshotRow], pd.DataFrame],
    *,
    heading: Heading,
) -> None:
    """Show a chart for each row in a notebook, one below the other.

    They are drawn by JupyterLab itself: offline, and in an executed notebook that is opened later.
    A sentence names the rows that have no bars, or says that there are no rows.

    Parameters
    ----------
    rows
        What to draw, in this order.
    bars_of
        Gives the completed bars of a row's assigned timeframe; not asked of a row without a last
        close, an option's for instance.
    heading
        Its mode stands in every title.
    """
    from IPython.display import display  # noqa: PLC0415  (only a notebook has it at hand)

    chosen = list(rows)
    drawn = [row for row in chosen if row.last_close is not None]
    for row in drawn:
        figure = price_and_average(bars_of(row), row, heading=heading)
        figure.show(renderer=OFFLINE_RENDERER)
    tokens = [str(row.position.instrument.token) for row in chosen if row.last_close is None]
    if tokens or not chosen:
        without = f"without bars there is no chart of {', '.join(tokens)}"
        text = f"{heading.mode}: {without if tokens else 'no position is among those to draw'}."
        display({"text/plain": text}, raw=True)  # type: ignore[no-untyped-call]


def _layout(row: SnapshotRow, heading: Heading) -> dict[str, Any]:
    assigned = row.assignment.label if row.assignment else "unassigned"
    token = row.position.instrument.token
    title = f"{token} · {assigned} · {row.decided} · {heading.mode}"
    axis = {"gridcolor": _GRID, "zeroline": False, "linecolor": _GRID}
    return {
        "template": "none",
        "title": {
            "text": title,
            "x": 0,
            "xref": "paper",
            "subtitle": {"text": _subtitle(row), "font": {"size": 12}},
        },
        "font": {"color": _INK, "size": 12},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "height": 400,
        "margin": {"l": 10, "r": 60, "t": 80, "b": 40},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#333", "font": {"color": "#fff"}},
        "modebar": {"bgcolor": _CLEAR, "color": _INK},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": -0.12},
        "xaxis": {**axis, "type": "category", "rangeslider": {"visible": False}},
        "yaxis": {**axis, "side": "right", "title": {"text": row.position.instrument.currency}},
    }


def _subtitle(row: SnapshotRow) -> str:
    found = row.signal.certificate
    if found is None:
        return row.signal.reasons[0]
    end = two_clocks(found.slot.end, row.position.instrument.token.exchange)
    ended = f"ends {end}, {found.provisional_label}" if found.is_provisional else f"ended {end}"
    return f"close {words.price(found.close)}, average {found.average:,.4f}, bar {ended}"


def _candles(shown: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    prices = {name: _small(shown[name]) for name in ("open", "high", "low", "close")}
    rising = {"line": {"color": _UP, "width": 1}, "fillcolor": _UP}
    falling = {"line": {"color": _DOWN, "width": 1}, "fillcolor": _DOWN}
    return {"x": labels, **prices, "name": "price", "increasing": rising, "decreasing": falling}


def _average(values: np.ndarray, labels: list[str], row: SnapshotRow) -> dict[str, Any]:
    return {
        "x": labels,
        "y": values.astype(np.float32),
        "mode": "lines",
        "name": row.assignment.label if row.assignment else "",
        "line": {"color": _AVERAGE, "width": 2},
    }


def _deciding_bar(shown: pd.DataFrame, labels: list[str], row: SnapshotRow) -> dict[str, Any]:
    found = row.signal.certificate
    if found is None:
        raise ValueError("a decision without a certificate has no deciding bar")
    start = pd.Timestamp(found.slot.start)
    # An hour that was held against a daily average is none of the bars shown: it stands after them.
    place = shown.index.get_indexer(pd.DatetimeIndex([start], dtype=INSTANT))[0]
    label = labels[place] if place >= 0 else f"{_local(start, row):%d %b %H:%M}"
    return {
        "x": [label],
        "y": [found.close],
        "mode": "markers+text",
        "name": "deciding bar",
        "marker": {
            "symbol": "diamond-open",
            "size": 14,
            "color": _MARK,
            "line": {"width": 2.5},
        },
        "text": [f"  <b>{words.price(found.close)}</b>"],
        "textposition": "middle right",
        "textfont": {"color": _MARK, "size": 13},
    }


def _cost(shown: pd.DataFrame, labels: list[str], cost: Decimal) -> dict[str, Any]:
    """A line at the average cost; where it would squeeze the candles flat, the legend alone."""
    low, high, level = float(shown["low"].min()), float(shown["high"].max()), float(cost)
    room = high - low
    name = f"average cost {words.price(cost)}"
    far = level < low - room or level > high + room
    if far:
        name += ", below the chart" if level < low else ", above the chart"
    return {
        "x": [labels[0], labels[-1]],
        "y": [None, None] if far else [level, level],
        "mode": "lines",
        "name": name,
        "line": {"color": _COST, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }


def _ticks(index: pd.DatetimeIndex, labels: list[str], row: SnapshotRow) -> dict[str, Any]:
    daily = _is_daily(row)
    dates = [_local(start, row).date() for start in index]
    keys = [(date.year, date.month) if daily else date for date in dates]
    firsts = [i for i in range(1, len(keys)) if keys[i] != keys[i - 1]] or [0]
    firsts = firsts[:: -(-len(firsts) // _TICKS)]
    form = "%b %Y" if daily else "%d %b"
    return {
        "tickvals": [labels[i] for i in firsts],
        "ticktext": [f"{dates[i]:{form}}" for i in firsts],
        "tickangle": 0,
    }


def _labels(index: pd.DatetimeIndex, row: SnapshotRow) -> list[str]:
    form = "%d %b %Y" if _is_daily(row) else "%d %b %H:%M"
    return [f"{_local(start, row):{form}}" for start in index]


def _local(start: dt.datetime, row: SnapshotRow) -> dt.datetime:
    """A bar's start on the exchange's clock; a daily bar's start is a date, no instant."""
    if start == day_label(start.date()) and _is_daily(row):
        return start
    return calendar_for(row.position.instrument.token.exchange).local(start)


def _is_daily(row: SnapshotRow) -> bool:
    return row.assignment is not None and row.assignment.timeframe is Timeframe.D1


def _small(values: pd.Series[float]) -> np.ndarray:
    return values.to_numpy().astype(np.float32)
