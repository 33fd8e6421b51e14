"""The bootstrap against answers that are known: of pure luck it says that it is luck."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sellkit.errors import ConfigError, DataError
from sellkit.research.chance import (
    Differences,
    Verdict,
    differences,
    drawn_places,
    verdict,
)
from sellkit.research.result import LABELS
from sellkit.research.series import Bars, Costs, Series, Terms
from sellkit.research.sides import sides
from sellkit.research.sweep import study
from sellkit.research.trading import paths
from tests.research.histories import bars, instrument
from tests.research.replaying import NO_COSTS

FREE = Terms(NO_COSTS)
SESSIONS, WORLDS = 150, 150
MOST_OFF = 0.133
"""Of 150 uniform numbers the empirical distribution is off by more once in a hundred times.

1.63 / sqrt(150), the Kolmogorov-Smirnov bound at 1 %.
"""


def noise(seed: int, drift: float = 0.0) -> Differences:
    """28 columns that have luck in common, as averages of the same prices have."""
    random = np.random.default_rng(seed)
    common = random.normal(0.0, 0.01, (SESSIONS, 1))
    values = common * random.uniform(0.3, 1.0, 28) + random.normal(0.0, 0.005, (SESSIONS, 28))
    values[:, 17] += drift
    return Differences(np.arange(SESSIONS), values)


def judged(found: Differences, seed: int = 1) -> Verdict:
    return verdict(found, draws=200, seed=seed)


def largest_gap(p_values: list[float]) -> float:
    """How far they are from uniform, by Kolmogorov and Smirnov."""
    ordered, steps = np.sort(p_values), np.arange(len(p_values) + 1) / len(p_values)
    return float(max((ordered - steps[:-1]).max(), (steps[1:] - ordered).max()))


def test_of_pure_luck_the_p_values_are_uniform_and_those_of_the_best_alone_are_not() -> None:
    found = [judged(noise(seed), seed) for seed in range(WORLDS)]
    assert largest_gap([each.p_value for each in found]) < MOST_OFF
    assert largest_gap([float(each.alone[3]) for each in found]) < MOST_OFF
    alone = [float(each.alone[LABELS.index(each.best)]) for each in found]
    assert largest_gap(alone) > 2 * MOST_OFF
    assert np.mean(np.array(alone) < 0.05) > 2 * np.mean([each.p_value < 0.05 for each in found])


def test_the_rule_on_prices_without_memory_is_not_taken_for_more_than_luck() -> None:
    """There the check errs to the safe side: it finds somewhat fewer advantages than luck has."""
    p_values, alone = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        prices = np.round(100 * np.exp(np.cumsum(random.normal(0.0, 0.01, 800))), 2)
        days = Bars(prices[::2], prices[1::2], 200, np.arange(400))
        values = paths(days, sides(days.closes), FREE)
        gains = np.diff(np.log(values), axis=1, prepend=0.0)
        found = verdict(Differences(np.arange(200), (gains[:-1] - gains[-1]).T), draws=150)
        p_values.append(found.p_value)
        alone.append(float(found.alone.min()))
    ordered = np.sort(p_values)
    assert (np.arange(1, 61) / 60 - ordered).max() < 1.52 / np.sqrt(60)  # 1 %, to one side
    assert 0.45 < np.mean(ordered) < 0.65
    assert sum(each < 0.1 for each in alone) > 2 * sum(each < 0.1 for each in p_values)


def test_an_advantage_that_is_there_is_found_and_named() -> None:
    found = judged(noise(5, drift=0.004))
    assert found.best == LABELS[17]
    assert found.p_value < 0.01
    assert found.low[17] > 0
    assert found.low[17] < found.mean[17] < found.high[17]


def test_no_choice_that_only_costs_is_ever_better_than_holding() -> None:
    values = np.full((SESSIONS, 28), -0.001) + np.random.default_rng(1).normal(
        0, 1e-4, (SESSIONS, 28)
    )
    assert judged(Differences(np.arange(SESSIONS), values)).p_value > 0.99


def test_the_same_seed_draws_the_same_and_another_one_something_else() -> None:
    one, same, other = (verdict(noise(1), seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.alone, same.alone)
    assert one.p_value == same.p_value
    assert (one.low != other.low).any()
    assert (one.draws, one.block, one.sessions, one.seed) == (2_000, 5.0, SESSIONS, 7)


def test_blocks_are_as_long_as_asked_and_take_every_session_equally_often() -> None:
    places = drawn_places(50, 4_000, 8.0, np.random.default_rng(3))
    goes_on = (np.diff(places, axis=1) % 50 == 1).mean()
    assert goes_on == pytest.approx(1 - 1 / 8 + 1 / 8 / 50, abs=0.003)
    assert np.bincount(places.ravel()) == pytest.approx(np.full(50, 4_000), rel=0.15)
    single = drawn_places(50, 4_000, 1.0, np.random.default_rng(3))
    assert (np.diff(single, axis=1) % 50 == 1).mean() == pytest.approx(1 / 50, abs=0.002)


def test_blocks_keep_the_spread_that_memory_gives_to_a_mean() -> None:
    random = np.random.default_rng(2)
    shocks = random.normal(0.0, 1.0, 4_040)
    memory = np.convolve(shocks, np.ones(40) / 40, mode="valid")[:4_000, None]
    found = Differences(np.arange(4_000), memory)
    wide, narrow = (verdict(found, draws=500, block=length) for length in (120.0, 1.0))
    # Independent draws would find 1 / sqrt(40) of the spread of a mean.
    assert (wide.high - wide.low)[0] > 4 * (narrow.high - narrow.low)[0]


def test_differences_hold_each_session_of_each_choice_against_holding() -> None:
    days = bars(2, 120, 30)
    hours = bars(1, 120 * 7, 30 * 7)
    one = Series("NYSE:X", replace(hours, sessions=18_000 + np.arange(840) // 7), days)
    found = differences(one, FREE)
    np.testing.assert_array_equal(found.sessions, days.sessions[30:])
    assert found.values.shape == (90, 28)
    daily = paths(days, sides(days.closes), FREE)
    hourly = paths(hours, sides(hours.closes), FREE)[:, 6::7]
    for values, own in ((daily, found.values[:, 14:]), (hourly, found.values[:, :14])):
        gains = np.log(values[:, 1:] / values[:, :-1])
        is_known = np.isfinite(own[0])
        assert own[1:, is_known] == pytest.approx(
            (gains[:-1] - gains[-1]).T[:, is_known], abs=1e-14
        )
    # 120 days are too few for averages of 150 and 200.
    mute = [label for label, own in zip(LABELS, found.values.T, strict=True) if np.isnan(own).any()]
    assert mute == ["SMA 150 1D", "SMA 200 1D", "EMA 150 1D", "EMA 200 1D"]
    judged_alike = verdict(found, draws=50)
    np.testing.assert_array_equal(np.isnan(judged_alike.alone), np.isnan(found.values[0]))
    assert judged_alike.best in LABELS


def test_the_differences_sum_up_to_what_a_study_tells_against_holding() -> None:
    days = bars(2, 320, 230)
    hours = bars(1, 320 * 7, 230 * 7)
    one = Series("NYSE:X", replace(hours, sessions=18_000 + np.arange(2_240) // 7), days)
    found = differences(one, Terms())
    told = study([one], compiled=False).against_holding[0]
    assert np.exp(found.values.sum(axis=0)) - 1 == pytest.approx(told, abs=1e-12)
    assert verdict(found, draws=10).best == LABELS[int(told.argmax())]


def test_a_choice_that_never_decided_is_never_the_best() -> None:
    """Beside others that all lose, one that only held would be: with nothing lost."""
    values = np.random.default_rng(1).normal(-0.001, 1e-4, (SESSIONS, 28))
    values[:, [3, 20]] = np.nan
    found = judged(Differences(np.arange(SESSIONS), values))
    others = np.delete(values, [3, 20], axis=1)
    assert found.mean[LABELS.index(found.best)] == others.mean(axis=0).max()
    assert found.p_value == judged(Differences(np.arange(SESSIONS), others)).p_value
    nobody = judged(Differences(np.arange(SESSIONS), np.full((SESSIONS, 28), np.nan)))
    assert (nobody.best, nobody.p_value) == ("", 1.0)


def test_sessions_without_hours_or_without_days_are_left_out() -> None:
    days, hours = bars(2, 60), bars(1, 60)
    assert hours.sessions is not None
    one = Series("NYSE:X", replace(hours, sessions=hours.sessions + 20), days)
    np.testing.assert_array_equal(differences(one, FREE).sessions, 18_020 + np.arange(40))


def test_costs_count_in_the_differences() -> None:
    one = instrument(3)
    free, paid = differences(one, FREE), differences(one, Terms(Costs(0.05, 20.0)))
    assert (paid.values.sum(axis=0) < free.values.sum(axis=0)).sum() > 20


def test_too_little_is_refused_with_what_is_wanted() -> None:
    with pytest.raises(DataError, match="5 sessions cannot tell luck from skill: at least 20 are"):
        verdict(Differences(np.arange(5), np.zeros((5, 28))))
    with pytest.raises(ConfigError, match="draws and a block of 1 or more: 0, 5"):
        verdict(noise(1), draws=0)
    with pytest.raises(ConfigError, match=r"1 or more: 10, 0\.5"):
        verdict(noise(1), draws=10, block=0.5)
    bare = instrument(1).bare()
    with pytest.raises(DataError, match="NYSE:S1: bars without their sessions"):
        differences(bare, FREE)
