"""A schedule that is killed at any moment neither runs a slot twice nor forgets one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.adapters.schedule_kills import POINTS, kill_again_and_again, kill_at

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows hands no lock on to another process"
)


@pytest.mark.parametrize("point", POINTS)
def test_a_schedule_killed_at_a_point_is_gone_on_with(point: str, tmp_path: Path) -> None:
    fates = kill_at(tmp_path, point)
    assert fates["ran"] >= 3
    assert set(fates) <= {"ran", "missed", "never began"}


def test_kills_at_random_moments_make_no_slot_run_twice_or_forgotten(tmp_path: Path) -> None:
    fates = kill_again_and_again(tmp_path, 5, seed=20260128)
    assert fates["ran"] >= 3
