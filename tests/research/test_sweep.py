"""A study of the 28 alternatives: what it tells, in what room, and what it says when it cannot."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from sellkit.core.assignments import ALL_CHOICES, Timeframe
from sellkit.errors import ConfigError
from sellkit.research.result import LABELS
from sellkit.research.series import Costs, Series, Terms
from sellkit.research.sides import sides
from sellkit.research.sweep import Here, parts_of, study
from tests.research.histories import assert_same_numbers, bars, instrument
from tests.research.walking import walked


class Told:
    """Keeps what a study says of its progress."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, label: str, total: int) -> None:
        self.said.append(f"start {label}: {total}")

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        self.said.append(f"{steps} up to {of}")

    def stop(self) -> None:
        self.said.append("stop")


def many(count: int, hours: int = 300) -> Iterator[Series]:
    return (instrument(seed, hours) for seed in range(count))


def test_the_28_are_two_kinds_seven_lengths_and_two_timeframes_each_on_its_own_bars() -> None:
    assert len(LABELS) == len(set(LABELS)) == 2 * 7 * 2
    one = instrument(3, begin=20)
    found = study([one], compiled=False)
    for place, (average, timeframe) in enumerate(ALL_CHOICES):
        own = one.of(timeframe)
        row = sides(own.closes)[place % 14]
        wanted = walked(own, row, Terms())
        assert LABELS[place] == f"{average} {timeframe}"
        assert found.exits[0, place] == wanted["exits"]
        assert found.whipsaws[0, place] == wanted["whipsaws"]
        assert found.growth[0, place] == pytest.approx(wanted["growth"], rel=1e-12)
        assert found.costs[0, place] == pytest.approx(wanted["costs"], rel=1e-12)
        assert found.time_out[0, place] == wanted["bars_out"] / (len(own) - 20)
        assert found.is_pending[0, place] == wanted["pending"]
        held = walked(own, np.zeros(len(own), np.int8), Terms())
        assert found.against_holding[0, place] == pytest.approx(
            wanted["growth"] / held["growth"] - 1, rel=1e-9
        )
        assert found.drawdown_avoided[0, place] == pytest.approx(
            held["drawdown"] - wanted["drawdown"], abs=1e-12
        )
    assert found.exits.sum() > 200


def test_both_forms_tell_the_same_bits_of_many_instruments() -> None:
    pytest.importorskip("numba")
    given = [instrument(seed, 150 + 31 * seed, 20 * seed, 3 * seed) for seed in range(12)]
    plain, fast = (study(given, compiled=compiled) for compiled in (False, True))
    assert_same_numbers(fast.figures, plain.figures)
    np.testing.assert_array_equal(fast.bars, plain.bars)
    np.testing.assert_array_equal(fast.decided, plain.decided)


def test_an_instrument_tells_the_same_alone_and_among_others() -> None:
    given = [instrument(seed, 200 + 40 * (seed % 3)) for seed in range(5)]
    together = study(given, compiled=False)
    for place, each in enumerate(given):
        assert_same_numbers(study([each], compiled=False).figures[0], together.figures[place])


def test_a_history_too_short_for_an_average_is_said_and_comes_to_holding() -> None:
    found = study([Series("NYSE:NEW", bars(1, 30), bars(2, 0))], compiled=False)
    table = found.table("NYSE:NEW")
    assert table.loc["SMA 200 1H", "decided"] == 0
    assert table.loc["SMA 200 1H", "against_holding"] == 0
    assert table.loc["SMA 20 1H", "decided"] == 11
    assert table.loc["SMA 5 1D", ["growth", "exits", "time_out"]].isna().all()
    assert study([], compiled=False).figures.shape == (0, 2, 15, 7)


def test_memory_stays_the_same_whatever_the_number_of_instruments() -> None:
    at_once = 20 * 300

    def most(count: int) -> int:
        tracemalloc.start()
        found = study(many(count), compiled=False, workers=Here(at_once))
        peak = tracemalloc.get_traced_memory()[1]
        kept = found.figures.nbytes + found.decided.nbytes
        tracemalloc.stop()
        assert len(found) == count
        return peak - 3 * kept  # parts, what joins them, and what is answered

    assert len(next(parts_of(many(100), at_once))) == 20
    assert most(120) < 1.15 * most(20)


def test_progress_is_told_and_a_cancelled_study_has_what_was_done() -> None:
    given, told = list(many(30)), Told()
    here = Here(10 * 300)
    found = study(given, workers=here, progress=told, is_cancelled=lambda: len(told.said) == 3)
    assert not found.is_complete
    assert found.names == tuple(each.name for each in given[:20])
    assert told.said == [
        "start 28 alternatives over history: 30",
        "10 up to NYSE:S9",
        "10 up to NYSE:S19",
        "stop",
    ]
    assert study(given[:2], compiled=False, is_cancelled=lambda: False).is_complete


def test_an_instrument_with_more_bars_than_a_part_has_is_a_part_of_its_own() -> None:
    lengths = [len(part) for part in parts_of(many(3), 299)]
    assert lengths == [1, 1, 1]


def test_costs_only_ever_cost() -> None:
    given = list(many(4))
    free = study(given, Costs(0.0, 0.0), compiled=False)
    paid = study(given, Costs(0.01, 10.0), compiled=False)
    np.testing.assert_array_equal(free.exits, paid.exits)
    assert (paid.growth[paid.exits > 0] < free.growth[paid.exits > 0]).all()
    assert (free.costs == 0).all()
    assert (paid.costs[paid.exits > 0] > 0).all()


def test_a_frame_of_bars_becomes_a_series_judged_from_a_date_on() -> None:
    index = pd.date_range("2026-03-02 14:30", periods=18, freq="1h", tz="UTC")
    hours = pd.DataFrame({"open": 1.0, "close": 2.0}, index=index)
    days = pd.DataFrame(
        {"open": 1.0, "close": 2.0}, index=pd.date_range("2026-02-27", periods=4, tz="UTC")
    )
    made = Series.since("NYSE:X", hours, days, index[15].date(), "America/New_York")
    assert (made.hours.begin, made.days.begin) == (15, 4)
    assert made.of(Timeframe.D1) is made.days
    assert np.diff(made.hours.sessions).sum() == 1  # a day that ended at midnight of New York


def test_without_numba_numpy_does_it_and_who_asks_for_numba_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    given = [instrument(1)]
    assert len(study(given)) == 1
    with pytest.raises(ConfigError, match=r"needs numba.*sellkit\[research\].*same numbers"):
        study(given, compiled=True)


def test_an_unknown_instrument_is_named() -> None:
    with pytest.raises(ConfigError, match=r"has no NYSE:Z; it has NYSE:S1"):
        study([instrument(1)], compiled=False).table("NYSE:Z")
