"""The 28 alternatives beside a replay: the same bars, and the same answers where both tell."""

from __future__ import annotations

import numpy as np
import pytest

from sellkit.core.assignments import ALL_CHOICES
from sellkit.research.alternatives import alternatives, series_of
from sellkit.research.course import Course
from sellkit.research.result import LABELS
from sellkit.research.series import Costs
from tests.research.replaying import (
    PER_SESSION,
    days_of,
    halves,
    replayed,
    sessions,
    subject,
    terms,
    wavy,
    without,
)

SESSIONS = 60
BEGIN = 40
COSTS = Costs(0.01, 5.0)


@pytest.mark.parametrize("choice", ["SMA 5 1H", "EMA 10 1H", "SMA 20 1H", "SMA 5 1D", "EMA 20 1D"])
def test_a_replay_that_re_enters_trades_as_the_alternatives_do(choice: str) -> None:
    bars = halves(wavy(SESSIONS * PER_SESSION, seed=3))
    how = terms(bars, begin=sessions(SESSIONS)[BEGIN].open_utc, costs=COSTS, reenters=True)
    held = subject(bars, choice)
    found, place = replayed(held, how), LABELS.index(choice)
    study = alternatives([held], how).study
    assert found.exits
    sold = sum(each.fill is not None for each in found.exits)
    assert study.exits[0, place] == sold
    # A study holds from the first open on, a replay from the first close.
    opening = float(bars["open"].iloc[BEGIN * PER_SESSION])
    begun = float(bars["close"].iloc[BEGIN * PER_SESSION + (0 if choice.endswith("H") else 12)])
    assert study.growth[0, place] * opening / begun == pytest.approx(found.equity.rule[-1])


def test_hours_and_days_are_judged_from_the_same_session_on() -> None:
    bars = halves(wavy(30 * PER_SESSION))
    how = terms(bars, begin=sessions(30)[20].open_utc)
    whole = subject(bars)
    few_hours = subject(bars.iloc[25 * PER_SESSION + 2 :], days=whole.days)
    for held, judged in ((whole, 10), (few_hours, 4)):
        series = series_of(Course(held, how))
        assert len(series.days) - series.days.begin == judged
        assert len(series.hours) - series.hours.begin == judged * 7
    assert len(series_of(Course(few_hours, how)).days) == 30


def test_the_hours_of_a_session_that_is_not_over_are_compared_with_no_day() -> None:
    """Or the best would be one that gained this morning, and luck be judged without it."""
    bars = halves(wavy(60 * PER_SESSION + 5, seed=2))
    whole = bars.iloc[: 60 * PER_SESSION]
    morning, evening = subject(bars, days=days_of(whole)), subject(whole)
    how = terms(bars, begin=sessions(60)[20].open_utc)
    series = [series_of(Course(each, how)) for each in (morning, evening)]
    np.testing.assert_array_equal(series[0].hours.closes, series[1].hours.closes)
    assert len(series[0].hours) == 60 * 7
    found = alternatives([morning], how)
    gains = np.where(found.study.decided[0] > 0, found.study.against_holding[0], np.nan)
    assert found.luck["NASDAQ:AAPL"].best == LABELS[int(np.nanargmax(gains))]
    ahead = subject(bars.iloc[: 50 * PER_SESSION], days=days_of(whole))
    short = series_of(Course(ahead, how))
    assert (len(short.days), len(short.hours)) == (50, 50 * 7)


def test_a_hole_ends_the_bars_that_are_compared() -> None:
    bars = without(halves(wavy(30 * PER_SESSION)), lambda at: at == 10 * PER_SESSION + 3)
    series = series_of(Course(subject(bars), terms(bars)))
    assert len(series.hours) == 19 * 7 + 4
    assert series.hours.begin == 4


def test_luck_is_judged_only_of_sessions_enough() -> None:
    bars = halves(wavy(30 * PER_SESSION))
    many = alternatives([subject(bars)], terms(bars))
    assert set(many.luck) == {"NASDAQ:AAPL"}
    assert 0 < many.luck["NASDAQ:AAPL"].p_value <= 1
    few = alternatives([subject(bars)], terms(bars, begin=sessions(30)[20].open_utc))
    assert few.luck == {}
    assert len(few.study) == 1
    nothing = alternatives([subject(bars.iloc[:0], days=subject(bars).days)], terms(bars))
    assert np.isnan(nothing.study.growth).all()
    assert nothing.study.growth.shape == (1, len(ALL_CHOICES))
