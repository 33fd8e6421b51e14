"""The few points that show how an alternative did beside holding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sellkit.core.bars import empty_bars
from sellkit.research.result import LABELS
from sellkit.research.series import Terms
from sellkit.research.sweep import study
from sellkit.research.tracks import POINTS, recent, tracks
from tests.research.histories import bars


def frame(seed: int, count: int, first: str, step: str) -> pd.DataFrame:
    made = bars(seed, count)
    index = pd.date_range(first, periods=count, freq=step, tz="UTC")
    return pd.DataFrame({"open": made.opens, "close": made.closes}, index=index)


def test_the_last_point_is_what_a_study_tells_against_holding() -> None:
    hours = frame(1, 900, "2026-01-01 12:00", "6h")
    days = frame(2, 300, "2025-10-20", "1D")
    series = recent("NYSE:X", hours, days, "UTC")
    found = tracks(series, Terms())
    told = study([series], compiled=False)
    assert found.shape == (28, POINTS)
    known = told.decided[0] > 0
    assert found[known, -1] == pytest.approx(told.against_holding[0, known], abs=1e-12)
    assert known.sum() > 20


def test_hours_and_days_are_judged_from_one_session_on_a_year_at_most() -> None:
    days = frame(2, 900, "2020-01-01", "1D")
    long_ago = frame(1, 3_600, "2020-01-01 12:00", "6h")
    series = recent("NYSE:X", long_ago, days, "UTC")
    for each in (series.hours, series.days):
        assert each.sessions is not None
        assert each.sessions[each.begin] == 18_262 + 650
    short = recent("NYSE:X", long_ago.iloc[-80:], days, "UTC")
    assert short.hours.sessions is not None
    assert short.hours.begin == 0
    assert short.days.sessions is not None
    assert short.days.sessions[short.days.begin] == short.hours.sessions[0]


def test_without_bars_or_with_too_few_nothing_is_told() -> None:
    none = recent("NYSE:X", empty_bars(), empty_bars(), "America/New_York")
    assert np.isnan(tracks(none, Terms())).all()
    few = tracks(recent("NYSE:X", frame(1, 30, "2026-01-01", "6h"), empty_bars(), "UTC"), Terms())
    assert np.isfinite(few[LABELS.index("SMA 20 1H")]).all()
    assert np.isnan(few[LABELS.index("SMA 50 1H")]).all()
    assert np.isnan(few[14:]).all()
