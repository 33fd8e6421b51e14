"""The runner of public suites: what it takes, how it reads their reports, what its market has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.clients.checks import order
from tests.clients.suites import MOMENT, SCENARIO, Ending, ending_of, suite_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway
    from tests.clients.driving import Client

EURO = {"symbol": "EUR", "secType": "CASH", "currency": "USD", "exchange": "IDEALPRO"}
HANGING = "tests.test_requests.test_request_error_raised"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """The gateway that the suites meet, on a free port."""
    clock = VirtualClock(parse_instant(MOMENT), 0)
    with serve(load_scenario(SCENARIO), clock=clock) as gateway:
        yield gateway


def test_a_folder_without_a_library_is_no_checkout(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    with pytest.raises(FileNotFoundError, match="is no checkout of ib_insync or ib_async"):
        suite_in(tmp_path)


def test_a_checkout_is_known_by_its_library(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "ib_insync").mkdir()
    (tmp_path / "ib_insync" / "__init__.py").touch()
    assert suite_in(tmp_path).library == "ib_insync"


@pytest.mark.parametrize(
    ("library", "trouble", "how"),
    [
        ("ib_insync", "", "pass"),
        ("ib_insync", "<skipped/>", "skip"),
        ("ib_insync", "<failure message='Failed: Timeout (>30.0s)'/>", "fail"),
        ("ib_async", "<failure message='Failed: Timeout (>30.0s)'/>", "known"),
        ("ib_async", "<failure message='assert 0 &gt; 0'/>", "fail"),
        ("ib_async", "<error message='no connection'/>", "fail"),
    ],
)
def test_only_an_endless_wait_of_the_library_counts_as_known(
    library: str, trouble: str, how: str
) -> None:
    folder, _, name = HANGING.rpartition(".")
    case = ElementTree.fromstring(
        f"<testcase classname='{folder}' name='{name}'>{trouble}</testcase>"
    )
    found = ending_of(library, case)
    assert (found.test, found.how) == (HANGING, how)
    assert isinstance(found, Ending)
    assert bool(found.reason) == (how == "known")


def test_a_purchase_of_euros_would_cost_a_commission(client: Client, gateway: Gateway) -> None:
    client.connect(gateway)
    state = client.ask("what_if", contract=EURO, order=order("BUY", 100))
    assert state["commission"] > 0


@pytest.mark.parametrize("symbol", ["AMZN", "TSLA"])
def test_there_are_hourly_bars_outside_regular_hours(
    client: Client, gateway: Gateway, symbol: str
) -> None:
    client.connect(gateway)
    stock = {"symbol": symbol, "secType": "STK", "exchange": "SMART", "currency": "USD"}
    bars = client.ask("history", contract=stock, duration="1 D", size="1 hour", form=1, rth=False)
    assert bars[0]["date"] == "2025-11-26T09:00:00+00:00"
    assert bars[-1]["date"] == "2025-11-26T16:00:00+00:00"


def test_an_order_for_a_stock_without_an_exchange_is_error_321(
    client: Client, gateway: Gateway
) -> None:
    client.connect(gateway)
    stock = {"symbol": "XXX", "secType": "STK"}
    client.ask("place", order_id=900, contract=stock, order=order("BUY", 100, whatIf=True))
    assert client.codes() == [321]
