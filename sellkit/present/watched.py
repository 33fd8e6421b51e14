"""The table of a watch, whole or as much of it as a screen holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from sellkit.core.counting import counted
from sellkit.core.signals import Decision
from sellkit.present.fitted import fitted_table, heading_text, needed
from sellkit.present.watched_columns import (
    age_in_words,
    minute_in_words,
    watched_columns,
    without_spare,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from sellkit.core.watched import Watched, WatchedRow
    from sellkit.present.heading import Heading

_TABLE_HEAD: Final = 3
"""A blank line, the titles, and the rule below them."""

_LEAST_ROWS: Final = 3
_LEAST_LINES: Final = 2
_NAMED: Final = 3
_RANK: Final = {Decision.EXIT: 0, Decision.UNDECIDED: 1, Decision.HOLD: 2, Decision.EXCLUDED: 3}


def all_of_it(watched: Watched, heading: Heading, now: dt.datetime, width: int) -> RenderableType:
    """Every row and every reason."""
    parts: list[RenderableType] = list(_above(watched, heading, now, width))
    if watched.rows:
        parts += [Text(""), _table(watched.rows, now, width)]
    reasons = _reasons(watched.rows)
    return Group(*parts, *([Text(""), *reasons] if reasons else []))


def screenful(
    watched: Watched, heading: Heading, now: dt.datetime, width: int, height: int
) -> RenderableType:
    """As much as a screen of so many characters and lines holds, what matters most first."""
    above = _above(watched, heading, now, width)
    if not watched.rows:
        return Group(*above)
    reasons = _reasons(watched.rows)
    left = height - sum(_lines(each, width) for each in above) - _TABLE_HEAD - 1
    whole = len(watched.rows) + 1 + sum(_lines(each, width) for each in reasons)
    if whole > left:
        reasons = _cut(reasons, max(left // 3, left - len(watched.rows) - 2), width)
    below = sum(_lines(each, width) for each in reasons) + bool(reasons)
    rows = _foremost(watched.rows, max(_LEAST_ROWS, left - below - 1))
    parts: list[RenderableType] = [*above, Text(""), _table(rows, now, width)]
    if len(rows) < len(watched.rows):
        more = len(watched.rows) - len(rows)
        parts.append(
            Text(f"{counted(more, 'more row')}: HOLD, excluded, or without room here", "dim")
        )
    return Group(*parts, *([Text(""), *reasons] if reasons else []))


def _above(watched: Watched, heading: Heading, now: dt.datetime, width: int) -> Sequence[Text]:
    """Who and when, what the minute cost, and what is the matter."""
    lines = [heading_text(heading, width), Text(f" {minute_in_words(watched)}", "dim")]
    if watched.trouble:
        age = None if watched.refreshed_at is None else now - watched.refreshed_at
        known = "nothing is known yet" if age is None else f"rows are {age_in_words(age)} old"
        lines.append(Text(f"! {watched.trouble}; {known}", "bold yellow"))
    if not watched.rows and not watched.trouble:
        lines.append(Text("No positions."))
    return lines


def _table(rows: Sequence[WatchedRow], now: dt.datetime, width: int) -> RenderableType:
    columns = watched_columns(now)
    while needed(rows, columns) > width:
        fewer = without_spare(columns)
        if len(fewer) == len(columns):
            break
        columns = fewer
    return fitted_table(rows, columns, width)


def _foremost(rows: Sequence[WatchedRow], count: int) -> Sequence[WatchedRow]:
    """The rows that matter most, in their order: exits, doubts, then those nearest to a cross."""
    if len(rows) <= count:
        return rows
    first = sorted(range(len(rows)), key=lambda place: _rank(rows[place]))[:count]
    return [rows[place] for place in sorted(first)]


def _rank(row: WatchedRow) -> tuple[int, bool, float]:
    distance = row.row.distance_percent
    near = math.inf if distance is None else abs(distance)
    return _RANK[row.decision], not row.is_stale, near


def _reasons(rows: Iterable[WatchedRow]) -> list[Text]:
    """Each reason once, with the rows that it is about."""
    about: dict[str, list[str]] = {}
    for row in rows:
        for reason in ("; ".join(row.reasons),) if row.reasons else ():
            about.setdefault(reason, []).append(str(row.token))
    return [
        Text.assemble((_named(tokens), "bold"), f": {reason}") for reason, tokens in about.items()
    ]


def _named(tokens: Sequence[str]) -> str:
    if len(tokens) <= _NAMED:
        return ", ".join(tokens)
    return f"{', '.join(tokens[:_NAMED])} and {len(tokens) - _NAMED} more"


def _cut(reasons: Sequence[Text], lines: int, width: int) -> list[Text]:
    """As many reasons as so many lines hold, and how many more there are."""
    if lines < _LEAST_LINES:
        return []
    kept: list[Text] = []
    left = lines - 1
    for place, each in enumerate(reasons):
        left -= _lines(each, width)
        if left < 0:
            return [
                *kept,
                Text(f"{counted(len(reasons) - place, 'more reason')} without room here", "dim"),
            ]
        kept.append(each)
    return kept


def _lines(text: Text, width: int) -> int:
    return sum(max(1, math.ceil(line.cell_len / width)) for line in text.split("\n"))
