"""The slices of a watch: which bars of an answer are looked at."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.core.bars import BarSize, empty_bars
from sellkit.core.windows import BarRequest
from sellkit.operate.memory import told_of
from sellkit.operate.slices import TWO_SESSIONS, Grounds, Slice
from tests.build import position
from tests.operate.workplace import options

WINTER = dt.datetime(2026, 1, 29, 2, tzinfo=dt.UTC)
SUMMER = dt.datetime(2026, 7, 8, 2, tzinfo=dt.UTC)


def a_slice(size: BarSize, now: dt.datetime, *, rth: bool) -> Slice:
    instrument, nothing = position().instrument, empty_bars()
    key = options(rth=rth).key(instrument.con_id, size)
    request = BarRequest(instrument, size, now, TWO_SESSIONS, rth=rth)
    return Slice(key, nothing, told_of(nothing), request)


@pytest.mark.parametrize("now", [WINTER, SUMMER])
@pytest.mark.parametrize(
    ("size", "rth", "count"),
    [
        (BarSize.D1, True, 2),
        (BarSize.D1, False, 2),
        (BarSize.M30, True, 26),
        (BarSize.M30, False, 64),
    ],
)
def test_after_the_close_both_sessions_of_a_slice_are_looked_at(
    now: dt.datetime, size: BarSize, count: int, *, rth: bool
) -> None:
    slots = Grounds(options(rth=rth), now).slots(a_slice(size, now, rth=rth))
    assert len(slots.starts) == count
