"""The sessions of an exchange, asked for as bars of a day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.scenario import Security
from tests.simgateway.trading import AAPL, connected
from tests.simgateway.watching import NOON, SCENARIO, watched
from tests.simgateway.wire import WireClient, bars, contract

if TYPE_CHECKING:
    from ib_insync import IB

VOD = Security(con_id=900_001, symbol="VOD", currency="GBP", primary_exchange="LSE")
LONDON = replace(SCENARIO, symbols=(*SCENARIO.symbols, VOD))


def schedule(
    request_id: int = 7, *, duration: str = "4 D", end: str = "", size: str = "1 day", rth: int = 1
) -> tuple[object, ...]:
    return bars(request_id, end=end, size=size, duration=duration, show="SCHEDULE", rth=rth)


def rows(answer: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [answer[place : place + 3] for place in range(6, len(answer), 3)]


def test_a_half_day_and_a_holiday_are_right() -> None:
    end = "20251201-18:00:00"
    with watched(at=parse_instant("2025-12-03T12:00:00")) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*schedule(duration="3 D", end=end))
    assert answer[:6] == (
        *("106", "7", "20251126-09:30:00", "20251201-16:00:00", "US/Eastern", "3"),
    )
    assert rows(answer) == [
        ("20251126-09:30:00", "20251126-16:00:00", "20251126"),
        ("20251128-09:30:00", "20251128-13:00:00", "20251128"),
        ("20251201-09:30:00", "20251201-16:00:00", "20251201"),
    ]


def test_extended_hours_are_told_where_they_are_asked_for() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*schedule(duration="1 D", rth=0))
    assert rows(answer) == [("20251126-04:00:00", "20251126-20:00:00", "20251126")]


def test_todays_session_is_told_before_it_opens() -> None:
    at = parse_instant("2025-11-26T01:00:00")
    with watched(at=at) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*schedule(duration="2 D"))
    assert [row[2] for row in rows(answer)] == ["20251125", "20251126"]


def test_london_keeps_its_own_zone_and_hours() -> None:
    with watched(scenario=LONDON) as gateway, WireClient(gateway) as client:
        asked = list(schedule(duration="1 D"))
        asked[2:14] = contract(VOD.con_id)
        answer = client.start().ask(*asked)
    assert answer[4] == "Europe/London"
    assert rows(answer) == [("20251126-08:00:00", "20251126-16:30:00", "20251126")]


def test_times_stay_on_the_exchanges_clock_over_a_clock_change() -> None:
    with watched(at=parse_instant("2025-11-03T12:00:00")) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*schedule(duration="2 D"))
    assert [row[0] for row in rows(answer)] == ["20251031-09:30:00", "20251103-09:30:00"]


@pytest.mark.parametrize(("duration", "count"), [("1 W", 5), ("1 M", 23), ("1 Y", 250)])
def test_weeks_months_and_years_reach_back_by_the_calendar(duration: str, count: int) -> None:
    with watched(at=NOON) as gateway, WireClient(gateway) as client:
        assert client.start().ask(*schedule(duration=duration))[5] == str(count)


def test_an_always_open_market_is_open_on_every_day() -> None:
    scenario = replace(SCENARIO, always_open=True)
    with watched(scenario=scenario) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*schedule(duration="2 D"))
    assert rows(answer)[1] == ("20251126-00:00:00", "20251127-00:00:00", "20251126")


def test_an_older_client_is_refused() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        answer = client.start(1, "v100..157").ask(*schedule())
    assert answer[2:4] == ("7", "321")
    assert "version 165" in answer[4]


@pytest.mark.parametrize("wrong", [schedule(size="1 hour"), schedule(duration="four days")])
def test_other_bars_and_no_duration_are_refused(wrong: tuple[object, ...]) -> None:
    with watched() as gateway, WireClient(gateway) as client:
        assert client.start().ask(*wrong)[2:4] == ("7", "321")


def test_no_session_is_no_data() -> None:
    at = parse_instant("1999-12-31T12:00:00")
    with watched(at=at) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*schedule())
    assert answer[3] == "162"
    assert answer[4].endswith("HMDS query returned no data: AAPL@SMART Schedule")


@pytest.mark.usefixtures("silent_client")
def test_the_real_client_reads_a_schedule() -> None:
    async def look(ib: IB) -> None:
        found = await ib.reqHistoricalScheduleAsync(AAPL, 2, parse_instant("2025-11-28T10:00:00"))
        assert found.timeZone == "US/Eastern"
        assert (found.startDateTime, found.endDateTime) == (
            "20251126-09:30:00",
            "20251128-13:00:00",
        )
        assert [one.refDate for one in found.sessions] == ["20251126", "20251128"]

    with watched(at=parse_instant("2025-12-03T12:00:00")) as gateway:
        connected(gateway, look)
