"""How long messages take: fixed, even, or with a tail, and how a scenario says so."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.faults import Faults, Passing
from sellkit.simgateway.kinds import Direction
from sellkit.simgateway.latency import Latency
from sellkit.simgateway.scenario_file import load_scenario
from tests.simgateway.watching import NOON

if TYPE_CHECKING:
    from pathlib import Path

SHARES = [number / 65_536 for number in range(0, 65_536, 16)]
PASSING = Passing(Direction.OUT, "historicalData", None, 1, NOON)


def latency(path: Path, text: str) -> Latency:
    file = path / "scenario.toml"
    file.write_text(f'[[latency]]\nmessage = "historicalData"\n{text}', encoding="utf-8")
    (found,) = load_scenario(file).latencies
    return found


def drawn(path: Path, text: str) -> list[float]:
    found = latency(path, text)
    return [found.seconds(share) for share in SHARES]


def test_a_fixed_one_is_always_the_same(tmp_path: Path) -> None:
    assert set(drawn(tmp_path, "seconds = 0.25")) == {0.25}


def test_an_even_one_fills_its_bounds(tmp_path: Path) -> None:
    found = drawn(tmp_path, "low = 1\nhigh = 3")
    assert (min(found), statistics.fmean(found)) == (1.0, pytest.approx(2.0, abs=0.01))
    assert max(found) < 3


def test_an_exponential_one_has_its_mean(tmp_path: Path) -> None:
    found = drawn(tmp_path, "mean = 0.5\nlow = 1")
    assert min(found) == 1.0
    assert statistics.fmean(found) == pytest.approx(1.5, rel=0.01)


def test_a_lognormal_one_has_its_median_and_a_long_tail(tmp_path: Path) -> None:
    found = drawn(tmp_path, "median = 0.2\nsigma = 1.5\nlow = 0.1")
    assert statistics.median(found) == pytest.approx(0.3, rel=0.01)
    assert 0.1 < min(found) < 0.11
    assert max(found) > 20
    assert statistics.fmean(found) > 2 * statistics.median(found)


def test_a_pareto_one_has_its_least_and_a_longer_tail(tmp_path: Path) -> None:
    found = drawn(tmp_path, "least = 0.1\nalpha = 1.2")
    assert min(found) == pytest.approx(0.1)
    # Half of them take at most the least times 2^(1 / alpha).
    assert statistics.median(found) == pytest.approx(0.1 * 2 ** (1 / 1.2), rel=0.01)
    assert max(found) > 50


@pytest.mark.parametrize("tail", ["median = 0.2", "least = 0.1", "mean = 0.5"])
def test_a_tail_can_be_cut_off(tmp_path: Path, tail: str) -> None:
    assert max(drawn(tmp_path, f"{tail}\nhigh = 0.6")) == 0.6


def test_latencies_come_from_the_seed_anew_for_each_message(tmp_path: Path) -> None:
    own = latency(tmp_path, "median = 0.2")

    def run(seed: int) -> list[float]:
        faults = Faults((), (own,), seed)
        return [faults.latency(PASSING) for _ in range(20)]

    assert run(1) == run(1) != run(2)
    assert len(set(run(1))) == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("median = 1\nmean = 1", "exactly one of them"),
        ("seconds = 1\nmean = 1", "exactly one of them"),
        ("seconds = 1\nhigh = 2", "exactly one of them"),
        ("seconds = 1\nlow = 1", "'low' .* goes with"),
        ("median = 0", "'median' .* must be above zero"),
        ("mean = 1\nsigma = 1", "'sigma' .* goes with 'median'"),
        ("median = 1\nalpha = 1", "'alpha' .* goes with 'least'"),
        ("median = 1\nsigma = -1", "'sigma' .* must be above zero"),
        ("median = 1\nlow = 3\nhigh = 2", "'high' .* must not be below"),
        ("median = 1\nmode = 3", "unknown key 'mode'"),
    ],
)
def test_what_makes_no_distribution_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        latency(tmp_path, text)
