"""What is due next: each hour end of each session, whatever the calendar does, and what beside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from sellkit.core.bars import Anchor
from sellkit.core.market_time import Calendar, calendar_for
from sellkit.core.schedule import (
    HOURLY,
    Due,
    SlotKind,
    Timetable,
    dues_until,
    has_just_opened,
    next_opening,
)
from sellkit.core.schedule import next_due as next_slot
from sellkit.errors import NoCalendar
from tests.build import new_york, utc

NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS = {dt.date(2025, 11, 27), dt.date(2025, 12, 25)}
HALF_DAYS = {dt.date(2025, 11, 28), dt.date(2025, 12, 24)}

# The weeks around the end of daylight saving, Thanksgiving, Christmas, and its beginning again.
PERIODS = [
    (dt.date(2025, 10, 27), dt.date(2025, 11, 10)),
    (dt.date(2025, 11, 24), dt.date(2025, 12, 3)),
    (dt.date(2025, 12, 22), dt.date(2025, 12, 30)),
    (dt.date(2026, 3, 5), dt.date(2026, 3, 12)),
]


def next_due(
    calendars: Sequence[Calendar],
    now: dt.datetime,
    anchor: Anchor = Anchor.CLOCK,
    early: dt.timedelta = dt.timedelta(),
) -> dt.datetime:
    return next_slot(Timetable(tuple(calendars), anchor, early), now).at


def ends_by_hand(first: dt.date, last: dt.date, anchor: Anchor) -> list[dt.datetime]:
    """Hour ends by the wall clock of New York: 10:00 ... 16:00, or 10:30 ... 15:30 and 16:00."""
    found = []
    for number in range((last - first).days + 1):
        date = first + dt.timedelta(days=number)
        if date.weekday() > 4 or date in HOLIDAYS:
            continue
        close = 13 if date in HALF_DAYS else 16
        times = [dt.time(hour) for hour in range(10, close + 1)]
        if anchor is Anchor.SESSION:
            times = [*(dt.time(hour, 30) for hour in range(10, close)), dt.time(close)]
        found += [dt.datetime.combine(date, time, NEW_YORK).astimezone(dt.UTC) for time in times]
    return found


@pytest.mark.parametrize("anchor", Anchor)
@pytest.mark.parametrize("period", PERIODS, ids=lambda period: str(period[0]))
def test_the_next_run_is_the_next_end_in_a_list_made_by_hand(
    period: tuple[dt.date, dt.date], anchor: Anchor
) -> None:
    ends = ends_by_hand(*period, anchor)
    now = dt.datetime.combine(period[0], dt.time(), dt.UTC)
    while now < ends[-1]:
        expected = next(end for end in ends if end > now)
        assert next_due([new_york()], now, anchor) == expected, now
        now += dt.timedelta(minutes=30)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-28 14:59:59.999999", "2026-01-28 15:00"),
        ("2026-01-28 15:00:00", "2026-01-28 16:00"),
        ("2026-01-28 15:00:00.000001", "2026-01-28 16:00"),
        ("2026-01-28 20:59:59", "2026-01-28 21:00"),
        ("2026-01-28 21:00:00", "2026-01-29 15:00"),
        ("2026-01-30 21:00:00", "2026-02-02 15:00"),
        ("2025-11-28 18:00:00", "2025-12-01 15:00"),
    ],
)
def test_an_end_that_has_come_is_no_longer_due(now: str, due: str) -> None:
    assert next_due([new_york()], utc(now)) == utc(due)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-28 19:30", "2026-01-28 20:00"),
        ("2026-01-28 20:00", "2026-01-28 20:55"),
        ("2026-01-28 20:54:59", "2026-01-28 20:55"),
        ("2026-01-28 20:55", "2026-01-29 15:00"),
        ("2026-01-28 21:00", "2026-01-29 15:00"),
        ("2025-11-28 17:00", "2025-11-28 17:55"),
        ("2025-11-28 17:55", "2025-12-01 15:00"),
    ],
)
def test_before_a_close_the_run_comes_early_and_none_at_the_bell(now: str, due: str) -> None:
    early = dt.timedelta(minutes=5)
    assert next_due([new_york()], utc(now), Anchor.CLOCK, early) == utc(due)


def test_on_the_session_anchor_the_last_bar_comes_early_too() -> None:
    early, session = dt.timedelta(minutes=5), Anchor.SESSION
    assert next_due([new_york()], utc("2026-01-28 20:30"), session, early) == utc(
        "2026-01-28 20:55"
    )


@pytest.mark.parametrize(
    ("after", "early", "kind"),
    [
        ("2026-01-28 19:30", 0, SlotKind.HOUR),
        ("2026-01-28 20:30", 0, SlotKind.CLOSE),
        ("2026-01-28 20:30", 5, SlotKind.BEFORE_CLOSE),
        ("2026-01-28 12:00", 0, SlotKind.OPENING),
    ],
)
def test_each_slot_says_what_it_is_for(after: str, early: int, kind: SlotKind) -> None:
    timetable = Timetable(
        (new_york(),),
        early=dt.timedelta(minutes=early),
        openings={utc("2026-01-28 14:30")},
    )
    assert next_slot(timetable, utc(after)).kind is kind


def test_openings_of_one_exchange_come_between_the_hours_of_another() -> None:
    """In these weeks New York has summer time and Frankfurt has not."""
    timetable = Timetable(
        (new_york(), calendar_for("IBIS")),
        anchor=Anchor.SESSION,
        openings={utc("2025-03-12 13:30")},
    )
    found = dues_until(timetable, HOURLY, utc("2025-03-12 13:00"), utc("2025-03-12 14:00"))
    assert found == (
        Due(HOURLY, SlotKind.OPENING, utc("2025-03-12 13:30")),
        Due(HOURLY, SlotKind.HOUR, utc("2025-03-12 14:00")),
    )


def test_of_an_hour_and_a_notebook_at_one_moment_the_hour_comes_first() -> None:
    def following(after: dt.datetime) -> dt.datetime | None:
        return utc("2026-01-28 15:00") if after < utc("2026-01-28 15:00") else None

    timetable = Timetable((new_york(),), entries={"report": following})
    assert next_slot(timetable, utc("2026-01-28 14:00")).entry == HOURLY
    found = dues_until(timetable, "report", utc("2026-01-28 14:00"), utc("2026-02-28 14:00"))
    assert [each.at for each in found] == [utc("2026-01-28 15:00")]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-28 06:00", "2026-01-28 09:00"),
        ("2026-01-28 14:40", "2026-01-28 15:00"),
        ("2026-01-28 16:10", "2026-01-28 16:30"),
        ("2026-01-28 16:30", "2026-01-28 17:00"),
        ("2026-01-28 20:30", "2026-01-28 21:00"),
    ],
)
def test_of_several_exchanges_the_earliest_end_is_due(now: str, due: str) -> None:
    assert next_due([new_york(), calendar_for("LSE")], utc(now)) == utc(due)


def test_beyond_the_calendar_nothing_is_due() -> None:
    with pytest.raises(NoCalendar, match="2199-06-01"):
        next_due([new_york()], utc("2199-06-01 12:00"))


@pytest.mark.parametrize(
    ("now", "is_so"),
    [
        ("2026-01-28 14:29:59", False),
        ("2026-01-28 14:30:00", True),
        ("2026-01-28 14:45:00", True),
        ("2026-01-28 14:45:01", False),
        ("2026-01-31 14:35:00", False),
    ],
)
def test_a_session_has_just_opened_for_a_quarter_of_an_hour(now: str, is_so: bool) -> None:
    assert has_just_opened([new_york()], utc(now), dt.timedelta(minutes=15)) is is_so


def test_the_next_opening_is_the_first_of_any_exchange() -> None:
    both = [new_york(), calendar_for("IBIS")]
    assert next_opening(both, utc("2026-01-27 22:00")) == utc("2026-01-28 08:00")
    assert next_opening(both, utc("2026-01-28 08:00")) == utc("2026-01-28 14:30")
