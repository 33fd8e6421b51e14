"""All 28 averages of every position, on what is stored."""

from __future__ import annotations

import pytest

from sellkit.core.assignments import ALL_CHOICES, Timeframe
from sellkit.core.bars import BarSize
from sellkit.operate.prospects import prospects
from tests import build
from tests.operate.workplace import Workplace, histories, options

HELD = (
    build.position(con_id=1),
    build.position("NYSE:GE", con_id=2),
    build.position("NYSE:KO", quantity="-5", con_id=3),
    build.position(con_id=4, security_type="OPT"),
    build.position("MOON:X", con_id=5),
)


@pytest.fixture
def place() -> Workplace:
    """Bars of two positions were fetched, one of them without an average."""
    place = Workplace(HELD, [build.assignment()], told=histories(1, 2, 3), options=options())
    place.options = options(all_positions=True)
    place.desk.options = place.options
    place.desk.bring_up_to_date()
    return place


def test_they_are_what_the_decision_reads_and_nothing_is_asked_of_the_gateway(
    place: Workplace,
) -> None:
    asked = len(place.broker.requests)
    found = prospects(place.desk, HELD)
    assert len(place.broker.requests) == asked
    rows = {each.position.instrument.con_id: each for each in place.desk.decide().rows}
    for con_id in (1, 2):
        assert found[con_id].readings == rows[con_id].readings
        assert [(r.average, r.timeframe) for r in found[con_id].readings] == list(ALL_CHOICES)
        assert found[con_id].closes[Timeframe.H1] == rows[con_id].last_close


def test_an_average_that_has_too_few_bars_is_short(place: Workplace) -> None:
    found = prospects(place.desk, HELD)[1]
    told = {each.label: found.is_short(each) for each in found.readings}
    assert told["SMA 5 1H"] is False
    assert told["SMA 200 1D"] is True


def test_an_ema_that_rests_on_its_seed_is_short_too(place: Workplace) -> None:
    found = prospects(place.desk, HELD)[1]
    [reading] = [each for each in found.readings if each.label == "EMA 50 1H"]
    assert reading.value is not None
    assert found.is_short(reading)


def test_the_distance_is_from_the_close_of_the_averages_own_timeframe(place: Workplace) -> None:
    found = prospects(place.desk, HELD)[1]
    [reading] = [each for each in found.readings if each.label == "SMA 5 1D"]
    close = found.closes[Timeframe.D1]
    assert close != found.closes[Timeframe.H1]
    assert found.percent_to_cross(reading) == pytest.approx((reading.value - close) / close * 100)


def test_one_that_has_no_bars_says_why_and_the_others_go_on(place: Workplace) -> None:
    found = prospects(place.desk, HELD)
    assert "no session calendar is known for the exchange MOON" in found[5].problem
    assert found[5].readings == ()
    assert found[1].problem == ""
    assert 4 not in found


def test_bars_that_cannot_be_used_are_told_as_a_problem(place: Workplace) -> None:
    place.told.pop((2, BarSize.M30))
    fresh = Workplace(HELD, [build.assignment()], told=place.told, options=place.options)
    found = prospects(fresh.desk, HELD)[2]
    assert found.closes == {}
    assert found.problem
