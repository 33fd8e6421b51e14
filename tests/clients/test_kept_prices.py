"""Bars that are kept up to date, and delayed prices, as the three clients get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway.market_terms import Subscription
from tests.clients.checks import AAPL
from tests.simgateway.watching import pass_time, watched

if TYPE_CHECKING:
    from tests.clients.driving import Client


def test_bars_are_kept_up_to_date(client: Client) -> None:
    with watched() as gateway:
        client.connect(gateway)
        before = client.ask("keep", contract=AAPL, size="30 mins")
        pass_time(gateway, 600)
        grown = client.ask("kept")
        pass_time(gateway, 1800)
        after = client.ask("kept")
    assert [one["date"][11:16] for one in before[-2:]] == ["16:30", "17:00"]
    assert [one["date"] for one in grown] == [one["date"] for one in before]
    assert grown[-1]["volume"] > before[-1]["volume"]
    assert after[-1]["date"][11:16] == "17:30"
    assert after[:-2] == before[:-1]


def test_bars_that_are_kept_end_with_error_162(client: Client) -> None:
    with watched() as gateway:
        client.connect(gateway)
        client.ask("keep", contract=AAPL, size="1 day")
        client.ask("end_kept")
        assert client.codes() == [162]


def test_delayed_prices_come_with_notice_10167(client: Client) -> None:
    with watched(subscription=Subscription.DELAYED) as gateway:
        client.connect(gateway)
        client.ask("data_type", wanted=3)
        client.ask("stream", contract=AAPL)
        assert client.codes() == [10167]
