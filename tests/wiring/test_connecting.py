"""Connecting as the settings say: at once for a person, with patience where nobody is looking."""

from __future__ import annotations

import datetime as dt
import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.adapters.clock import SystemClock
from sellkit.config import Overrides, Settings, load
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.firing import Slot
from sellkit.errors import NotConnected, OtherGateway
from sellkit.logs import configure
from sellkit.present.alerts import alert_line
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from sellkit.wiring.alerts import alert_keeper, open_alerts
from sellkit.wiring.answering import answers
from sellkit.wiring.courier import deliver
from sellkit.wiring.parts import connect
from sellkit.wiring.runs import open_clock
from tests.adapters.scripted_gateway import TIME, ScriptedGateway, answer_time, error
from tests.adapters.test_broken_gateways import WELL
from tests.adapters.waiting import PATIENCE, wait_until
from tests.build import NOW
from tests.fakes_schedule import Stage

BEFORE_THE_HOUR = dt.datetime(2026, 6, 10, 14, 59, 50, tzinfo=dt.UTC)
ALERT = Alert(AlertKind.UNREACHABLE, "nothing listens", NOW)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What `configure` sets up is taken down again."""
    own = logging.getLogger("sellkit")
    before = own.handlers[:], own.level, own.propagate
    yield
    for handler in own.handlers:
        if handler not in before[0]:
            handler.close()
    own.handlers[:], own.level, own.propagate = before


def settings(
    folder: Path, port: int, profile: str = "demo", requests: str = "", alerts: str = ""
) -> Settings:
    path = folder / "config" / "sellkit.toml"
    path.parent.mkdir(exist_ok=True)
    text = f"[requests]\n{requests}\n{alerts}\n[profiles.{profile}]\nport = {port}\n"
    path.write_text(text, "utf-8")
    return load(Overrides(config=str(path), profile=profile))


@pytest.fixture
def free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


def test_a_person_at_the_keyboard_is_told_at_once(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(NotConnected, match="nothing listens"):
        connect(settings(tmp_path, free_port))


def test_a_run_of_the_schedule_waits_as_long_as_its_patience(
    tmp_path: Path, free_port: int
) -> None:
    patient = replace(
        settings(tmp_path, free_port, requests="patience_seconds = 0.3"), is_returning=True
    )
    for _ in range(2):
        with pytest.raises(NotConnected, match="nothing listens"):
            connect(patient, is_run=True)
    (alert,) = open_alerts(patient)
    assert alert["kind"] == "no connection for a run"
    assert "nothing listens" in str(alert["text"])


def test_a_run_that_waited_in_vain_for_a_silent_gateway_is_an_alert(tmp_path: Path) -> None:
    with ScriptedGateway({}) as gateway:
        patient = replace(
            settings(tmp_path, gateway.port, requests="patience_seconds = 0.3"), is_returning=True
        )
        with pytest.raises(NotConnected):
            connect(patient, is_run=True)
    (alert,) = open_alerts(patient)
    assert alert["kind"] == "no connection for a run"


def test_a_run_of_the_schedule_is_ready_when_it_begins(tmp_path: Path) -> None:
    with ScriptedGateway(WELL) as gateway:
        patient = replace(settings(tmp_path, gateway.port), is_returning=True)
        with connect(patient, is_run=True) as broker:
            assert broker.standing.is_ready


def test_a_profile_refuses_another_kind_of_gateway(tmp_path: Path) -> None:
    with (
        ScriptedGateway(WELL, accounts=("U1",), farm="usfarm") as gateway,
        pytest.raises(OtherGateway, match="is live and the profile expects paper"),
    ):
        connect(settings(tmp_path, gateway.port, "paper"))


# --- alerts ---------------------------------------------------------------------------------------


def test_an_alert_of_a_connection_is_logged_journalled_and_over_when_it_is_ready_again(
    tmp_path: Path,
) -> None:
    with ScriptedGateway(WELL) as gateway:
        chosen = settings(tmp_path, gateway.port)
        configure(chosen.log_dir)
        with connect(chosen) as broker:
            gateway.send(error(-1, 1100, "Connectivity has been lost for U7654321"))
            wait_until(lambda: open_alerts(chosen))
            (alert,) = open_alerts(chosen)
            assert (alert["source"], alert["kind"]) == ("client 11", "upstream lost")
            assert not broker.standing.is_ready
        with connect(chosen):
            wait_until(lambda: not open_alerts(chosen))

    log = (chosen.log_dir / "sellkit.jsonl").read_text("utf-8")
    said = [each for each in map(json.loads, log.splitlines()) if each["event"] == "alert"]
    assert [each["level"] for each in said] == ["CRITICAL"]
    everything = b"".join(path.read_bytes() for path in chosen.data_dir.rglob("*.*"))
    assert b"U7654321" not in everything


def test_a_connection_ends_no_alert_of_another_one(tmp_path: Path, free_port: int) -> None:
    chosen = settings(tmp_path, free_port)
    alert_keeper(chosen, 1).keep(ALERT)
    alert_keeper(chosen, 11).end()
    assert len(open_alerts(chosen)) == 1
    alert_keeper(chosen, 1).end()
    assert open_alerts(chosen) == ()


def test_without_alerts_no_journal_is_made(tmp_path: Path, free_port: int) -> None:
    chosen = settings(tmp_path, free_port)
    alert_keeper(chosen, 1).end()
    assert open_alerts(chosen) == ()
    assert not chosen.data_dir.exists()


def test_an_open_alert_is_shown_with_its_time_and_its_source(
    tmp_path: Path, free_port: int
) -> None:
    chosen = settings(tmp_path, free_port)
    alert_keeper(chosen, 1).keep(ALERT)
    (alert,) = open_alerts(chosen)
    told = "alert since 2026-01-28 20:00:20 UTC, client 1, unreachable: nothing listens"
    assert alert_line(alert) == told


# --- the schedule ---------------------------------------------------------------------------------


def test_a_schedule_by_the_gateways_time_outlives_the_gateway(tmp_path: Path) -> None:
    announced, fired = threading.Event(), threading.Event()
    clock = VirtualClock(BEFORE_THE_HOUR, 0)

    def wait_for_the_hour(chosen: Settings) -> None:
        def fire(_slot: Slot, _prepare: bool) -> int:
            fired.set()
            return 0

        with open_clock(chosen) as told:
            Stage(told, fire, delay=dt.timedelta(0), announce=lambda _when: announced.set()).run(1)

    with ThreadPoolExecutor(1) as pool:
        with serve(default_scenario(), clock=clock) as first:
            chosen, port = settings(tmp_path, first.port), first.port
            schedule = pool.submit(wait_for_the_hour, chosen)
            assert announced.wait(PATIENCE)
        assert not fired.is_set()
        later = VirtualClock(BEFORE_THE_HOUR + dt.timedelta(seconds=20), 0)
        with serve(default_scenario(), clock=later, port=port):
            schedule.result(PATIENCE)
    assert fired.is_set()


def test_a_gateway_that_stays_away_is_told_as_critical_and_that_it_is_back_too(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_ALERT_FILE", "file:told.jsonl")
    limits = "low_disk_megabytes = 0\ndisconnected_minutes = 1e-6"
    alerts = f'[alerts]\n{limits}\n[alerts.channels]\nfile = "info"'
    chosen = settings(tmp_path, free_port, requests="patience_seconds = 0.3", alerts=f"{alerts}\n")
    patient = replace(chosen, is_returning=True)
    with pytest.raises(NotConnected):
        connect(patient, is_run=True)
    deliver(patient)
    with ScriptedGateway(WELL) as gateway:
        there = settings(tmp_path, gateway.port, alerts=alerts)
        connect(replace(there, is_returning=True), is_run=True).close()
        wait_until(lambda: not open_alerts(there))
        deliver(there)
    lines = (there.data_dir / "told.jsonl").read_text(encoding="utf-8").splitlines()
    titles = [json.loads(each)["title"].rpartition(": ")[2] for each in lines]
    assert titles == ["disconnected #2", "no connection for a run #1", "connected again #3"]


def test_a_schedule_on_a_machine_whose_clock_is_wrong_goes_by_the_gateways(tmp_path: Path) -> None:
    """This machine is months or years off the virtual day, and its profile lives by its clock."""
    with serve(default_scenario(), clock=VirtualClock(BEFORE_THE_HOUR, 0)) as gateway:
        chosen = settings(tmp_path, gateway.port, "paper")
        with open_clock(chosen) as clock:
            assert abs(clock.now() - BEFORE_THE_HOUR) < dt.timedelta(minutes=1)


def test_a_schedule_whose_gateway_is_away_begins_on_the_machines_clock(
    tmp_path: Path, free_port: int
) -> None:
    chosen = settings(tmp_path, free_port, "paper")
    with open_clock(chosen) as clock:
        assert abs(clock.now() - SystemClock().now()) < dt.timedelta(minutes=1)
    assert open_alerts(chosen) == ()


# --- what nobody is connected to know -------------------------------------------------------------


def cut_off(gateway: ScriptedGateway, fields: tuple[str, ...]) -> None:
    """It answers, and says before that it has lost Interactive Brokers."""
    gateway.send(error(-1, 1100, "Connectivity between IB and Trader Workstation has been lost."))
    answer_time(gateway, fields)


def test_the_clock_of_a_schedule_leaves_no_alert_of_its_connection(tmp_path: Path) -> None:
    with ScriptedGateway({**WELL, TIME: cut_off}) as gateway:
        chosen = settings(tmp_path, gateway.port, "paper")
        with open_clock(chosen):
            assert gateway.heard
    assert open_alerts(chosen) == ()


def test_a_loss_that_nobody_is_left_to_end_is_over_once_the_gateway_is_well(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_ALERT_FILE", "file:told.jsonl")
    limits = "low_disk_megabytes = 0\ndisconnected_minutes = 1e-6"
    alerts = f'[alerts]\n{limits}\n[alerts.channels]\nfile = "critical"\n'
    chosen = settings(tmp_path, free_port, requests="patience_seconds = 0.3", alerts=alerts)
    with pytest.raises(NotConnected):
        connect(replace(chosen, is_returning=True), is_run=True)
    with ScriptedGateway(WELL) as gateway:
        assert deliver(settings(tmp_path, gateway.port, alerts=alerts)).told == 0
    assert open_alerts(chosen) == ()


def test_a_gateway_is_well_that_takes_a_connection_and_has_interactive_brokers(
    tmp_path: Path, free_port: int
) -> None:
    with ScriptedGateway(WELL) as gateway:
        assert answers(settings(tmp_path, gateway.port))
    with ScriptedGateway({**WELL, TIME: cut_off}) as gateway:
        assert not answers(settings(tmp_path, gateway.port))
    assert not answers(settings(tmp_path, free_port))
