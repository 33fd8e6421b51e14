"""What positions were worth by the rule and by holding, one line each, on one axis of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.core.counting import counted
from sellkit.errors import ConfigError
from sellkit.present.charts import palette
from sellkit.present.charts.picture import chip, framed, polyline, text
from sellkit.present.words import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sellkit.present.charts.figure import Chart
    from sellkit.research.replayed import Equity, Exit, PositionReplay, Replay

    Values = NDArray[np.float64]

_WIDTH, _HEIGHT = 860, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 66, 62, 54
_POINTS: Final = 600
"""More than a line of so many pixels shows."""
_TICKS: Final = 8
_ROWS: Final = 5
_NAME: Final = "REPLAY"
_DAY: Final = 86_400_000_000
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """Two lines in percent of the beginning, and the sales of the position that was held.

    Attributes
    ----------
    times
        Shape (n,), as the axis has them: side by side, so that nights leave no gap.
    rule, holding
        Shape (n,).
    sold
        Places of the sales.
    """

    times: list[dt.datetime]
    rule: Values
    holding: Values
    sold: list[int]

    @classmethod
    def of(cls, equity: Equity, exits: list[Exit]) -> _Course:
        step = -(-len(equity.times) // _POINTS) or 1
        kept = np.unique(np.append(np.arange(0, len(equity.times), step), len(equity.times) - 1))
        kept = kept[kept >= 0]
        marks = equity.times[kept]
        times = [_EPOCH + int(mark) * dt.timedelta(microseconds=1) for mark in marks]
        rule, holding = ((each[kept] - 1) * 100 for each in (equity.rule, equity.holding))
        ends = [(e.fill.at - _EPOCH) // dt.timedelta(microseconds=1) for e in exits if e.fill]
        places = np.minimum(np.searchsorted(marks, ends), len(marks) - 1)
        return cls(times, rule, holding, sorted(set(places.tolist())) if len(marks) else [])

    def ticks(self) -> list[tuple[int, str]]:
        """Some places with their dates."""
        step = -(-len(self.times) // _TICKS) or 1
        return [
            (place, f"{self.times[place]:%d %b %Y}") for place in range(0, len(self.times), step)
        ]


def equity(replay: Replay, token: str = "") -> Chart:
    """What a position, or all of them together, was worth by the rule and by holding.

    Percent of the beginning. Triangles are the sales of what was held; with all positions together
    each has an equal share of the money at the beginning.

    Parameters
    ----------
    replay
        What was found.
    token
        One position, as its token or its symbol; empty takes all together.

    Raises
    ------
    ConfigError
        The replay has no such position.
    """
    from sellkit.present.charts.figure import Chart, layout  # noqa: PLC0415  (loads plotly)

    chosen = _chosen(replay, token)
    name = counted(len(replay.positions), "position") if chosen is None else _named(chosen)
    whole = replay.equity if chosen is None else chosen.equity
    exits = [] if chosen is None else [each for each in chosen.exits if each.was_held]
    course = _Course.of(whole if chosen is not None else _by_days(replay), exits)
    title = f"{name} · {_NAME}"
    gains = f"rule {percent(whole.rule_percent)} %, holding {percent(whole.holding_percent)} %"
    falls = f"deepest fall {whole.rule_drawdown:.1f} % against {whole.holding_drawdown:.1f} %"
    subtitle = f"{gains}; {falls}; after costs{'' if chosen is not None else _late(replay)}"
    page = layout(title, subtitle, _HEIGHT + 40)
    ticks = course.ticks()
    page["xaxis"] = {
        "tickvals": [place for place, _ in ticks],
        "ticktext": [label for _, label in ticks],
        "gridcolor": palette.GRID,
        "zeroline": False,
    }
    page["yaxis"] = {
        "side": "right",
        "ticksuffix": " %",
        "gridcolor": palette.GRID,
        "zerolinecolor": palette.GRID,
    }
    page |= {"hovermode": "x unified", "legend": {"orientation": "h", "y": -0.12}}
    if not course.times:
        page["annotations"] = [{"text": "nothing was judged", "showarrow": False}]
    summary = f"{title}: {subtitle}."
    return Chart.made(list(_traces(course)), page, _picture(course, title, subtitle), summary)


def _by_days(replay: Replay) -> Equity:
    """All together; the last of each day where some are judged by hours and some by days.

    Side by side the hours of a week would be as wide as the days of a month.
    """
    whole = replay.equity
    if len({each.assignment.timeframe for each in replay.positions}) < 2:
        return whole
    days = whole.times // _DAY
    kept = np.flatnonzero(np.append(days[1:] != days[:-1], [True] * bool(len(days))))
    return replace(whole, **{e: getattr(whole, e)[kept] for e in ("times", "rule", "holding")})


def _late(replay: Replay) -> str:
    """How many positions stand still at first, for want of bars."""
    begun = [int(each.equity.times[0]) for each in replay.positions if len(each.equity.times)]
    late = sum(each - min(begun) > 5 * _DAY for each in begun)
    missing = len(replay.positions) - len(begun)
    told = f"; {late} of them stand still until their first judged bar" if late else ""
    return told + (f"; {missing} never judged, and left out" if missing else "")


def _chosen(replay: Replay, token: str) -> PositionReplay | None:
    wanted = token.strip().upper()
    if not wanted:
        return None
    for each in replay.positions:
        if wanted in (str(each.token), each.token.symbol):
            return each
    held = ", ".join(str(each.token) for each in replay.positions) or "none"
    raise ConfigError(f"the replay has no position {token!r}; it has {held}")


def _named(position: PositionReplay) -> str:
    return f"{position.token} · {position.assignment.label}"


def _traces(course: _Course) -> Iterator[dict[str, Any]]:
    places = list(range(len(course.times)))
    when = [f"{each:%d %b %Y %H:%M} UTC" for each in course.times]
    for name, values, colour, dash in _lines(course):
        yield {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": places,
            "y": np.round(values, 3).tolist(),
            "customdata": when,
            "hovertemplate": "%{y:.2f} %<br>%{customdata}",
            "line": {"color": colour, "width": 2, "dash": dash},
        }
    if course.sold:
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": "sold",
            "x": course.sold,
            "y": [round(float(course.rule[place]), 3) for place in course.sold],
            "hovertemplate": "sold",
            "marker": {"symbol": "triangle-down", "size": 10, "color": palette.DOWN},
        }


def _lines(course: _Course) -> tuple[tuple[str, Values, str, str], ...]:
    return (
        ("holding", course.holding, palette.OTHER, "dash"),
        ("rule", course.rule, palette.AVERAGE, "solid"),
    )


def _picture(course: _Course, title: str, subtitle: str) -> str:
    parts = [chip(_LEFT, 6, title, palette.CHIP), text(_LEFT, 46, subtitle)]
    if course.times:
        parts += _drawn(course)
    else:
        parts.append(text(_WIDTH / 2, _HEIGHT / 2, "nothing was judged", "text-anchor='middle'"))
    return framed("".join(parts), f"{title}: {subtitle}.", _WIDTH, _HEIGHT)


def _drawn(course: _Course) -> Iterator[str]:
    both = np.concatenate([course.rule, course.holding, [0.0]])
    low, high = float(both.min()), float(both.max())
    high += (high - low) * 0.05 or 1.0
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    xs = _LEFT + (np.arange(len(course.times)) + 0.5) * (right - _LEFT) / len(course.times)
    grid = []
    for value in np.linspace(low, high, _ROWS):
        y = _down(value, low, high)
        grid.append(f"M{_LEFT} {y:.1f}H{right}")
        yield text(right + 6, y + 4, f"{value:+.1f} %")
    yield f"<path d='{''.join(grid)}' stroke='#888' stroke-opacity='.3'/>"
    for place, label in course.ticks():
        anchor = "middle" if xs[place] > _LEFT + 36 else "start"
        yield text(float(xs[place]), bottom + 15, label, f"text-anchor='{anchor}' font-size='11'")
    x = float(_LEFT)
    for name, values, colour, dash in _lines(course):
        dashed = " stroke-dasharray='6 3'" if dash == "dash" else ""
        style = f"stroke='{colour}' stroke-width='2'{dashed}"
        yield polyline(xs, _down(values, low, high), style)
        yield f"<path d='M{x:g} {_HEIGHT - 12}h18' {style}/>{text(x + 24, _HEIGHT - 8, name)}"
        x += 100
    for place in course.sold:
        at, y = float(xs[place]), float(_down(course.rule[place], low, high))
        yield f"<path d='M{at:.1f} {y:.1f}m-5-9h10l-5 9z' fill='{palette.DOWN}'/>"


def _down(value: Any, low: float, high: float) -> Any:  # noqa: ANN401  (a number, or many)
    return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
