"""Orders placed by hand at a gateway that binds them, from the decision to the close."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import AlertKind
from sellkit.core.limits import Foreign
from sellkit.operate.reconcile import Reconciliation
from sellkit.simgateway.scenario_file import load_scenario
from tests.build import limits
from tests.faults.catalogue import FAULTS
from tests.faults.desk import dry_options, laid_out
from tests.faults.play import Play, Ran, playing

SCENARIO: Final = """
[[positions]]
symbol = "AAPL"
conId = 265598
primaryExchange = "NASDAQ"
startPrice = 230.0
listed = 2025-10-01
position = 100
avgCost = 100.0

[[positions]]
symbol = "MSFT"
conId = 272093
primaryExchange = "NASDAQ"
startPrice = 430.0
listed = 2025-10-01
position = 40
avgCost = 100.0

[[positions]]
symbol = "JPM"
conId = 1520593
primaryExchange = "NYSE"
startPrice = 240.0
listed = 2025-10-01
position = 60
avgCost = 100.0

[[orders]]
symbol = "AAPL"
kind = "own"
clientId = 0
action = "SELL"
totalQuantity = 50
orderType = "STP"
auxPrice = 120.0
orderRef = "SK1-000000000000-1"

[[orders]]
symbol = "AAPL"
kind = "manual"
action = "SELL"
totalQuantity = 50
orderType = "STP"
auxPrice = 125.0

[[orders]]
symbol = "MSFT"
kind = "foreign"
clientId = 55
action = "SELL"
totalQuantity = 40
orderType = "STP"
auxPrice = 250.0

[[orders]]
symbol = "JPM"
kind = "manual"
action = "SELL"
totalQuantity = 60
orderType = "STP"
auxPrice = 130.0
"""


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """AAPL has a stop of its own and one placed by hand, MSFT another client's, JPM one by hand."""
    path = tmp_path / "by_hand.toml"
    path.write_text(SCENARIO)
    with playing(FAULTS[55], tmp_path) as stage:
        stage.scenario = load_scenario(path)
        stage.begin()
        stage.armoury.changes = {"foreign": Foreign.BIND}
        yield stage


def run(play: Play, client_id: int = 0) -> Ran:
    play.turn(fall=("AAPL", "MSFT"), rise=("JPM",))
    with closing(play.connect(client_id, sends_orders=True)) as broker:
        return play.run_live(broker)


def resting(play: Play) -> dict[str, list[int]]:
    """By symbol, the ids of the orders that work."""
    found: dict[str, list[int]] = {}
    for order in play.gateway.exchange.orders():
        found.setdefault(order.terms.security.symbol, []).append(order.order_id)
    return found


def held(play: Play) -> dict[str, Decimal]:
    return {each.security.symbol: each.quantity for each in play.gateway.exchange.holdings()}


def reconciled(play: Play) -> Reconciliation:
    with (
        closing(SqliteJournal(play.journal_path)) as journal,
        closing(play.connect(0, sends_orders=True)) as broker,
    ):
        desk = laid_out(play.folder, broker, journal, "0", dry_options(), armoury=play.armoury)
        assert desk.parts.live is not None
        with closing(desk.parts.live):
            found = desk.reconcile()
    assert found is not None
    return found


def test_own_and_hand_placed_stops_go_before_the_close_and_another_clients_blocks(
    play: Play,
) -> None:
    ran = run(play)
    assert ran.error is None
    assert ran.words() == {
        "AAPL": "EXIT ApprovedTicket",
        "MSFT": "EXIT DeniedTicket",
        "JPM": "HOLD",
    }
    assert "orders that sellkit did not place rest on it (SELL 40 STP)" in ran.reasons("MSFT")
    assert ran.sent is not None
    assert ran.sent.states() == {"AAPL": ["DONE"]}
    assert held(play) == {"MSFT": 40, "JPM": 60}
    assert resting(play) == {"MSFT": [1], "JPM": [-2]}
    assert (play.asked("cancelOrder"), play.asked("placeOrder")) == (2, 1)
    assert play.asked("reqGlobalCancel") == 0
    told = [text for kind, text in play.armoury.alarms if kind is AlertKind.BOUND_ORDER]
    assert [text.rpartition(" (order ")[0] for text in told] == [
        "NASDAQ:AAPL: taken over by client 0: SELL 50 STP at 125 placed by hand",
        "NYSE:JPM: taken over by client 0: SELL 60 STP at 130 placed by hand",
        "NASDAQ:AAPL: cancelled before its close: SELL 50 STP at 125 placed by hand",
    ]


def test_orders_come_in_no_other_turn_than_bind_cancel_close(play: Play) -> None:
    run(play)
    names = [each.name for each in play.gateway.requests]
    wanted = [each for each in names if each in ("reqAutoOpenOrders", "cancelOrder", "placeOrder")]
    assert wanted == [
        *("reqAutoOpenOrders", "reqAutoOpenOrders"),
        *("cancelOrder", "cancelOrder", "placeOrder"),
    ]
    assert not play.gateway.binds_orders


def test_bound_orders_are_told_apart_by_reconcile(play: Play) -> None:
    run(play)
    told = {line.subject: line for line in reconciled(play).lines}
    by_hand = [line for subject, line in told.items() if subject.endswith("placed by hand")]
    assert sorted(line.broker for line in by_hand) == [
        "Cancelled (0 filled)",
        "open: SELL 60 STP at 130 placed by hand, PreSubmitted, bound to client 0",
    ]
    assert all(line.is_explained for line in by_hand)


def test_a_dry_run_binds_and_cancels_nothing(play: Play) -> None:
    before = resting(play)
    play.turn(fall=("AAPL",), rise=("JPM", "MSFT"))
    chosen = limits(**play.armoury.changes)
    ran = play.run(play.connect(0), limits=chosen)
    assert ran.error is None
    assert resting(play) == before
    asked = ("reqAutoOpenOrders", "reqOpenOrders", "cancelOrder", "placeOrder")
    assert [play.asked(name) for name in asked] == [0, 0, 0, 0]


def test_another_client_id_binds_nothing_and_closes_nothing_that_rests(play: Play) -> None:
    ran = run(play, client_id=3)
    assert ran.sent is not None
    assert ran.sent.states() == {"AAPL": ["ABANDONED"]}
    assert (play.asked("reqAutoOpenOrders"), play.asked("placeOrder")) == (0, 0)


def test_without_the_setting_a_stop_placed_by_hand_blocks(play: Play) -> None:
    play.armoury.changes = {}
    ran = run(play)
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert (play.asked("reqAutoOpenOrders"), play.asked("cancelOrder")) == (0, 0)
