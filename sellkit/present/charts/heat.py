"""The 28 alternatives of one position as a heat map: what each would have come to."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.core.assignments import LENGTHS, MaKind, Timeframe
from sellkit.core.counting import counted
from sellkit.errors import ConfigError
from sellkit.present import words
from sellkit.present.charts import palette
from sellkit.present.charts.picture import chip, framed, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sellkit.core.assignments import MovingAverage
    from sellkit.present.charts.figure import Chart
    from sellkit.present.heading import Heading
    from sellkit.research.chance import Verdict
    from sellkit.research.result import StudyResult

    Cells = NDArray[np.float64]
    Choice = tuple[MovingAverage, Timeframe]

_LINES: Final = tuple((kind, timeframe) for timeframe in Timeframe for kind in MaKind)
_CELL, _HIGH, _LEFT, _TOP = 92, 44, 84, 112
_TEXT: Final = "#ffffff"
_NEUTRAL, _GOOD, _BAD = (0x55, 0x55, 0x55), (0x1F, 0x6B, 0x44), (0xB0, 0x3A, 0x30)
"""Grounds on which white text has a contrast of 6:1 and more, also between any two of them."""

SHOWN: Final = {
    "against_holding": "against holding, %",
    "growth": "growth, %",
    "drawdown_avoided": "drawdown avoided, points of %",
    "drawdown": "deepest drawdown, %",
    "time_out": "time out of the market, %",
    "costs": "costs, %",
    "exits": "exits",
    "whipsaws": "whipsaws: bought again no lower",
}
"""What a cell can show; the first three are good when they are large, the others when small."""

_LARGE_IS_GOOD: Final = ("against_holding", "growth", "drawdown_avoided")
_COUNTS: Final = ("exits", "whipsaws")


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    """Four lines of seven cells.

    Attributes
    ----------
    values, shades
        What stands in a cell, NaN where history is too short, and its colour: from -1, bad, to 1;
        shape (4, 7).
    told
        What a cell tells when it is pointed at, line by line.
    chosen
        Line and column of the assigned choice, or None.
    """

    figure: str
    values: Cells
    shades: Cells
    told: tuple[tuple[str, ...], ...]
    chosen: tuple[int, int] | None

    @classmethod
    def of(cls, result: StudyResult, name: str, figure: str, assigned: Choice | None) -> _Map:
        table = result.table(name)
        rows = [f"{kind} {length} {frame}" for kind, frame in _LINES for length in LENGTHS]
        table = table.loc[rows]
        is_known = table["decided"].to_numpy() > 0
        values = table[figure].to_numpy(dtype=np.float64) - (figure == "growth")
        values = np.where(is_known, values if figure in _COUNTS else 100 * values, np.nan)
        records = zip(rows, table.to_dict("records"), strict=True)
        told = [_told(label, row) for label, row in records]
        shape = (len(_LINES), len(LENGTHS))
        lines = tuple(tuple(told[at : at + shape[1]]) for at in range(0, len(told), shape[1]))
        shades = _shades(values, figure).reshape(shape)
        return cls(figure, values.reshape(shape), shades, lines, _place(assigned))

    def said(self, line: int, column: int) -> str:
        """What stands in a cell."""
        value = float(self.values[line, column])
        if not np.isfinite(value):
            return "too short"
        if self.figure in _COUNTS:
            return f"{value:.0f}"
        return f"{value:+.1f}" if self.figure in _LARGE_IS_GOOD else f"{value:.1f}"


def alternatives(
    result: StudyResult,
    name: str,
    *,
    heading: Heading,
    figure: str = "against_holding",
    assigned: Choice | None = None,
    verdict: Verdict | None = None,
) -> Chart:
    """A heat map of the 28 alternatives of a position.

    Parameters
    ----------
    result
        Of a study that has the position.
    name
        The position's name in it.
    heading
        Its mode stands in the title.
    figure
        What the cells show, one of `SHOWN`.
    assigned
        The choice that decides the position, which gets a frame.
    verdict
        What a bootstrap says of them; it stands below the title, so that a lucky average is seen
        as such.

    Raises
    ------
    ConfigError
        No such figure, or no such position in the study.
    """
    from sellkit.present.charts.figure import Chart  # noqa: PLC0415  (loads plotly)

    if figure not in SHOWN:
        raise ConfigError(f"{figure!r} is not one of {', '.join(SHOWN)}")
    drawn = _Map.of(result, name, figure, assigned)
    title = f"{name} · 28 alternatives · {SHOWN[figure]} · {heading.mode}"
    subtitle = _luck(verdict)
    summary = f"{title}. {_summary(drawn)} {subtitle}."
    picture = _picture(drawn, title, subtitle, heading.colour, summary)
    return Chart.made([_trace(drawn)], _page(drawn, title, subtitle), picture, summary)


def _place(assigned: Choice | None) -> tuple[int, int] | None:
    if assigned is None:
        return None
    average, timeframe = assigned
    return _LINES.index((average.kind, timeframe)), LENGTHS.index(average.length)


def _luck(verdict: Verdict | None) -> str:
    if verdict is None:
        return "the best of 28 looks good by luck, too: no bootstrap was asked"
    drawn = f"{verdict.draws:,} draws, blocks of {verdict.block:g}, {verdict.sessions} sessions"
    return (
        f"best by the session: {verdict.best}; the luckiest of 28 does as well by chance: "
        f"p = {verdict.p_value:.3f} (reality check, {drawn})"
    )


def _told(label: str, row: dict[Any, Any]) -> str:
    if not row["decided"]:
        return f"<b>{label}</b><br>history is too short"
    return (
        f"<b>{label}</b><br>against holding {words.percent(100 * row['against_holding'])} %"
        f"<br>drawdown {100 * row['drawdown']:.1f} %, avoided {100 * row['drawdown_avoided']:+.1f}"
        f"<br>{counted(int(row['exits']), 'exit')}, {row['whipsaws']:.0f} bought again no lower"
        f"<br>out {100 * row['time_out']:.0f} % of the time, costs {100 * row['costs']:.2f} %"
        + ("<br>an exit is pending" if row["is_pending"] else "")
    )


def _shades(values: Cells, figure: str) -> Cells:
    """Good and bad from -1 to 1; a figure without a zero of its own runs from best to worst."""
    if not np.isfinite(values).any():
        return np.zeros_like(values)
    if figure in _LARGE_IS_GOOD:
        return np.nan_to_num(values / (np.nanmax(np.abs(values)) or 1.0))
    return np.nan_to_num(-values / (np.nanmax(values) or 1.0))


def _colour(shade: float) -> str:
    end = _GOOD if shade > 0 else _BAD
    parts = (round(a + (b - a) * abs(shade)) for a, b in zip(_NEUTRAL, end, strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _summary(drawn: _Map) -> str:
    known = np.isfinite(drawn.values)
    if not known.any():
        return "History is too short for all of them."
    best = np.unravel_index(np.nanargmax(np.where(known, drawn.shades, np.nan)), known.shape)
    line, column = int(best[0]), int(best[1])
    kind, timeframe = _LINES[line]
    return f"Best {kind} {LENGTHS[column]} {timeframe} with {drawn.said(line, column)}."


def _trace(drawn: _Map) -> dict[str, Any]:
    lines, columns = range(len(_LINES)), range(len(LENGTHS))
    return {
        "type": "heatmap",
        "x": [str(length) for length in LENGTHS],
        "y": [f"{kind} {timeframe}" for kind, timeframe in _LINES],
        "z": drawn.shades.round(3).tolist(),
        "zmin": -1,
        "zmax": 1,
        "colorscale": [[(shade + 1) / 2, _colour(shade)] for shade in (-1.0, 0.0, 1.0)],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [[drawn.said(line, column) for column in columns] for line in lines],
        "texttemplate": "%{text}",
        "textfont": {"color": _TEXT, "size": 13},
        "hovertext": [list(line) for line in drawn.told],
        "hoverinfo": "text",
    }


def _page(drawn: _Map, title: str, subtitle: str) -> dict[str, Any]:
    from sellkit.present.charts.figure import layout  # noqa: PLC0415  (loads plotly)

    page = layout(title, subtitle, _TOP + len(_LINES) * _HIGH + 60)
    axis = {"type": "category", "showgrid": False, "zeroline": False, "fixedrange": True}
    names = [str(length) for length in LENGTHS]
    page["xaxis"] = {**axis, "side": "top", "tickvals": names, "ticktext": names}
    page["yaxis"] = {**axis, "autorange": "reversed", "automargin": True}
    page["margin"] = {"l": 70, "r": 10, "t": 100, "b": 10}
    if drawn.chosen is not None:
        line, column = drawn.chosen
        page["shapes"] = [
            {
                "type": "rect",
                **{"x0": column - 0.5, "x1": column + 0.5, "y0": line - 0.5, "y1": line + 0.5},
                "line": {"color": palette.AVERAGE, "width": 4},
            }
        ]
    return page


def _picture(drawn: _Map, title: str, subtitle: str, colour: str, summary: str) -> str:
    width = _LEFT + len(LENGTHS) * _CELL + 8
    parts = [chip(8, 6, title, colour), text(8, 46, subtitle[:100])]
    parts += [text(8, 62, subtitle[100:])] if len(subtitle) > 100 else []
    for column, length in enumerate(LENGTHS):
        middle = _LEFT + (column + 0.5) * _CELL
        parts.append(text(middle, _TOP - 10, str(length), "text-anchor='middle'"))
    for line, (kind, timeframe) in enumerate(_LINES):
        parts.append(text(8, _TOP + (line + 0.6) * _HIGH, f"{kind} {timeframe}"))
        parts += [_cell(drawn, line, column) for column in range(len(LENGTHS))]
    if drawn.chosen is not None:
        x, y = _LEFT + drawn.chosen[1] * _CELL, _TOP + drawn.chosen[0] * _HIGH
        frame = f"stroke='{palette.AVERAGE}' stroke-width='4'"
        parts.append(f"<rect x='{x}' y='{y}' width='{_CELL}' height='{_HIGH}' {frame}/>")
        parts.append(text(8, _TOP + len(_LINES) * _HIGH + 22, "framed: the assigned one"))
    return framed("".join(parts), summary, width, _TOP + len(_LINES) * _HIGH + 36)


def _cell(drawn: _Map, line: int, column: int) -> str:
    x, y = _LEFT + column * _CELL, _TOP + line * _HIGH
    ground = _colour(float(drawn.shades[line, column]))
    said = escape(drawn.said(line, column))
    return (
        f"<rect x='{x + 1}' y='{y + 1}' width='{_CELL - 2}' height='{_HIGH - 2}' fill='{ground}'/>"
        f"<text x='{x + _CELL / 2:g}' y='{y + _HIGH / 2 + 5:g}' fill='{_TEXT}' "
        f"font-size='13' text-anchor='middle'>{said}</text>"
    )
