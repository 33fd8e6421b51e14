"""Bars side by side: no nights, no week-ends, and half days as long as they are."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.core.bars import Anchor, BarSize, slots_until
from sellkit.present.charts.timeline import Timeline
from tests import build

HALF_DAY = dt.date(2025, 11, 28)
AFTER = dt.date(2025, 12, 1)


def _hours(*dates: dt.date, anchor: Anchor = Anchor.CLOCK) -> Timeline:
    slots = [slot for date in dates for slot in build.session_hours(date, anchor)]
    return Timeline.of(build.bars(slots).index, "NASDAQ", is_daily=False)


def test_a_half_day_has_its_four_bars_and_the_next_session_follows_at_once() -> None:
    line = _hours(HALF_DAY, AFTER)
    assert line.labels[:5] == (
        *("28 Nov 09:30", "28 Nov 10:00", "28 Nov 11:00", "28 Nov 12:00"),
        "01 Dec 09:30",
    )
    assert line.bars == len(line.labels) == 4 + 7


def test_a_half_days_last_bar_ends_with_its_session() -> None:
    line = _hours(HALF_DAY)
    assert line.place(build.utc("2025-11-28 17:59")) == 3
    assert line.is_later(build.utc("2025-11-28 18:00"))


def test_the_last_bar_of_a_session_ends_at_the_close() -> None:
    line = _hours(build.DAY)
    assert line.place(build.utc("2026-01-28 20:59")) == 6
    assert line.is_later(build.utc("2026-01-28 21:00"))


def test_hours_on_the_session_reach_from_half_past_to_half_past() -> None:
    line = _hours(build.DAY, anchor=Anchor.SESSION)
    assert line.labels[0] == "28 Jan 09:30"
    assert line.place(build.utc("2026-01-28 15:29")) == 0
    assert line.place(build.utc("2026-01-28 15:31")) == 1


def test_a_first_session_alone_on_the_clock_ends_its_stub_at_ten() -> None:
    slots = build.session_hours()[:1]
    line = Timeline.of(build.bars(slots).index, "NASDAQ", is_daily=False)
    assert line.is_later(build.utc("2026-01-28 15:00"))


def test_the_night_belongs_to_the_bar_before_it() -> None:
    line = _hours(HALF_DAY, AFTER)
    assert line.place(build.utc("2025-11-29 12:00")) == 3


def test_nothing_stands_before_the_first_bar() -> None:
    assert _hours(AFTER).place(build.utc("2025-11-28 15:00")) is None


def test_later_moments_stand_behind_the_bars_in_their_order_and_once_each() -> None:
    index = build.bars(build.session_hours()).index
    later = [build.utc(f"2026-01-{at}") for at in ("29 15:05", "28 21:30", "29 15:05")]
    line = Timeline.of(index, "NASDAQ", is_daily=False, later=later)
    assert line.labels[line.bars :] == ("28 Jan 16:30", "29 Jan 10:05")
    assert line.place(later[0]) == line.bars + 1


def test_a_day_holds_all_that_happened_on_its_date() -> None:
    slots = slots_until(build.NOW, BarSize.D1, build.new_york(), count=5)
    line = Timeline.of(build.bars(slots).index, "NASDAQ", is_daily=True)
    assert line.labels[-1] == "27 Jan 2026"
    assert line.place(build.utc("2026-01-27 20:59")) == 4
    assert line.is_later(build.utc("2026-01-28 15:00"))


def test_more_than_a_year_of_hours_is_labelled_with_the_year() -> None:
    slots = slots_until(build.NOW, BarSize.H1, build.new_york(), count=2000)
    line = Timeline.of(build.bars(slots).index, "NASDAQ", is_daily=False)
    assert line.labels[-1] == "28 Jan 2026 14:00"
    assert len(set(line.labels)) == 2000


@pytest.mark.parametrize("most", [4, 8])
def test_ticks_are_few_and_stand_where_sessions_begin(most: int) -> None:
    slots = slots_until(build.NOW, BarSize.H1, build.new_york(), count=150)
    line = Timeline.of(build.bars(slots).index, "NASDAQ", is_daily=False)
    ticks = line.ticks(most)
    assert 1 < len(ticks) <= most
    assert all(line.labels[place] == f"{label} 09:30" for place, label in ticks)
