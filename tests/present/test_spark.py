"""Lines of a few letters."""

from __future__ import annotations

import numpy as np

from sellkit.present.spark import sparks


def test_all_lines_have_one_scale_with_holding_in_it() -> None:
    up, flat, down = sparks(np.array([[0.0, 0.04, 0.08], [0.0, 0.0, 0.0], [0.0, -0.04, -0.08]]))
    assert up == "▅▇█ +8.00 %"
    assert flat == "▅▅▅ +0.00 %"
    assert down == "▅▃▁ -8.00 %"


def test_what_never_did_anything_is_flat_and_what_is_unknown_is_empty() -> None:
    assert sparks(np.array([[0.0, 0.0], [np.nan, np.nan]])) == ["▁▁ +0.00 %", ""]
    assert sparks(np.full((2, 3), np.nan)) == ["", ""]
