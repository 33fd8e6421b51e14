"""Stored bars as tables, for the terminal and for a notebook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.table import Table

from sellkit.operate.holdings import titles
from sellkit.present.terminal import print_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sellkit.core.coverage import SessionCoverage
    from sellkit.operate.holdings import Holding

__all__ = ["holdings_frame", "print_coverage", "print_holdings"]

_KILOBYTE: Final = 1000
_COUNTS: Final = ("due", "stored", "absent", "missing")


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
