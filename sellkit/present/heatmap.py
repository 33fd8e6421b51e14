"""How complete the stored bars are: a map of series by sessions, for a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sellkit.core.counting import counted
from sellkit.operate.holdings import titles
from sellkit.present.charts.picture import chip, framed, text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from sellkit.core.coverage import SessionCoverage
    from sellkit.operate.holdings import Holding
    from sellkit.present.charts.figure import Chart
    from sellkit.present.heading import Heading

__all__ = ["coverage_map"]

_SHADES: Final = ((0.0, "#cf4b40"), (0.5, "#d9a441"), (0.999, "#d9d441"), (1.0, "#2e9d62"))
_LINE, _HEAD, _FOOT = 24, 64, 30
_WIDTH, _NAMES, _SHARES = 860, 190, 70
_TICKS: Final = 6


@dataclass(frozen=True, slots=True)
class _Row:
    """One series: of each date of the map its session, or None where it has none."""

    title: str
    sessions: tuple[SessionCoverage | None, ...]

    @property
    def shares(self) -> list[float | None]:
        """Of each date the part of the bars that is there, 0 to 1."""
        return [None if one is None else 1 - one.missing / one.due for one in self.sessions]

    @property
    def told(self) -> str:
        """The share of the whole series, `99.8 %`; all of it alone is 100 %."""
        known = [one for one in self.sessions if one is not None]
        missing, due = sum(one.missing for one in known), sum(one.due for one in known)
        return "100 %" if not missing else f"{min(99.9, 100 * (1 - missing / due)):.1f} %"


def coverage_map(
    found: Mapping[Holding, Sequence[SessionCoverage] | None], *, heading: Heading
) -> Chart:
    """A heat map of series by sessions: green is whole, red is empty.

    What the source does not have counts as there: it cannot be had. Where nothing draws the map, as
    in HTML by nbconvert, a picture stands in its place, with the share of each series as a number.

    Parameters
    ----------
    found
        Of each series how much of each session is stored, as `desk.coverage()` tells it; None where
        it has no calendar.
    heading
        Its mode stands in the title.
    """
    from sellkit.present.charts.figure import Chart, layout  # noqa: PLC0415  (loads plotly)

    dates = sorted({one.date for sessions in found.values() for one in sessions or ()})
    rows = list(_rows(found, dates))
    title = f"stored bars · {heading.mode}"
    page = layout(title, heading.conditions, 160 + _LINE * max(1, len(rows)))
    page |= {
        # Sessions side by side: on a time axis every week would have a gap.
        "xaxis": {"type": "category", "tickangle": 0, "showgrid": False, **_ticks(dates)},
        "yaxis": {"automargin": True, "autorange": "reversed", "showgrid": False},
    }
    summary = f"{title}. " + ", ".join(f"{each.title}: {each.told}" for each in rows) + "."
    drawn = _picture(rows, dates, title, heading)
    return Chart.made([_trace(rows, dates)], page, framed(drawn, summary, *_size(rows)), summary)


def _rows(
    found: Mapping[Holding, Sequence[SessionCoverage] | None], dates: Sequence[dt.date]
) -> Iterator[_Row]:
    for each, title in titles(list(found)).items():
        by_date = {one.date: one for one in found[each] or ()}
        if by_date:
            yield _Row(title, tuple(by_date.get(date) for date in dates))


def _trace(rows: Sequence[_Row], dates: Sequence[dt.date]) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": [each.shares for each in rows],
        "x": [date.isoformat() for date in dates],
        "y": [each.title for each in rows],
        "customdata": [[_note(one) for one in each.sessions] for each in rows],
        "hovertemplate": "%{y}<br>%{x}<br>%{customdata}<extra></extra>",
        "colorscale": [list(each) for each in _SHADES],
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 1,
        "ygap": 2,
    }


def _ticks(dates: Sequence[dt.date]) -> dict[str, list[str]]:
    """The dates that are written below the map."""
    shown = [dates[place].isoformat() for place in _ticked(dates)]
    return {"tickvals": shown, "ticktext": shown}


def _ticked(dates: Sequence[dt.date]) -> range:
    return range(0, len(dates), -(-len(dates) // _TICKS) or 1)


def _note(one: SessionCoverage | None) -> str:
    if one is None:
        return ""
    absent = f", {one.absent} not to be had" if one.absent else ""
    return f"{one.stored} of {counted(one.due, 'bar')}{absent}"


def _size(rows: Sequence[_Row]) -> tuple[int, int]:
    return _WIDTH, _HEAD + _FOOT + _LINE * max(1, len(rows))


def _picture(rows: Sequence[_Row], dates: Sequence[dt.date], title: str, heading: Heading) -> str:
    parts = [chip(8, 6, title, heading.colour), text(8, 46, heading.conditions)]
    if not rows:
        parts.append(text(8, _HEAD + 16, "no bars are stored"))
    step = (_WIDTH - _NAMES - _SHARES) / max(1, len(dates))
    for number, row in enumerate(rows):
        y = _HEAD + number * _LINE
        parts += [text(8, y + 16, row.title), text(_WIDTH - _SHARES + 8, y + 16, row.told)]
        parts += _stripes(row, y, step)
    bottom = _HEAD + len(rows) * _LINE + 18
    for place in _ticked(dates):
        parts.append(text(_NAMES + place * step, bottom, dates[place].isoformat()))
    return "".join(parts)


def _stripes(row: _Row, y: float, step: float) -> Iterator[str]:
    """Neighbours of one colour are one piece, which keeps a whole year small."""
    place = 0
    for colour, alike in groupby(row.shares, _colour):
        wide = len(list(alike))
        if colour:
            yield (
                f"<rect x='{_NAMES + place * step:.1f}' y='{y:g}' width='{wide * step:.1f}' "
                f"height='{_LINE - 2}' fill='{colour}'/>"
            )
        place += wide


def _colour(share: float | None) -> str:
    """That of the scale's step which a share has reached; none where there is no session."""
    if share is None:
        return ""
    return next(colour for least, colour in reversed(_SHADES) if share >= least)


def __dir__() -> list[str]:
    return list(__all__)
