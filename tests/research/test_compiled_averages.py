"""The compiled averages answer every bit of the plain ones, or say what is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import whole
from sellkit.errors import ConfigError
from sellkit.research.averages import compiled_averages
from tests.core.closes import assert_same_bits, series, walk


def assert_equal_to_the_plain_form(histories: list[np.ndarray]) -> None:
    found = compiled_averages(histories)
    for values, wanted in zip(found, whole.averages(histories), strict=True):
        assert_same_bits(values, wanted)


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=40)
@given(st.lists(series(), max_size=8))
def test_compiled_averages_equal_the_plain_ones_to_the_last_bit(
    histories: list[np.ndarray],
) -> None:
    pytest.importorskip("numba")
    assert_equal_to_the_plain_form(histories)


@pytest.mark.timeout(600)
def test_long_and_dear_series_stay_exact() -> None:
    pytest.importorskip("numba")
    random = np.random.default_rng(3)
    dear = np.round(7e8 + random.integers(0, 9_999, 2_000) / 10_000, 4)
    assert_equal_to_the_plain_form([walk(1, 20_000), dear, walk(2, 200), walk(3, 199)])


def test_without_numba_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ConfigError, match=r"need numba.*sellkit\[research\].*core\.whole"):
        compiled_averages([walk(1, 10)])
