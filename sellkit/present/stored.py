"""Stored bars as tables for the terminal, and as a map of symbols by sessions for a notebook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.table import Table

from sellkit.operate.holdings import titles
from sellkit.present.charts.offline import OFFLINE_RENDERER, config
from sellkit.present.terminal import print_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import plotly.graph_objects as go

    from sellkit.core.coverage import SessionCoverage
    from sellkit.operate.holdings import Holding

__all__ = ["coverage_map", "holdings_frame", "print_coverage", "print_holdings", "show_map"]

_KILOBYTE: Final = 1000
_COUNTS: Final = ("due", "stored", "absent", "missing")
_GAPS: Final = {"xgap": 1, "ygap": 2}
_SHADES: Final = [[0.0, "#cf4b40"], [0.5, "#d9a441"], [0.999, "#d9d441"], [1.0, "#2e9d62"]]


def print_holdings(found: Sequence[Holding]) -> None:
    """Print what is stored.

    Parameters
    ----------
    found
        The series.
    """
    table = _table(
        "series", "bars", "first", "last, UTC", "fetched, UTC", "kB", "unfolded", "state"
    )
    for each, title in titles(found).items():
        figures = each.figures
        table.add_row(
            title,
            f"{figures.bars:,}",
            _day(figures.first),
            _minute(figures.last),
            _minute(figures.fetched_at),
            f"{figures.size / _KILOBYTE:,.0f}",
            f"{figures.in_segments:,}",
            "" if each.frozen is None else f"frozen: {each.frozen.reason}",
        )
    print_table(table, sys.stdout)


def print_coverage(found: Mapping[Holding, Sequence[SessionCoverage] | None]) -> None:
    """Print how complete every series is, and where its latest hole lies.

    Parameters
    ----------
    found
        Of each series how much of each session is stored; None where it has no calendar.
    """
    table = _table("series", "sessions", "bars due", "stored", "absent", "missing", "latest hole")
    names = titles(found)
    for each, sessions in found.items():
        label = names[each]
        if sessions is None:
            table.add_row(label, "-", "-", f"{each.figures.bars:,}", "-", "-", "no calendar")
            continue
        holes = [session for session in sessions if session.missing]
        counts = [sum(getattr(one, name) for one in sessions) for name in _COUNTS]
        latest = f"{holes[-1].date}: {holes[-1].missing} of {holes[-1].due}" if holes else ""
        table.add_row(label, f"{len(sessions):,}", *(f"{count:,}" for count in counts), latest)
    print_table(table, sys.stdout)


def holdings_frame(found: Sequence[Holding]) -> pd.DataFrame:
    """What is stored, one row a series, for a notebook.

    Parameters
    ----------
    found
        The series, `list(desk.coverage())` for instance.
    """
    import pandas as pd  # noqa: PLC0415  (slow to load, and the terminal needs none)

    columns = ["series", "bars", "first", "last, UTC", "fetched, UTC", "kB", "unfolded", "state"]
    rows = [
        (
            title,
            *(each.figures.bars, _day(each.figures.first), _minute(each.figures.last)),
            *(_minute(each.figures.fetched_at), round(each.figures.size / _KILOBYTE)),
            each.figures.in_segments,
            "" if each.frozen is None else each.frozen.reason,
        )
        for each, title in titles(found).items()
    ]
    return pd.DataFrame(rows, columns=columns).set_index("series")


def show_map(figure: go.Figure) -> None:
    """Show a map where JupyterLab draws it offline.

    Parameters
    ----------
    figure
        As `coverage_map` makes it.
    """
    figure.show(renderer=OFFLINE_RENDERER, config=config())


def coverage_map(
    found: Mapping[Holding, Sequence[SessionCoverage] | None], *, title: str = "stored bars"
) -> go.Figure:
    """A heat map of series by sessions: green is whole, red is empty.

    What the source does not have counts as there: it cannot be had.

    Parameters
    ----------
    found
        Of each series how much of each session is stored, as `desk.coverage()` tells it; None where
        it has no calendar.
    title
        Stands above the map.
    """
    import plotly.graph_objects as go  # noqa: PLC0415  (a table must not wait for plotly)

    told = {each: sessions for each, sessions in found.items() if sessions}
    dates = sorted({one.date for sessions in told.values() for one in sessions})
    shares, notes = [], []
    for sessions in told.values():
        by_date = {one.date: one for one in sessions}
        row = [by_date.get(date) for date in dates]
        shares.append([None if one is None else 1 - one.missing / one.due for one in row])
        notes.append(["" if one is None else _note(one) for one in row])
    labels = [title for each, title in titles(found).items() if each in told]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[date.isoformat() for date in dates],
            y=labels,
            text=notes,
            hovertemplate="%{y}<br>%{x}<br>%{text}<extra></extra>",
            colorscale=_SHADES,
            zmin=0,
            zmax=1,
            showscale=False,
            **_GAPS,
        )
    )
    figure.update_layout(
        title=title,
        height=160 + 24 * max(1, len(labels)),
        margin={"l": 10, "r": 10, "t": 50, "b": 30},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#7a7a7a"},
        # Sessions side by side: on a time axis every week would have a gap.
        xaxis={"type": "category", "nticks": 12, "tickangle": 0, "showgrid": False},
        yaxis={"automargin": True, "autorange": "reversed", "showgrid": False},
    )
    return figure


def _note(one: SessionCoverage) -> str:
    absent = f", {one.absent} not to be had" if one.absent else ""
    return f"{one.stored} of {one.due} bars{absent}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        is_text = number == 0 or column in (
            "first",
            "last, UTC",
            "fetched, UTC",
            "state",
            "latest hole",
        )
        table.add_column(column, justify="left" if is_text else "right", no_wrap=number == 0)
    return table


def _day(instant: dt.datetime | None) -> str:
    return "-" if instant is None else f"{instant:%Y-%m-%d}"


def _minute(instant: dt.datetime | None) -> str:
    return "-" if instant is None else f"{instant:%Y-%m-%d %H:%M}"


def __dir__() -> list[str]:
    return list(__all__)
