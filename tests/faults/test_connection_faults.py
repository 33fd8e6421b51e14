"""Faults 1 to 19: what happens to the connection.

Waits are real but short: the connection is told to be patient for hundredths of a second.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from eventkit import Event

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.returning import Returning
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.config import Overrides
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.firing import Slot
from sellkit.core.market_time import calendar_for
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import ConfigError, NotConnected, RequestTimedOut, SellkitError
from sellkit.simgateway.clock import steady_seconds
from sellkit.wiring import open_desk
from tests.build import limits
from tests.fakes_schedule import Stage
from tests.faults.desk import dry_options, laid_out
from tests.faults.play import SECONDS, TURN, Play, free_port, until

FAST = Returning(
    first_delay_seconds=0.01,
    longest_delay_seconds=0.08,
    jitter=0.5,
    probe_seconds=0.05,
    probe_timeout_seconds=1.0,
    settle_seconds=0.05,
    alert_after=3,
)
AT = dt.datetime(2026, 1, 28, 16, 5, tzinfo=dt.UTC)
HARMLESS = {
    *("startApi", "reqCurrentTime", "reqPositions", "cancelPositions", "reqAllOpenOrders"),
    *("reqContractDetails", "reqHistoricalData"),
    *("reqMarketDataType", "reqMktData", "cancelMktData"),
}
"""What a read-only gateway answers as any other does."""
BOTH = {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}


def lasting(play: Play, patience: Returning = FAST, **changes: Any) -> IbBroker:
    """A connection that comes back."""
    usual = {
        "returning": patience,
        "on_alert": play.alerts.append,
        "on_clear": lambda: play.clears.append(len(play.alerts)),
    }
    return play.connect(**(usual | changes))


def ready(broker: IbBroker) -> IbBroker:
    broker.wait_until_ready(SECONDS)
    return broker


def kinds(play: Play) -> list[AlertKind]:
    """What the alerts were about, in order."""
    return [alert.kind for alert in play.alerts]


def alerted(play: Play, *expected: AlertKind) -> None:
    """Wait until these alerts have been told, each once."""
    until(lambda: len(play.alerts) >= len(expected))
    assert kinds(play) == list(expected)


def standings(play: Play) -> list[tuple[int, bool]]:
    """Epoch and readiness, as they changed."""
    found: list[tuple[int, bool]] = []
    for record in list(play.ears.records):
        if record.getMessage() == "connection_standing":
            told = (record.__dict__["epoch"], record.__dict__["ready"])
            if not found or told != found[-1]:
                found.append(told)
    return found


def notice_time(play: Play, code: int) -> float:
    """When sellkit was told a code, on the steady clock."""
    (record,) = [
        each
        for each in list(play.ears.records)
        if each.getMessage() == "gateway_notice" and each.__dict__["code"] == code
    ]
    return record.created - time.time() + steady_seconds()


def a_handler_fails() -> None:
    """Whatever it was that it handled: every connection of this process takes it for its own."""

    def fail() -> None:
        raise RuntimeError("a handler failed")

    event = Event("a tick")
    event += fail
    event.emit()


def decides_nothing(play: Play, broker: IbBroker) -> SellkitError:
    """See that a run ends without a decision, and why."""
    ran = play.run(broker)
    assert ran.was_ready is False
    assert ran.decision is None
    assert isinstance(ran.error, SellkitError)
    return ran.error


def decides(play: Play, broker: IbBroker) -> None:
    """See that a run decides as if nothing had been."""
    ran = play.run(broker)
    assert ran.was_ready
    assert ran.words() == BOTH, ran.error


# --- it is not there ------------------------------------------------------------------------------


@pytest.mark.fault(1)
def test_a_port_on_which_nothing_listens_is_tried_again(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.end()
    port = free_port()
    broker = lasting(play, port=port)
    until(lambda: play.alerts)
    assert kinds(play) == [AlertKind.UNREACHABLE]
    assert "tried 3 times" in play.alerts[0].text
    assert not broker.standing.is_ready
    decides_nothing(play, broker)
    play.begin(port)
    play.control.set_clock(TURN)
    ready(broker)
    assert broker.standing.epoch == 1
    play.seen("an alert after 3 attempts", "nothing decided", "ready once it was there")


@pytest.mark.fault(1)
def test_the_waits_grow_and_are_never_quite_the_same(play: Play) -> None:
    patience = Returning()
    certain = [patience.delay(failures, 1.0) for failures in range(1, 12)]
    assert certain == sorted(certain)
    assert certain[:3] == [1.0, 2.0, 4.0]
    assert certain[-1] == patience.longest_delay_seconds
    assert {patience.delay(5, chance) for chance in (0.0, 0.5, 1.0)} == {8.0, 12.0, 16.0}


@pytest.mark.fault(1)
def test_the_attempts_themselves_come_at_growing_and_uneven_intervals(play: Play) -> None:
    arrivals: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    server.accept()[0].close()
                    arrivals.append(steady_seconds())

        threading.Thread(target=hang_up, daemon=True).start()
        patience = replace(FAST, first_delay_seconds=0.04, longest_delay_seconds=10.0)
        broker = lasting(play, patience, port=server.getsockname()[1])
        until(lambda: len(arrivals) > 5)
        decides_nothing(play, broker)
        server.shutdown(socket.SHUT_RDWR)
    waits = [later - earlier for earlier, later in pairwise(arrivals)][:5]
    shares = [wait / (0.04 * 2**number) for number, wait in enumerate(waits)]
    assert all(share >= 0.49 for share in shares), waits
    assert len({round(share, 2) for share in shares}) > 1, waits


@pytest.mark.fault(2)
def test_a_port_that_never_greets_is_left_and_tried_without_haste(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = lasting(play, connect_timeout_seconds=0.3)
    until(lambda: play.alerts)
    assert kinds(play) == [AlertKind.SILENT]
    (rule,) = play.gateway.faults.armed
    attempts = rule.struck
    assert 3 <= attempts <= 4
    until(lambda: len(play.gateway.sessions) <= 1)  # each attempt is hung up before the next
    decides_nothing(play, broker)
    play.control.clear()
    decides(play, ready(broker))
    play.seen(f"an alert after {attempts} attempts, each given up in time")


@pytest.mark.fault(3)
def test_a_client_id_in_use_is_kept_to(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = lasting(play)
    until(lambda: play.alerts)
    assert kinds(play) == [AlertKind.CLIENT_ID_IN_USE]
    assert "client id 1 is in use" in broker.standing.reason
    decides_nothing(play, broker)
    play.control.clear()
    ready(broker)
    starts = [each.fields[2] for each in play.heard("startApi")]
    assert set(starts) == {"1"}
    assert [session.client_id for session in play.gateway.sessions] == [1]
    decides(play, broker)
    play.seen(f"{len(starts)} attempts, all as client 1; an alert")


# --- it goes away ---------------------------------------------------------------------------------


@pytest.mark.fault(4)
def test_a_socket_closed_while_idle_is_made_anew_and_everything_read_anew(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play, replace(FAST, settle_seconds=0.3)))
    asked = play.asked("reqPositions")
    play.go_to(AT)
    until(lambda: broker.standing.epoch == 2)
    ready(broker)
    assert play.asked("reqPositions") > asked
    began = play.heard("startApi")[1].seconds
    assert play.heard("reqPositions")[asked].seconds - began >= 0.29, "it had not settled"
    assert play.asked("reqAllOpenOrders") == play.asked("reqPositions")
    assert (1, False) in standings(play)
    decides(play, broker)
    play.seen("epoch 2, both lists read anew, ready")


@pytest.mark.fault(5)
def test_a_silent_gateway_is_noticed_and_left(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play, replace(FAST, probe_timeout_seconds=0.5)))
    play.go_to(AT)
    assert len(play.gateway.sessions) == 1, "the socket stays open"
    until(lambda: broker.standing.epoch == 2)
    ready(broker)
    reasons = [str(record.__dict__.get("reason")) for record in play.ears.records]
    assert any("did not answer within 0.5 s" in each for each in reasons)
    assert (1, False) in standings(play)
    decides(play, broker)
    play.seen("the probe went unanswered for 0.5 s; epoch 2")


@pytest.mark.fault(6)
def test_after_1100_and_1102_it_is_ready_once_it_has_settled(play: Play) -> None:
    _cut_off_and_restored(play, lost=0)
    play.seen("not ready from 1100 on, read anew after 1102, ready in the same epoch")


@pytest.mark.fault(7)
def test_after_1100_and_1101_what_was_subscribed_to_is_lost(play: Play) -> None:
    _cut_off_and_restored(play, lost=1)
    play.seen("not ready from 1100 on, subscriptions told as lost, read anew, ready")


def _cut_off_and_restored(play: Play, lost: int) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    told: list[bool] = []
    patience = replace(FAST, settle_seconds=0.3)
    broker = lasting(play, patience, on_subscriptions_lost=lambda: told.append(True))
    ready(broker)
    until(lambda: standings(play)[-1:] == [(1, True)])  # it is logged after it is so
    asked, known = play.asked("reqPositions"), len(standings(play))
    play.go_to(AT)
    until(lambda: standings(play)[known:] == [(1, False), (1, True)])
    alerted(play, AlertKind.UPSTREAM_LOST)
    assert play.asked("reqPositions") > asked
    restored = notice_time(play, 1101 if lost else 1102)
    assert play.heard("reqPositions")[asked].seconds - restored >= 0.29, "it had not settled"
    until(lambda: len(told) >= lost)
    assert len(told) == lost
    decides(play, broker)


@pytest.mark.fault(8)
def test_a_hundred_times_1100_is_one_alert_and_no_decision(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play))
    play.go_to(AT)
    until(lambda: not broker.standing.is_ready)
    error = decides_nothing(play, broker)
    assert "1100" in str(error)
    asked = play.asked("reqCurrentTime")
    until(lambda: play.asked("reqCurrentTime") > asked)  # the last of them has been heard by then
    alerted(play, AlertKind.UPSTREAM_LOST)
    assert not broker.standing.is_ready
    play.seen("one alert", f"nothing decided: {error}")


@pytest.mark.fault(9)
def test_while_a_farm_is_broken_nothing_is_decided_that_needs_it(play: Play) -> None:
    broker = ready(lasting(play))
    play.turn(fall=("AAPL",), rise=("MSFT",))
    until(lambda: not broker.standing.is_ready)
    error = decides_nothing(play, broker)
    assert "farm" in str(error)
    alerted(play, AlertKind.FARM_BROKEN)
    cleared = len(play.clears)
    until(lambda: "(historical data)" in broker.standing.reason)
    both = broker.standing.reason
    play.control.inject({"do": "sequence", "steps": [{"code": 2104}]})
    until(lambda: broker.standing.reason != both)
    assert "(market data)" not in broker.standing.reason
    assert "(historical data) is broken" in broker.standing.reason
    play.control.inject({"do": "sequence", "steps": [{"code": 2106}]})
    ran = play.run(ready(broker))
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    until(lambda: len(play.clears) > cleared)
    play.seen(
        "one alert until both were well",
        f"nothing decided: {error}",
        "later Apple alone, whose bars are missing",
    )


@pytest.mark.fault(10)
def test_a_ticket_outlives_the_nightly_restart_and_is_decided_afresh(play: Play) -> None:
    close = dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC)
    patient = {"limits": limits(max_bar_age=dt.timedelta(days=1), max_notional=None)}
    broker = ready(lasting(play))
    play.go_to(close - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(close + dt.timedelta(seconds=20))
    before = play.run(broker, **patient)
    assert before.words()["AAPL"] == "EXIT DeferredTicket"
    play.go_to(dt.datetime(2026, 1, 29, 4, 45, tzinfo=dt.UTC))
    alerted(play, AlertKind.UPSTREAM_LOST, AlertKind.FARM_BROKEN, AlertKind.UNREACHABLE)
    decides_nothing(play, broker)
    play.go_to(dt.datetime(2026, 1, 29, 14, 30, 30, tzinfo=dt.UTC))
    after = play.run(ready(broker), **patient)
    assert broker.standing.epoch == 2
    assert after.words()["AAPL"] == "EXIT PreparedTicket"
    assert after.ticket("AAPL") == before.ticket("AAPL")
    play.seen(f"ticket {before.ticket('AAPL')} deferred, kept, and prepared at the open")


@pytest.mark.fault(11)
def test_a_login_that_has_run_out_calls_a_person_and_waits(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ib_insync.client")

    def attempts() -> int:
        told = [record.getMessage() for record in list(caplog.records)]
        return sum(each.startswith("Connecting to") for each in told) - 1

    broker = ready(lasting(play))
    play.go_to(dt.datetime(2026, 2, 1, 6, tzinfo=dt.UTC))
    until(lambda: play.alerts)
    until(lambda: attempts() >= 8)
    assert len(play.alerts) == 1
    assert not broker.standing.is_ready
    decides_nothing(play, broker)
    # No time of day lets anybody in, only a person.
    play.go_to(dt.datetime(2026, 2, 2, 12, 0, 30, tzinfo=dt.UTC))
    seen = attempts()
    until(lambda: attempts() >= seen + 3)
    decides_nothing(play, broker)
    assert len(play.alerts) == 1
    assert play.control.log_in()
    ready(broker)
    assert broker.standing.epoch == 2
    play.seen(f"one alert, {attempts()} attempts and no decision; ready once somebody logs in")


# --- it is another one ----------------------------------------------------------------------------


SETTINGS = """\
profile = "paper"
[accounts]
main = "{account}"
[paths]
data = "data"
[profiles.paper]
port = {port}
clock = "broker"
gateway = "paper"
account = "main"
assignments = "assigned_ma.csv"
"""


@pytest.mark.fault(12)
def test_a_live_gateway_in_place_of_paper_is_refused(play: Play) -> None:
    broker = lasting(play, expected=GatewayKind.PAPER)
    with pytest.raises(NotConnected, match="is live and the profile expects paper"):
        broker.wait_until_ready(SECONDS)
    alerted(play, AlertKind.OTHER_GATEWAY)
    decides_nothing(play, broker)
    assert play.asked("reqPositions") == 0
    play.seen(broker.standing.reason)


@pytest.mark.fault(12)
def test_a_desk_for_paper_does_not_open_before_a_live_gateway(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = written(play, tmp_path, account="U7654321")
    with pytest.raises(NotConnected, match="is live and the profile expects paper"):
        open_desk(overrides=Overrides(config=str(settings)))
    assert not list((tmp_path / "data").rglob("origin.json"))
    assert play.asked("reqPositions") == 0


def written(play: Play, folder: Path, account: str) -> Path:
    """The settings of a paper account before the gateway of a play."""
    settings = folder / "sellkit.toml"
    text = SETTINGS.format(port=play.gateway.port, account=account)
    settings.write_text(text, encoding="utf-8")
    return settings


@pytest.mark.fault(12)
def test_an_account_that_is_not_the_one_in_the_settings_is_refused(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    play.control.clear()
    settings = written(play, tmp_path, account="DU0000001")
    with pytest.raises(ConfigError, match="is not managed by this login"):
        open_desk(overrides=Overrides(config=str(settings)))
    assert not list((tmp_path / "data").rglob("origin.json"))
    assert not play.journal_path.exists()


# --- it is disturbed ------------------------------------------------------------------------------


@pytest.mark.fault(13)
def test_a_rival_session_is_not_fought(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play, replace(FAST, probe_timeout_seconds=0.3)))
    play.go_to(AT)
    until(lambda: not broker.standing.is_ready)
    decides_nothing(play, broker)
    asked = play.asked("reqCurrentTime")
    until(lambda: play.asked("reqCurrentTime") >= asked + 2)
    assert play.asked("startApi") == 1
    alerted(play, AlertKind.COMPETING_SESSION, AlertKind.UPSTREAM_LOST)
    play.seen("not ready, said once; not one further connection")


@pytest.mark.fault(13)
def test_a_rival_session_is_over_when_a_bar_can_be_had_and_not_when_the_lists_can(
    play: Play,
) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play, replace(FAST, competing_seconds=0.1)))
    play.control.set_market_data(competing=True)
    play.control.inject({"do": "error", "code": 10197})
    until(lambda: not broker.standing.is_ready)
    since = broker.standing.since
    asked = play.asked("reqHistoricalData")
    until(lambda: play.asked("reqHistoricalData") >= asked + 3)
    assert broker.standing.since == since, "it was ready meanwhile"
    lists, known = play.asked("reqAllOpenOrders"), len(standings(play))
    a_handler_fails()
    until(lambda: play.asked("reqAllOpenOrders") > lists)
    asked = play.asked("reqHistoricalData")
    until(lambda: play.asked("reqHistoricalData") > asked)
    assert (1, True) not in standings(play)[known:], "the lists prove nothing"
    error = decides_nothing(play, broker)
    assert "another session" in str(error)
    assert re.search(r"for \d+ s by now", str(error))
    play.control.set_market_data(competing=False)
    decides(play, ready(broker))
    assert play.asked("startApi") == 1
    alerted(play, AlertKind.COMPETING_SESSION, AlertKind.UNREADABLE)
    play.seen("a bar asked for again and again, ready when one came")


@pytest.mark.fault(13)
def test_a_run_whose_bars_are_refused_because_of_a_rival_session_decides_nothing(
    play: Play,
) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play))
    play.control.set_market_data(competing=True)
    ran = play.run(broker)
    assert ran.decision is None
    assert "another session" in str(ran.error)
    alerted(play, AlertKind.COMPETING_SESSION)


@pytest.mark.fault(14)
def test_after_too_many_messages_fewer_are_sent(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play))
    play.go_to(AT)
    until(lambda: broker.standing.epoch == 2)
    ready(broker)
    until(lambda: play.alerts)
    assert kinds(play)[0] is AlertKind.TOO_MANY_MESSAGES
    for _ in range(8):
        broker.server_time()
    times = [each.seconds for each in play.heard("reqCurrentTime")]
    span = times[-1] - times[-8]
    assert span > 0.9, "eight messages in less than a second, which is no slower than before"
    play.seen(f"connected anew; eight messages took {span:.1f} s")


@pytest.mark.fault(15)
def test_positions_that_are_never_told_are_not_taken_for_none(play: Play) -> None:
    _list_that_does_not_end(play)
    play.seen("not ready, an alert, no decision and no list", "ready once it was told")


@pytest.mark.fault(16)
def test_a_part_of_the_positions_is_not_taken_for_all(play: Play) -> None:
    _list_that_does_not_end(play)
    play.seen("not ready, an alert, no decision and no list", "ready once it ended")


def _list_that_does_not_end(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = lasting(play, request_timeout_seconds=0.3)
    until(lambda: play.alerts)
    assert kinds(play) == [AlertKind.NOT_SYNCED]
    decides_nothing(play, broker)
    with closing(play.connect(client_id=2, request_timeout_seconds=0.3)) as impatient:
        ran = play.run(impatient)  # it trusts its start, and reads the lists itself
    assert ran.decision is None
    assert isinstance(ran.error, RequestTimedOut)
    play.control.clear()
    decides(play, ready(broker))


@pytest.mark.fault(17)
def test_a_gateway_that_refuses_to_trade_is_not_ready(play: Play) -> None:
    """The refusal comes unasked, because sellkit asks for nothing that would be refused.

    A read-only gateway answers orders, the binding of orders, and the lists of one's own and of
    completed orders with 321. Of these sellkit sends none while it only prepares tickets: it reads
    positions, the open orders of all clients, contracts, bars, prices and the time.
    """
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play))
    decides(play, broker)
    play.go_to(AT)
    until(lambda: not broker.standing.is_ready)
    assert "Read-Only" in broker.standing.reason
    assert {each.name for each in play.gateway.requests} <= HARMLESS
    error = decides_nothing(play, broker)
    alerted(play, AlertKind.READ_ONLY)
    play.seen(f"decides while nothing is refused, and nothing once it said 321: {error}")


@pytest.mark.fault(18)
def test_after_an_unreadable_message_everything_is_read_anew(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play))
    alerted(play, AlertKind.UNREADABLE)
    assert "message_unreadable" in play.ears.events(logging.WARNING)
    assert play.asked("reqPositions") >= 2
    decides(play, broker)
    play.seen("logged, an alert; both lists read anew before it was ready")


@pytest.mark.fault(18)
def test_after_a_handler_failed_everything_is_read_anew(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play))
    until(lambda: standings(play)[-1] == (1, True))
    known, asked = len(standings(play)), play.asked("reqPositions")

    a_handler_fails()
    until(lambda: standings(play)[known:] == [(1, False), (1, True)])
    assert AlertKind.UNREADABLE in kinds(play)
    assert play.asked("reqPositions") > asked
    decides(play, broker)


@pytest.mark.fault(18)
def test_a_handler_that_fails_loses_no_alert(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))

    def fail(alert: Alert) -> None:
        raise RuntimeError(f"nobody keeps {alert.kind}")

    broker = ready(lasting(play, on_alert=fail))
    until(lambda: "alert_not_kept" in play.ears.events(logging.CRITICAL))
    decides(play, broker)


# --- sellkit itself is late -----------------------------------------------------------------------


class Hold:
    """A handler that holds the loop's thread until it is let go, at the first of these notices."""

    def __init__(self, code: int) -> None:
        self._code = code
        self._has_begun, self._may_end = threading.Event(), threading.Event()

    def __call__(self, _number: int, code: int, _text: str, _contract: object) -> None:
        if code == self._code and not self._has_begun.is_set():
            self._has_begun.set()
            assert self._may_end.wait(4 * SECONDS)

    @contextmanager
    def holding(self, play: Play, broker: IbBroker) -> Iterator[None]:
        """While the loop is held up, with everything that would tell it of that."""
        way = broker._bridge.connection._errands.way
        assert way is not None
        way.link.ib.errorEvent += self
        try:
            play.control.inject({"do": "error", "code": self._code, "text": "so and so"})
            assert self._has_begun.wait(SECONDS)
            yield
        finally:
            self._may_end.set()


NOTICED = replace(FAST, probe_timeout_seconds=2.5)
"""Patience with which a held-up loop is noticed soon; a busy machine holds it up for less."""


def questions(broker: IbBroker) -> int:
    """How many questions of other threads wait for the loop, while it is held up."""
    loop: Any = broker._bridge._loop._loop
    return sum("run_coroutine_threadsafe" in repr(each) for each in tuple(loop._ready))


@pytest.mark.fault(19)
def test_a_loop_that_is_held_up_is_noticed_and_nothing_is_recorded_as_decided(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play, NOTICED))
    with closing(SqliteJournal(play.journal_path)) as journal:
        desk = laid_out(play.folder, broker, journal, "1a7e", dry_options())
        desk.begin()
        desk.apply_default()
        desk.bring_up_to_date()
        decision = desk.decide()
        assert [str(row.position.instrument.token) for row in decision.exits] == ["NASDAQ:AAPL"]
        with Hold(2119).holding(play, broker):
            until(lambda: not broker.standing.is_ready)
            reason = broker.standing.reason
            assert re.search(r"was last seen well \d+ s ago", reason)
            desk.record(decision)
        assert {each["decision"] for each in journal.decisions("1a7e")} == {"UNDECIDED"}
        assert journal.tickets("1a7e") == ()
    decides(play, ready(broker))
    play.seen(f"undecided while the loop is held up: {reason}")


@pytest.mark.fault(19)
def test_a_run_that_begins_while_the_loop_is_held_up_decides_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = ready(lasting(play, NOTICED))
    with ThreadPoolExecutor(1) as other:
        with Hold(2119).holding(play, broker):
            until(lambda: not broker.standing.is_ready)
            waiting = questions(broker)
            run = other.submit(play.run, broker)
            until(lambda: questions(broker) > waiting)
        ran = run.result(4 * SECONDS)
    assert ran.was_ready is False
    assert ran.decision is None
    assert isinstance(ran.error, NotConnected)
    decides(play, ready(broker))


class HeldUp:
    """A clock on which a sleep ends eleven minutes late."""

    def __init__(self, play: Play) -> None:
        self._play = play

    def now(self) -> dt.datetime:
        return self._play.clock.now()

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        self._play.go_to(instant + dt.timedelta(minutes=11))


@pytest.mark.fault(19)
def test_a_turn_that_comes_ten_minutes_late_is_noticed_and_acts_on_no_stale_bar(play: Play) -> None:
    play.control.move_price("AAPL", 0.9)

    def fire(_slot: Slot, _prepare: bool) -> int:
        play.run(play.connect())
        return 0

    stage = Stage(HeldUp(play), fire, calendars=lambda: [calendar_for("NASDAQ")])
    stage.delay, stage.grace = dt.timedelta(seconds=20), dt.timedelta(minutes=15)
    stage.run(1)
    assert [each.due.at for each in stage.ended] == [TURN.replace(second=0)]
    (ran,) = play.ran
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert "ended 0:10:50 ago" in ran.reasons("AAPL")
    assert "run_late" in play.ears.events(logging.CRITICAL)
    play.seen("said as late", ran.reasons("AAPL"))
