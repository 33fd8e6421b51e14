"""The planner asks for what is missing, and for no more, however little one answer brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.bars import BarSize, Slot, empty_bars, merge, slots_until
from sellkit.core.coverage import (
    SLICE_SESSIONS,
    BarRequest,
    missing_slots,
    next_window,
    request_for,
    unanswered,
)
from tests.build import NOW, SECOND, bars, instrument, new_york, session_halves, utc

ANSWERS = (1, 31, 400, None)  # bars that one answer brings at most; None answers nothing at all
quickly = settings(deadline=None, max_examples=15)


def grid(count: int, size: BarSize = BarSize.M30) -> list[Slot]:
    return slots_until(NOW, size, new_york(), count=count)


def sessions_in(window: Sequence[Slot]) -> int:
    first, last = window[0].session.date, window[-1].session.date
    return len(new_york().between(first, last))


class Gateway:
    """Answers with the newest bars that it has of those asked for, up to a number."""

    def __init__(self, has: Sequence[Slot], at_most: int | None) -> None:
        self.has = has
        self.frame = bars(has)
        self.at_most = at_most
        self.asked = 0

    def answer(self, request: BarRequest) -> pd.DataFrame:
        self.asked += 1
        if self.at_most is None:
            return empty_bars()
        first = self._first_date(request)
        chosen = (self.frame.index < request.end) & (self.frame.index >= first)
        return self.frame[chosen].iloc[-self.at_most :]

    def _first_date(self, request: BarRequest) -> dt.datetime:
        count, unit = request.duration.split()
        last = request.end.date()
        if unit == "Y":
            first = last.replace(year=last.year - int(count))
        else:
            first = new_york().between(dt.date(2015, 1, 1), last)[-int(count)].date
        return dt.datetime.combine(first, dt.time(), dt.UTC)


def brought_up_to_date(
    stored: pd.DataFrame, due: Sequence[Slot], gateway: Gateway, size: BarSize
) -> pd.DataFrame:
    """The planner's loop as a download runs it; more requests than missing slots is a failure."""
    missing = missing_slots(stored, due)
    limit = len(missing)
    while missing:
        window = next_window(missing, size, new_york())
        request = request_for(window, instrument(), size, sessions_in(window), rth=True)
        answer = gateway.answer(request)
        assert gateway.asked <= limit, "the loop does not end"
        stored = merge(stored, answer)
        missing = unanswered(missing, window, answer)
    return stored


def runs(count: int) -> st.SearchStrategy[set[int]]:
    """Places in a grid, deleted in runs."""
    run = st.tuples(st.integers(0, count - 1), st.integers(1, 40))
    return st.lists(run, max_size=6).map(
        lambda found: {place for start, n in found for place in range(start, min(start + n, count))}
    )


# --- what is missing ------------------------------------------------------------------------------


def test_an_empty_store_lacks_everything_that_is_due() -> None:
    assert missing_slots(empty_bars(), grid(30)) == grid(30)


def test_a_complete_store_lacks_nothing() -> None:
    assert missing_slots(bars(grid(30)), grid(30)) == []


def test_nothing_due_is_nothing_missing() -> None:
    assert missing_slots(bars(grid(30)), []) == []


def test_holes_are_missing_and_bars_that_are_not_due_are_no_matter() -> None:
    due = grid(20)
    stored = bars([*grid(30)[:10], *due[:4], *due[6:]])
    assert missing_slots(stored, due) == due[4:6]


def test_a_bar_that_was_fetched_before_its_end_is_missing() -> None:
    due = grid(10)
    stored = bars(due)
    stored.loc[stored.index[3], "fetched_at"] = due[3].end - SECOND
    stored.loc[stored.index[5], "fetched_at"] = due[5].end
    assert missing_slots(stored, due) == [due[3]]


def test_a_day_fetched_during_its_session_is_missing() -> None:
    due = grid(5, BarSize.D1)
    stored = bars(due)
    stored.loc[stored.index[-1], "fetched_at"] = due[-1].end - SECOND
    assert missing_slots(stored, due) == due[-1:]


# --- windows and requests -------------------------------------------------------------------------


@quickly
@given(runs(900))
def test_an_intraday_window_holds_the_newest_missing_bars_of_at_most_31_sessions(
    places: set[int],
) -> None:
    slots = grid(900)
    missing = [slots[place] for place in sorted(places)]
    if not missing:
        return
    window = list(next_window(missing, BarSize.M30, new_york()))
    assert window == missing[-len(window) :]
    assert 1 <= sessions_in(window) <= SLICE_SESSIONS


def test_a_cold_start_asks_for_half_hours_in_slices_of_about_a_month() -> None:
    assert sessions_in(next_window(grid(900), BarSize.M30, new_york())) >= 28


def test_daily_bars_are_asked_for_at_once() -> None:
    assert next_window(grid(700, BarSize.D1), BarSize.D1, new_york()) == grid(700, BarSize.D1)


@pytest.mark.parametrize(
    ("sessions", "duration"),
    [(1, "1 D"), (31, "31 D"), (365, "365 D"), (366, "2 Y"), (750, "3 Y"), (891, "4 Y")],
)
def test_durations_are_days_up_to_a_year_and_years_beyond(sessions: int, duration: str) -> None:
    window = grid(5, BarSize.D1)
    request = request_for(window, instrument(), BarSize.D1, sessions, rth=True)
    assert request.duration == duration


@pytest.mark.parametrize("end", ["2020-12-31 21:00", "2023-06-30 20:00", "2026-01-28 21:00"])
def test_a_duration_in_years_reaches_back_over_all_the_sessions_asked_for(end: str) -> None:
    days = slots_until(utc(end), BarSize.D1, new_york(), count=1300)
    for count in range(366, 1300, 7):
        window = days[-count:]
        request = request_for(window, instrument(), BarSize.D1, count, rth=True)
        last = window[-1].session.date
        first = last.replace(
            year=last.year - int(request.duration.split()[0]), day=min(last.day, 28)
        )
        assert first <= window[0].session.date, count


def test_a_request_ends_with_its_window_and_carries_the_hours_asked_for() -> None:
    window = session_halves()[2:5]
    request = request_for(window, instrument(), BarSize.M30, 1, rth=False)
    assert request.end == window[-1].end
    assert request.rth is False
    assert (request.instrument.con_id, request.bar_size) == (265598, BarSize.M30)


# --- after an answer ------------------------------------------------------------------------------


def test_a_full_answer_settles_its_window() -> None:
    missing = grid(30)
    window = missing[10:]
    assert unanswered(missing, window, bars(window)) == missing[:10]


def test_bars_older_than_the_answer_are_asked_for_again() -> None:
    missing = grid(30)
    assert unanswered(missing, missing, bars(missing[20:])) == missing[:20]


def test_a_hole_within_the_answer_is_not_asked_for_again() -> None:
    missing = grid(30)
    answer = bars([*missing[20:24], *missing[26:]])
    assert unanswered(missing, missing, answer) == missing[:20]


def test_an_answer_without_bars_settles_its_window() -> None:
    missing = grid(30)
    assert unanswered(missing, missing[10:], empty_bars()) == missing[:10]


def test_an_answer_that_settles_nothing_settles_its_window() -> None:
    missing = grid(30)
    later = bars(session_halves()[-1:])
    assert unanswered(missing, missing[10:], later) == missing[:10]


# --- the loop -------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_most", [1, 31, 400])
def test_a_cold_start_ends_with_every_half_hour(at_most: int) -> None:
    due = grid(200 if at_most == 1 else 900)
    gateway = Gateway(due, at_most)
    stored = brought_up_to_date(empty_bars(), due, gateway, BarSize.M30)
    assert missing_slots(stored, due) == []
    assert gateway.asked >= len(due) / at_most


@pytest.mark.parametrize("at_most", [1, 31, 400])
def test_a_cold_start_ends_with_every_day(at_most: int) -> None:
    due = grid(100 if at_most == 1 else 891, BarSize.D1)
    stored = brought_up_to_date(empty_bars(), due, Gateway(due, at_most), BarSize.D1)
    assert missing_slots(stored, due) == []


@quickly
@given(runs(500), st.sampled_from(ANSWERS), st.sampled_from([BarSize.M30, BarSize.D1]))
def test_whatever_was_deleted_the_loop_ends_and_brings_it_back(
    deleted: set[int], at_most: int | None, size: BarSize
) -> None:
    due = grid(500, size)
    kept = bars([slot for place, slot in enumerate(due) if place not in deleted])
    stored = brought_up_to_date(kept, due, Gateway(due, at_most), size)
    left = missing_slots(stored, due)
    assert left == ([] if at_most else [due[place] for place in sorted(deleted)])


@quickly
@given(runs(500), runs(500), st.sampled_from(ANSWERS[:3]))
def test_only_what_the_gateway_lacks_stays_missing(
    deleted: set[int], lacking: set[int], at_most: int
) -> None:
    due = grid(500)
    has = [slot for place, slot in enumerate(due) if place not in lacking]
    kept = bars([slot for place, slot in enumerate(due) if place not in deleted])
    stored = brought_up_to_date(kept, due, Gateway(has, at_most), BarSize.M30)
    expected = [due[place] for place in sorted(deleted & lacking)]
    assert missing_slots(stored, due) == expected
