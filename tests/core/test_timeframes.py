"""Hours and days of many instruments go on by one call, each as it would alone."""

from __future__ import annotations

import numpy as np

from sellkit.core import indicators
from sellkit.core.assignments import Timeframe
from sellkit.core.timeframes import HoursAndDays
from tests.core.closes import assert_same_bits, walk

HOURS = [walk(seed, 260 + seed) for seed in range(3)]
DAYS = [walk(10 + seed, 205) for seed in range(3)]
WHOLE = {Timeframe.H1: HOURS, Timeframe.D1: DAYS}


def test_one_call_takes_both_timeframes_on_to_the_last_bit() -> None:
    states = {
        frame: [indicators.followed(each[:-2])[1] for each in closes]
        for frame, closes in WHOLE.items()
    }
    both = HoursAndDays.of(states)
    both.advance({})
    both.advance({Timeframe.H1: {2: HOURS[2][-2]}})
    rest = {place: float(HOURS[place][-2]) for place in (0, 1)}
    both.advance(
        {Timeframe.H1: rest, Timeframe.D1: {place: float(DAYS[place][-2]) for place in range(3)}}
    )
    both.advance(
        {frame: {p: float(each[-1]) for p, each in enumerate(c)} for frame, c in WHOLE.items()}
    )
    for frame, closes in WHOLE.items():
        wanted = np.array([indicators.followed(each)[0][:, -1] for each in closes]).T.copy()
        assert_same_bits(both.values(frame).copy(), wanted)
        assert both.bars_used(frame).tolist() == [len(each) for each in closes]
        expected = indicators.seed_weights(both.bars_used(frame))
        assert_same_bits(both.seed_weights(frame).copy(), expected)
