"""`sellkit alerts` and `sellkit watchdog`, which ask no gateway."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.heartbeat_file import HeartbeatFile
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.cli import main
from sellkit.core.alerts import ORDERS, Alert, AlertKind
from tests.build import NOW

SETTINGS = """\
profile = "demo"
[alerts]
low_disk_megabytes = 0
[alerts.channels]
file = "info"
phone = "critical"
[profiles.demo]
port = 4012
clock = "broker"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, as the current one; two channels that are files."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sellkit.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setenv("SELLKIT_ALERT_FILE", "file:told.jsonl")
    monkeypatch.setenv("SELLKIT_ALERT_PHONE", "file:phone.jsonl")
    return tmp_path / "data" / "demo"


@pytest.fixture
def raised(place: Path) -> Path:
    """With an order whose fate is open and a position that is undecided."""
    with closing(SqliteJournal(place / "journal.sqlite")) as journal:
        alerts = [
            (ORDERS, Alert(AlertKind.ORDER_UNCERTAIN, "NYSE:KO: SK1-0-1 is unclear", NOW)),
            ("NYSE:T", Alert(AlertKind.UNDECIDED, "NYSE:T: UNDECIDED: no bars", NOW)),
        ]
        journal.renew_alerts(NOW, (), alerts)
    return place


def said(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    """What a command prints, on either way; it ends with this code."""
    assert main(words) == code
    told = capsys.readouterr()
    return told.out + told.err


def without(place: Path, line: str) -> None:
    path = place.parents[1] / "config" / "sellkit.toml"
    path.write_text(path.read_text().replace(line, ""))


def test_a_test_goes_over_every_channel(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, 0, "alerts", "test")
    assert told == "file: told; see that it arrived\nphone: told; see that it arrived\n"
    assert "a test" in (place / "told.jsonl").read_text()
    assert (place / "phone.jsonl").exists()


def test_a_test_may_be_of_one_channel(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, 0, "alerts", "test", "phone").startswith("phone: told")
    assert not (place / "told.jsonl").exists()


def test_a_channel_that_takes_nothing_fails_the_test_and_not_the_others(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_ALERT_FILE", "json://me:hunter2hunter2@127.0.0.1:9")
    told = said(capsys, 1, "alerts", "test")
    assert "phone: told" in told
    assert "the channel file did not take it" in told
    assert "hunter2" not in told


def test_a_channel_without_an_address_is_bad_input(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SELLKIT_ALERT_PHONE")
    assert "SELLKIT_ALERT_PHONE" in said(capsys, 2, "alerts", "test", "phone")


def test_a_channel_that_is_none_is_bad_input(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no channel 'pigeon'; the settings have file, phone" in said(
        capsys, 2, "alerts", "test", "pigeon"
    )
    assert "for a test alone" in said(capsys, 2, "alerts", "list", "phone")


@pytest.mark.parametrize("action", ["test", "deliver"])
def test_without_a_channel_it_says_how_to_set_one(
    place: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    without(place, 'file = "info"\nphone = "critical"\n')
    assert "[alerts.channels]" in said(capsys, 2, "alerts", action)


def test_what_waits_is_delivered_once(raised: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "3 messages told, 0 failed" in said(capsys, 0, "alerts", "deliver")
    assert "0 messages told, 0 failed" in said(capsys, 0, "alerts", "deliver")
    assert (raised / "phone.jsonl").read_text().count("\n") == 1


def test_a_delivery_that_fails_says_so_and_is_seen_in_the_list(
    raised: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SELLKIT_ALERT_PHONE")
    assert "2 messages told, 1 failed" in said(capsys, 1, "alerts", "deliver")
    line = "channel phone (critical or louder): 1 not told yet; it FAILED the last time"
    assert line in said(capsys, 0, "alerts", "list")


def test_the_list_shows_what_is_open_and_with_all_what_was(
    raised: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(SqliteJournal(raised / "journal.sqlite")) as journal:
        journal.renew_alerts(NOW, [1], ())
    shown = said(capsys, 0, "alerts", "list")
    assert "NYSE:T: UNDECIDED: no bars" in shown
    assert "NYSE:KO" not in shown
    everything = said(capsys, 0, "alerts", "list", "--all")
    assert "order uncertain, over: NYSE:KO" in everything
    assert "undecided, open: NYSE:T" in everything


def test_a_list_of_nothing_says_so_and_makes_no_journal(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = said(capsys, 0, "alerts", "list")
    assert shown.startswith("no alert is open\n")
    assert not (place / "journal.sqlite").exists()


# --- the watchdog ---------------------------------------------------------------------------------


def test_a_watchdog_that_finds_all_well_ends_with_0(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said_last = {"last_due": NOW, "outcome": "decided", "next_due": NOW}
    HeartbeatFile(place).beat({"at": NOW, "is_own_time": True, **said_last})
    shown = said(capsys, 0, "watchdog", "--once")
    assert shown == (
        "all is well: the last run was that of 2026-01-28 20:00 UTC, decided; "
        "the next is due 2026-01-28 20:00 UTC\n"
    )


def test_a_watchdog_that_finds_it_late_ends_with_1_and_tells_once(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    HeartbeatFile(place).beat({"at": NOW, "is_kept": True, "is_own_time": True})
    for _ in range(2):
        assert "LATE: nothing was heard of `sellkit schedule` since" in said(
            capsys, 1, "watchdog", "--once"
        )
    assert (place / "phone.jsonl").read_text().count("\n") == 1
    assert not (place / "journal.sqlite").exists()


def test_a_watchdog_without_a_channel_says_so(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without(place, 'file = "info"\nphone = "critical"\n')
    HeartbeatFile(place).beat({"at": NOW, "is_own_time": True})
    assert "no channel in [alerts.channels]" in said(capsys, 0, "watchdog", "--once")


def test_a_list_says_that_no_channel_tells_anybody(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.parents[1] / "config" / "sellkit.toml"
    assert "no channel is set" not in said(capsys, 0, "alerts", "list")
    path.write_text(path.read_text().partition("[alerts.channels]")[0])
    assert "no channel is set in [alerts.channels]" in said(capsys, 0, "alerts", "list")
