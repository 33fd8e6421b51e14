"""What is missing, and whether it is any use to ask for it."""

from __future__ import annotations

import datetime as dt

from sellkit.core.bars import BarSize, Slot, empty_bars, slots_until
from sellkit.core.coverage import Absence, missing_slots, noted, worth_asking
from tests.build import NOW, SECOND, bars, new_york

DAY = dt.timedelta(days=1)


def grid(count: int, size: BarSize = BarSize.M30) -> list[Slot]:
    return slots_until(NOW, size, new_york(), count=count)


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


def test_a_bar_that_was_fetched_before_it_was_final_is_missing() -> None:
    due = grid(10)
    stored = bars(due)
    lag = 5 * SECOND
    stored.loc[stored.index[3], "fetched_at"] = due[3].end + lag - SECOND
    stored.loc[stored.index[5], "fetched_at"] = due[5].end + lag
    assert missing_slots(stored, due, lag) == [due[3]]


# --- what is worth asking for ---------------------------------------------------------------------


def test_a_bar_is_not_asked_for_before_it_is_final() -> None:
    due = grid(4)
    lag = 5 * SECOND
    assert worth_asking(due, {}, due[-1].end + lag - SECOND, lag) == due[:-1]
    assert worth_asking(due, {}, due[-1].end + lag, lag) == due


def test_what_the_source_lacks_is_asked_for_after_a_day_and_after_a_week_and_then_never() -> None:
    (slot,) = grid(1)
    known: dict[dt.datetime, Absence] = {}
    asked: list[int] = []
    for day in range(1, 400):
        now = slot.end + day * DAY
        if worth_asking([slot], known, now):
            asked.append(day)
            known |= noted(known, [slot], now)
    assert asked == [1, 2, 9]


def test_a_fresh_bar_may_be_late_and_is_asked_for_again_at_once() -> None:
    (slot,) = grid(1)
    assert noted({}, [slot], slot.end + DAY - SECOND) == {}
    assert noted({}, [slot], slot.end + DAY) == {slot.start: Absence(slot.end + DAY, 1)}


def test_an_answer_counts_no_second_time_while_it_is_believed() -> None:
    (slot,) = grid(1)
    known = {slot.start: Absence(NOW + DAY, 1)}
    assert noted(known, [slot], NOW + DAY + DAY / 2) == {}
    assert noted(known, [slot], NOW + 2 * DAY) == {slot.start: Absence(NOW + 2 * DAY, 2)}


def test_an_answer_from_the_future_is_not_believed() -> None:
    # The clock went back: what is known may be of another time.
    (slot,) = grid(1)
    assert worth_asking([slot], {slot.start: Absence(NOW + DAY, 1)}, NOW) == [slot]
    assert noted({slot.start: Absence(NOW + 9 * DAY, 2)}, [slot], NOW + 2 * DAY) == {
        slot.start: Absence(NOW + 2 * DAY, 1)
    }
