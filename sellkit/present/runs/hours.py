"""A month of hours as a calendar: which were judged, which failed, which are missing."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Final

from sellkit.core.past_runs import RunVerdict
from sellkit.core.run_hours import HourState
from sellkit.present import hypertext as h
from sellkit.present.columns import Cell

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from sellkit.core.past_runs import PastRun
    from sellkit.core.run_hours import DueDay, DueHour, HourCalendar

    Link = Callable[[PastRun], str | None]

_BOX: Final = (
    "display:block;box-sizing:border-box;min-width:7em;text-align:center;border-radius:3px;"
    "padding:2px 6px;color:inherit;"
)
_OUTLINED: Final = _BOX + "box-shadow:inset 0 0 0 "
_RED: Final = _BOX + "color:#fff;background:#b3261e;font-weight:700"
_AMBER: Final = _BOX + "color:#fff;background:#8a5a00"
# What is filled reads on white and on black alike; the word says what the colour says.
_STYLES: Final = {
    HourState.RAN: _OUTLINED + "1px #2e9d62",
    HourState.FAILED: _OUTLINED + "2px #d5483f;font-weight:700",
    HourState.AFTERWARDS: _OUTLINED + "2px #c98a00",
    HourState.MISSING: _RED,
}
_MARKS: Final = {
    HourState.FAILED: "failed",
    HourState.AFTERWARDS: "later",
    HourState.MISSING: "MISSING",
    HourState.AHEAD: "·",
    HourState.BEFORE: "·",
}
_LEGEND: Final = (
    "decided: all positions judged in time; undecided: some without an answer; ↓ how many signals; "
    "failed: no run that can be relied on; later: asked about afterwards; MISSING: no run; a dot: "
    "not due yet, or before the first run"
)
_WIDTH: Final = len(RunVerdict.UNDECIDED)
_QUIET: Final = (HourState.AHEAD, HourState.BEFORE)


def hours_table(found: HourCalendar, link: Link | None = None) -> h.Html:
    """A month as a table: a row for each day, a column for each hour's end on the exchange's clock.

    Parameters
    ----------
    found
        The month.
    link
        Where the page of a run is; None where there is none.
    """
    markup = [f"<p><b>{escape(headline(found))}</b></p>"]
    markup.append(h.table(_titles(found), (_day(each, found, link) for each in found.days)))
    markup.append(f'<p class="quiet">{escape(_LEGEND)}.</p>')
    return h.sheet("\n".join(lines(found)), *markup)


def headline(found: HourCalendar) -> str:
    """`2026-06, hours of XNYS: 3 missing, 120 judged`."""
    counts = [
        f"{found.count(state)} {word}"
        for state, word in (
            (HourState.MISSING, "missing"),
            (HourState.FAILED, "failed"),
            (HourState.AFTERWARDS, "asked about afterwards"),
            (HourState.RAN, "judged"),
        )
        if state in (HourState.MISSING, HourState.RAN) or found.count(state)
    ]
    return f"{found.month}, hours of {', '.join(found.exchanges)}: {', '.join(counts)}"


def lines(found: HourCalendar) -> list[str]:
    """The month as plain lines, a day each; they fit 80 characters where a day has eight hours."""
    times = _times(found)
    told = [headline(found), _in_columns("", times)]
    for day in found.days:
        by_time = {_clock(each): each for each in day.hours}
        cells = [_short(by_time[each]) if each in by_time else "" for each in times]
        line = _in_columns(f"{day.date:%a %d}", cells if day.hours else ["closed"])
        told.append(f"{line}  half day" if day.is_short else line)
    return [*told, *_let_pass(found)]


def _let_pass(found: HourCalendar) -> list[str]:
    """The hours that the schedule recorded as missed, with its reason, a line for each reason.

    Only while nobody has judged them.
    """
    times: dict[tuple[dt.date, str], list[str]] = {}
    for day in found.days:
        for each in day.hours:
            if each.state is HourState.MISSING and each.missed:
                times.setdefault((day.date, each.missed), []).append(_clock(each))
    return [
        f"{date:%a %d} {', '.join(clocks)}: missed by the schedule, {why}"
        for (date, why), clocks in times.items()
    ]


def _in_columns(name: str, cells: Sequence[str]) -> str:
    return f"{name:<8}{' '.join(f'{each:<{_WIDTH}}' for each in cells)}".rstrip()


def print_hours(found: HourCalendar, stream: TextIO | None = None) -> None:
    """Print the month; on a screen with the missing hours in red."""
    from rich.text import Text  # noqa: PLC0415  (a notebook needs no Rich)

    from sellkit.present.fitted import open_console, print_plainly  # noqa: PLC0415

    out = stream or sys.stdout
    console = open_console(out)
    text = Text("\n".join(lines(found)))
    for word, style in (
        ("MISSING", "bold white on red"),
        ("failed", "yellow"),
        ("undecided", "yellow"),
        ("later", "yellow"),
        ("EXIT", "bold"),
        ("decided", "green"),
    ):
        text.highlight_regex(rf"\b{word}\b", style)
    print_plainly(text, console, out)


def to_record(found: HourCalendar) -> dict[str, object]:
    """The month as plain values: each hour's end in UTC, its state, and the run that counts."""
    return {
        "month": str(found.month),
        "calendars": list(found.exchanges),
        "missing": [each.end.isoformat() for each in found.missing],
        "hours": [
            {
                "end": each.end.isoformat(),
                "local": each.local.isoformat(),
                "state": str(each.state),
                "verdict": None if each.run is None else str(each.run.verdict),
                "run_id": None if each.run is None else each.run.facts.run_id,
                "runs": each.runs,
                "missed": each.missed or None,
            }
            for day in found.days
            for each in day.hours
        ],
    }


def _titles(found: HourCalendar) -> list[str]:
    zone = next((f"{each.local:%Z}" for day in found.days for each in day.hours), "")
    return [h.title(f"day, {zone}" if zone else "day"), *(h.title(each) for each in _times(found))]


def _times(found: HourCalendar) -> Sequence[str]:
    return sorted({_clock(each) for day in found.days for each in day.hours})


def _clock(hour: DueHour) -> str:
    return f"{hour.local:%H:%M}"


def _day(day: DueDay, found: HourCalendar, link: Link | None) -> str:
    name = h.row_name(Cell(f"{day.date:%a %d}{', half day' if day.is_short else ''}"))
    times = _times(found)
    if not day.hours:
        closed = f'<td colspan="{len(times)}" class="quiet" style="text-align:left">closed</td>'
        return h.row([name, closed])
    by_time = {_clock(each): each for each in day.hours}
    return h.row([name, *(h.td(_hour(by_time[at], link) if at in by_time else "") for at in times)])


def _hour(hour: DueHour, link: Link | None) -> str:
    text = escape(_word(hour))
    if hour.state in _QUIET:
        return f'<span class="quiet" style="{_BOX}" title="{escape(_said(hour))}">{text}</span>'
    target = link(hour.run) if link is not None and hour.run is not None else None
    tag, where = ("span", "") if target is None else ("a", f' href="{escape(target)}"')
    style = _style(hour)
    return f'<{tag}{where} style="{style}" title="{escape(_said(hour))}">{text}</{tag}>'


def _style(hour: DueHour) -> str:
    if hour.state is HourState.RAN and hour.run is not None:
        if hour.run.verdict is RunVerdict.UNCERTAIN:
            return _RED
        if hour.run.verdict is RunVerdict.UNDECIDED:
            return _AMBER
    return _STYLES[hour.state]


def _word(hour: DueHour) -> str:
    if hour.state is HourState.RAN and hour.run is not None:
        signals = hour.run.signals
        return f"{hour.run.verdict}{f' {signals}↓' if signals else ''}"
    return _MARKS[hour.state]


def _short(hour: DueHour) -> str:
    """What becomes of the word in a terminal: the signals, where there are any."""
    if hour.state is HourState.RAN and hour.run is not None and hour.run.signals:
        doubt = "" if hour.run.verdict is RunVerdict.DECIDED else " ?"
        return f"{hour.run.signals} EXIT{doubt}"
    return _word(hour)


def _said(hour: DueHour) -> str:
    """The whole of it, for who points at it."""
    at = f"{_two_clocks(hour.local, hour.end)}: {hour.state}"
    if hour.missed:
        at += f", missed by the schedule: {hour.missed}"
    if hour.run is None:
        return at
    facts = hour.run.facts
    why = "; ".join(hour.run.reasons)
    more = f", the last of {hour.runs}" if hour.runs > 1 else ""
    return f"{at}, run {facts.run_id} {hour.run.verdict}{more}{f': {why}' if why else ''}"


def _two_clocks(local: dt.datetime, end: dt.datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M %Z} ({end:%H:%M} UTC)"
