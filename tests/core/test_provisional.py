"""A session's last bar before its end: what it is made of, and when it is nothing to judge on."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from sellkit.core.aggregate import CompletedBars, completed, fold
from sellkit.core.bars import Anchor, BarSize, Slot, session_slots, slots_until
from sellkit.core.provisional import LastBars
from tests.build import DAY, SECOND, bars, broken, new_york, utc

ASKED = utc("2026-01-28 20:55")
HALF_DAY = dt.date(2025, 11, 28)
LAG = 5 * SECOND
CLOSES = 2


def told(asked: dt.datetime = ASKED, close: float = 90.0) -> pd.DataFrame:
    """The half-hours of the session as a gateway tells them; the last one is running."""
    session = new_york().at(asked)
    assert session is not None
    slots = session_slots(session, BarSize.M30, new_york())
    frame = bars(slots, [100.0] * (len(slots) - 1) + [close])
    frame["fetched_at"] = pd.DatetimeIndex([asked] * len(slots)).as_unit("us")
    return frame


def stored(asked: dt.datetime = ASKED) -> pd.DataFrame:
    """Forty half-hours up to the last one that has ended."""
    return bars(slots_until(asked, BarSize.M30, new_york(), count=40), [100.0] * 40)


def last(
    asked: dt.datetime = ASKED,
    *,
    held: pd.DataFrame | None = None,
    answer: pd.DataFrame | str | None = None,
) -> LastBars:
    session = new_york().at(asked)
    assert session is not None
    kept = stored(asked) if held is None else held
    return LastBars.of(session, new_york(), kept, told(asked) if answer is None else answer)


def hours(asked: dt.datetime = ASKED, anchor: Anchor = Anchor.CLOCK) -> CompletedBars:
    slots = slots_until(asked, BarSize.H1, new_york(), anchor=anchor, count=5)
    return completed(fold(stored(asked), slots), slots)


def slot(size: BarSize, asked: dt.datetime = ASKED, anchor: Anchor = Anchor.CLOCK) -> Slot:
    session = new_york().at(asked)
    assert session is not None
    return session_slots(session, size, new_york(), anchor)[-1]


def test_the_last_hour_is_its_ended_half_and_the_running_one() -> None:
    found = last().behind(hours(), slot(BarSize.H1), LAG)
    assert (found.problem, len(found.frame)) == (None, 6)
    bar = found.frame.iloc[-1]
    assert (bar["open"], bar["close"], bar["volume"]) == (100.0, 90.0, 2000.0)
    assert bar["fetched_at"] == pd.Timestamp(ASKED)
    assert found.frame.index[-1] == pd.Timestamp("2026-01-28 20:00", tz="UTC")
    assert found.due == slot(BarSize.H1)
    assert list(found.frame.columns) == list(hours().frame.columns)
    assert found.frame.index.dtype == hours().frame.index.dtype


def test_on_the_session_anchor_it_is_the_running_half_hour_alone() -> None:
    run = hours(anchor=Anchor.SESSION)
    found = last().behind(run, slot(BarSize.H1, anchor=Anchor.SESSION), LAG)
    assert (found.problem, found.frame["close"].iloc[-1]) == (None, 90.0)
    assert found.frame["volume"].iloc[-1] == 1000.0


def test_on_a_half_day_it_ends_at_one() -> None:
    asked = utc("2025-11-28 17:55")
    found = last(asked).behind(hours(asked), slot(BarSize.H1, asked), LAG)
    assert found.problem is None
    assert found.frame.index[-1] == pd.Timestamp("2025-11-28 17:00", tz="UTC")


def test_the_day_is_all_its_halves_under_the_label_of_its_date() -> None:
    days = slots_until(ASKED, BarSize.D1, new_york(), count=3)
    run = completed(bars(days, [100.0, 101.0, 102.0]), days)
    found = last().behind(run, slot(BarSize.D1), LAG)
    assert (found.problem, len(found.frame)) == (None, 4)
    assert found.frame.index[-1] == pd.Timestamp(DAY, tz="UTC")
    assert (found.frame["open"].iloc[-1], found.frame["close"].iloc[-1]) == (100.0, 90.0)
    assert found.frame["volume"].iloc[-1] == 13_000.0


def test_the_run_itself_stays_as_it_was() -> None:
    run = hours()
    before = run.frame.copy()
    last().behind(run, slot(BarSize.H1), LAG)
    pd.testing.assert_frame_equal(run.frame, before)


def test_without_an_ended_half_there_is_nothing_to_judge() -> None:
    found = last(held=stored().iloc[:-1]).behind(hours(), slot(BarSize.H1), LAG)
    assert found.frame.empty
    assert "2026-01-28 20:00 to 20:30 UTC is missing" in str(found.problem)


def test_an_ended_half_that_was_told_before_its_end_does_not_count() -> None:
    held = stored()
    held.iloc[-1, held.columns.get_loc("fetched_at")] = pd.Timestamp("2026-01-28 20:29", tz="UTC")  # type: ignore[index]
    found = last(held=held).behind(hours(), slot(BarSize.H1), LAG)
    assert "was fetched before it was final" in str(found.problem)


def test_a_hole_earlier_in_the_day_leaves_the_day_without_a_bar() -> None:
    days = slots_until(ASKED, BarSize.D1, new_york(), count=3)
    run = completed(bars(days), days)
    hole = stored().drop(pd.Timestamp("2026-01-28 16:00", tz="UTC"))
    assert "half-hours that have ended" in str(
        last(held=hole).behind(run, slot(BarSize.D1), LAG).problem
    )
    assert last(held=hole).behind(hours(), slot(BarSize.H1), LAG).problem is None


def test_a_run_that_cannot_be_used_stays_so() -> None:
    assert last().behind(broken("it is missing"), slot(BarSize.H1), LAG).problem == "it is missing"


def _changed(**values: float) -> pd.DataFrame:
    frame = told()
    for name, value in values.items():
        frame.iloc[-1, frame.columns.get_loc(name)] = value  # type: ignore[index]
    return frame


def _late() -> pd.DataFrame:
    frame = told()
    frame["fetched_at"] = pd.Timestamp("2026-01-28 21:00", tz="UTC").as_unit("us")
    return frame


def _split() -> pd.DataFrame:
    frame = told(close=45.0)
    frame[["open", "high", "low", "close"]] = frame[["open", "high", "low", "close"]] / 2
    return frame


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (told().iloc[:-1], "tells nothing of the half-hour from 20:30 UTC"),
        (_changed(close=-1.0), "cannot be"),
        (_changed(open=9000.0, high=9000.0, low=9000.0, close=9000.0), "cannot be"),
        (_late(), "the session ended while"),
        (_split(), "stored prices are told 0.5 times as high"),
        ("the gateway has no bar of this session", "no bar of this session"),
    ],
    ids=["not told", "a price below zero", "far off", "over", "a split", "refused"],
)
def test_what_is_told_badly_is_nothing_to_judge_on(answer: pd.DataFrame | str, words: str) -> None:
    found = last(answer=answer).behind(hours(), slot(BarSize.H1), LAG)
    assert found.frame.empty
    assert words in str(found.problem)
