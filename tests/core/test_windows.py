"""The planner asks for what is missing, and for no more, however little one answer brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.bars import BarSize, Slot, empty_bars, slots_until
from sellkit.core.coverage import missing_slots
from sellkit.core.windows import SLICE_SESSIONS, BarRequest, Ground, Window, unanswered
from tests.build import NOW, bars, instrument, new_york, session_halves, utc
from tests.fakes_store import merge

ANSWERS = (2, 31, 400, None)  # bars that one answer brings at most; None answers nothing at all
quickly = settings(deadline=None, max_examples=15)


def grid(count: int, size: BarSize = BarSize.M30) -> list[Slot]:
    return slots_until(NOW, size, new_york(), count=count)


def ground(
    due: Sequence[Slot], held: pd.DataFrame | None = None, size: BarSize = BarSize.M30
) -> Ground:
    stored = empty_bars() if held is None else held
    return Ground(due, pd.DatetimeIndex(stored.index), size, new_york())


def sessions_in(window: Sequence[Slot]) -> int:
    first, last = window[0].session.date, window[-1].session.date
    return len(new_york().between(first, last))


def lone(slots: Sequence[Slot], sessions: int = 1) -> Window:
    return Window(slots, None, slots[-1].end, sessions)


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
    plan = ground(due, stored, size)
    while missing:
        window = plan.newest_window(missing)
        answer = gateway.answer(window.request(instrument(), size, rth=True))
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
    stored = bars([slot for place, slot in enumerate(slots) if place not in places])
    window = ground(slots, stored).newest_window(missing)
    assert list(window.slots) == missing[-len(window.slots) :]
    assert sessions_in(window.slots) <= window.sessions <= SLICE_SESSIONS


def test_a_cold_start_asks_for_half_hours_in_slices_of_about_a_month() -> None:
    windows = ground(grid(900)).windows(grid(900))
    assert [window.sessions for window in windows[:-1]] == [SLICE_SESSIONS, SLICE_SESSIONS]
    assert len(windows) == 3


def test_daily_bars_are_asked_for_at_once() -> None:
    days = grid(700, BarSize.D1)
    (window,) = ground(days, size=BarSize.D1).windows(days)
    assert window.slots == days


def test_two_holes_in_the_days_are_one_request_unless_years_lie_between() -> None:
    days = grid(1200, BarSize.D1)
    near, far = [days[200], days[650]], [days[200], days[1100]]
    plan = ground(days, bars(days), BarSize.D1)
    assert [window.slots for window in plan.windows(near)] == [near]
    assert [window.slots for window in plan.windows(far)] == [far[1:], far[:1]]


@pytest.mark.parametrize(
    ("sessions", "duration"),
    [(1, "1 D"), (31, "31 D"), (365, "365 D"), (366, "2 Y"), (750, "3 Y"), (891, "4 Y")],
)
def test_durations_are_days_up_to_a_year_and_years_beyond(sessions: int, duration: str) -> None:
    window = lone(grid(5, BarSize.D1), sessions)
    request = window.request(instrument(), BarSize.D1, rth=True)
    assert request.duration == duration


@pytest.mark.parametrize("end", ["2020-12-31 21:00", "2023-06-30 20:00", "2026-01-28 21:00"])
def test_a_duration_in_years_reaches_back_over_all_the_sessions_asked_for(end: str) -> None:
    days = slots_until(utc(end), BarSize.D1, new_york(), count=1300)
    for count in range(366, 1300, 7):
        window = days[-count:]
        request = lone(window, count).request(instrument(), BarSize.D1, rth=True)
        last = window[-1].session.date
        first = last.replace(
            year=last.year - int(request.duration.split()[0]), day=min(last.day, 28)
        )
        assert first <= window[0].session.date, count


def test_a_request_ends_with_its_window_and_carries_the_hours_asked_for() -> None:
    window = session_halves()[2:5]
    request = lone(window).request(instrument(), BarSize.M30, rth=False)
    assert request.end == window[-1].end
    assert request.rth is False
    assert (request.instrument.con_id, request.bar_size) == (265598, BarSize.M30)


# --- what is stored, and what is told anew --------------------------------------------------------


def test_a_request_reaches_a_stored_bar_before_what_is_missing() -> None:
    slots = grid(60)
    window = ground(slots, bars(slots[:-2])).newest_window(slots[-2:])
    assert window.joint == slots[-3]
    assert window.sessions == sessions_in([slots[-3], *slots[-2:]]) + 1


def test_what_lacks_at_the_head_only_reaches_the_stored_bar_after_it() -> None:
    days = grid(60, BarSize.D1)
    window = ground(days, bars(days[20:]), BarSize.D1).newest_window(days[:20])
    assert (window.joint, window.end, window.sessions) == (days[20], days[20].end, 21)


def test_a_stored_bar_behind_another_hole_is_no_joint() -> None:
    slots = grid(900)
    missing = [*slots[100:110], *slots[880:890]]
    stored = bars([slot for slot in slots if slot not in missing[9:11] and slot != slots[879]])
    window = ground(slots, stored).newest_window([*missing[:10], slots[879], *missing[10:]])
    assert window.joint == slots[878]


def test_a_slice_that_needs_a_session_for_its_joint_leaves_its_oldest_to_the_next_one() -> None:
    sessions = 31
    slots = grid(2000)
    tail = [slot for slot in slots if slot.session.date > slots[0].session.date]
    dates = sorted({slot.session.date for slot in tail})[-sessions:]
    missing = [slot for slot in tail if slot.session.date in dates]
    stored = bars([slot for slot in slots if slot not in missing])
    first, second = ground(slots, stored).windows(missing)
    assert first.sessions <= SLICE_SESSIONS
    assert second.sessions <= 3
    assert second.joint is not None


# --- after an answer ------------------------------------------------------------------------------


def test_a_full_answer_settles_its_window() -> None:
    missing = grid(30)
    window = missing[10:]
    assert unanswered(missing, lone(window), bars(window)) == missing[:10]


def test_bars_older_than_the_answer_are_asked_for_again() -> None:
    missing = grid(30)
    assert unanswered(missing, lone(missing), bars(missing[20:])) == missing[:20]


def test_a_hole_within_the_answer_is_not_asked_for_again() -> None:
    missing = grid(30)
    answer = bars([*missing[20:24], *missing[26:]])
    assert unanswered(missing, lone(missing), answer) == missing[:20]


def test_an_answer_without_bars_settles_its_window() -> None:
    missing = grid(30)
    assert unanswered(missing, lone(missing[10:]), empty_bars()) == missing[:10]


def test_an_answer_that_settles_nothing_settles_its_window() -> None:
    missing = grid(30)
    later = bars(session_halves()[-1:])
    assert unanswered(missing, lone(missing[10:]), later) == missing[:10]


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
