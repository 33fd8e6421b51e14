"""Historical bars and quotes as the three clients get them, from a made-up market."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.market import Market
from sellkit.simgateway.scenario import Security
from sellkit.simgateway.server import serve
from tests.clients.checks import AAPL, MSFT, eventually, move, trading
from tests.simgateway.trading import NOON, SCENARIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway
    from tests.clients.driving import Client

UNPRICED = Security(
    con_id=601, symbol="ES", sec_type="FUT", primary_exchange="CME", last_trade_date="20251219"
)
# On 26 November 2025, New York is five hours behind UTC.
YESTERDAY = "20251125 23:59:59 UTC"


@cache
def _prices() -> Market:
    """Made once for all gateways, since the walk of the prices takes its time."""
    return Market.of(SCENARIO)


@contextmanager
def market() -> Iterator[Gateway]:
    """A gateway at noon with made-up prices; its clock stands still."""
    with serve(SCENARIO, market=_prices(), clock=VirtualClock(NOON, 0)) as gateway:
        yield gateway


def bars(client: Client, duration: str, size: str, form: int = 2, **more: Any) -> list[Any]:
    return list(
        client.ask("history", contract=AAPL, duration=duration, size=size, form=form, **more)
    )


@pytest.mark.parametrize("form", [1, 2])
def test_daily_bars_have_dates_whatever_the_format(client: Client, form: int) -> None:
    with market() as gateway:
        client.connect(gateway)
        found = bars(client, "5 D", "1 day", form, end=YESTERDAY)
    days = ["2025-11-19", "2025-11-20", "2025-11-21", "2025-11-24", "2025-11-25"]
    assert [one["date"] for one in found] == days
    assert all(one["low"] <= one["close"] <= one["high"] for one in found)
    assert all(one["volume"] > 0 and one["count"] > 0 for one in found)


@pytest.mark.parametrize("form", [1, 2])
def test_hourly_bars_start_half_an_hour_early_and_then_on_the_hour(
    client: Client, form: int
) -> None:
    with market() as gateway:
        client.connect(gateway)
        found = bars(client, "1 D", "1 hour", form, end=YESTERDAY)
    starts = ("14:30", "15:00", "16:00", "17:00", "18:00", "19:00", "20:00")
    assert [one["date"] for one in found] == [f"2025-11-25T{one}:00+00:00" for one in starts]


def test_a_day_has_13_bars_of_30_minutes(client: Client) -> None:
    with market() as gateway:
        client.connect(gateway)
        found = bars(client, "1 D", "30 mins", end=YESTERDAY)
    assert len(found) == 13
    assert found[0]["date"] == "2025-11-25T14:30:00+00:00"


def test_a_day_with_its_early_and_late_hours_has_16_hourly_bars(client: Client) -> None:
    with market() as gateway:
        client.connect(gateway)
        found = bars(client, "1 D", "1 hour", end="20251126 01:00:00 UTC", rth=False)
    assert len(found) == 16
    assert found[0]["date"] == "2025-11-25T09:00:00+00:00"


def test_the_bar_in_progress_is_the_last_of_an_open_session(client: Client) -> None:
    with market() as gateway:
        client.connect(gateway)
        assert bars(client, "1 D", "1 hour")[-1]["date"] == "2025-11-26T17:00:00+00:00"


def test_midpoints_have_neither_volume_nor_count(client: Client) -> None:
    with market() as gateway:
        client.connect(gateway)
        found = bars(client, "1 D", "1 hour", end=YESTERDAY, show="MIDPOINT")
    assert {(one["volume"], one["count"]) for one in found} == {(-1.0, -1)}


def test_what_the_market_has_not_is_error_162(client: Client) -> None:
    with market() as gateway:
        client.connect(gateway)
        assert bars(client, "1 D", "1 day", end="19800102 00:00:00 UTC") == []
        assert client.codes() == [162]


@pytest.mark.parametrize(("duration", "size"), [("5 D", "1 sec"), ("400 D", "1 day")])
def test_what_no_gateway_takes_is_error_321(client: Client, duration: str, size: str) -> None:
    with market() as gateway:
        client.connect(gateway)
        # ib_async waits for an answer behind this error until its own time-out, then cancels.
        assert bars(client, duration, size, patience=0.5) == []
        expected = [321, 366] if client.library == "ib_async" else [321]
        assert client.codes() == expected


def test_a_malformed_end_is_error_10314(client: Client) -> None:
    with market() as gateway:
        client.connect(gateway)
        assert bars(client, "1 D", "1 day", end="yesterday") == []
        assert client.codes() == [10314]


@pytest.mark.parametrize("form", [1, 2])
def test_the_first_bar_is_as_old_as_the_market(client: Client, form: int) -> None:
    with market() as gateway:
        client.connect(gateway)
        assert client.ask("head", contract=AAPL, form=form).startswith("2000-01-03T14:30:00")


def test_a_snapshot_has_both_sides_the_last_price_and_the_close(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        found = client.ask("quote", contract=MSFT)
    assert (found["bid"], found["ask"], found["last"]) == (99.99, 100.01, 100.0)
    assert found["close"] == 97.0
    assert found["bidSize"] == (2 if client.library == "ibapi" else 200)


def test_a_stream_follows_the_market(client: Client) -> None:
    with trading() as (gateway, prices):
        client.connect(gateway)
        client.ask("stream", contract=MSFT)
        first = client.ask("streamed", contract=MSFT)
        move(gateway, prices, 101.5)
        eventually(lambda: client.ask("streamed", contract=MSFT)["ask"] == 101.51)
        client.ask("end_stream", contract=MSFT)
        client.settle()
        assert gateway.sessions[0].streams == {}
    assert first == {"bid": 99.99, "ask": 100.01, "last": 100.0}


def test_a_contract_without_prices_is_error_354(client: Client) -> None:
    with trading(scenario=replace(SCENARIO, symbols=(UNPRICED,))) as (gateway, _):
        client.connect(gateway)
        client.ask("stream", contract={"conId": UNPRICED.con_id, "exchange": "CME"})
        assert client.codes() == [354]
