"""The connection before real sockets: it comes back, and says why it is not ready."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace

import pytest
from eventkit import Event

from sellkit.adapters.ib.bridge import Bridge
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.errands import Outside
from sellkit.adapters.ib.hearers import Hearers
from sellkit.adapters.ib.readiness import Rules
from sellkit.adapters.ib.returning import Returning
from sellkit.adapters.ib.way import SPDR_TRUST, Endpoint
from sellkit.core.alerts import AlertKind
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.errors import BrokerError, ClockWentBack, NotConnected, OtherGateway
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from tests.adapters.scripted_gateway import (
    ALL_ORDERS,
    BARS,
    POSITIONS,
    START,
    TIME,
    Answer,
    ScriptedGateway,
    answer_time,
    error,
    hang_up,
    ignore,
    position,
)
from tests.adapters.test_broken_gateways import (
    ACCOUNT,
    END,
    REQUEST,
    WELL,
    answer_bars,
    answer_orders,
    answer_positions,
    facing,
)
from tests.adapters.waiting import (
    PATIENCE,
    RETURNING,
    Heard,
    returning,
    until_not_ready,
    wait_until,
)

LOST = error(-1, 1100, "Connectivity between IB and Trader Workstation has been lost.")
KEPT = error(-1, 1102, "Connectivity has been restored - data maintained.")
GONE = error(-1, 1101, "Connectivity has been restored - data lost.")
FARM = "farm connection is broken:usfarm"
SIMULATED = Account("main", default_scenario().accounts[0])
IN_USE = error(-1, 326, "Unable to connect as the client id is already in use.")


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    with ScriptedGateway(WELL) as scripted:
        yield scripted


@pytest.fixture
def broker(gateway: ScriptedGateway, heard: Heard) -> Iterator[IbBroker]:
    with returning(gateway.port, heard) as connected:
        connected.wait_until_ready(PATIENCE)
        yield connected


def ready(broker: IbBroker, epoch: int) -> None:
    """It becomes ready, in that epoch."""
    broker.wait_until_ready(PATIENCE)
    assert (broker.standing.epoch, broker.standing.reason) == (epoch, "")


# --- the beginning --------------------------------------------------------------------------------


def test_a_connection_that_comes_back_does_not_wait_for_its_first_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with returning(silent.getsockname()[1]) as broker:
            assert time.monotonic() - began < 4.0
            assert (broker.standing.epoch, broker.standing.is_ready) == (0, False)
            with pytest.raises(NotConnected, match="is being connected to"):
                broker.snapshot(ACCOUNT)
            with pytest.raises(NotConnected, match="is being connected to"):
                _ = broker.account_numbers
            with pytest.raises(NotConnected, match="is being connected to"):
                broker.server_time()


def test_it_is_ready_after_both_lists_were_read_to_their_ends(
    gateway: ScriptedGateway, broker: IbBroker
) -> None:
    assert [gateway.count(each) for each in (POSITIONS, ALL_ORDERS)] == [1, 1]
    assert (broker.kind, broker.account_numbers) == (GatewayKind.SIMULATED, ("DU1",))
    assert broker.standing.epoch == 1
    assert broker.snapshot(ACCOUNT).epoch == 1


def test_a_gateway_that_comes_up_later_is_found(heard: Heard) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    with returning(port, heard) as broker:
        wait_until(lambda: heard.alerts)
        assert "nothing listens" in broker.standing.reason
        with pytest.raises(NotConnected, match="nothing listens"):
            broker.wait_until_ready(0.01)
        with serve(default_scenario(), port=port):
            ready(broker, 1)
            wait_until(lambda: heard.clears)
            assert heard.kinds == [AlertKind.UNREACHABLE]


def test_a_gateway_that_takes_connections_and_says_nothing_is_told_and_not_hammered(
    heard: Heard,
) -> None:
    with (
        ScriptedGateway({START: ignore}) as wedged,
        returning(wedged.port, heard, connect_timeout_seconds=0.1) as broker,
    ):
        wait_until(lambda: heard.alerts)
        assert "weekly login may be due" in broker.standing.reason
        assert broker.standing.epoch == 0
        assert wedged.count(START) <= RETURNING.alert_after + 1
    wait_until(lambda: heard.kinds == [AlertKind.SILENT])


def test_the_same_client_id_is_tried_until_it_is_free(heard: Heard) -> None:
    def refuse_thrice(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        if gateway.count(START) > 3:
            gateway.start()
        else:
            gateway.send(IN_USE)
            gateway.hang_up()

    with (
        ScriptedGateway({**WELL, START: refuse_thrice}) as gateway,
        returning(gateway.port, heard) as broker,
    ):
        ready(broker, 1)
        starts = [fields for fields in gateway.heard if fields[0] == str(START)]
    assert {fields[2] for fields in starts} == {"7"}
    wait_until(lambda: heard.kinds == [AlertKind.CLIENT_ID_IN_USE])


# --- losses ---------------------------------------------------------------------------------------


def test_a_drop_while_idle_leads_to_a_new_epoch_with_both_lists_read_anew(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    before = broker.snapshot(ACCOUNT)
    gateway.hang_up()
    assert "closed the connection" in until_not_ready(broker)
    ready(broker, 2)
    assert [gateway.count(each) for each in (POSITIONS, ALL_ORDERS)] == [3, 3]
    assert broker.standing.doubt(before.epoch) is not None
    assert broker.snapshot(ACCOUNT).epoch == 2
    assert heard.alerts == []


def test_a_gateway_that_falls_silent_is_left_and_found_again(heard: Heard) -> None:
    hushed = threading.Event()

    def answer(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if not hushed.is_set():
            answer_time(gateway, fields)

    quick = replace(RETURNING, probe_timeout_seconds=0.2)
    with (
        ScriptedGateway({**WELL, TIME: answer}) as gateway,
        returning(gateway.port, heard, returning=quick, connect_timeout_seconds=0.2) as broker,
    ):
        broker.wait_until_ready(PATIENCE)
        before = broker.standing.epoch
        hushed.set()
        until_not_ready(broker)
        wait_until(lambda: AlertKind.SILENT in heard.kinds)
        hushed.clear()
        broker.wait_until_ready(PATIENCE)
        assert broker.standing.epoch > before


def test_what_waits_for_an_answer_ends_with_the_connection_and_never_gets_a_later_one() -> None:
    def late(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if gateway.count(POSITIONS) == 2:
            gateway.send(position(quantity=1))
            gateway.hang_up()
        else:
            answer_positions(gateway, fields)

    with (
        ScriptedGateway({**WELL, POSITIONS: late}) as gateway,
        returning(gateway.port) as broker,
    ):
        ready(broker, 1)
        with pytest.raises(NotConnected, match="closed the connection"):
            broker.snapshot(ACCOUNT)
        ready(broker, 2)
        snapshot = broker.snapshot(ACCOUNT)
    assert [int(each.quantity) for each in snapshot.positions] == [100]
    assert snapshot.epoch == 2


@pytest.mark.parametrize(
    ("accounts", "farm", "said"),
    [(("DU1", "DU2"), "sellkitsim", "other accounts"), (("DU1",), "usfarm", "is paper and was")],
)
def test_another_gateway_on_the_same_port_is_refused_for_good(
    heard: Heard, accounts: tuple[str, ...], farm: str, said: str
) -> None:
    with ScriptedGateway(WELL) as gateway, returning(gateway.port, heard) as broker:
        ready(broker, 1)
        gateway.become(accounts, farm)
        gateway.hang_up()
        wait_until(lambda: heard.alerts)
        with pytest.raises(OtherGateway, match=said):
            broker.wait_until_ready(PATIENCE)
        with pytest.raises(OtherGateway, match=said):
            broker.snapshot(ACCOUNT)
        assert broker.standing.epoch == 1
    wait_until(lambda: heard.kinds == [AlertKind.OTHER_GATEWAY])
    assert "DU2" not in heard.alerts[0].text


def test_a_live_gateway_where_paper_is_expected_is_refused_before_anything_is_asked() -> None:
    with ScriptedGateway(WELL, accounts=("U1",), farm="usfarm") as gateway:
        with pytest.raises(OtherGateway, match="is live and the profile expects paper"):
            IbBroker.connect(
                host="127.0.0.1", port=gateway.port, client_id=1, expected=GatewayKind.PAPER
            )
        assert gateway.count(POSITIONS) == 0


# --- notices --------------------------------------------------------------------------------------


def test_1100_ends_what_waits_and_refuses_what_is_asked_and_keeps_the_socket(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    for _ in range(100):
        gateway.send(LOST)
    assert "has lost Interactive Brokers (1100" in until_not_ready(broker)
    heard_before = gateway.count(POSITIONS) + gateway.count(BARS)
    for ask in (
        lambda: broker.snapshot(ACCOUNT),
        lambda: broker.bars(REQUEST),
        lambda: broker.find(REQUEST.instrument.token),
    ):
        with pytest.raises(NotConnected, match="1100"):
            ask()
    assert broker.server_time() is not None
    assert gateway.count(POSITIONS) + gateway.count(BARS) == heard_before
    wait_until(lambda: heard.kinds == [AlertKind.UPSTREAM_LOST])
    assert gateway.count(START) == 1


@pytest.mark.parametrize(("back", "lost"), [(KEPT, 0), (GONE, 1)])
def test_after_1102_or_1101_both_lists_are_read_anew_before_it_is_ready(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard, back: tuple[object, ...], lost: int
) -> None:
    gateway.send(LOST)
    until_not_ready(broker)
    gateway.send(back)
    ready(broker, 1)
    assert [gateway.count(each) for each in (POSITIONS, ALL_ORDERS)] == [2, 2]
    wait_until(lambda: heard.clears == 2)
    assert heard.losses == lost


@pytest.mark.parametrize("at", [POSITIONS, ALL_ORDERS])
def test_1100_in_the_middle_of_a_snapshot_spoils_it_even_when_it_is_back_at_once(at: int) -> None:
    answers = {POSITIONS: answer_positions, ALL_ORDERS: answer_orders}

    def cut(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if gateway.count(at) == 2:
            gateway.send(LOST, KEPT)
        answers[at](gateway, fields)

    with ScriptedGateway({**WELL, at: cut}) as gateway, returning(gateway.port) as broker:
        ready(broker, 1)
        with pytest.raises(NotConnected, match=r"Interactive Brokers"):
            broker.snapshot(ACCOUNT)
        ready(broker, 1)
        assert broker.snapshot(ACCOUNT).positions


@pytest.mark.parametrize(("broken", "well"), [(2103, 2104), (2105, 2106), (2157, 2158)])
def test_a_broken_farm_is_named_told_and_heals(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard, broken: int, well: int
) -> None:
    gateway.send(error(-1, broken, FARM))
    assert "the farm usfarm" in until_not_ready(broker)
    assert [each.partition(" ")[0] for each in broker.broken_farms] == ["usfarm"]
    with pytest.raises(NotConnected, match="the farm usfarm"):
        broker.bars(REQUEST)
    wait_until(lambda: heard.kinds == [AlertKind.FARM_BROKEN])
    assert "usfarm" in heard.alerts[0].text
    clears = heard.clears
    gateway.send(error(-1, well, "farm connection is OK:usfarm"))
    ready(broker, 1)
    assert broker.broken_farms == ()
    wait_until(lambda: heard.clears == clears + 1)


def test_a_competing_session_is_left_alone_until_its_data_come_back(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    gateway.send(error(5, 10197, "No market data during competing live session"))
    assert "another session" in until_not_ready(broker)
    gateway.send(error(-1, 2104, "Market data farm connection is OK:usfarm"))
    ready(broker, 1)
    assert gateway.count(START) == 1
    wait_until(lambda: heard.kinds == [AlertKind.COMPETING_SESSION])


def may_not_be_seen(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
    text = "Historical Market Data Service error message:No market data permissions for NASDAQ STK"
    gateway.send(error(fields[1], 162, text))


def nothing_held_may_be_seen(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
    held = {"265598"}
    (may_not_be_seen if fields[2] in held else answer_bars)(gateway, fields)


@contextmanager
def rivalled(bars: Answer) -> Iterator[tuple[ScriptedGateway, IbBroker]]:
    """Another session competes, and nothing says when it ends; bars are answered so."""
    patience = replace(RETURNING, competing_seconds=0.1)
    with (
        ScriptedGateway({**WELL, BARS: bars}) as gateway,
        returning(gateway.port, returning=patience) as broker,
    ):
        ready(broker, 1)
        gateway.send(error(5, 10197, "No market data during competing live session"))
        assert "another session" in until_not_ready(broker)
        yield gateway, broker


def test_a_bar_that_may_not_be_seen_is_no_answer_and_one_of_another_contract_is() -> None:
    with rivalled(nothing_held_may_be_seen) as (gateway, broker):
        ready(broker, 1)
        asked = [each[2] for each in gateway.heard if each[0] == str(BARS)]
    assert asked == ["265598", str(SPDR_TRUST)]


def test_while_no_bar_may_be_seen_a_competing_session_is_not_held_to_be_over() -> None:
    with rivalled(may_not_be_seen) as (gateway, broker):
        since = broker.standing.since
        wait_until(lambda: gateway.count(BARS) >= 6)
        assert (broker.standing.is_ready, broker.standing.since) == (False, since)
        with pytest.raises(NotConnected, match=r"another session .* \(for \d+ s by now\)"):
            broker.snapshot(ACCOUNT)


def test_a_changed_port_is_told_with_the_gateways_words_and_the_old_one_is_tried_again(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    gateway.send(error(-1, 1300, "Socket port has been reset. Reconnect on the new port -4009"))
    assert "new port -4009" in until_not_ready(broker)
    ready(broker, 2)
    wait_until(lambda: heard.kinds == [AlertKind.PORT_CHANGED])


def test_too_many_messages_are_halved_now_and_after_the_session_was_ended(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    for _ in range(3):
        gateway.send(error(-1, 100, "Max rate of messages per second has been exceeded:max=50"))
    until_not_ready(broker)
    ready(broker, 2)
    way = broker._bridge.connection._errands.way
    assert way is not None
    assert way.link.ib.client.MaxRequests == 5
    wait_until(lambda: heard.kinds == [AlertKind.TOO_MANY_MESSAGES])


# --- lists and messages ---------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "what"), [(POSITIONS, "positions"), (ALL_ORDERS, "open orders")])
def test_a_list_without_its_end_is_not_ready_and_asked_anew_over_a_new_connection(
    heard: Heard, at: int, what: str
) -> None:
    answers = {POSITIONS: answer_positions, ALL_ORDERS: answer_orders}

    def endless(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if gateway.count(at) > 4:
            answers[at](gateway, fields)
        elif at == POSITIONS:
            gateway.send(position(quantity=3))

    with (
        ScriptedGateway({**WELL, at: endless}) as gateway,
        returning(gateway.port, heard, request_timeout_seconds=0.15) as broker,
    ):
        wait_until(lambda: heard.alerts)
        assert f"the {what}' end marker did not come" in heard.alerts[0].text
        broker.wait_until_ready(PATIENCE)
        assert broker.standing.epoch >= 5
        assert [int(each.quantity) for each in broker.snapshot(ACCOUNT).positions] == [100]
    wait_until(lambda: heard.kinds == [AlertKind.NOT_SYNCED])


def test_a_snapshot_without_its_end_makes_the_connection_anew() -> None:
    def second_is_lost(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if gateway.count(POSITIONS) != 2:
            answer_positions(gateway, fields)

    with (
        ScriptedGateway({**WELL, POSITIONS: second_is_lost}) as gateway,
        returning(gateway.port, request_timeout_seconds=0.4) as broker,
    ):
        broker.wait_until_ready(PATIENCE)
        with pytest.raises(BrokerError):
            broker.snapshot(ACCOUNT)
        broker.wait_until_ready(PATIENCE)
        assert broker.snapshot(ACCOUNT).epoch >= 2


@pytest.mark.parametrize(
    ("text", "kind", "epoch"),
    [
        ("The API interface is currently in Read-Only mode.", AlertKind.READ_ONLY, 3),
        ("Error validating request: not allowed", AlertKind.NOT_SYNCED, 1),
    ],
)
def test_a_gateway_that_refuses_the_list_of_orders_is_not_ready_with_its_words(
    heard: Heard, text: str, kind: AlertKind, epoch: int
) -> None:
    def refuse_twice(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
        if gateway.count(ALL_ORDERS) > 2:
            answer_orders(gateway, fields)
        else:
            gateway.send(error(-1, 321, text))

    with (
        ScriptedGateway({**WELL, ALL_ORDERS: refuse_twice}) as gateway,
        returning(gateway.port, heard) as broker,
    ):
        ready(broker, epoch)
    wait_until(lambda: heard.kinds == [kind])
    assert text in heard.alerts[0].text


def test_an_unreadable_message_is_an_alert_and_needs_both_lists_anew(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    gateway.send(position(quantity="many"))
    assert "could not be read" in until_not_ready(broker)
    ready(broker, 1)
    assert [gateway.count(each) for each in (POSITIONS, ALL_ORDERS)] == [2, 2]
    wait_until(lambda: heard.kinds == [AlertKind.UNREADABLE])


def test_an_event_handler_that_fails_is_an_alert_and_needs_both_lists_anew(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard
) -> None:
    def fail(_value: str) -> None:
        raise ZeroDivisionError

    event = Event("test")
    event += fail
    event.emit("DU1")
    wait_until(lambda: heard.alerts)
    ready(broker, 1)
    assert gateway.count(POSITIONS) == 2
    wait_until(lambda: heard.kinds == [AlertKind.UNREADABLE])


def test_what_is_told_holds_no_account_number(
    gateway: ScriptedGateway, broker: IbBroker, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0, logger="sellkit")
    gateway.send(error(-1, 1100, "lost for DU1 and U7654321"))
    until_not_ready(broker)
    wait_until(lambda: heard.alerts)
    told = str([heard.alerts, broker.standing])
    own = [vars(each) for each in caplog.records if each.name.startswith("sellkit")]
    for number in ("DU1", "U7654321"):
        assert number not in told
        assert number not in str(own)
    assert own


# --- time -----------------------------------------------------------------------------------------


@dataclass
class SteppedTime:
    """Time that a test moves; who waits goes on when the test says so."""

    steady: float = 0.0
    now: dt.datetime = END
    waits: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waits.append((seconds, done))
        await done

    def outside(self) -> Outside:
        return Outside(
            now=lambda: self.now, steady=lambda: self.steady, sleep=self.sleep, chance=lambda: 1.0
        )

    def let_go(self) -> float:
        """End the latest wait, and tell how long it was to be."""
        seconds, done = self.waits[-1]
        done.get_loop().call_soon_threadsafe(lambda: done.done() or done.set_result(None))
        return seconds


@contextmanager
def stepped(gateway: ScriptedGateway, time: SteppedTime, **changes: object) -> Iterator[Bridge]:
    endpoint = Endpoint(
        host="127.0.0.1", port=gateway.port, client_id=7, connect_seconds=5, request_seconds=5
    )
    rules = Rules(address="the gateway", client_id=7, returning=Returning(**changes))  # type: ignore[arg-type]
    bridge = Bridge.open(endpoint, rules, Hearers(), time.outside())
    with closing(bridge):
        yield bridge


@pytest.mark.parametrize(("steady", "wall"), [(36.0, 0.0), (0.0, 36.0)])
def test_a_machine_that_slept_is_not_ready_before_the_gateway_was_seen_well_again(
    gateway: ScriptedGateway, steady: float, wall: float
) -> None:
    time = SteppedTime()
    with stepped(gateway, time, probe_seconds=15, probe_timeout_seconds=10) as bridge:
        bridge.wait(PATIENCE)
        time.steady, time.now = 34.0, END + dt.timedelta(seconds=34)
        assert bridge.standing.is_ready
        time.steady, time.now = steady, END + dt.timedelta(seconds=wall)
        assert bridge.standing.reason == "the gateway was last seen well 36 s ago"
        with pytest.raises(NotConnected, match="last seen well"):
            bridge.ask("the time", lambda way: way.questions.server_time())
        wait_until(lambda: time.waits)
        assert time.let_go() == 15
        wait_until(lambda: bridge.standing.is_ready)


def test_the_waits_between_attempts_double_up_to_the_longest() -> None:
    time, waits = SteppedTime(), []
    with (
        ScriptedGateway({START: hang_up}) as gateway,
        stepped(gateway, time, jitter=0.5, longest_delay_seconds=10) as bridge,
    ):
        for number in range(1, 7):
            wait_until(lambda number=number: len(time.waits) == number)
            waits.append(time.let_go())
        assert not bridge.standing.is_ready
    assert waits == [1, 2, 4, 8, 10, 10]


def test_a_connection_that_nobody_keeps_any_more_is_not_ready_for_good(
    gateway: ScriptedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    class Unlucky(SteppedTime):
        def outside(self) -> Outside:
            return replace(super().outside(), chance=lambda: 1 / 0)

    with stepped(gateway, Unlucky()) as bridge:
        bridge.wait(PATIENCE)
        gateway.hang_up()
        wait_until(lambda: "an error of sellkit's own" in bridge.standing.reason)
        with pytest.raises(NotConnected, match="ZeroDivisionError"):
            bridge.wait(PATIENCE)
    assert "connection_failed" in [each.getMessage() for each in caplog.records]


# --- hearers, threads -----------------------------------------------------------------------------


def test_a_hearer_that_fails_or_takes_long_holds_nothing_up(
    gateway: ScriptedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    may_go_on = threading.Event()

    def fail(_alert: object) -> None:
        may_go_on.wait(PATIENCE)
        raise ZeroDivisionError

    with returning(gateway.port, on_alert=fail) as broker:
        broker.wait_until_ready(PATIENCE)
        gateway.send(LOST)
        until_not_ready(broker)
        gateway.send(KEPT)
        ready(broker, 1)
        may_go_on.set()
    assert "alert_not_kept" in [each.getMessage() for each in caplog.records]


def test_many_threads_wait_and_each_is_told(gateway: ScriptedGateway, broker: IbBroker) -> None:
    gateway.send(LOST)
    until_not_ready(broker)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(broker.wait_until_ready, PATIENCE) for _ in range(8)]
        gateway.send(KEPT)
        for each in waiting:
            each.result(PATIENCE)


def test_closing_ends_the_waiting_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        with returning(silent.getsockname()[1]) as broker:
            waiting = pool.submit(broker.wait_until_ready, PATIENCE)
            broker.close()
            with pytest.raises(NotConnected, match="was closed"):
                waiting.result(PATIENCE)
        with pytest.raises(NotConnected, match="was closed"):
            broker.snapshot(ACCOUNT)
    left = [each.name for each in threading.enumerate() if each not in before]
    assert [name for name in left if "sellkit" in name] == []


def test_without_a_will_to_return_a_lost_connection_stays_lost() -> None:
    gateway = ScriptedGateway(WELL)
    with facing(gateway) as broker:
        assert broker.standing.is_ready
        gateway.hang_up()
        assert "closed the connection" in until_not_ready(broker)
        with pytest.raises(NotConnected, match="closed the connection"):
            broker.wait_until_ready(PATIENCE)
        assert gateway.count(START) == 1


# --- the simulated gateway ------------------------------------------------------------------------


def test_it_lives_through_a_gateway_that_restarts(heard: Heard) -> None:
    with serve(default_scenario(), clock=VirtualClock(END, 0)) as first:
        port = first.port
        stack = ExitStack()
        broker = stack.enter_context(returning(port, heard))
        ready(broker, 1)
    with stack:
        until_not_ready(broker)
        with serve(default_scenario(), clock=VirtualClock(END, 0), port=port) as second:
            ready(broker, 2)
            names = [each.name for each in second.requests]
            assert len(broker.snapshot(SIMULATED).positions) > 1
    assert names.index("reqPositions") < names.index("reqAllOpenOrders")


def test_its_clock_refuses_a_gateway_that_is_started_again_with_an_earlier_time() -> None:
    with serve(default_scenario(), clock=VirtualClock(END, 0)) as first:
        port = first.port
        stack = ExitStack()
        broker = stack.enter_context(returning(port))
        ready(broker, 1)
        assert broker.clock.now() == END
    earlier = VirtualClock(END - dt.timedelta(days=60), 0)
    with stack, serve(default_scenario(), clock=earlier, port=port):
        wait_until(lambda: broker.standing.epoch == 2)
        with pytest.raises(ClockWentBack, match="with another --data-dir"):
            broker.clock.sleep_until(END + dt.timedelta(hours=1))


def test_rules_of_the_simulated_gateway_are_lived_through(heard: Heard) -> None:
    with (
        serve(default_scenario(), clock=VirtualClock(END, 0), control_port=0) as gateway,
        returning(gateway.port, heard, request_timeout_seconds=0.3) as broker,
    ):
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            broker.wait_until_ready(PATIENCE)
            control.inject({"message": "reqPositions", "do": "drop"})
            control.drop_connections()
            wait_until(lambda: "end marker did not come" in broker.standing.reason)
            control.clear()
            broker.wait_until_ready(PATIENCE)
            assert len(broker.snapshot(SIMULATED).positions) > 1
