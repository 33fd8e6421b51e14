"""Scenes as plain SVG: a few KB, the same for the same scene, and drawn without a browser.

It stands in executed notebooks beside the figure, because neither nbconvert's HTML nor a mail shows
a plotly figure, and the machine that runs the hour may have no browser to draw one.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.present import words
from sellkit.present.charts import palette
from sellkit.present.charts.marks import MarkKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sellkit.present.charts.scene import Level, Scene

_WIDTH, _HEIGHT = 860, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 66, 62, 60
_FONT: Final = "font-family='system-ui,sans-serif' font-size='12'"
_ROWS: Final = 4
_SHAPES: Final[dict[MarkKind, tuple[str, str]]] = {
    MarkKind.EXIT: ("m-5-4h10l-5 9z", f"fill='{palette.DOWN}'"),
    MarkKind.CROSSING: ("m-4-4l8 8m0-8l-8 8", f"stroke='{palette.MARK}' stroke-width='2.5'"),
    MarkKind.ORDER: ("m-5-5h10v10h-10z", f"stroke='{palette.ORDER}' stroke-width='1.5'"),
    MarkKind.SOLD: ("m0-7l7 7l-7 7l-7-7z", f"fill='{palette.ORDER}'"),
    MarkKind.BOUGHT: ("m0-7l7 7l-7 7l-7-7z", f"stroke='{palette.ORDER}' stroke-width='2'"),
    MarkKind.DECIDING: ("m0-8l8 8l-8 8l-8-8z", f"stroke='{palette.MARK}' stroke-width='2.5'"),
}


def picture(scene: Scene) -> str:
    """A scene as SVG with its title, on a ground of its own."""
    parts = [
        chip(_LEFT, 6, scene.title, scene.colour),
        text(_LEFT, 46, scene.subtitle),
        *(_nothing() if scene.is_empty else _Canvas.of(scene).parts()),
    ]
    return framed("".join(parts), scene.summary, _WIDTH, _HEIGHT)


def framed(inner: str, summary: str, width: int, height: int) -> str:
    """A drawing with its size, and what it is called for whoever cannot see it."""
    told = escape(summary, quote=True)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' role='img' aria-label='{told}' {_FONT} "
        f"fill='none'><title>{told}</title>"
        f"<rect width='{width}' height='{height}' fill='{palette.PAPER}'/>{inner}</svg>"
    )


def text(x: float, y: float, said: str, more: str = "") -> str:
    """Words at a place."""
    return f"<text x='{x:g}' y='{y:g}' fill='{palette.PAPER_INK}' {more}>{escape(said)}</text>"


def chip(x: float, y: float, said: str, ground: str) -> str:
    """Words on a ground that tells the mode."""
    width = 7.4 * len(said) + 16
    return (
        f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='22' rx='3' fill='{ground}'/>"
        f"<text x='{x + 8:g}' y='{y + 15.5:g}' fill='#fff' font-size='13' font-weight='700' "
        f"textLength='{width - 16:g}'>{escape(said)}</text>"
    )


def polyline(xs: NDArray[np.float64], ys: NDArray[np.float64], style: str) -> str:
    """A line through the known points, broken at the others."""
    points, pen = [], "M"
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        is_known = np.isfinite(y)
        if is_known:
            points.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if is_known else "M"
    return f"<path d='{''.join(points)}' {style}/>" if points else ""


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """A scene with the prices at its lower and its upper edge."""

    scene: Scene
    low: float
    high: float

    @classmethod
    def of(cls, scene: Scene) -> _Canvas:
        low, high = scene.span()
        return cls(scene, low, high)

    def parts(self) -> Iterator[str]:
        """Everything under the title, what lies behind first."""
        yield from self._grid()
        yield from self._candles()
        xs = self._across(np.arange(len(self.scene.closes), dtype=np.float64))
        for line in self.scene.lines:
            if line.is_assigned:
                style = f"stroke='{palette.AVERAGE}' stroke-width='2'"
                yield polyline(xs, self._down(line.values), style)
        yield from (self._level(each) for each in self.scene.levels if each.value is not None)
        for mark in self.scene.marks:
            if mark.kind in _SHAPES:
                shape, style = _SHAPES[mark.kind]
                x, y = self._x(mark.place), self._y(mark.price)
                yield f"<path d='M{x:.1f} {y:.1f}{shape}' {style}/>"
        yield from self._key()

    def _across(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        step = (_WIDTH - _LEFT - _RIGHT) / len(self.scene.timeline.labels)
        return _LEFT + (place + 0.5) * step

    def _down(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        return _TOP + (self.high - price) / (self.high - self.low) * (_HEIGHT - _TOP - _BOTTOM)

    def _x(self, place: float) -> float:
        return float(self._across(np.array([place]))[0])

    def _y(self, price: float) -> float:
        return float(self._down(np.array([price]))[0])

    def _grid(self) -> Iterator[str]:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        lines = []
        for price in _round_prices(self.low, self.high):
            y = self._y(price)
            lines.append(f"M{_LEFT} {y:.1f}H{right}")
            yield text(right + 6, y + 4, words.price(price))
        for place, label in self.scene.timeline.ticks():
            x = self._x(place)
            lines.append(f"M{x:.1f} {_TOP}V{bottom}")
            anchor = "middle" if x > _LEFT + 24 else "start"  # not over the left edge
            yield text(x, bottom + 15, label, f"text-anchor='{anchor}'")
        yield f"<path d='{''.join(lines)}' stroke='#888' stroke-opacity='.3'/>"

    def _candles(self) -> Iterator[str]:
        scene = self.scene
        xs = self._across(np.arange(len(scene.closes), dtype=np.float64))
        ys = [self._down(each) for each in (scene.opens, scene.highs, scene.lows, scene.closes)]
        wide = max(1.5, 0.65 * (_WIDTH - _LEFT - _RIGHT) / len(scene.timeline.labels))
        for colour, is_up in ((palette.UP, True), (palette.DOWN, False)):
            wicks, bodies = [], []
            for x, first, top, bottom, last in zip(xs, *ys, strict=True):
                if bool(last <= first) != is_up:  # down the page is down in price
                    continue
                wicks.append(f"M{x:.0f} {top:.0f}V{bottom:.0f}")
                end = last if abs(last - first) >= 1 else first - 1
                bodies.append(f"M{x:.0f} {first:.0f}V{end:.0f}")
            yield f"<path d='{''.join(wicks)}' stroke='{colour}'/>"
            yield f"<path d='{''.join(bodies)}' stroke='{colour}' stroke-width='{wide:.1f}'/>"

    def _level(self, level: Level) -> str:
        y = self._y(level.value or 0.0)
        return f"<path d='M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}' {_of_level(level)}/>"

    def _key(self) -> Iterator[str]:
        """What the lines and the marks are called."""
        line = f"stroke='{palette.AVERAGE}' stroke-width='2'"
        entries = [(f"h18' {line}", each.name) for each in self.scene.lines if each.is_assigned]
        entries += [(f"h18' {_of_level(each)}", each.name) for each in self.scene.levels]
        kinds = dict.fromkeys(each.kind for each in self.scene.marks if each.kind in _SHAPES)
        for kind in kinds:
            shape, style = _SHAPES[kind]
            entries.append((f"m9 0{shape}' {style}", str(kind)))
        x, y = float(_LEFT), _HEIGHT - 26
        for shape, name in entries:
            width = 40 + 6.2 * len(name)
            if x + width > _WIDTH:
                x, y = float(_LEFT), y + 18
            yield f"<path d='M{x:g} {y - 4}{shape}/>{text(x + 24, y, name)}"
            x += width


def _nothing() -> Iterator[str]:
    yield text(_WIDTH / 2, _HEIGHT / 2, "no completed bars to draw", "text-anchor='middle'")


def _of_level(level: Level) -> str:
    colour, dash = (palette.COST, "7 4") if level.is_cost else (palette.ORDER, "2 3")
    return f"stroke='{colour}' stroke-width='1.5' stroke-dasharray='{dash}'"


def _round_prices(low: float, high: float) -> list[float]:
    """A few prices that a person reads easily, between two."""
    step = 10.0 ** np.floor(np.log10((high - low) / _ROWS))
    step *= next((each for each in (1, 2, 5) if (high - low) / (step * each) <= _ROWS), 10)
    return [float(each) for each in np.arange(np.ceil(low / step) * step, high, step)]
