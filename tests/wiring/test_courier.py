"""Alerts go out beside what a command does, and never hold it up or fail it."""

from __future__ import annotations

import json
import logging
import time
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.heartbeat_file import HeartbeatFile
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.config import Overrides, Settings, load
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.heartbeat import latest_due
from sellkit.errors import ConfigError, NotConnected, NotTold, RunFailed
from sellkit.wiring.alerts import alert_keeper, open_alerts, order_alerts
from sellkit.wiring.channels import channel_lines, every_alert, failing_channels, try_channel
from sellkit.wiring.courier import deliver, failures_told, open_attendance, telling
from sellkit.wiring.heartbeat import beating, heard_of, look, say_next, slot_over
from tests.adapters.post_office import http, overheard
from tests.build import NOW, new_york, utc

PASSWORD = "hunter2hunter2"
UNCLEAR = Alert(AlertKind.ORDER_UNCERTAIN, "NYSE:KO: SK1-0-1 is unclear", NOW)


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator of this machine has set plays no part."""
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setenv("SELLKIT_ALERT_FILE", "file:told.jsonl")


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings(tmp_path)


def settings(
    folder: Path, alerts: str = "", channels: str = 'file = "info"', disk: int = 0
) -> Settings:
    path = folder / "config" / "sellkit.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'[accounts]\nmain = "U1234567"\n[alerts]\nlow_disk_megabytes = {disk}\n{alerts}\n'
        f"[alerts.channels]\n{channels}\n[profiles.paper]\nport = 1\n",
        "utf-8",
    )
    return load(Overrides(config=str(path), profile="paper"))


def told(place: Settings) -> list[str]:
    path = place.data_dir / "told.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [str(json.loads(each)["title"]) for each in lines]


@pytest.fixture
def begun(chosen: Settings) -> Settings:
    """With a journal, in which an order's fate is open."""
    order_alerts(chosen).keep(UNCLEAR)
    return chosen


# --- beside a command -----------------------------------------------------------------------------


def test_what_came_up_is_told_when_a_command_ends(chosen: Settings) -> None:
    with telling(chosen):
        order_alerts(chosen).keep(UNCLEAR)
    assert told(chosen) == ["CRITICAL, sellkit paper: order uncertain #1"]


def test_no_journal_is_made_for_alerts(chosen: Settings) -> None:
    with telling(chosen):
        pass
    assert not chosen.data_dir.exists()
    assert deliver(chosen).told == 0
    assert not (chosen.data_dir / "journal.sqlite").exists()


def test_without_channels_nothing_is_written_beside_the_run(tmp_path: Path) -> None:
    place = settings(tmp_path, channels="")
    order_alerts(place).keep(UNCLEAR)
    with telling(place), closing(SqliteJournal(place.data_dir / "journal.sqlite")) as journal:
        rows = journal.evidence.rows()
    with closing(SqliteJournal(place.data_dir / "journal.sqlite")) as journal:
        assert journal.evidence.rows() == rows


def test_a_channel_that_was_the_only_one_and_comes_back_is_told_only_what_is_open(
    begun: Settings, tmp_path: Path
) -> None:
    assert deliver(begun).told == 1
    place = settings(tmp_path, channels="")
    with telling(place):
        keeper = alert_keeper(place, 1)
        keeper.keep(Alert(AlertKind.UPSTREAM_LOST, "lost", NOW))
        keeper.end()
        order_alerts(place).keep(Alert(AlertKind.ORDER_REJECTED, "KO: SK1-0-2 is rejected", NOW))
    assert deliver(settings(tmp_path)).told == 1
    assert told(begun)[1:] == ["CRITICAL, sellkit paper: order rejected #3"]


def test_a_channel_that_never_answers_holds_a_command_up_no_longer_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http() as office:
        office.open.clear()
        monkeypatch.setenv("SELLKIT_ALERT_WEB", f"json://127.0.0.1:{office.port}?rto=60&cto=60")
        place = settings(tmp_path, "deliver_seconds = 0.2", 'web = "info"')
        order_alerts(place).keep(UNCLEAR)
        began = time.monotonic()
        with telling(place):
            pass
        assert time.monotonic() - began < 20
        assert office.heard == []


def test_a_command_that_fails_fails_as_it_did_and_its_alerts_are_told(chosen: Settings) -> None:
    order_alerts(chosen).keep(UNCLEAR)
    with pytest.raises(NotConnected, match="nothing listens"), telling(chosen):
        raise NotConnected("nothing listens")
    assert len(told(chosen)) == 1


def test_a_journal_that_cannot_be_read_fails_no_command(
    chosen: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    chosen.data_dir.mkdir(parents=True)
    (chosen.data_dir / "journal.sqlite").write_bytes(b"no database" * 100)
    with caplog.at_level(logging.WARNING, "sellkit"), telling(chosen):
        pass
    assert "alerts_not_told" in caplog.messages


def test_the_secrets_of_channels_stand_in_no_file_and_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_ALERT_WEB", f"json://me:{PASSWORD}@127.0.0.1:9/{PASSWORD}")
    both = 'web = "info"\nfile = "info"'
    place = settings(tmp_path, "deliver_seconds = 120", both)
    with overheard() as lines, telling(place):
        order_alerts(place).keep(UNCLEAR)
    assert len(told(place)) == 1, "the other channel is not held up"
    (line,) = failing_channels(place)
    assert "channel web" in line
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert not [each for each in files if PASSWORD.encode() in each.read_bytes()]
    assert PASSWORD not in f"{lines} {line}"


# --- runs that fail -------------------------------------------------------------------------------


def test_a_run_that_failed_is_an_alert_until_one_comes_to_its_end(chosen: Settings) -> None:
    with pytest.raises(RunFailed), failures_told(chosen, "r1", is_scheduled=False):
        raise RunFailed("cell 3 of the account U1234567 failed")
    (alert,) = open_alerts(chosen)
    assert (alert["kind"], alert["source"]) == ("run failed", "runs")
    assert alert["text"] == "run r1 failed: cell 3 of the account main failed"
    with failures_told(chosen, "r2", is_scheduled=False):
        pass
    assert open_alerts(chosen) == ()


@pytest.mark.parametrize("is_scheduled", [True, False])
def test_that_nothing_could_be_started_is_one_where_nobody_is_looking(
    chosen: Settings, is_scheduled: bool
) -> None:
    with pytest.raises(ConfigError), failures_told(chosen, "r1", is_scheduled=is_scheduled):
        raise ConfigError("the assignments cannot be read")
    assert len(open_alerts(chosen)) == is_scheduled


def test_a_journal_that_fails_hides_no_failure_of_a_run(chosen: Settings) -> None:
    chosen.data_dir.mkdir(parents=True)
    (chosen.data_dir / "journal.sqlite").mkdir()
    with pytest.raises(RunFailed, match="cell 3"), failures_told(chosen, "r1", is_scheduled=True):
        raise RunFailed("cell 3 failed")


# --- connections, disk, login ---------------------------------------------------------------------


def test_a_connection_that_was_lost_for_long_is_told_when_it_is_back(chosen: Settings) -> None:
    keeper = alert_keeper(chosen, 1)
    keeper.keep(Alert(AlertKind.UPSTREAM_LOST, "lost", NOW))
    keeper.keep(Alert(AlertKind.DISCONNECTED, "client 1 has had no connection", NOW))
    keeper.end()
    with closing(SqliteJournal(chosen.data_dir / "journal.sqlite")) as journal:
        last = journal.outbox.all()[-1]
    assert (last["kind"], last["text"]) == (
        "connected again",
        "client 1 is connected to the gateway again",
    )
    assert open_alerts(chosen) == ()


def test_a_short_loss_is_not_told_to_be_over(chosen: Settings) -> None:
    keeper = alert_keeper(chosen, 1)
    keeper.keep(Alert(AlertKind.UPSTREAM_LOST, "lost", NOW))
    keeper.end()
    with closing(SqliteJournal(chosen.data_dir / "journal.sqlite")) as journal:
        assert len(journal.outbox.all()) == 1


def test_a_disk_without_room_is_an_alert(tmp_path: Path) -> None:
    place = settings(tmp_path, disk=1_000_000_000)
    order_alerts(place).keep(UNCLEAR)
    deliver(place)
    assert [each["kind"] for each in open_alerts(place)] == ["order uncertain", "low disk"]


def test_the_login_of_the_settings_is_the_one_that_is_due(begun: Settings) -> None:
    with closing(SqliteJournal(begun.data_dir / "journal.sqlite")) as journal:
        login = open_attendance(begun, journal).login
    assert login is not None
    assert login.latest(utc("2026-01-28 16:00")) == utc("2026-01-25 06:00")


def test_no_account_number_is_kept_in_an_alert(chosen: Settings) -> None:
    text = "the order for U1234567, not DU7654321, is unclear"
    order_alerts(chosen).keep(Alert(AlertKind.ORDER_UNCERTAIN, text, NOW))
    (alert,) = open_alerts(chosen)
    assert alert["text"] == "the order for main, not (account), is unclear"


def test_assignments_that_cannot_be_read_silence_no_alert(begun: Settings) -> None:
    begun.assignments_path.write_bytes(b"\xff\xfe")
    assert deliver(begun).told == 1


# --- channels -------------------------------------------------------------------------------------


def test_a_test_goes_out_at_once_and_leaves_no_alert(chosen: Settings) -> None:
    try_channel(chosen, "file")
    assert told(chosen) == ["sellkit paper: a test"]
    assert not (chosen.data_dir / "journal.sqlite").exists()


def test_a_test_says_why_it_did_not_go_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = settings(tmp_path, channels='web = "info"')
    with pytest.raises(ConfigError, match="SELLKIT_ALERT_WEB"):
        try_channel(place, "web")
    monkeypatch.setenv("SELLKIT_ALERT_WEB", "json://127.0.0.1:9")
    with pytest.raises(NotTold, match="channel web"):
        try_channel(place, "web")


def test_an_address_may_lie_among_the_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    secret = folder / "alert_web"
    secret.write_text("file:elsewhere.jsonl\n", encoding="utf-8")
    secret.chmod(0o600)
    place = settings(tmp_path, channels='web = "info"')
    try_channel(place, "web")
    assert (place.data_dir / "elsewhere.jsonl").exists()


def test_a_secret_that_others_may_read_silences_no_other_channel(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "alert_web").write_text("json://me:hunter2hunter2@127.0.0.1", encoding="utf-8")
    (folder / "alert_web").chmod(0o644)
    place = settings(tmp_path, channels='web = "info"\nfile = "info"')
    order_alerts(place).keep(UNCLEAR)
    deliver(place)
    assert len(told(place)) == 1
    (line,) = failing_channels(place)
    assert "the channel web has no address" in line
    assert "hunter2" not in line


def test_how_a_channel_stands_is_told(begun: Settings) -> None:
    (line,) = channel_lines(begun)
    assert line == "channel file (info or louder): 0 not told yet"
    deliver(begun)
    order_alerts(begun).keep(Alert(AlertKind.ORDER_REJECTED, "KO: SK1-0-2 was rejected", NOW))
    (line,) = channel_lines(begun)
    assert line == "channel file (info or louder): 1 not told yet"
    assert failing_channels(begun) == []
    first, second = every_alert(begun)
    assert first.startswith(f"#1 {NOW:%Y-%m-%d %H:%M:%S} UTC, order uncertain, open")
    assert "open; told over file" in first
    assert "told over" not in second


def test_a_channel_and_its_level_are_checked_when_the_settings_are_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"alerts\.channels\.phone = 'loud'"):
        settings(tmp_path, channels='phone = "loud"')
    with pytest.raises(ConfigError, match=r"alerts\.channels"):
        settings(tmp_path, channels='"my phone" = "info"')


# --- heartbeat ------------------------------------------------------------------------------------


def test_a_slot_that_is_over_is_the_heartbeats_last_and_what_follows_its_next(
    chosen: Settings,
) -> None:
    file = HeartbeatFile(chosen.data_dir)
    with beating(chosen):
        slot_over(chosen, due=utc("2026-01-28 16:00"), outcome="decided", run_id="r1")
        say_next(chosen, utc("2026-01-28 17:00"))
        beat = file.read()
    assert beat is not None
    assert (beat.last_due, beat.outcome, beat.run_id) == (
        utc("2026-01-28 16:00"),
        "decided",
        "r1",
    )
    assert beat.next_due == utc("2026-01-28 17:00")
    assert beat.is_kept
    ended = file.read()
    assert ended is not None
    assert not ended.is_kept


@pytest.mark.parametrize("outcome", ["undecided", "failed"])
def test_a_run_of_ones_own_timer_is_heard_of_for_the_last_hour(
    chosen: Settings, outcome: str
) -> None:
    if outcome == "failed":
        with pytest.raises(RunFailed), heard_of(chosen, "r1", is_wanted=True):
            raise RunFailed("cell 3 failed")
    else:
        with heard_of(chosen, "r1", is_wanted=True) as told_of:
            told_of.append(outcome)
    beat = HeartbeatFile(chosen.data_dir).read()
    assert beat is not None
    assert (beat.outcome, beat.run_id) == (outcome, "r1")
    assert beat.last_due == latest_due([new_york()], beat.at)
    assert beat.next_due is not None
    assert beat.next_due > beat.at


def test_a_run_that_was_not_even_started_or_tells_of_the_past_is_not_heard_of(
    chosen: Settings,
) -> None:
    with pytest.raises(ConfigError), heard_of(chosen, "r1", is_wanted=True):
        raise ConfigError("the assignments cannot be read")
    with heard_of(chosen, "r2", is_wanted=False) as told_of:
        told_of.append("decided")
    assert HeartbeatFile(chosen.data_dir).read() is None


def test_a_heartbeat_that_cannot_be_written_fails_no_run(
    chosen: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    chosen.data_dir.parent.mkdir(parents=True)
    chosen.data_dir.write_text("in the way", encoding="utf-8")
    with caplog.at_level(logging.CRITICAL, "sellkit"):
        slot_over(chosen, due=utc("2026-01-28 16:00"), outcome="decided")
    assert "heartbeat_not_written" in caplog.messages


def test_a_watchdog_tells_of_a_process_that_fell_silent_and_opens_no_journal(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config" / "sellkit.toml"
    place = settings(tmp_path)
    path.write_text(f'{path.read_text(encoding="utf-8")}clock = "broker"\n', encoding="utf-8")
    place = load(Overrides(config=str(path), profile="paper"))
    file = HeartbeatFile(place.data_dir)
    file.beat({"at": NOW, "is_kept": True, "is_own_time": True})
    for _ in range(2):
        assert look(place).late is not None
    assert told(place) == ["CRITICAL, sellkit paper: the schedule is late"]
    with beating(place):
        assert look(place).late is None
    assert told(place)[1:] == ["sellkit paper: the schedule is back"]
    assert not (place.data_dir / "journal.sqlite").exists()


def test_a_watchdog_whose_disk_takes_nothing_tells_all_the_same(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    monkeypatch.setenv("SELLKIT_ALERT_FILE", f"file:{elsewhere}")
    chosen.data_dir.parent.mkdir(parents=True)
    chosen.data_dir.write_text("in the way", encoding="utf-8")
    chosen.assignments_path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be written"):
        look(chosen)
    assert "the schedule is late" in elsewhere.read_text(encoding="utf-8")


def test_a_watchdog_that_cannot_tell_what_is_due_says_so_once(chosen: Settings) -> None:
    HeartbeatFile(chosen.data_dir).beat({"at": NOW})
    chosen.assignments_path.write_bytes(b"\xff\xfe")
    for _ in range(2):
        late = look(chosen).late
        assert late is not None
        assert "nobody can tell what is due" in late.text
    assert told(chosen) == ["CRITICAL, sellkit paper: the schedule is late"]
