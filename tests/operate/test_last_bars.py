"""A session's last bar judged early at the desk: who is asked, and who is decided."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from sellkit.core.bars import BarSize, SeriesKey
from sellkit.core.evaluate import DailyBasis
from sellkit.core.limits import AtClose
from sellkit.core.signals import Decision
from sellkit.core.snapshot import SnapshotRow
from sellkit.core.windows import BarRequest
from sellkit.errors import NotConnected, RequestTimedOut
from tests.build import assignment, bars, limits, position, session_halves, utc
from tests.operate.workplace import APPLE, MICROSOFT, Workplace, histories, options

EARLY = utc("2026-01-28 20:55:00")
HELD = (position(con_id=APPLE), position("NASDAQ:MSFT", con_id=MICROSOFT))


def at(
    moment: dt.datetime = EARLY,
    *,
    told: bool = True,
    choice: str = "SMA 5 1H",
    daily_basis: DailyBasis = DailyBasis.CLOSE,
    **changes: Any,
) -> Workplace:
    """Apple and Microsoft on SMA 5 of hours; Apple's running half-hour has fallen."""
    known = histories(APPLE, MICROSOFT, now=moment)
    if told:
        for con_id, close in ((APPLE, 90.0), (MICROSOFT, 110.0)):
            frame = known[con_id, BarSize.M30]
            running = bars(session_halves()[-1:], [close])
            known[con_id, BarSize.M30] = pd.concat([frame, running])
    usual = {"at_close": AtClose.BEFORE_CLOSE}
    place = Workplace(
        positions=HELD,
        assignments=(assignment(choice), assignment(choice, "NASDAQ:MSFT")),
        told=known,
        options=options(
            limits=limits(**(usual | changes)),
            lag=dt.timedelta(seconds=5),
            daily_basis=daily_basis,
        ),
    )
    place.clock.time = moment
    return place


def decided(place: Workplace) -> dict[str, SnapshotRow]:
    place.desk.bring_up_to_date()
    return {str(row.position.instrument): row for row in place.desk.decide().rows}


def test_each_position_is_judged_on_the_hour_so_far() -> None:
    rows = decided(at())
    apple, microsoft = rows["NASDAQ:AAPL"], rows["NASDAQ:MSFT"]
    assert (apple.decided, microsoft.decided) == ("EXIT PROVISIONAL", "HOLD PROVISIONAL")
    assert apple.last_close == 90.0
    proof = apple.signal.certificate
    assert proof is not None
    assert (proof.slot.end, proof.parts) == (utc("2026-01-28 21:00"), 2)
    assert proof.fetched_at == EARLY
    assert apple.assigned is not None
    assert apple.assigned.value == proof.average


@pytest.mark.parametrize(
    ("basis", "begins"),
    [(DailyBasis.CLOSE, "2026-01-28 00:00"), (DailyBasis.HOURLY, "2026-01-28 20:00")],
)
def test_an_average_of_days_is_held_against_the_day_or_the_hour_so_far(
    basis: DailyBasis, begins: str
) -> None:
    place = at(daily_basis=basis, choice="SMA 5 1D")
    proof = decided(place)["NASDAQ:AAPL"].signal.certificate
    assert proof is not None
    assert (proof.slot.start, proof.slot.end) == (utc(begins), utc("2026-01-28 21:00"))
    assert (proof.is_provisional, proof.close) == (True, 90.0)


def test_nothing_of_it_is_stored() -> None:
    place = at()
    decided(place)
    assert place.store.read(SeriesKey(APPLE, BarSize.M30)).index[-1] == utc("2026-01-28 20:00")
    averages = place.store.read_averages(SeriesKey(APPLE, BarSize.H1))
    assert averages is not None
    assert averages.index[-1] == utc("2026-01-28 19:00")


def test_a_gateway_that_does_not_tell_the_running_half_hour_leaves_everything_undecided() -> None:
    rows = decided(at(told=False))
    for row in rows.values():
        assert row.signal.decision is Decision.UNDECIDED
        assert "tells nothing of the half-hour from 20:30 UTC" in row.signal.reasons[0]


@pytest.mark.parametrize(
    ("moment", "changes"),
    [
        (EARLY, {"at_close": AtClose.NEXT_OPEN}),
        (EARLY, {"at_close": AtClose.SKIP}),
        (EARLY, {"before_close": dt.timedelta(minutes=4)}),
        (utc("2026-01-28 20:54:59"), {}),
        (utc("2026-01-28 20:25:00"), {}),
    ],
)
def test_nobody_is_asked_for_it_where_it_is_not_time(
    moment: dt.datetime, changes: dict[str, Any]
) -> None:
    rows = decided(at(moment, told=False, **changes))
    assert not any(row.is_provisional for row in rows.values())
    assert {row.signal.decision for row in rows.values()} <= {Decision.HOLD, Decision.EXIT}


def test_after_the_bell_the_bar_is_a_completed_one() -> None:
    rows = decided(at(utc("2026-01-28 21:00:20"), told=False))
    assert not any(row.is_provisional for row in rows.values())


def test_one_that_cannot_be_asked_keeps_none_of_the_others_from_being_decided() -> None:
    place = at()
    ask = place.broker.bars

    def answer(request: BarRequest) -> pd.DataFrame:
        if request.instrument.con_id == APPLE and request.end == EARLY:
            raise RequestTimedOut("no answer in time")
        return ask(request)

    place.broker.bars = answer  # type: ignore[method-assign]
    rows = decided(place)
    assert rows["NASDAQ:AAPL"].signal.decision is Decision.UNDECIDED
    assert "no answer in time" in rows["NASDAQ:AAPL"].signal.reasons[0]
    assert rows["NASDAQ:MSFT"].decided == "HOLD PROVISIONAL"


def test_a_lost_connection_concerns_all_and_is_raised() -> None:
    place = at()
    place.desk.bring_up_to_date()
    ask = place.broker.bars

    def lose(request: BarRequest) -> pd.DataFrame:
        if request.end == EARLY:
            raise NotConnected("the gateway closed the connection")
        return ask(request)

    place.broker.bars = lose  # type: ignore[method-assign]
    with pytest.raises(NotConnected):
        place.desk.decide()


def test_a_later_run_shows_the_first_judgement_of_the_bar() -> None:
    place = at()
    place.desk.begin()
    place.desk.bring_up_to_date()
    place.desk.record(place.desk.decide())
    later = place.desk.decide()
    assert {row.decided for row in later.rows} == {"EXIT PROVISIONAL", "HOLD PROVISIONAL"}


def test_a_run_that_prepares_itself_waits_for_the_early_moment_not_for_the_bell() -> None:
    place = at()
    place.clock.time = utc("2026-01-28 20:54:00")
    place.desk.prepare()
    assert place.clock.now() == EARLY + dt.timedelta(seconds=5)
    rows = {str(row.position.instrument): row for row in place.desk.decide().rows}
    assert rows["NASDAQ:AAPL"].decided == "EXIT PROVISIONAL"
