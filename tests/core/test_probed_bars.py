"""What bars say of the gateway that told them: their anchor, their reach, and when one is final."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from sellkit.core.aggregate import fold
from sellkit.core.bars import COLUMNS, Anchor, BarSize, Slot, session_slots
from sellkit.core.probed_bars import (
    AnchorFit,
    Sighting,
    anchor_fit,
    final_after,
    months_back,
    reach,
    sessions_back,
    sighting,
)
from tests.build import DAY, bars, new_york, session_halves, utc

# With the half day after Thanksgiving.
FIRST, LAST = dt.date(2025, 11, 24), dt.date(2025, 12, 2)
EVENING = utc("2025-12-02 22:00")


def slots(size: BarSize, anchor: Anchor = Anchor.CLOCK) -> list[Slot]:
    return [
        slot
        for session in new_york().between(FIRST, LAST)
        for slot in session_slots(session, size, new_york(), anchor)
    ]


def halves() -> pd.DataFrame:
    return bars(slots(BarSize.M30))


def hours(anchor: Anchor) -> pd.DataFrame:
    return fold(halves(), slots(BarSize.H1, anchor))[COLUMNS]


def fit(native: pd.DataFrame, anchor: Anchor, now: dt.datetime = EVENING) -> AnchorFit:
    return anchor_fit(native, halves(), new_york(), anchor, now)


@pytest.mark.parametrize("anchor", Anchor)
def test_native_hours_fit_the_anchor_that_they_lie_on_and_not_the_other(anchor: Anchor) -> None:
    (other,) = set(Anchor) - {anchor}
    found = fit(hours(anchor), anchor)
    assert found.fits
    assert (found.sessions, found.short, found.compared) == (6, 1, 6 * 7 - 3)
    assert not fit(hours(anchor), other).fits


def test_hours_that_begin_elsewhere_fit_neither() -> None:
    native = hours(Anchor.CLOCK)
    native.index = native.index + pd.Timedelta(minutes=15)
    assert not any(fit(native, anchor).fits for anchor in Anchor)


def test_hours_with_other_prices_lie_on_the_grid_and_do_not_fit() -> None:
    native = hours(Anchor.CLOCK)
    native[["close", "high"]] *= 1.02
    found = fit(native, Anchor.CLOCK)
    assert found.is_on_grid
    assert not found.fits
    assert found.differing == found.compared


def test_one_hour_of_many_may_have_been_corrected_since() -> None:
    calendar = new_york()
    sessions = calendar.between(dt.date(2025, 10, 20), LAST)
    of = {
        size: [slot for each in sessions for slot in session_slots(each, size, calendar)]
        for size in (BarSize.M30, BarSize.H1)
    }
    half_hours = bars(of[BarSize.M30])
    native = fold(half_hours, of[BarSize.H1])[COLUMNS].copy()
    native.iloc[40, native.columns.get_loc("high")] *= 1.01
    found = anchor_fit(native, half_hours, calendar, Anchor.CLOCK, EVENING)
    assert (found.differing, found.fits) == (1, True)


def test_an_hour_without_a_native_bar_is_counted() -> None:
    found = fit(hours(Anchor.CLOCK).iloc[:-2], Anchor.CLOCK)
    assert (found.absent, found.fits) == (2, False)


def test_an_hour_of_which_a_half_is_missing_is_not_compared() -> None:
    native = hours(Anchor.CLOCK)
    found = anchor_fit(native, halves().drop(halves().index[1]), new_york(), Anchor.CLOCK, EVENING)
    assert (found.compared, found.fits) == (6 * 7 - 4, True)


def test_the_session_that_is_still_open_is_left_out() -> None:
    found = fit(hours(Anchor.CLOCK), Anchor.CLOCK, utc("2025-12-02 18:00"))
    assert (found.sessions, found.fits) == (5, True)


def test_a_session_that_an_answer_holds_only_in_part_is_left_out() -> None:
    found = fit(hours(Anchor.CLOCK).iloc[3:], Anchor.CLOCK)
    assert (found.sessions, found.absent, found.fits) == (5, 0, True)


def test_nothing_to_compare_fits_nothing() -> None:
    found = fit(hours(Anchor.CLOCK).iloc[:0], Anchor.CLOCK)
    assert (found.compared, found.fits) == (0, False)


def test_an_answer_is_counted_against_the_session_calendar() -> None:
    found = reach(halves(), BarSize.M30, new_york(), EVENING)
    assert (found.bars, found.due, found.sessions) == (5 * 13 + 7, 5 * 13 + 7, 6)
    assert (found.first, found.off_calendar) == (FIRST, 0)


def test_the_bar_that_is_forming_is_due_and_the_next_is_not() -> None:
    noon = utc("2025-12-02 17:10")
    told = halves()[lambda each: each.index <= pd.Timestamp(noon)]
    found = reach(told, BarSize.M30, new_york(), noon)
    assert found.bars == found.due == 4 * 13 + 7 + 6


def test_days_are_counted_by_their_dates() -> None:
    found = reach(bars(slots(BarSize.D1)), BarSize.D1, new_york(), EVENING)
    assert (found.bars, found.due, found.sessions, found.first) == (6, 6, 6, FIRST)


def test_a_bar_on_a_holiday_is_off_the_calendar() -> None:
    told = halves()
    odd = told.iloc[[0]].set_index(pd.DatetimeIndex([utc("2025-11-27 15:00")], name="start"))
    found = reach(pd.concat([told, odd]).sort_index(), BarSize.M30, new_york(), EVENING)
    assert found.off_calendar == 1


def test_sessions_and_months_are_counted_back_on_the_exchanges_clock() -> None:
    assert sessions_back(6, new_york(), EVENING) == FIRST
    assert months_back(1, new_york(), utc("2026-03-31 18:00")) == dt.date(2026, 2, 28)
    assert months_back(12, new_york(), utc("2026-03-01 02:00")) == dt.date(2025, 2, 28)


def seen(*told: tuple[float, float | None]) -> list[Sighting]:
    return [Sighting(after, None if close is None else (close,)) for after, close in told]


def test_a_bar_is_final_from_when_it_was_first_seen_as_it_stayed() -> None:
    assert final_after(seen((1, None), (2, 9.0), (5, 9.5), (8, 9.5), (60, 9.5))) == 5
    assert final_after(seen((1, 9.0), (2, 9.0))) == 1


@pytest.mark.parametrize(
    "told",
    [
        [],
        [(1.0, 9.0)],
        [(1.0, None), (2.0, None)],
        [(1.0, 9.0), (2.0, 9.5)],
        [(1.0, 9.0), (2.0, None)],
    ],
)
def test_a_bar_that_never_came_or_changed_to_the_end_is_not_final(
    told: list[tuple[float, float | None]],
) -> None:
    assert final_after(seen(*told)) is None


def test_a_sighting_is_the_slots_own_bar() -> None:
    told, slot = bars(session_halves(DAY)), session_halves(DAY)[3]
    assert sighting(told, slot, 2.0).numbers == tuple(told.iloc[3][COLUMNS[:-1]])
    assert sighting(told.iloc[:3], slot, 2.0) == Sighting(2.0, None)
