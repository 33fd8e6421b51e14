"""Scenes drawn as traces of plotly, one panel beside the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.errors import ConfigError
from sellkit.present.charts import marking, palette
from sellkit.present.charts.timeline import MOST_TICKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sellkit.present.charts.scene import Level, Line, Scene

FAINT: Final = "faint"
LEGEND: Final = "legend"
_HALF_A_CENT: Final = 0.005
_GAP: Final = 0.035
"""The least distance between two names at the right edge, in parts of the height."""

_BESIDE: Final = 0.1
"""Room between two panels, in parts of the width: for names and for the prices of the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a chart looks.

    Attributes
    ----------
    candles
        Candles; otherwise a line of closes.
    others
        The averages that decide nothing: `faint`, or in the `legend` alone until they are clicked.
    range_slider
        A slider under the bars, to choose which are shown.

    Raises
    ------
    ConfigError
        `others` is neither.
    """

    candles: bool = True
    others: str = FAINT
    range_slider: bool = False

    def __post_init__(self) -> None:
        if self.others not in (FAINT, LEGEND):
            raise ConfigError(
                f"the other averages are {FAINT!r} or in the {LEGEND!r}, not {self.others!r}"
            )


@dataclass(frozen=True, slots=True)
class Panel:
    """A scene in its place.

    Attributes
    ----------
    number
        From 1, from left to right; of `count`.
    """

    scene: Scene
    style: Style
    number: int = 1
    count: int = 1

    @property
    def _suffix(self) -> str:
        return "" if self.number == 1 else str(self.number)

    def axes(self) -> dict[str, Any]:
        """Its two axes; bars are categories, which stand at equal distances."""
        axis = {"gridcolor": palette.GRID, "zeroline": False, "linecolor": palette.GRID}
        room = 1 / self.count
        timeline = self.scene.timeline
        ticks = timeline.ticks(MOST_TICKS // self.count)
        names = [timeline.labels[place] for place, _ in ticks]
        span = [-0.5, len(timeline.labels) + 0.5]  # room for a mark on the last bar
        slider = {"visible": True, "thickness": 0.08, "range": span, "bgcolor": palette.CLEAR}
        gap = _BESIDE if self.number < self.count else 0
        return {
            f"xaxis{self._suffix}": {
                **axis,
                "type": "category",
                "categoryorder": "array",
                "categoryarray": timeline.labels,
                "range": span,
                "domain": [(self.number - 1) * room, self.number * room - gap],
                "anchor": f"y{self._suffix}",
                "rangeslider": slider if self.style.range_slider else {"visible": False},
                "tickvals": names,
                "ticktext": [label for _, label in ticks],
                "tickangle": 0,
            },
            f"yaxis{self._suffix}": {
                **axis,
                "side": "left" if self._is_faint else "right",  # names stand at the right
                "range": self.scene.span(),
                "anchor": f"x{self._suffix}",
                "automargin": True,
                "hoverformat": ",.4~f",
            },
        }

    def traces(self) -> list[dict[str, Any]]:
        """What is drawn, what lies behind first."""
        scene = self.scene
        greyed = [each for each in scene.lines if not each.is_assigned]
        found = [self._other(each, is_first=each is greyed[0]) for each in greyed]
        if self._is_faint:
            found.append(self._names(greyed))
        found.append(self._candles() if self.style.candles else self._closes())
        found += [self._assigned(each) for each in scene.lines if each.is_assigned]
        found += [self._level(each) for each in scene.levels]
        found += marking.traces(scene.marks, scene.timeline.labels)
        axes = {"xaxis": f"x{self._suffix}", "yaxis": f"y{self._suffix}"}
        if self.number > 1:
            found = [{**each, **axes, "showlegend": self._is_new(each)} for each in found]
        return found

    def _is_new(self, trace: dict[str, Any]) -> bool:
        """Whether the legend lacks it; the first panel has entered what all panels have."""
        return bool(trace.get("showlegend", True)) and trace.get("legendgroup") is None

    @property
    def _is_faint(self) -> bool:
        return self.style.others == FAINT and not all(e.is_assigned for e in self.scene.lines)

    @property
    def _along(self) -> dict[str, Any]:
        """One value for each bar: only the first place is named."""
        return {"type": "scatter", "x0": self.scene.timeline.labels[0], "dx": 1, "mode": "lines"}

    def _candles(self) -> dict[str, Any]:
        scene = self.scene
        prices = {
            "open": small(scene.opens),
            "high": small(scene.highs),
            "low": small(scene.lows),
            "close": small(scene.closes),
        }
        rising = {"line": {"color": palette.UP, "width": 1}, "fillcolor": palette.UP}
        falling = {"line": {"color": palette.DOWN, "width": 1}, "fillcolor": palette.DOWN}
        sides = {"increasing": rising, "decreasing": falling}
        return {
            "type": "candlestick",
            **prices,
            **sides,
            "name": "price",
            "legendgroup": "price",
        }

    def _closes(self) -> dict[str, Any]:
        line = {"color": palette.INK, "width": 1.5}
        y = small(self.scene.closes)
        return {**self._along, "y": y, "line": line, "name": "price", "legendgroup": "price"}

    def _assigned(self, line: Line) -> dict[str, Any]:
        style = {"color": palette.AVERAGE, "width": 2.5}
        mode = "markers" if np.isfinite(line.values).sum() == 1 else "lines"
        known = {"y": small(line.values), "name": line.name, "line": style, "mode": mode}
        return {**self._along, **known, "marker": {"color": palette.AVERAGE}}

    def _other(self, line: Line, *, is_first: bool) -> dict[str, Any]:
        dash = "solid" if line.name.startswith("SMA") else "dot"
        return {
            **self._along,
            "y": small(line.values),
            "name": f"other averages {self.scene.name}" if is_first else line.name,
            "legendgroup": "others",
            "showlegend": is_first and self.number == 1,
            "visible": True if self.style.others == FAINT else "legendonly",
            "line": {"color": palette.OTHER, "width": 1, "dash": dash},
            "opacity": 0.7,
            "hoverinfo": "skip",
        }

    def _names(self, lines: list[Line]) -> dict[str, Any]:
        """What the grey lines are called, at their right ends and apart from each other."""
        scene, (low, high) = self.scene, self.scene.span()
        near = [each for each in lines if low < each.values[-1] < high]
        near.sort(key=lambda each: float(each.values[-1]))
        return {
            "type": "scatter",
            "x": [scene.timeline.labels[-1]] * len(near),
            "y": apart([float(each.values[-1]) for each in near], (high - low) * _GAP),
            "mode": "text",
            "text": [f" {each.name.rpartition(' ')[0]}" for each in near],
            "textposition": "middle right",
            "textfont": {"size": 9, "color": palette.INK},
            "legendgroup": "others",
            "showlegend": False,
            "hoverinfo": "skip",
            "cliponaxis": False,
        }

    def _level(self, level: Level) -> dict[str, Any]:
        labels = self.scene.timeline.labels
        colour, dash = (palette.COST, "dash") if level.is_cost else (palette.ORDER, "dot")
        return {
            "type": "scatter",
            "x": [labels[0], labels[-1]],
            "y": [level.value, level.value],
            "mode": "lines",
            "name": level.name,
            "legendgroup": level.name,
            "line": {"color": colour, "width": 1.5, "dash": dash},
            "hoverinfo": "skip",
        }


def small(values: NDArray[np.float64]) -> NDArray[np.float32] | NDArray[np.float64]:
    """In single precision, half the size, unless that moved a price by half a cent."""
    single = values.astype(np.float32)
    known = np.isfinite(values)
    is_close = np.abs(single[known] - values[known]) < _HALF_A_CENT
    return single if is_close.all() else values


def apart(values: list[float], gap: float) -> list[float]:
    """Values in rising order, moved up as far as they have to be to lie `gap` apart."""
    placed: list[float] = []
    for each in values:
        placed.append(max(each, placed[-1] + gap) if placed else each)
    return placed
