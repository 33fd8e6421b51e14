"""How the alternatives of a position did, on what the desk has stored."""

from __future__ import annotations

import numpy as np
import pytest

from sellkit.core.assignments import Timeframe
from sellkit.operate.prospects import prospects
from sellkit.research.result import LABELS
from sellkit.research.tracks import POINTS
from sellkit.wiring.tracking import tracks_of
from tests import build
from tests.operate.workplace import Workplace, histories, options

HELD = (build.position(con_id=1), build.position("MOON:X", con_id=5))


@pytest.fixture
def place() -> Workplace:
    place = Workplace(HELD, [build.assignment()], told=histories(1), options=options())
    place.desk.bring_up_to_date()
    return place


def test_they_are_told_of_every_choice_that_has_bars_enough_and_nothing_is_asked(
    place: Workplace,
) -> None:
    asked = len(place.broker.requests)
    found = tracks_of(place.desk, HELD[0].instrument)
    assert len(place.broker.requests) == asked
    assert found.shape == (28, POINTS)
    readings = prospects(place.desk, HELD)[1].readings
    known = [label for label, row in zip(LABELS, found, strict=True) if np.isfinite(row).all()]
    sold = place.desk.options.limits.max_seed_weight
    firm = [each for each in readings if each.value is not None and each.seed_weight <= sold]
    assert known == [each.label for each in firm]
    assert len(firm) < sum(each.value is not None for each in readings)
    assert {each.split()[2] for each in known} == set(Timeframe)


def test_without_a_calendar_nothing_is_told(place: Workplace) -> None:
    assert np.isnan(tracks_of(place.desk, HELD[1].instrument)).all()
