"""The real adapter before gateways that break off, say nothing, or say nonsense."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from eventkit import Event

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.returning import Returning
from sellkit.core.bars import BarSize
from sellkit.core.instrument import Instrument, Token
from sellkit.core.pacing import PacingRules
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.core.windows import BarRequest
from sellkit.errors import (
    BrokerError,
    NoBars,
    NotConnected,
    PacingViolation,
    RequestTimedOut,
)
from sellkit.simgateway import contract_messages, order_messages
from sellkit.simgateway.orders.order import resting_order
from sellkit.simgateway.scenario import OrderKind, RestingOrder
from tests.adapters.scripted_gateway import (
    ALL_ORDERS,
    BARS,
    CANCEL_BARS,
    CANCEL_POSITIONS,
    DETAILS,
    POSITIONS,
    SECURITY,
    START,
    TIME,
    VERSION,
    Answer,
    ScriptedGateway,
    error,
    hang_up,
    ignore,
    position,
)
from tests.adapters.waiting import until_not_ready

END = dt.datetime(2025, 12, 5, 16, tzinfo=dt.UTC)
ACCOUNT = Account("main", "DU1")
REQUEST = BarRequest(Instrument(265598, Token("NASDAQ", "AAPL")), BarSize.M30, END, "1 D")
RULES = PacingRules(identical_gap_seconds=0, backoff_seconds=0, requests_per_second=1000)
HISTORY = "Historical Market Data Service error message:"
PROMPT = 5.0
"""Seconds within which an error that needs no time-out has to come on a busy machine."""


@contextmanager
def facing(
    gateway: ScriptedGateway, seconds: float = 60.0, **changes: object
) -> Iterator[IbBroker]:
    with (
        gateway,
        IbBroker.connect(
            host="127.0.0.1",
            port=gateway.port,
            client_id=1,
            request_timeout_seconds=seconds,
            pacing=RULES,
            **changes,  # type: ignore[arg-type]
        ) as broker,
    ):
        yield broker


def answer_positions(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
    gateway.send(position(), (62, 1))


def answer_orders(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
    gateway.send((53, 1))


def answer_details(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
    gateway.send(_details(fields[2]), contract_messages.contract_details_end(int(fields[2])))


def _details(number: str) -> tuple[object, ...]:
    listed = contract_messages.Listed("US/Eastern", "", "", 26)
    return contract_messages.contract_details(VERSION, int(number), SECURITY, "SMART", listed)


def answer_bars(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
    bar = (1764945000, "100.0", "101.0", "99.0", "100.5", "1000", "100.2", 12)
    gateway.send((17, fields[1], "start", "end", 1, *bar))


WELL: dict[int, Answer] = {
    POSITIONS: answer_positions,
    ALL_ORDERS: answer_orders,
    DETAILS: answer_details,
    BARS: answer_bars,
}


def test_a_gateway_that_answers_is_understood() -> None:
    with facing(ScriptedGateway(WELL)) as broker:
        snapshot = broker.snapshot(ACCOUNT)
        frame = broker.bars(REQUEST)

    assert [str(each.instrument) for each in snapshot.positions] == ["NASDAQ:AAPL"]
    assert len(frame) == 1


@pytest.mark.parametrize(
    ("accounts", "kind"), [(("DU1", "DF2"), GatewayKind.PAPER), (("DU1", "U2"), GatewayKind.LIVE)]
)
def test_a_real_gateway_is_paper_or_live_by_its_accounts(
    accounts: tuple[str, ...], kind: GatewayKind
) -> None:
    with facing(ScriptedGateway(accounts=accounts, farm="usfarm")) as broker:
        assert broker.kind is kind


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [POSITIONS, ALL_ORDERS])
def test_a_list_without_its_end_is_a_time_out_not_an_empty_list(silent: int) -> None:
    with (
        facing(ScriptedGateway({**WELL, silent: ignore}), 0.2) as broker,
        pytest.raises(RequestTimedOut, match="positions and open orders"),
    ):
        broker.snapshot(ACCOUNT)


def test_a_partial_list_is_a_time_out_not_a_short_list() -> None:
    def half(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        gateway.send(position())

    with (
        facing(ScriptedGateway({**WELL, POSITIONS: half}), 0.2) as broker,
        pytest.raises(RequestTimedOut),
    ):
        broker.snapshot(ACCOUNT)


def test_the_late_end_of_one_list_does_not_end_the_next_one() -> None:
    late = threading.Event()

    def slowly_then_well(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        if gateway.count(POSITIONS) == 1:
            gateway.send(position(quantity=1))
            late.set()
        else:
            gateway.send(position(quantity=2), (62, 1))

    gateway = ScriptedGateway({**WELL, POSITIONS: slowly_then_well})
    with facing(gateway, 0.3) as broker:
        with pytest.raises(RequestTimedOut):
            broker.snapshot(ACCOUNT)
        assert late.is_set()
        gateway.send((62, 1))
        snapshot = broker.snapshot(ACCOUNT)

    assert [int(each.quantity) for each in snapshot.positions] == [2]


def test_a_list_is_not_asked_for_again_while_an_answer_is_owed() -> None:
    gateway = ScriptedGateway({**WELL, POSITIONS: ignore})
    with facing(gateway, 0.1) as broker:
        for _ in range(3):
            with pytest.raises(RequestTimedOut):
                broker.snapshot(ACCOUNT)

    assert gateway.count(POSITIONS) == 1


def test_snapshots_from_several_threads_do_not_mix() -> None:
    gateway = ScriptedGateway(WELL)
    with facing(gateway) as broker, ThreadPoolExecutor(8) as pool:
        snapshots = list(pool.map(broker.snapshot, [ACCOUNT] * 8))

    assert [len(each.positions) for each in snapshots] == [1] * 8
    assert gateway.count(POSITIONS) == 8
    numbers = [fields[0] for fields in gateway.heard if fields[0] in ("61", "64")]
    assert numbers == ["61", "64"] * 8


def test_the_subscription_to_positions_is_ended() -> None:
    gateway = ScriptedGateway(WELL)
    with facing(gateway) as broker:
        broker.snapshot(ACCOUNT)
        broker.server_time()
        assert gateway.count(CANCEL_POSITIONS) == 1


def test_a_change_told_within_a_list_counts_as_the_later_word() -> None:
    def twice(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        gateway.send(position(quantity=100), position(quantity=60), (62, 1))

    with facing(ScriptedGateway({**WELL, POSITIONS: twice})) as broker:
        positions = broker.snapshot(ACCOUNT).positions

    assert [int(each.quantity) for each in positions] == [60]


def test_a_trailing_stop_is_told_where_it_stands_now() -> None:
    def trail(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        stop = Decimal(190 + gateway.count(ALL_ORDERS))
        resting = RestingOrder(
            account="DU1",
            security=SECURITY,
            kind=OrderKind.FOREIGN,
            client_id=5,
            action="SELL",
            quantity=Decimal(100),
            order_type="TRAIL",
            aux_price=Decimal(5),
            trail_stop_price=stop,
        )
        order = order_messages.open_order(VERSION, resting_order(resting, 3, 1400000001))
        gateway.send(order, (53, 1))

    with facing(ScriptedGateway({**WELL, ALL_ORDERS: trail})) as broker:
        stops = [broker.snapshot(ACCOUNT).open_orders[0].stop_price for _ in range(2)]

    assert stops == [Decimal(191), Decimal(192)]


def test_a_list_with_an_unreadable_message_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    def nonsense(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        gateway.send(position(), position(quantity="many", con_id=272093), (62, 1))

    with (
        facing(ScriptedGateway({**WELL, POSITIONS: nonsense})) as broker,
        pytest.raises(BrokerError, match="may be incomplete"),
    ):
        broker.snapshot(ACCOUNT)

    (record,) = [each for each in caplog.records if each.getMessage() == "message_unreadable"]
    assert record.levelno == logging.WARNING
    assert record.name.startswith("sellkit.")
    assert vars(record)["message_id"] == 61
    assert "DU1" not in str(vars(record))


def test_a_list_that_is_refused_without_a_number_is_an_error_at_once() -> None:
    def refuse(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        gateway.send(error(-1, 321, "The API interface is currently in Read-Only mode."))

    with facing(ScriptedGateway({**WELL, ALL_ORDERS: refuse})) as broker:
        began = time.monotonic()
        with pytest.raises(BrokerError, match="Read-Only"):
            broker.snapshot(ACCOUNT)
        assert "Read-Only" in until_not_ready(broker)

    assert time.monotonic() - began < PROMPT


def test_a_position_whose_contract_is_gone_is_listed_and_says_so() -> None:
    def unknown(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        gateway.send(error(fields[2], 200, "No security definition has been found"))

    with facing(ScriptedGateway({**WELL, DETAILS: unknown})) as broker:
        (held,) = broker.snapshot(ACCOUNT).positions
    assert "265598 of the position in AAPL" in held.instrument.problem
    assert "200" in held.instrument.problem


def test_a_position_whose_contract_is_ambiguous_is_listed_and_says_so() -> None:
    def double(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        gateway.send(_details(fields[2]))
        answer_details(gateway, fields)

    with facing(ScriptedGateway({**WELL, DETAILS: double})) as broker:
        (held,) = broker.snapshot(ACCOUNT).positions
    assert "2 contracts fit" in held.instrument.problem


# --- drops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [POSITIONS, ALL_ORDERS, DETAILS, BARS])
def test_a_drop_ends_what_is_waiting_at_once(at: int) -> None:
    with facing(ScriptedGateway({**WELL, at: hang_up})) as broker:
        began = time.monotonic()
        with pytest.raises(NotConnected, match="closed the connection"):
            broker.bars(REQUEST) if at == BARS else broker.snapshot(ACCOUNT)

        assert time.monotonic() - began < PROMPT


def test_after_a_drop_every_question_says_why() -> None:
    with facing(ScriptedGateway({**WELL, BARS: hang_up})) as broker:
        with pytest.raises(NotConnected):
            broker.bars(REQUEST)
        for question in (
            broker.server_time,
            lambda: broker.snapshot(ACCOUNT),
            lambda: broker.bars(REQUEST),
            lambda: broker.find(REQUEST.instrument.token),
        ):
            with pytest.raises(NotConnected, match="closed the connection"):
                question()


def test_a_drop_while_idle_is_noticed_by_the_next_question() -> None:
    gateway = ScriptedGateway(WELL)
    with facing(gateway) as broker:
        gateway.hang_up()
        with pytest.raises(NotConnected):
            broker.snapshot(ACCOUNT)


def different(count: int) -> list[BarRequest]:
    """Requests of which each is sent: the very same would share one answer."""
    return [replace(REQUEST, duration=f"{number} D") for number in range(1, count + 1)]


def test_a_drop_ends_every_thread_that_waits() -> None:
    gateway = ScriptedGateway({**WELL, BARS: ignore})
    with facing(gateway) as broker, ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(broker.bars, each) for each in different(8)]
        while gateway.count(BARS) < 8:
            broker.server_time()
        gateway.hang_up()
        errors = [each.exception(PROMPT) for each in waiting]

    assert {type(each) for each in errors} == {NotConnected}


def test_closing_ends_every_thread_that_waits() -> None:
    gateway = ScriptedGateway({**WELL, BARS: ignore})
    with facing(gateway) as broker, ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(broker.bars, each) for each in different(4)]
        while gateway.count(BARS) < 4:
            broker.server_time()
        broker.close()
        errors = [each.exception(PROMPT) for each in waiting]

    assert {type(each) for each in errors} == {NotConnected}


def test_a_gateway_that_lost_interactive_brokers_is_not_believed() -> None:
    gateway = ScriptedGateway(WELL)
    with facing(gateway, returning=Returning(settle_seconds=0.01)) as broker:
        broker.wait_until_ready(PROMPT)
        gateway.send(
            error(-1, 1100, "Connectivity between IB and Trader Workstation has been lost")
        )
        assert broker.server_time()
        with pytest.raises(NotConnected, match="1100"):
            broker.snapshot(ACCOUNT)
        with pytest.raises(NotConnected, match="1100"):
            broker.bars(REQUEST)
        gateway.send(error(-1, 1102, "Connectivity has been restored - data maintained"))
        assert broker.server_time()
        broker.wait_until_ready(PROMPT)
        assert broker.snapshot(ACCOUNT).positions


# --- connecting -----------------------------------------------------------------------------------


def test_a_gateway_that_closes_the_door_is_told_at_once() -> None:
    with ScriptedGateway({START: hang_up}) as gateway:
        began = time.monotonic()
        with pytest.raises(NotConnected, match="lets this machine in"):
            IbBroker.connect(host="127.0.0.1", port=gateway.port, client_id=1)

    assert time.monotonic() - began < PROMPT


def test_a_gateway_that_stays_silent_after_the_handshake_is_given_up_in_time() -> None:
    with (
        ScriptedGateway({TIME: ignore}) as gateway,
        pytest.raises(RequestTimedOut, match="stayed silent"),
    ):
        IbBroker.connect(
            host="127.0.0.1", port=gateway.port, client_id=1, connect_timeout_seconds=0.2
        )


# --- bars -----------------------------------------------------------------------------------------


def bars_after(failures: int, code: int, text: str) -> dict[int, Answer]:
    """Requests for bars fail so many times with this code, and then are answered."""

    def answer(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if gateway.count(BARS) <= failures:
            gateway.send(error(fields[1], code, text))
        else:
            answer_bars(gateway, fields)

    return {**WELL, BARS: answer}


@pytest.mark.parametrize(
    ("code", "text"),
    [(162, f"{HISTORY}Historical data request pacing violation"), (420, "pacing violation")],
)
def test_a_pacing_error_is_tried_again(code: int, text: str) -> None:
    gateway = ScriptedGateway(bars_after(2, code, text))
    with facing(gateway) as broker:
        assert len(broker.bars(REQUEST)) == 1

    assert gateway.count(BARS) == 3


def test_a_pacing_error_that_stays_is_told_in_the_end() -> None:
    gateway = ScriptedGateway(bars_after(99, 162, f"{HISTORY}pacing violation"))
    with facing(gateway) as broker, pytest.raises(PacingViolation, match="NASDAQ:AAPL"):
        broker.bars(REQUEST)

    assert gateway.count(BARS) == RULES.max_attempts


def test_no_data_is_no_pacing_error_and_not_asked_for_again() -> None:
    gateway = ScriptedGateway(bars_after(1, 162, f"{HISTORY}HMDS query returned no data: AAPL"))
    with facing(gateway) as broker, pytest.raises(NoBars):
        broker.bars(REQUEST)

    assert gateway.count(BARS) == 1


def test_an_answer_that_holds_no_bar_is_no_empty_frame() -> None:
    def none(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        gateway.send((17, fields[1], "start", "end", 0))

    with facing(ScriptedGateway({**WELL, BARS: none})) as broker, pytest.raises(NoBars):
        broker.bars(REQUEST)


def test_bars_that_never_come_are_cancelled_and_a_time_out() -> None:
    gateway = ScriptedGateway({**WELL, BARS: ignore})
    with facing(gateway, 0.2) as broker:
        with pytest.raises(RequestTimedOut):
            broker.bars(REQUEST)
        broker.server_time()
        assert gateway.count(CANCEL_BARS) == 1


def test_an_event_handler_that_fails_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_value: str) -> None:
        raise ZeroDivisionError

    event = Event("test")
    event += fail
    with facing(ScriptedGateway(WELL)):
        event.emit("DU1")

    (record,) = [each for each in caplog.records if each.getMessage() == "event_handler_failed"]
    assert record.levelno == logging.WARNING
    assert record.name.startswith("sellkit.")
    assert vars(record)["error"] == "ZeroDivisionError"
    assert "DU1" not in str(vars(record))
