"""Only whole hours that were told after their end are completed, in one unbroken run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.aggregate import completed, fold
from sellkit.core.bars import (
    Anchor,
    BarSize,
    Slot,
    checked,
    slots_until,
)
from tests.build import NOW, SECOND, bars, new_york, session_halves, session_hours, utc
from tests.real_bars import ZONE, hours_over, stamped

THANKSGIVING = dt.date(2025, 11, 28)
quickly = settings(deadline=None, max_examples=25)


def until_now(count: int = 20) -> list[Slot]:
    return slots_until(NOW, BarSize.H1, new_york(), count=count)


def halves_of(slots: list[Slot]) -> pd.DataFrame:
    dates = sorted({slot.session.date for slot in slots})
    return bars([half for date in dates for half in session_halves(date)])


def test_an_unbroken_run_is_kept_whole() -> None:
    slots = until_now()
    found = completed(bars(slots), slots)
    assert found.problem is None
    assert found.due == slots[-1]
    assert found.frame["close"].tolist() == bars(slots)["close"].tolist()
    assert checked(found.frame, "the run") is found.frame


def test_the_bar_that_is_still_forming_never_counts() -> None:
    slots = until_now()
    halves = halves_of(slots)
    assert halves.index[-1] > slots[-1].end
    found = completed(fold(halves, [*slots, session_hours()[6]]), slots)
    assert found.frame.index[-1] == slots[-1].start


def test_a_missing_last_bar_leaves_nothing_to_decide_on() -> None:
    slots = until_now()
    found = completed(bars(slots[:-1]), slots)
    assert found.due == slots[-1]
    assert found.frame.empty
    assert found.problem == "the bar 2026-01-28 19:00 to 20:00 UTC is missing"


def test_a_last_hour_that_lacks_a_half_hour_leaves_nothing_to_decide_on() -> None:
    slots = until_now()
    halves = halves_of(slots).drop(pd.Timestamp("2026-01-28 19:30", tz="UTC"))
    found = completed(fold(halves, slots), slots)
    assert found.frame.empty
    assert found.problem == (
        "the bar 2026-01-28 19:00 to 20:00 UTC is incomplete: 1 of 2 half-hours"
    )


def test_a_last_bar_fetched_before_its_end_leaves_nothing_to_decide_on() -> None:
    slots = until_now()
    frame = bars(slots)
    frame.loc[frame.index[-1], "fetched_at"] = slots[-1].end - SECOND
    found = completed(frame, slots)
    assert found.frame.empty
    assert found.problem == ("the bar 2026-01-28 19:00 to 20:00 UTC was fetched before its end")


def test_a_half_hour_fetched_before_its_end_spoils_its_hour() -> None:
    slots = until_now()
    halves = halves_of(slots)
    halves.loc["2026-01-28 19:30", "fetched_at"] = pd.Timestamp("2026-01-28 19:59", tz="UTC")
    assert completed(fold(halves, slots), slots).problem is not None


def test_a_bar_fetched_at_the_instant_of_its_end_is_final() -> None:
    slots = until_now()
    assert completed(bars(slots, late=0 * SECOND), slots).problem is None


@pytest.mark.parametrize("place", [0, 7, 18])
def test_history_counts_from_the_last_hole(place: int) -> None:
    slots = until_now()
    found = completed(bars([*slots[:place], *slots[place + 1 :]]), slots)
    assert found.problem is None
    assert list(found.frame.index) == [slot.start for slot in slots[place + 1 :]]


def test_an_hour_that_lacks_a_half_hour_is_a_hole() -> None:
    slots = until_now()
    halves = halves_of(slots).drop(pd.Timestamp("2026-01-28 15:00", tz="UTC"))
    found = completed(fold(halves, slots), slots)
    assert found.frame.index[0] == utc("2026-01-28 16:00")


def test_a_bar_fetched_before_its_end_is_a_hole() -> None:
    slots = until_now()
    frame = bars(slots)
    frame.loc[frame.index[4], "fetched_at"] = slots[4].end - SECOND
    assert completed(frame, slots).frame.index[0] == slots[5].start


@pytest.mark.parametrize("anchor", Anchor)
def test_the_stub_and_the_hours_of_a_half_day_are_whole(anchor: Anchor) -> None:
    slots = list(session_hours(THANKSGIVING, anchor))
    found = completed(fold(bars(session_halves(THANKSGIVING)), slots), slots)
    assert found.problem is None
    assert len(found.frame) == 4


def test_the_stub_without_its_only_half_hour_is_missing() -> None:
    slots = list(session_hours()[:1])
    found = completed(fold(bars(session_halves()[1:]), slots), slots)
    assert found.problem == "the bar 2026-01-28 14:30 to 15:00 UTC is missing"


def test_a_calendar_without_an_ended_bar_decides_nothing() -> None:
    found = completed(bars(session_hours()), [])
    assert found.due is None
    assert found.frame.empty
    assert found.problem


@quickly
@given(st.sets(st.integers(0, 129)), st.sets(st.integers(0, 129)))
def test_the_run_is_what_an_hour_by_hour_walk_finds(absent: set[int], early: set[int]) -> None:
    slots = slots_until(utc("2025-12-02 21:00"), BarSize.H1, new_york(), count=70)
    halves = halves_of(slots)
    early_starts = {halves.index[place] for place in early if place < len(halves)}
    halves.loc[sorted(early_starts), "fetched_at"] = pd.Timestamp("2025-01-01", tz="UTC")
    halves = halves.drop([halves.index[place] for place in absent if place < len(halves)])
    run: list[dt.datetime] = []
    for slot in slots:
        inside = halves[(halves.index >= slot.start) & (halves.index < slot.end)]
        is_good = len(inside) == slot.parts and inside["fetched_at"].max() >= slot.end
        run = [*run, slot.start] if is_good else []
    found = completed(fold(halves, slots), slots)
    assert list(found.frame.index) == run
    assert (found.problem is None) == bool(run)


def test_history_of_a_thin_real_series_begins_after_its_last_hole(market_data: Path) -> None:
    raw = pd.read_parquet(market_data / "intraday_30m_thin" / "CRSP.parquet").set_index("ts")
    slots = [slot for slot in hours_over(raw) if slot.end <= utc("2025-11-14 21:00")]
    found = completed(fold(stamped(raw), slots), slots)
    local = raw.index.tz_convert(ZONE)
    on_the_day = set(local[local.date == dt.date(2025, 10, 27)].strftime("%H:%M"))
    every = set(pd.date_range("09:30", "15:30", freq="30min").strftime("%H:%M"))
    (hole,) = every - on_the_day
    first = found.frame.index[0].tz_convert(ZONE)
    assert (first.date(), first.hour) == (dt.date(2025, 10, 27), int(hole[:2]) + 1)
    assert len(found.frame) == len([slot for slot in slots if slot.start >= found.frame.index[0]])
