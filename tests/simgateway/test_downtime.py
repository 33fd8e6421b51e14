"""The times at which the gateway is down: nightly resets, and weekly logins."""

from __future__ import annotations

import datetime as dt
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.downtime_plan import LoggedOut, NightlyReset, WeeklyLogin, latest
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import SCENARIO
from tests.simgateway.wire import SECONDS, WireClient, contract, hello, order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario

EVENING = parse_instant("2025-11-29T23:44:30")
QUICK = NightlyReset(at=dt.time(23, 45), notices=2, notice_seconds=0.05, refused_seconds=0.05)
WEEKLY = WeeklyLogin(weekday=6, at=dt.time(1, 0))


@contextmanager
def running(scenario: Scenario) -> Iterator[tuple[Gateway, Control]]:
    clock = VirtualClock(EVENING, 0)
    with serve(scenario, market=FakeMarket(), clock=clock, control_port=0) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            yield gateway, control


def codes(client: WireClient, last: str) -> list[str]:
    """The codes of the notices up to one."""
    found = [""]
    while found[-1] != last:
        message = client.receive()
        if message[0] == "4":
            found.append(message[3])
    return found[1:]


def until_taken(gateway: Gateway) -> WireClient:
    """A connection that has shaken hands, as soon as the gateway takes one again."""
    for _ in moments():
        with suppress(ConnectionError):
            client = WireClient(gateway)
            try:
                client.shake()
            except (ConnectionError, EOFError):
                client.socket.close()
            else:
                return client
    raise AssertionError("the gateway stays shut")


def until_refusing(control: Control) -> None:
    """Wait until a reset has come to where connections are refused."""
    for _ in moments():
        if control.state()["downtime"] == "refusing":
            return
    raise AssertionError("the gateway stays open")


def moments() -> Iterator[float]:
    deadline = time.monotonic() + SECONDS
    while (now := time.monotonic()) < deadline:
        yield now


def test_a_night_that_keeps_sessions_cuts_them_off_and_brings_them_back() -> None:
    kept = replace(QUICK, drops=False)
    with running(replace(SCENARIO, nightly_reset=kept)) as (gateway, control):
        with WireClient(gateway) as client:
            client.start(1)
            control.advance(60)
            assert codes(client, "2157") == ["1100", "2103", "2105", "2157"]
            client.send(49, 1)
            assert codes(client, "2158") == ["1100", "1102", "2104", "2106", "2158"]
            assert client.ask(61, 1)[0] == "61"
        assert control.state()["downtime"] == "up"


def test_a_night_can_end_with_data_lost() -> None:
    plan = replace(QUICK, drops=False, loses_data=True)
    with (
        running(replace(SCENARIO, nightly_reset=plan)) as (gateway, control),
        WireClient(gateway) as client,
    ):
        client.start(1)
        control.advance(60)
        assert "1101" in codes(client, "2106")


def test_a_night_that_drops_sessions_comes_back_with_ids_that_went_back() -> None:
    plan = replace(QUICK, ids_back=2)
    with running(replace(SCENARIO, nightly_reset=plan)) as (gateway, control):
        with WireClient(gateway) as client:
            client.start(1)
            for order_id in (1, 2, 3):
                client.send(*order(176, order_id))
                client.until(3)
            control.advance(60)
            assert "1100" in codes(client, "2157")
            assert client.is_closed()
        with until_taken(gateway) as client:
            client.send(71, 2, 1, "")
            assert client.until(9)[-1][2] == "2"
            assert codes(client, "2158") == ["2104", "2106", "2158"]


def test_a_night_refuses_connections_as_long_as_it_says() -> None:
    plan = replace(QUICK, refused_seconds=3600)
    with running(replace(SCENARIO, nightly_reset=plan)) as (gateway, control):
        control.advance(60)
        until_refusing(control)
        with pytest.raises(ConnectionRefusedError):
            WireClient(gateway)


def test_what_was_not_transmitted_does_not_live_through_a_night() -> None:
    with running(replace(SCENARIO, nightly_reset=QUICK)) as (gateway, control):
        with WireClient(gateway) as client:
            client.start(1).send(*order(176, 1, kind="LMT", changes={20: 90, 28: 0}))
            assert client.ask(49, 1)[0] == "49"
            assert gateway.exchange.book.find(1, 1) is not None
            control.advance(60)
            assert client.is_closed()
        with until_taken(gateway):
            assert gateway.exchange.book.find(1, 1) is None


def test_a_night_comes_once_each_day_and_not_at_the_start() -> None:
    with running(replace(SCENARIO, nightly_reset=replace(QUICK, drops=False))) as (_one, control):
        assert control.state()["downtime"] == "up"
        control.advance(60)
        assert control.state()["downtime"] == "cut off"


def test_a_reset_can_be_played_at_any_time() -> None:
    with running(SCENARIO) as (gateway, control), WireClient(gateway) as client:
        client.start(1)
        control.reset(notices=1, notice_seconds=0, sessions="kept")
        found = codes(client, "2158")
        assert found == ["1100", "2103", "2105", "2157", "1102", "2104", "2106", "2158"]


def test_nobody_gets_in_until_somebody_has_logged_in() -> None:
    with running(replace(SCENARIO, weekly_login=WEEKLY)) as (gateway, control):
        with WireClient(gateway) as client:
            client.start(1)
            control.advance(7200)
            assert client.is_closed()
        with pytest.raises(ConnectionRefusedError):
            WireClient(gateway)
        assert control.state()["downtime"] == "logged out, refuse"
        assert control.log_in()
        with until_taken(gateway) as client:
            client.send(71, 2, 1, "")
            client.until(9)
        assert not control.log_in()


def test_a_gateway_that_is_logged_out_can_take_connections_and_never_answer() -> None:
    with running(SCENARIO) as (gateway, control):
        control.log_out("silent")
        with WireClient(gateway) as client:
            client.socket.sendall(hello("v157..176"))
            client.socket.settimeout(0.1)
            with pytest.raises(socket.timeout):
                client.receive()
            assert control.log_in()
            client.socket.settimeout(SECONDS)
            assert client.is_closed()
        with WireClient(gateway) as client:
            assert client.start(1).ask(49, 1)[0] == "49"


def test_a_login_during_a_reset_waits_for_its_end() -> None:
    with running(SCENARIO) as (gateway, control):
        control.reset(notices=1, notice_seconds=0, refused_seconds=0.2)
        control.log_out()
        control.log_in()
        with until_taken(gateway) as client:
            client.send(71, 2, 1, "")
            client.until(9)


def test_subscriptions_of_a_session_end_with_it() -> None:
    with running(SCENARIO) as (gateway, control):
        with WireClient(gateway) as client:
            client.start(1).send(1, 11, 5, *contract(), 0, "", 0, 0, "")
            client.until(1)
            control.log_out()
            assert client.is_closed()
        control.log_in()
        with until_taken(gateway) as client:
            client.send(71, 2, 1, "")
            client.until(9)
            assert control.sessions()[0]["streams"] == 0


@pytest.mark.parametrize(
    ("now", "weekday", "found"),
    [
        ("2025-11-29T23:44", None, "2025-11-28T23:45"),
        ("2025-11-29T23:45", None, "2025-11-29T23:45"),
        ("2025-03-09T23:50", None, "2025-03-09T23:45"),
        ("2025-11-29T23:50", 6, "2025-11-23T23:45"),
        ("2025-11-30T23:50", 6, "2025-11-30T23:45"),
        ("2025-11-30T23:40", 6, "2025-11-23T23:45"),
    ],
)
def test_the_latest_moment_is_found_on_the_right_day(
    now: str, weekday: int | None, found: str
) -> None:
    assert latest(dt.time(23, 45), parse_instant(now), weekday) == parse_instant(found)


def test_both_tables_are_read_from_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(
        '[nightly_reset]\nat = "23:45"\nnotices = 5\nnotice_seconds = 1.5\nsessions = "kept"\n'
        'loses_data = true\nids_back = 4\n[weekly_login]\nat = "01:00"\nuntil_login = "silent"\n'
    )
    scenario = load_scenario(path)
    assert scenario.nightly_reset == NightlyReset(
        at=dt.time(23, 45),
        notices=5,
        notice_seconds=1.5,
        drops=False,
        loses_data=True,
        ids_back=4,
    )
    assert scenario.weekly_login == replace(WEEKLY, until_login=LoggedOut.SILENT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[nightly_reset]", "the key 'at' is missing in nightly_reset of"),
        ("[nightly_reset]\nat = 'late'", "'at' in nightly_reset of .* must be a time of day"),
        ("[nightly_reset]\nat = '23:45+01:00'", "must be a time of day in New York"),
        ("[nightly_reset]\nat = '23:45'\nnotices = 0", "must be 1 or more"),
        ("[nightly_reset]\nat = '23:45'\nnotice_seconds = -1", "must be 0 or more"),
        ("[nightly_reset]\nat = '23:45'\nsessions = 'some'", "must be one of dropped, kept"),
        (
            "[nightly_reset]\nat = '23:45'\nsessions = 'kept'\nrefused_seconds = 1",
            "goes with sessions = 'dropped'",
        ),
        ("[nightly_reset]\nat = '23:45'\nloses_data = true", "goes with sessions = 'kept'"),
        ("[nightly_reset]\nat = '23:45'\nids_back = 0", "must be 1 or more"),
        ("[nightly_reset]\nat = '23:45'\ncolour = 1", "unknown key 'colour' in nightly_reset"),
        ("[weekly_login]", "the key 'at' is missing in weekly_login of"),
        ("[weekly_login]\nat = '01:00'\nday = 'Sunday'", "must be one of Mon, Tue"),
        ("[weekly_login]\nat = '01:00'\nuntil_login = 'no'", "must be one of silent, refuse"),
    ],
)
def test_a_wrong_table_is_one_clear_line(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "night.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=why) as refused:
        load_scenario(path)
    assert "\n" not in str(refused.value)
