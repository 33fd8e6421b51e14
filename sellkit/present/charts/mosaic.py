"""All positions on one page: a small chart of each, ready to be compared.

The page is one figure with one pair of axes, in which each position has a cell; with axes for each
position a browser would need seconds for a hundred of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.core import indicators
from sellkit.core.counting import counted
from sellkit.core.signals import Decision
from sellkit.present import words
from sellkit.present.charts import palette
from sellkit.present.charts.drawing import small
from sellkit.present.charts.picture import chip, framed, polyline, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.charts.figure import Chart
    from sellkit.present.heading import Heading

    Prices = NDArray[np.float64]

COLUMNS: Final = 5
_BARS, _FEWER_BARS, _FEW_ROWS = 60, 30, 100
"""Closes in a cell; and in one of more positions than that."""

_ROW_HEIGHT: Final = 130
_HEAD: Final = 110
_CELL: Final = 196
_PLOT: Final = (0.05, 0.93, 0.06, 0.66)
"""Left, right, lower and upper edge of the prices within a cell of width and height 1."""

_COLOURS: Final = {
    Decision.EXIT: palette.DOWN,
    Decision.HOLD: palette.UP,
    Decision.UNDECIDED: palette.UNSURE,
    Decision.EXCLUDED: palette.INK,
}


_SHAPES: Final = {
    Decision.EXIT: "▼",
    Decision.HOLD: "●",
    Decision.UNDECIDED: "◆",
    Decision.EXCLUDED: "○",
}
"""In the colour of the decision, which is said beside it in the page's ink."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """One position: its last closes and its average in the cell of its number.

    Attributes
    ----------
    cell
        Column and row, from 0; rows count downwards.
    closes, average
        Of the bars shown, shape (n,).
    """

    row: SnapshotRow
    cell: tuple[int, int]
    closes: Prices
    average: Prices
    cost: float

    @classmethod
    def of(
        cls, row: SnapshotRow, bars: pd.DataFrame | None, cell: tuple[int, int], shown: int
    ) -> _Tile:
        closes = np.empty(0) if bars is None else bars["close"].to_numpy()
        average = np.full(len(closes), np.nan)
        if row.assignment is not None and len(closes):
            average = indicators.average(closes, row.assignment.average)
        known = row.position.average_cost
        cost = np.nan if known is None else float(known)
        return cls(row, cell, closes[-shown:], average[-shown:], cost)

    @property
    def name(self) -> str:
        return str(self.row.position.instrument.token)

    @property
    def decision(self) -> Decision:
        return self.row.signal.decision

    @property
    def caption(self) -> str:
        """The assigned average, and how far the close is from it."""
        away = self.row.distance_percent
        assigned = self.row.assignment.label if self.row.assignment else "unassigned"
        return assigned if away is None else f"{assigned} {words.percent(away)} %"

    @property
    def told(self) -> str:
        """What the cell tells when it is pointed at."""
        close = words.price(self.row.last_close)
        lines = [f"<b>{self.name}</b> {self.row.decided}", self.caption, f"close {close}"]
        return "<br>".join([*lines, escape(self.row.signal.reasons[0][:90], quote=False)])

    def across(self) -> Prices:
        """Of each bar, in widths of a cell."""
        left, right, *_ = _PLOT
        return self.cell[0] + np.linspace(left, right, max(len(self.closes), 1))

    def up(self, prices: Prices) -> Prices:
        """Of prices, in heights of a cell, downwards negative; NaN what would leave the cell."""
        *_, lower, upper = _PLOT
        seen = np.concatenate([self.closes, self.average])
        low, high = (np.nanmin(seen), np.nanmax(seen)) if len(self.closes) else (0.0, 1.0)
        part = (prices - low) / (high - low or 1.0)
        part[(part < -0.01) | (part > 1.01)] = np.nan
        placed: Prices = lower + part * (upper - lower) - self.cell[1] - 1
        return placed


def all_positions(
    rows: Iterable[SnapshotRow],
    bars_of: Callable[[SnapshotRow], pd.DataFrame],
    *,
    heading: Heading,
    columns: int = COLUMNS,
) -> Chart:
    """A page of small charts: the last closes of each position, its average, its average cost.

    A cell has 60 closes, or 30 where there are more than a hundred positions.

    Parameters
    ----------
    rows
        In this order, from left to right and downwards.
    bars_of
        Gives the completed bars of a row's assigned timeframe; not asked of a row without a last
        close.
    heading
        Its mode stands in the title.
    columns
        How many side by side.
    """
    from sellkit.present.charts.figure import Chart, layout  # noqa: PLC0415  (loads plotly)

    chosen = list(rows)
    shown = _BARS if len(chosen) <= _FEW_ROWS else _FEWER_BARS
    tiles = []
    for place, row in enumerate(chosen):
        bars = None if row.last_close is None else bars_of(row)
        tiles.append(_Tile.of(row, bars, (place % columns, place // columns), shown))
    lines = -(-len(tiles) // columns)
    title = f"{counted(len(tiles), 'position')} · {heading.mode}"
    page = layout(title, heading.conditions, _HEAD + _ROW_HEIGHT * max(lines, 1))
    hidden = {"visible": False, "fixedrange": True}
    page |= {
        "showlegend": False,
        "hovermode": "closest",
        "margin": {"l": 10, "r": 10, "t": 80, "b": 10},
        "xaxis": {**hidden, "range": [0, columns]},
        "yaxis": {**hidden, "range": [-max(lines, 1), 0]},
    }
    if not tiles:
        page["annotations"] = [{"text": "no positions to draw", "showarrow": False}]
    summary = f"{title}. " + ", ".join(f"{each.name} {each.row.decided}" for each in tiles) + "."
    drawn = _picture(tiles, title, heading, (columns, lines), summary)
    return Chart.made(list(_traces(tiles)), page, drawn, summary)


def _traces(tiles: Sequence[_Tile]) -> Iterator[dict[str, Any]]:
    yield _line(tiles, lambda each: each.cost + 0 * each.closes, palette.COST, 1, "dash")
    yield _line(tiles, lambda each: each.average, palette.AVERAGE, 2)
    for decision, colour in _COLOURS.items():
        found = [each for each in tiles if each.decision is decision]
        if found:
            yield _line(found, lambda each: each.closes, colour, 1.5)
            yield _texts(found, decision)
    if tiles:
        yield _spots(tiles)


def _line(
    tiles: Sequence[_Tile],
    values: Callable[[_Tile], Prices],
    colour: str,
    width: float,
    dash: str = "solid",
) -> dict[str, Any]:
    """One line through all cells, with a gap between each two."""
    gap = np.array([np.nan])
    xs = [part for each in tiles for part in (each.across()[: len(each.closes)], gap)]
    ys = [part for each in tiles for part in (each.up(values(each).astype(float)), gap)]
    return {
        "type": "scatter",
        "x": small(np.concatenate(xs)) if xs else [],
        "y": small(np.concatenate(ys)) if ys else [],
        "mode": "lines",
        "line": {"color": colour, "width": width, "dash": dash},
        "hoverinfo": "skip",
    }


def _texts(tiles: Sequence[_Tile], decision: Decision) -> dict[str, Any]:
    """What each cell is of."""
    return {
        "type": "scatter",
        "x": [each.cell[0] + _PLOT[0] for each in tiles],
        "y": [-each.cell[1] - 0.06 for each in tiles],
        "mode": "text",
        "text": [
            f"<b>{each.name}</b> "
            f"<span style='color:{_COLOURS[decision]}'>{_SHAPES[decision]}</span> "
            f"{each.row.decided}<br>{each.caption}{'' if len(each.closes) else '<br>no bars'}"
            for each in tiles
        ],
        "textposition": "bottom right",
        "textfont": {"size": 11, "color": palette.INK},
        "hoverinfo": "skip",
    }


def _spots(tiles: Sequence[_Tile]) -> dict[str, Any]:
    """An unseen mark over each cell, that tells of it when it is pointed at."""
    return {
        "type": "scatter",
        "x": [each.cell[0] + 0.5 for each in tiles],
        "y": [-each.cell[1] - 0.5 for each in tiles],
        "mode": "markers",
        "marker": {"size": _ROW_HEIGHT * 0.8, "symbol": "square", "opacity": 0},
        "hovertext": [each.told for each in tiles],
        "hoverinfo": "text",
    }


def _picture(
    tiles: Sequence[_Tile], title: str, heading: Heading, size: tuple[int, int], summary: str
) -> str:
    width, height = size[0] * _CELL, 64 + size[1] * _ROW_HEIGHT
    parts = [chip(8, 6, title, heading.colour), text(8, 46, heading.conditions)]
    for each in tiles:
        x, y = each.cell[0] * _CELL, 64 + each.cell[1] * _ROW_HEIGHT
        parts.append(
            f"<text x='{x + 8}' y='{y + 18}' font-size='11' font-weight='700' "
            f"fill='{palette.PAPER_INK}'>{escape(each.name)} <tspan "
            f"fill='{_COLOURS[each.decision]}'>{_SHAPES[each.decision]}</tspan> "
            f"{each.row.decided}</text>"
        )
        parts.append(text(x + 8, y + 34, each.caption, "font-size='11'"))
        if not len(each.closes):
            parts.append(text(x + 8, y + 70, "no bars", "font-size='11'"))
        parts += _lines(each)
    return framed("".join(parts), summary, width, height)


def _lines(tile: _Tile) -> Iterator[str]:
    xs = tile.across() * _CELL
    cost = tile.cost + 0 * tile.closes
    drawn = (
        (cost, f"stroke='{palette.COST}' stroke-dasharray='5 3'"),
        (tile.average, f"stroke='{palette.AVERAGE}' stroke-width='2'"),
        (tile.closes, f"stroke='{_COLOURS[tile.decision]}' stroke-width='1.5'"),
    )
    for values, style in drawn:
        yield polyline(xs[: len(values)], 64 - tile.up(values) * _ROW_HEIGHT, style)
