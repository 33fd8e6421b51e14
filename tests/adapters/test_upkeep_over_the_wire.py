"""A connection whose gateway is away by plan: the clock decides whether a person is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from sellkit.adapters.ib.bridge import Bridge
from sellkit.adapters.ib.hearers import Hearers
from sellkit.adapters.ib.readiness import Rules
from sellkit.adapters.ib.returning import Returning
from sellkit.adapters.ib.way import Endpoint
from sellkit.core.alerts import AlertKind
from sellkit.core.market_time import UTC
from sellkit.core.upkeep import RESTART, Upkeep, Window
from tests.adapters.scripted_gateway import ScriptedGateway
from tests.adapters.test_broken_gateways import WELL
from tests.adapters.test_connection import KEPT, LOST, SteppedTime
from tests.adapters.waiting import PATIENCE, Heard, wait_until

WINDOW = Window.parse(RESTART, "23:45 America/New_York", dt.timedelta(hours=1))
WITHIN = dt.datetime(2026, 6, 11, 3, 50, tzinfo=UTC)
AFTER = dt.datetime(2026, 6, 11, 4, 46, tzinfo=UTC)


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    with ScriptedGateway(WELL) as scripted:
        yield scripted


@contextmanager
def connected(gateway: ScriptedGateway, time: SteppedTime, heard: Heard) -> Iterator[Bridge]:
    endpoint = Endpoint(
        host="127.0.0.1", port=gateway.port, client_id=7, connect_seconds=5, request_seconds=5
    )
    returning = Returning(upkeep=Upkeep((WINDOW,)))
    rules = Rules(address="the gateway", client_id=7, returning=returning)
    hearers = Hearers(heard.alerts.append)
    with closing(Bridge.open(endpoint, rules, hearers, time.outside())) as bridge:
        bridge.wait(PATIENCE)
        yield bridge


def probe(time: SteppedTime) -> None:
    """End the wait for the next probe, and wait until that was answered."""
    count = len(time.waits)
    time.let_go()
    wait_until(lambda: len(time.waits) > count)


def test_a_loss_within_the_window_is_told_once_and_only_when_the_window_is_over(
    gateway: ScriptedGateway,
) -> None:
    time, heard = SteppedTime(now=WITHIN), Heard()
    with connected(gateway, time, heard) as bridge:
        gateway.send(LOST)
        wait_until(lambda: not bridge.standing.is_ready)
        probe(time)
        assert heard.alerts == []
        time.now = AFTER
        probe(time)
        wait_until(lambda: heard.alerts)
        probe(time)
    assert [each.kind for each in heard.alerts] == [AlertKind.UPSTREAM_LOST]
    assert "it began during the daily restart" in heard.alerts[0].text


def test_a_gateway_that_is_back_within_the_window_is_told_of_to_nobody(
    gateway: ScriptedGateway,
) -> None:
    time, heard = SteppedTime(now=WITHIN), Heard()
    with connected(gateway, time, heard) as bridge:
        gateway.send(LOST)
        wait_until(lambda: not bridge.standing.is_ready)
        gateway.send(KEPT)
        wait_until(lambda: time.waits[-1][0] == Returning().settle_seconds)
        probe(time)
        wait_until(lambda: bridge.standing.is_ready)
        time.now = AFTER
        probe(time)
        wait_until(lambda: bridge.standing.is_ready)
    assert heard.alerts == []
