"""Orders, positions and ids by hand over the control channel, and messages recorded."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ib_insync import LimitOrder

from sellkit.commands.gateway_ctl import ACTIONS
from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.control_actions import action_names
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import NOON, SCENARIO, connected, held, place, settled, until
from tests.simgateway.wire import WireClient, order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ib_insync import IB

    from sellkit.simgateway.gateway import Gateway


@contextmanager
def steered() -> Iterator[tuple[Gateway, Control]]:
    scenario = replace(SCENARIO, habits=OrderHabits(status_repeats=1))
    clock = VirtualClock(NOON, 0)
    with serve(scenario, market=FakeMarket(), clock=clock, control_port=0) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            yield gateway, control


def test_every_action_has_its_word_on_the_command_line() -> None:
    assert sorted(ACTIONS) == sorted(action_names())


def test_an_order_is_placed_and_cancelled_by_hand() -> None:
    with steered() as (gateway, control):
        placed = control.place("MSFT", "BUY", 5, orderType="LMT", lmtPrice=90, tif="GTC")
        assert (placed["order_id"], placed["status"]) == (0, "Submitted")
        assert [o["perm_id"] for o in control.state()["orders"]] == [placed["perm_id"]]
        assert control.cancel(placed["perm_id"])["status"] == "Cancelled"
        assert gateway.exchange.orders() == []
        assert control.place("MSFT", "BUY", 5)["status"] == "Filled"


def test_a_part_of_an_order_is_filled_by_hand_and_then_the_rest() -> None:
    async def rest(ib: IB) -> None:
        trade = await place(ib, LimitOrder("BUY", 10, 90.0), "Submitted")
        before = held(gateway)
        control.fill(trade.order.permId, 4, 89.5)
        await until(lambda: trade.orderStatus.filled == 4)
        assert [f.execution.price for f in trade.fills] == [89.5]
        assert control.fill(trade.order.permId)["status"] == "Filled"
        await until(lambda: trade.orderStatus.status == "Filled")
        assert [f.execution.price for f in trade.fills] == [89.5, 100.01]
        assert held(gateway) == before + 10

    with steered() as (gateway, control):
        connected(gateway, rest)


@pytest.mark.parametrize(("code", "status"), [(202, "Cancelled"), (201, "Inactive"), (462, None)])
def test_an_order_is_ended_with_a_code(code: int, status: str | None) -> None:
    with steered() as (gateway, control), WireClient(gateway) as client:
        client.start(1).send(*order(176, 1, kind="LMT", changes={20: 90}))
        assert client.until(3)[-1][2] in ("PreSubmitted", "Submitted")
        assert client.until(3)[-1][2] == "Submitted"
        (resting,) = gateway.exchange.orders()
        killed = control.kill(resting.perm_id, code, "so be it")
        assert killed["status"] == status or status is None
        error = client.until(4)[-1]
        before = "Order Canceled - reason:" if code == 202 else ""
        assert error[2:5] == ("1", str(code), f"{before}so be it")


def test_a_fill_is_corrected_and_the_state_tells_both() -> None:
    with steered() as (_gateway, control):
        control.place("MSFT", "BUY", 5)
        (first,) = control.state()["executions"]
        assert control.correct(first["execId"], 99.5)["price"] == "99.5"
        state = control.state()
        assert [e["price"] for e in state["executions"]] == [first["price"], "99.5"]
        assert state["completed_orders"][0]["status"] == "Filled"
        assert float(state["cash"]["DU0000001"]["USD"]) == float(SCENARIO.cash) - 5 * 99.5 - 1


def test_a_position_is_set_and_ids_go_back() -> None:
    with steered() as (gateway, control), WireClient(gateway) as client:
        client.start(1).send(61, 1)
        client.until(62)
        control.hold("MSFT", 0, 0)
        assert client.receive()[15] == "0"
        client.send(*order(176, 9, kind="LMT", changes={20: 90}))
        client.until(3)
        assert control.state()["next_ids"] == {"1": 10}
        assert control.roll_back_ids(4, 1) == {"1": 6}
        assert control.roll_back_ids(99) == {"1": 1}


def test_prices_are_moved_to_where_one_wants_them() -> None:
    clock = VirtualClock(NOON, 0)
    with serve(default_scenario(), clock=clock, control_port=0) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            assert control.set_price("AAPL", 123.0) == pytest.approx(123.0, abs=0.02)


def test_both_directions_are_recorded_in_memory_and_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "messages.jsonl"
    with steered() as (gateway, control):
        control.start_recording(path)

        async def ask(ib: IB) -> None:
            await settled(ib)

        connected(gateway, ask)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert control.record(10**6) == lines
        control.stop_recording()
        with WireClient(gateway) as client:
            client.start(2)
        assert len(path.read_text().splitlines()) == len(lines)
        assert not control.state()["recording"]
    kinds = [(line["direction"], line["name"]) for line in lines]
    assert kinds[:3] == [("out", "handshake"), ("in", "startApi"), ("out", "managedAccounts")]
    assert {("in", "reqPositions"), ("out", "positionEnd"), ("out", "currentTime")} <= set(kinds)
    assert lines[2]["fields"] == ["15", "1", "DU0000001"]
    assert lines[2]["clientId"] == 1


def test_a_frame_that_was_cut_is_recorded_by_its_bytes() -> None:
    with steered() as (gateway, control), WireClient(gateway) as client:
        control.start_recording()
        control.inject({"do": "truncate", "message": "positionEnd", "bytes": 6})
        client.start(1).send(61, 1)
        assert client.is_closed()
        last = control.record(1)[0]
        assert (last["name"], last["bytes"]) == ("cut", "000000053632")


def test_a_record_in_a_file_says_where_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with steered() as (_gateway, control):
        told = control.ask("record", file="record.jsonl")
    assert told["file"] == str(tmp_path / "record.jsonl")


@pytest.mark.parametrize(
    ("action", "arguments", "why"),
    [
        ("place", {"symbol": "NONE", "side": "BUY", "quantity": 1}, "knows no NONE"),
        ("place", {"symbol": "MSFT", "quantity": 1}, "'side' is missing"),
        ("place", {"symbol": "MSFT", "side": "BUY"}, "'quantity' is missing"),
        ("place", {"symbol": "MSFT", "side": "BUY", "quantity": 0}, "must be above zero"),
        ("place", {"symbol": "MSFT", "side": "BUY", "quantity": 1, "lmtPrice": 5}, "not for MKT"),
        (
            "place",
            {"symbol": "MSFT", "side": "BUY", "quantity": 1, "orderType": "STP"},
            "'auxPrice' in the request must be given for STP",
        ),
        ("cancel", {"permId": 5}, "no working order has the number 5"),
        ("cancel", {}, "'permId' is missing"),
        ("fill", {"permId": 5}, "no working order has the number 5"),
        ("fill", {"permId": 5, "price": -1}, "must be above zero"),
        ("kill", {"permId": 5}, "no working order has the number 5"),
        ("correct", {"execId": "x.01", "price": 1}, "is not the latest execution"),
        ("correct", {"execId": "x.01"}, "'price' is missing"),
        ("hold", {"symbol": "NONE", "position": 1, "avgCost": 1}, "knows no NONE"),
        ("hold", {"symbol": "MSFT", "avgCost": 1}, "'position' is missing"),
        ("rollback", {}, "'by' is missing"),
        ("reset", {"sessions": "some"}, "must be one of dropped, kept"),
        ("logout", {"until_login": "no"}, "must be one of silent, refuse"),
        ("login", {"user": "me"}, "unknown key 'user'"),
        ("record", {"file": "x", "on": False}, "stands beside on = false"),
        ("record", {"file": "/proc/none/x"}, "cannot be written"),
        ("price", {"symbol": "MSFT", "factor": 2, "to": 3}, "or 'to' must be given"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    action: str, arguments: dict[str, object], why: str
) -> None:
    with refusing() as control, pytest.raises(ConfigError, match=why) as refused:
        control.ask(action, **arguments)
    assert "\n" not in str(refused.value)


@contextmanager
def refusing() -> Iterator[Control]:
    with steered() as (_gateway, control):
        yield control


def test_more_than_is_left_cannot_be_filled() -> None:
    with steered() as (_gateway, control):
        placed = control.place("MSFT", "BUY", 5, orderType="LMT", lmtPrice=90)
        with pytest.raises(ConfigError, match="6 cannot be filled of an order with 5 left"):
            control.fill(placed["perm_id"], 6)
