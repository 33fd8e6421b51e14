"""What trading the alternatives comes to, held against a walk in fractions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.errors import ConfigError, InvalidBars
from sellkit.research import trading
from sellkit.research.series import Bars, Costs, Terms
from tests.research.histories import assert_same_numbers, bars
from tests.research.replaying import NO_COSTS
from tests.research.walking import random_sides, walked

A_WALK = bars(1, 60)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    costs = draw(st.sampled_from([NO_COSTS, Costs(), Costs(0.35, 120.0)]))
    return Terms(costs, reenter=draw(st.booleans()))


@st.composite
def several(draw: st.DrawFn) -> tuple[list[Bars], list[np.ndarray]]:
    """Series of many lengths and first bars, with sides of two rows each."""
    found, own = [], []
    for _ in range(draw(st.integers(1, 5))):
        count, seed = draw(st.integers(0, 60)), draw(st.integers(0, 10_000))
        found.append(bars(seed, count, draw(st.integers(0, count))))
        own.append(np.stack([random_sides(seed + row, count) for row in range(2)]))
    return found, own


def compiled_trade(own: Bars, sides: np.ndarray, how: Terms) -> np.ndarray:
    from sellkit.research import sweep_kernel

    found = np.full((len(sides) + 1, len(trading.FIGURES)), np.nan)
    prices = (how.costs.half_spread, how.costs.per_share)
    if own.begin < len(own):
        sweep_kernel.trade(own.opens, own.closes, own.begin, sides, prices, how.reenter, found)
    return found


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=80)
@given(several(), terms())
def test_every_figure_is_that_of_the_rule_walked_bar_by_bar(
    made: tuple[list[Bars], list[np.ndarray]], how: Terms
) -> None:
    found = trading.trade(*made, how)
    for own, sides, figures in zip(*made, found, strict=True):
        for row, each in zip([*sides, np.zeros(len(own), np.int8)], figures, strict=True):
            if own.begin == len(own):
                assert np.isnan(each).all()
                continue
            wanted = walked(own, row, how)
            told = dict(zip(trading.FIGURES, each.tolist(), strict=True))
            assert told == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=80)
@given(several(), terms())
def test_compiled_figures_equal_the_plain_ones_to_the_last_bit(
    made: tuple[list[Bars], list[np.ndarray]], how: Terms
) -> None:
    pytest.importorskip("numba")
    for own, sides, plain in zip(*made, trading.trade(*made, how), strict=True):
        assert_same_numbers(compiled_trade(own, sides, how), plain)


def test_a_sale_and_its_repurchase_worked_out_by_hand() -> None:
    own = Bars(np.array([10.0, 11.0, 8.0, 9.0]), np.array([10.5, 9.0, 10.0, 12.0]))
    sides = np.array([[-1, 1, 0, 0]], dtype=np.int8)
    costs = Costs(per_share=0.1, spread_bp=200.0)
    sold = 11.0 - (0.11 + 0.1)
    shares = sold / (8.0 + 0.08 + 0.1)
    chosen, held = trading.trade([own], [sides], Terms(costs))[0]
    assert chosen.tolist() == pytest.approx(
        [1, 0, 1, (0.21 + shares * 0.18) / 10, shares * 1.2, 0.0, 0], rel=1e-12, abs=1e-12
    )
    assert held.tolist() == pytest.approx([0, 0, 0, 0, 1.2, 1 - 9 / 10.5, 0], rel=1e-12)


def test_a_tie_neither_sells_nor_buys() -> None:
    nothing = np.zeros((1, 60), dtype=np.int8)
    chosen, held = trading.trade([A_WALK], [nothing], Terms())[0]
    np.testing.assert_array_equal(chosen, held)
    out = nothing.copy()
    out[0, 3] = -1
    assert trading.trade([A_WALK], [out], Terms())[0, 0, 2] == 60 - 4


def test_the_last_close_calls_for_an_exit_that_is_pending() -> None:
    sides = np.zeros((1, 60), dtype=np.int8)
    sides[0, -1] = -1
    exits, *_, pending = trading.trade([A_WALK], [sides], Terms())[0, 0]
    assert (exits, pending) == (0, 1)


def test_without_buying_back_there_is_one_exit_at_most_and_a_whipsaw_is_still_seen() -> None:
    own = Bars(np.array([10.0, 9.0, 9.5, 9.0]), np.array([9.0, 9.2, 9.4, 9.0]))
    sides = np.array([[-1, 1, -1, -1]], dtype=np.int8)
    chosen = trading.trade([own], [sides], Terms(NO_COSTS, reenter=False))[0, 0]
    assert chosen.tolist() == [1, 1, 3, 0, 0.9, pytest.approx(0.1), 0]


@settings(deadline=None, max_examples=60)
@given(several(), terms(), st.integers(0, 60), st.integers(0, 99))
def test_what_comes_later_changes_nothing_before(
    made: tuple[list[Bars], list[np.ndarray]], how: Terms, cut: int, seed: int
) -> None:
    own, sides = made[0][0], made[1][0]
    cut = min(cut, len(own))
    later, random = bars(seed, len(own)), np.random.default_rng(seed)
    changed = replace(
        own,
        opens=np.concatenate([own.opens[:cut], later.opens[cut:]]),
        closes=np.concatenate([own.closes[:cut], later.closes[cut:]]),
    )
    other = sides.copy()
    other[:, cut:] = random.integers(-1, 2, other[:, cut:].shape)
    before = trading.paths(own, sides, how)[:, : max(cut - own.begin, 0)]
    after = trading.paths(changed, other, how)[:, : max(cut - own.begin, 0)]
    if cut > own.begin:
        assert_same_numbers(after, before)


def test_a_close_decides_on_the_next_open_and_never_on_its_own() -> None:
    sides = np.zeros((1, 60), dtype=np.int8)
    sides[0, 20] = -1
    values = trading.paths(A_WALK, sides, Terms(NO_COSTS))[0] * A_WALK.opens[0]
    assert values[20] == pytest.approx(A_WALK.closes[20], rel=1e-12)
    assert values[21:] == pytest.approx(np.full(39, A_WALK.opens[21]), rel=1e-12)


def test_paths_end_where_the_figures_end() -> None:
    sides = np.stack([random_sides(seed, 60) for seed in range(4)])
    own = replace(A_WALK, begin=7)
    paths = trading.paths(own, sides, Terms())
    assert paths.shape == (5, 53)
    assert_same_numbers(paths[:, -1], trading.trade([own], [sides], Terms())[0, :, 4])


def test_prices_that_are_no_prices_are_refused() -> None:
    good = np.array([1.0, 2.0])
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InvalidBars, match="positive closes"):
            Bars(good, np.array([1.0, bad]))
    with pytest.raises(InvalidBars, match="an open for each close"):
        Bars(good, good[:1])
    with pytest.raises(InvalidBars, match="bar 3 of 2"):
        Bars(good, good, 3)
    with pytest.raises(InvalidBars, match="1 session for 2 bars"):
        Bars(good, good, 0, np.array([1]))


@pytest.mark.parametrize("given", [(-1.0, 0.0), (0.0, -2.0), (float("nan"), 0.0)])
def test_costs_that_are_no_costs_are_refused(given: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="it is 0 or more"):
        Costs(*given)
