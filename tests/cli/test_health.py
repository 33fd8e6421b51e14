"""`sellkit health` and `sellkit doctor` on a folder with a run in it, and on none."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.cli import main
from sellkit.config import Overrides
from sellkit.simgateway.clock import VirtualClock
from sellkit.wiring import open_desk
from tests.cli.command import ACCOUNT, MOMENT, Workspace, gateway, portfolio

SECRET = "a secret of the tests, long enough"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A folder in which a run decided; its gateway goes on."""
    with pytest.MonkeyPatch.context() as patch, gateway() as running:
        for name in [name for name in os.environ if name.startswith("SELLKIT_")]:
            patch.delenv(name)
        made = Workspace.make(tmp_path_factory.mktemp("health") / "place", running.port)
        patch.chdir(made.folder)
        chosen = Overrides(config=str(made.settings))
        with open_desk(overrides=chosen, run_id="1a2b3c4d") as desk:
            desk.bring_up_to_date()
            desk.submit(desk.record(desk.decide()))
        yield made


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SELLKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", str(tmp_path / "secrets"))


def told(
    capsys: pytest.CaptureFixture[str], folder: Path, *words: str
) -> tuple[int, dict[str, dict[str, object]]]:
    code = main([*words, "--json", "--config", str(folder / "config" / "sellkit.toml")])
    out = capsys.readouterr().out
    assert ACCOUNT not in out
    answer = json.loads(out)
    assert answer["exit_code"] == code
    return code, {each["name"]: each for each in answer["checks"]}


def test_the_health_of_a_folder_with_a_run_is_told_with_its_figures(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(capsys, place.folder, "health")
    assert (code, found["decisions"]["grade"]) == (4, "critical")
    assert found["decisions"]["figures"]["UNDECIDED"] >= 1  # type: ignore[index]
    assert found["run"]["figures"]["run_id"] == "1a2b3c4d"  # type: ignore[index]
    assert found["bars"]["grade"] == "well", found["bars"]
    ages = found["bars"]["figures"]["age_seconds"]  # type: ignore[index]
    assert ages["NASDAQ:AAPL 30 mins"] >= 0
    assert found["budget"]["figures"]["sent"] > 0  # type: ignore[index]


def test_the_health_of_an_empty_folder_is_no_failure_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Workspace.make(tmp_path / "place", 4012)
    before = empty.files()
    code, found = told(capsys, empty.folder, "health")
    assert (code, found["run"]["grade"], found["bars"]["grade"]) == (0, "noted", "noted")
    assert empty.files() == before


def test_no_bars_are_missed_of_what_is_assigned_before_it_is_bought(
    place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = place.copy(tmp_path / "place")
    with other.assigned.open("a", encoding="utf-8") as assigned:
        assigned.write("NYSE:IBM,SMA,20,1H\n")
    _, found = told(capsys, other.folder, "health")
    assert found["bars"]["grade"] == "well", found["bars"]
    assert str(found["bars"]["said"]).endswith("; no position: NYSE:IBM")
    assert found["bars"]["figures"]["no_position"] == ["NYSE:IBM"]  # type: ignore[index]


def test_no_bars_are_missed_of_what_has_been_sold(
    place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, before = place.copy(tmp_path / "place"), portfolio()
    left = tuple(each for each in before.holdings if each.security.symbol != "AAPL")
    clock = VirtualClock(MOMENT + dt.timedelta(hours=3), 0)
    with gateway(replace(before, holdings=left), clock=clock) as running:
        chosen = Overrides(config=str(other.settings), port=running.port)
        with open_desk(overrides=chosen, run_id="2b3c4d5e") as desk:
            desk.bring_up_to_date()
            desk.submit(desk.record(desk.decide()))
    capsys.readouterr()
    _, found = told(capsys, other.folder, "health")
    assert found["run"]["figures"]["run_id"] == "2b3c4d5e"  # type: ignore[index]
    assert found["bars"]["grade"] == "well", found["bars"]
    assert "no position: NASDAQ:AAPL" in str(found["bars"]["said"])


def test_health_is_told_in_lines_with_what_to_do(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["health", "--config", str(place.settings)]) == 4
    out = capsys.readouterr().out
    assert "-> `sellkit runs show 1a2b3c4d`" in out
    assert "critical" in out.splitlines()[-1]


def test_the_doctor_asks_the_gateway_and_finds_it_well(
    place: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(capsys, place.folder, "doctor")
    grades = {name: each["grade"] for name, each in found.items()}
    assert code == 0, found
    wanted = ("python", "disk", "permissions", "calendars", "bars", "journal", "port")
    for name in (*wanted, "gateway", "account", "read-only", "clock"):
        assert grades[name] == "well", found[name]
    assert grades["probe"] == "noted"
    assert "by the rules of exchange_calendars" in str(found["calendars"]["said"])


def test_the_doctor_works_where_no_gateway_answers_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: Workspace
) -> None:
    alone = place.copy(tmp_path / "place")
    text = alone.settings.read_text(encoding="utf-8")
    lines = [each for each in text.splitlines() if not each.startswith("port")]
    alone.settings.write_text("\n".join([*lines, "port = 1"]), encoding="utf-8")
    code, found = told(capsys, alone.folder, "doctor")
    assert (code, found["gateway"]["grade"]) == (0, "warning")
    assert "none answers" in str(found["gateway"]["said"])
    assert "account" not in found


def test_the_doctor_names_a_row_of_the_journal_and_bars_that_were_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: Workspace
) -> None:
    hurt = place.copy(tmp_path / "place")
    with closing(sqlite3.connect(hurt.data / "journal.sqlite")) as journal:
        journal.execute("DROP TRIGGER decision_no_update")
        journal.execute("UPDATE decision SET decision = 'HOLD'")
        journal.commit()
    segment = next(iter(hurt.data.glob("segments/*.parquet")))
    segment.write_bytes(segment.read_bytes()[:-40])
    code, found = told(capsys, hurt.folder, "doctor", "--offline")
    assert code == 1
    assert (found["journal"]["grade"], found["bars"]["grade"]) == ("critical", "critical")
    assert "sellkit audit verify" in str(found["journal"]["remedy"])
    assert "sellkit data repair" in str(found["bars"]["remedy"])
    assert found["gateway"]["said"] == "it was not asked"


@pytest.mark.skipif(os.name == "nt", reason="rights are no mode bits there")
def test_the_doctor_names_a_secret_that_others_could_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Workspace,
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o700)
    (folder / "live_secret").write_text(SECRET, encoding="utf-8")
    (folder / "live_secret").chmod(0o644)
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", str(folder))
    code, found = told(capsys, place.folder, "doctor", "--offline")
    assert (code, found["secrets"]["grade"]) == (1, "critical")
    assert SECRET not in json.dumps(found)
    assert "chmod 600" in str(found["secrets"]["said"])


def test_a_run_of_a_past_moment_tells_nothing_of_the_schedule(
    place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = place.copy(tmp_path / "place")
    chosen = Overrides(config=str(other.settings))
    with open_desk(overrides=chosen, run_id="5e6f7a8b", as_of="2026-06-09T15:00:20Z") as desk:
        desk.submit(desk.record(desk.decide()))
    _, found = told(capsys, other.folder, "health")
    assert found["run"]["figures"]["run_id"] == "1a2b3c4d"  # type: ignore[index]


def test_a_damaged_journal_and_damaged_bars_hide_nothing_else_of_the_health(
    place: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hurt = place.copy(tmp_path / "place")
    journal = hurt.data / "journal.sqlite"
    journal.write_bytes(journal.read_bytes()[:3000])
    for segment in hurt.data.glob("segments/*.parquet"):
        segment.write_bytes(segment.read_bytes()[:-40])
    code, found = told(capsys, hurt.folder, "health")
    grades = {name: each["grade"] for name, each in found.items()}
    assert (code, grades["journal"], grades["bars"]) == (1, "critical", "critical")
    assert (grades["disk"], grades["budget"]) == ("well", "well")
    assert "cannot be used" in str(found["journal"]["said"])


def test_the_doctor_sees_that_a_gateway_is_read_only_and_prints_no_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gateway(replace(portfolio(), read_only=True)) as running:
        made = Workspace.make(tmp_path / "place", running.port)
        code, found = told(capsys, made.folder, "doctor")
    assert (code, found["read-only"]["grade"]) == (0, "noted")
    assert str(found["read-only"]["said"]).startswith("on: ")
    assert "connection_alert" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [("health",), ("doctor", "--offline")])
def test_the_room_on_the_disk_is_held_against_the_one_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    made = Workspace.make(tmp_path / "place", 4012)
    settings = made.settings.read_text(encoding="utf-8")
    for least, grade in ((0, "well"), (10**12, "critical")):
        more = f"[alerts]\nlow_disk_megabytes = {least}\n"
        made.settings.write_text(settings + more, encoding="utf-8")
        _, found = told(capsys, made.folder, *words)
        assert found["disk"]["grade"] == grade
