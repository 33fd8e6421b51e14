"""The columns of a watch: those of the status table, and how old each row is."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.market_time import UTC, calendar_for, has_calendar
from sellkit.present import words
from sellkit.present.columns import IDENTITY, POSITION, Cell, Column, Tone, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.pacing import Usage
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.watched import Watched, WatchedRow
    from sellkit.present.columns import Value
    from sellkit.present.heading import Heading

_OLD: Final = dt.timedelta(minutes=2)
_AN_HOUR: Final = 60
_NEVER: Final = "stored"
_NO_STOP: Final = Cell("none", Tone.QUIET)
_POSITION: Final = {column.title: column for column in POSITION}

# Which columns go first where there is no room for all.
_SPARE: Final = ("cost", "bar ended", "size", "average", "close")


def watched_columns(now: dt.datetime) -> tuple[Column[WatchedRow], ...]:
    """Every column but the reasons, which have lines of their own.

    Parameters
    ----------
    now
        The moment at which the ages are told, aware UTC.
    """
    token, _ = IDENTITY
    return (
        _of_row(token),
        Column("signal", _signal),
        _of_row(_POSITION["close"]),
        Column("bar ended", _bar_ended),
        _of_row(_POSITION["assigned"]),
        _of_row(_POSITION["average"]),
        _of_row(_POSITION["dist %"]),
        Column("stop", _stops),
        _of_row(_POSITION["size"]),
        _of_row(_POSITION["cost"]),
        Column("age", _aged(now), is_number=True),
    )


def without_spare(columns: tuple[Column[WatchedRow], ...]) -> tuple[Column[WatchedRow], ...]:
    """The columns without the one that can be spared first; all of them when none can."""
    titles = {column.title for column in columns}
    spare = next((title for title in _SPARE if title in titles), None)
    return tuple(column for column in columns if column.title != spare)


def age_in_words(age: dt.timedelta | None) -> str:
    """`12 s`, `3 min`, `2 h 5 min`; `stored` for what has not been refreshed at all."""
    if age is None:
        return _NEVER
    seconds = int(age.total_seconds())
    if seconds < _OLD.total_seconds():
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, _AN_HOUR)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def minute_in_words(watched: Watched) -> str:
    """Which minute it is, what it cost, and what is left of the budget of requests."""
    parts = [f"minute {watched.minute}", f"{watched.skipped} skipped"]
    parts.append(f"{counted(watched.requests, 'request')} in {watched.seconds:.1f} s")
    stale = len(watched.stale)
    if stale:
        parts.append(f"{stale} of {counted(len(watched.rows), 'row')} not refreshed")
    if watched.usage is not None:
        parts.append(_budget(watched.usage))
    return " · ".join(parts)


def _budget(usage: Usage) -> str:
    text = f"budget: {usage.sent} sent in 10 min, {usage.left} free now, {usage.per_second:.3g}/s"
    if usage.kept_seconds > 0:
        text += f", kept for the hourly run for {usage.kept_seconds:.0f} s"
    return text


def watched_record(row: WatchedRow, now: dt.datetime) -> dict[str, Value]:
    """A row as plain values by name: those of the status table, and those of the watch."""
    bar, age = row.bar, row.age(now)
    return record(row.row, all_averages=False) | {
        "bar_start": None if bar is None else bar.start.astimezone(UTC).isoformat(),
        "bar_end": None if bar is None else bar.end.astimezone(UTC).isoformat(),
        "protective_stops": [float(each) for each in row.stops],
        "untold_stops": list(row.untold_stops),
        "reasons": list(row.row.signal.reasons),
        "refreshed_at": _instant(row.refreshed_at),
        "age_seconds": None if age is None else age.total_seconds(),
        "trouble": row.trouble or None,
        "advice": row.advice or None,
    }


def watched_facts(watched: Watched, heading: Heading, now: dt.datetime) -> dict[str, object]:
    """A whole snapshot as plain values by name."""
    usage = watched.usage
    return {
        "heading": heading.record(),
        "minute": watched.minute,
        "due": _instant(watched.due),
        "refreshed_at": _instant(watched.refreshed_at),
        "skipped": watched.skipped,
        "requests": watched.requests,
        "seconds": round(watched.seconds, 3),
        "trouble": watched.trouble or None,
        "budget": None
        if usage is None
        else {
            "sent_in_ten_minutes": usage.sent,
            "open": usage.open,
            "free_now": usage.left,
            "per_second": usage.per_second,
            "kept_for_the_hour_seconds": usage.kept_seconds,
        },
        "rows": [watched_record(each, now) for each in watched.rows],
    }


def _of_row(column: Column[SnapshotRow]) -> Column[WatchedRow]:
    return Column(column.title, lambda row: column.cell(row.row), column.is_number)


def _signal(row: WatchedRow) -> Cell:
    _, decision = IDENTITY
    cell = decision.cell(row.row)
    return Cell(f"was {cell.text}", Tone.WARN) if row.is_stale else cell


def _bar_ended(row: WatchedRow) -> Cell:
    if row.bar is None:
        return Cell(words.UNKNOWN)
    return Cell(_local_minute(row.bar.end, row.token.exchange))


@lru_cache(maxsize=64)  # hundreds of rows share a few ends
def _local_minute(instant: dt.datetime, exchange: str) -> str:
    local = calendar_for(exchange).local(instant) if has_calendar(exchange) else instant
    return f"{local:%m-%d %H:%M}"


def _stops(row: WatchedRow) -> Cell:
    if not row.row.open_orders:
        return _NO_STOP
    untold = (f"{each} ?" for each in row.untold_stops)
    text = " ".join([*map(words.price, row.stops), *untold])
    return Cell(text) if text else _NO_STOP


def _aged(now: dt.datetime) -> Callable[[WatchedRow], Cell]:
    def cell(row: WatchedRow) -> Cell:
        age = row.age(now)
        is_old = row.is_stale or age is None or age >= _OLD
        return Cell(age_in_words(age), Tone.WARN if is_old else Tone.PLAIN)

    return cell


def _instant(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()
