"""One schedule for a profile and an account; what is said of slots; the unit that is installed."""

from __future__ import annotations

import datetime as dt
import errno
import gc
import json
import logging
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.adapters.durable_file import writing
from sellkit.adapters.origin_stamp import OriginStamp
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.cli import INTERRUPTED, main
from sellkit.config import Overrides, Settings, load
from sellkit.config.state_folder import unit_folder
from sellkit.core.firing import Slot, SlotEnd, SlotOutcome
from sellkit.core.portfolio import Account, GatewayKind, Origin
from sellkit.core.schedule import HOURLY, Due, SlotKind
from sellkit.errors import ConfigError, DiskTrouble, NoCalendar, ScheduleRuns
from sellkit.present.runs.hours import lines, to_record
from sellkit.wiring import fresh_settings
from sellkit.wiring.alerts import open_alerts
from sellkit.wiring.courier import say_failed
from sellkit.wiring.fresh_settings import FreshSettings
from sellkit.wiring.further import cron_entries
from sellkit.wiring.instance import only_one
from sellkit.wiring.parts import keep_budget, open_ledger
from sellkit.wiring.past_runs import open_runs
from sellkit.wiring.schedule import run_schedule
from sellkit.wiring.service import plan_unit, plan_watchdog
from sellkit.wiring.slots import end_told, say_ended, say_missed
from tests.build import NOW, utc

NUMBER = "DU1234567"
SECRET = "a-secret-that-stands-nowhere"
HOUR = Due(HOURLY, SlotKind.HOUR, utc("2026-01-28 20:00"))
REPORT = Due("report", SlotKind.NOTEBOOK, utc("2026-01-28 20:00"))
ENTRY = """
[schedule.entries.report]
notebook = "50_audit.ipynb"
cron = "30 16 * * mon-fri"
zone = "America/New_York"
parameters = { profile = "paper", month = "2026-01" }
"""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    own = logging.getLogger("sellkit")
    before = own.handlers[:], own.level, own.propagate
    yield
    own.handlers[:], own.level, own.propagate = before


def write_settings(folder: Path, more: str = "", account: str = "") -> Path:
    path = folder / "config" / "sellkit.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = f'account = "{account}"\n' if account else ""
    text = f'[accounts]\nmain = "{NUMBER}"\n[profiles.paper]\nport = 4002\n{told}'
    path.write_text(text + "[profiles.other]\nport = 4003\n" + told + more, encoding="utf-8")
    return path


def settings(folder: Path, profile: str = "paper", more: str = "", account: str = "") -> Settings:
    path = write_settings(folder, more, account)
    return load(Overrides(config=str(path), profile=profile, state_dir=str(folder / "state")))


# --- one alone ------------------------------------------------------------------------------------


def test_a_profile_has_one_schedule_at_a_time(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with only_one(chosen):
        with (
            pytest.raises(ScheduleRuns, match=rf"profile paper.*process {os.getpid()} has held it"),
            only_one(chosen),
        ):
            pass
        with only_one(settings(tmp_path, "other")):
            pass
    with only_one(chosen):
        pass


def test_an_account_has_one_schedule_whichever_profile_runs_it(tmp_path: Path) -> None:
    with (
        only_one(settings(tmp_path, account="main")),
        pytest.raises(ScheduleRuns, match="the schedule on main is not held here"),
        only_one(settings(tmp_path, "other", account="main")),
    ):
        pass


def test_an_account_that_no_setting_names_is_known_by_the_stamp_of_its_first_run(
    tmp_path: Path,
) -> None:
    chosen, named = settings(tmp_path), settings(tmp_path, "other", account="main")
    with only_one(chosen) as first:
        with only_one(named):
            pass
        origin = Origin(GatewayKind.PAPER, "paper", Account("paper", NUMBER).fingerprint)
        OriginStamp(chosen.data_dir).write(origin)
        first.take()
        first.take()
        with pytest.raises(ScheduleRuns, match="the schedule on main"), only_one(named):
            pass


def test_the_lease_of_a_schedule_is_not_that_on_sending(tmp_path: Path) -> None:
    from sellkit.wiring.live import open_lease

    chosen = settings(tmp_path, account="main")
    lease = open_lease(chosen, Account("main", NUMBER))
    with only_one(chosen):
        assert lease.take()
        lease.release()


# --- what is said ---------------------------------------------------------------------------------


def ended(outcome: SlotOutcome, code: int | None, due: Due = HOUR) -> Slot:
    return Slot(1, due, 1, NOW, "", "0a1b2c3d", SlotEnd(outcome, code, "runs/x.ipynb"), NOW)


def heartbeat(chosen: Settings) -> dict[str, object]:
    found = json.loads((chosen.data_dir / "heartbeat.json").read_bytes())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("outcome", "code", "told"),
    [
        (SlotOutcome.RAN, 0, "decided"),
        (SlotOutcome.RAN, 4, "undecided"),
        (SlotOutcome.RAN, 5, "uncertain"),
        (SlotOutcome.RAN, None, "ran"),
        (SlotOutcome.FAILED, 3, "failed"),
        (SlotOutcome.OVERRAN, -9, "overran"),
    ],
)
def test_the_heartbeat_tells_the_last_slot_of_the_hour(
    tmp_path: Path, outcome: SlotOutcome, code: int | None, told: str
) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir(parents=True)
    say_ended(chosen, ended(outcome, code))
    found = heartbeat(chosen)
    assert (found["outcome"], found["run_id"]) == (told, "0a1b2c3d")


@pytest.mark.parametrize(
    ("outcome", "due", "is_alert"),
    [
        (SlotOutcome.RAN, HOUR, False),
        (SlotOutcome.FAILED, HOUR, True),
        (SlotOutcome.OVERRAN, HOUR, True),
        (SlotOutcome.LOST, HOUR, True),
        (SlotOutcome.INTERRUPTED, HOUR, True),
        (SlotOutcome.FAILED, REPORT, True),
        (SlotOutcome.RAN, REPORT, False),
    ],
)
def test_what_nobody_else_tells_of_a_run_is_an_alert(
    tmp_path: Path, outcome: SlotOutcome, due: Due, is_alert: bool
) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir(parents=True)
    say_ended(chosen, ended(outcome, None, due))
    alerts = open_alerts(chosen)
    assert len(alerts) == is_alert
    assert all("0a1b2c3d" in str(each["text"]) for each in alerts)


@pytest.mark.parametrize(
    ("code", "said"),
    [(2, "failed with exit code 2"), (-9, "was killed by signal 9"), (None, "failed")],
)
def test_of_a_run_that_could_not_tell_why_it_failed_the_schedule_tells_how(
    tmp_path: Path, code: int | None, said: str
) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir(parents=True)
    say_failed(chosen, "run ffffffff failed: another one")
    say_ended(chosen, ended(SlotOutcome.FAILED, code))
    assert said in str(open_alerts(chosen)[-1]["text"])


def test_what_a_failed_run_has_told_itself_is_not_told_again(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir(parents=True)
    say_failed(chosen, "run 0a1b2c3d failed: the gateway is gone")
    say_ended(chosen, ended(SlotOutcome.FAILED, 3))
    (alert,) = open_alerts(chosen)
    assert "the gateway is gone" in str(alert["text"])


def test_missed_slots_are_one_alert_and_stand_in_the_heartbeat(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir(parents=True)
    later = replace(HOUR, at=utc("2026-01-28 21:00"))
    say_missed(chosen, (HOUR, later))
    (alert,) = open_alerts(chosen)
    assert "no run of hourly_run for 2026-01-28 21:00 UTC and 1 before it" in str(alert["text"])
    assert heartbeat(chosen)["outcome"] == "missed"


def test_a_further_notebook_does_not_pass_for_an_hour_in_the_heartbeat(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir(parents=True)
    say_ended(chosen, ended(SlotOutcome.RAN, 0, REPORT))
    say_missed(chosen, (REPORT,))
    assert not (chosen.data_dir / "heartbeat.json").exists()


def test_an_error_that_ends_the_schedule_is_an_alert(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with pytest.raises(NoCalendar), end_told(chosen):
        raise NoCalendar("2027-11-22 lies outside the session calendar XNYS")
    (alert,) = open_alerts(chosen)
    assert "the schedule has ended" in str(alert["text"])
    assert "2027-11-22" in str(alert["text"])


def test_an_error_that_nobody_foresaw_is_one_as_well(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with pytest.raises(ZeroDivisionError), end_told(chosen):
        raise ZeroDivisionError("division by zero")
    (alert,) = open_alerts(chosen)
    assert "nothing is run any more: division by zero" in str(alert["text"])


# --- settings that change -------------------------------------------------------------------------


def test_settings_that_were_changed_are_found_and_broken_ones_are_not(tmp_path: Path) -> None:
    path, time = write_settings(tmp_path), [0.0]
    chosen = Overrides(config=str(path), profile="paper")
    fresh = FreshSettings(load(chosen), chosen, lambda: time[0])
    answers = []
    for text in (
        "[orders\n",
        None,
        ENTRY.replace("30 16", "61 16"),
        "[alerts]\nbatch_minutes = 7\n",
    ):
        if text is None:
            write_settings(tmp_path)
        else:
            write_settings(tmp_path, text)
        time[0] += 10
        answers.append(fresh())  # too soon to look again
        time[0] += 10
        answers.append(fresh())
    assert answers == [*[False] * 7, True]
    alerts = open_alerts(load(chosen))
    assert len(alerts) == 2
    assert all("the former ones hold" in str(each["text"]) for each in alerts)
    assert fresh.found is not None
    assert fresh.found.file.alerts.batch_minutes == 7


@pytest.mark.slow
def test_a_schedule_goes_on_by_settings_that_were_changed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_settings, "_LOOK_SECONDS", 0.0)
    path = write_settings(tmp_path)
    announced: list[dt.datetime] = []

    def announce(when: dt.datetime) -> None:
        announced.append(when)
        if len(announced) == 2:
            raise KeyboardInterrupt
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=3)
        entry = ENTRY.replace("30 16 * * mon-fri", f"{soon.minute} {soon.hour} * * *")
        write_settings(tmp_path, entry.replace("America/New_York", "UTC"))

    chosen = Overrides(config=str(path), profile="paper", state_dir=str(tmp_path / "state"))
    with pytest.raises(KeyboardInterrupt):
        run_schedule(chosen, is_live=False, rounds=None, announce=announce)
    assert announced[1] - dt.datetime.now(dt.UTC) < dt.timedelta(minutes=3)


# --- next and history -----------------------------------------------------------------------------


def test_what_is_due_is_told_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_settings(tmp_path, ENTRY))
    assert main(["schedule", "next", "-n", "12", "--config", path, "--profile", "paper"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert any("report" in each and "16:30 E" in each for each in lines)
    words = ["schedule", "next", "--json", "-n", "3", "--config", path, "--profile", "paper"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert [sorted(each) for each in told] == [["begins", "due", "entry", "kind"]] * 3
    assert not (tmp_path / "data").exists()


def test_the_history_tells_what_was_begun_and_what_was_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = settings(tmp_path)
    words = ["schedule", "history", "--config", str(chosen.source), "--profile", "paper"]
    assert main(words) == 0
    assert capsys.readouterr().out == "no slot was begun or missed yet\n"
    with closing(SqliteJournal(chosen.data_dir / "journal.sqlite")) as journal:
        number = journal.slots.begin(HOUR, 1, NOW, "0a1b2c3d")
        journal.slots.miss([REPORT], NOW, "too late")
        assert main(words) == 0
        assert "run 0a1b2c3d has not ended" in capsys.readouterr().out
        journal.slots.end(number, NOW, SlotEnd(SlotOutcome.RAN, 4, "runs/x.ipynb"))
    assert main(words) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("hour: run 0a1b2c3d ran, exit code 4 (positions undecided); runs/x.ipynb")
    assert second.endswith("notebook: MISSED, too late")
    assert main([*words, "--json", "-n", "1"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["what"], told["entry"], told["outcome"]) == ("missed", "report", None)


# --- further notebooks ----------------------------------------------------------------------------


def test_the_calendar_of_runs_tells_what_the_schedule_let_pass_and_why(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    overrides = Overrides(config=str(write_settings(tmp_path)), profile="paper")
    with closing(SqliteJournal(chosen.data_dir / "journal.sqlite")) as journal:
        earlier = replace(HOUR, at=utc("2026-01-28 19:00"))
        journal.slots.miss([earlier, HOUR, REPORT], NOW, "it was found too late")
    with open_runs(overrides=overrides) as past:
        found = past.hours("2026-01")
    assert [each.end for each in found.missing] == [earlier.at, HOUR.at]
    assert {each.missed for each in found.missing} == {"it was found too late"}
    said = "Wed 28 14:00, 15:00: missed by the schedule, it was found too late"
    assert lines(found)[-1] == said
    assert [each["missed"] for each in to_record(found)["hours"] if each["missed"]] == 2 * [  # type: ignore[attr-defined]
        "it was found too late"
    ]


def test_an_entry_of_the_settings_tells_its_moments(tmp_path: Path) -> None:
    found = cron_entries(settings(tmp_path, more=ENTRY))
    assert found["report"](utc("2026-01-24 12:00")) == utc("2026-01-26 21:30")
    assert cron_entries(settings(tmp_path)) == {}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('zone = "America/New_York"\n', "", "schedule.entries.report.zone"),
        ("report]", "Report one]", "schedule.entries.*Report one"),
        ('"50_audit.ipynb"', '"50_audit.py"', "schedule.entries.report.notebook"),
        ('cron = "', 'when = "', "schedule.entries.report"),
    ],
)
def test_an_entry_of_another_form_is_refused_by_name(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    if "Report" in new:
        new = '"Report one"]'
    with pytest.raises(ConfigError, match=says):
        settings(tmp_path, more=ENTRY.replace(old, new))


# --- the unit -------------------------------------------------------------------------------------


def unit_text(folder: Path, **changes: object) -> str:
    path = str(write_settings(folder, ENTRY))
    chosen = Overrides(config=path, profile="paper", **changes)  # type: ignore[arg-type]
    return plan_unit(chosen, is_live=bool(changes.pop("live", False))).text


def test_the_unit_runs_this_schedule_and_starts_it_again(tmp_path: Path) -> None:
    path = write_settings(tmp_path)
    chosen = Overrides(config=str(path), profile="paper", data_dir="elsewhere", rth=False)
    unit = plan_unit(chosen, is_live=True)
    (line,) = [each for each in unit.text.splitlines() if each.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart="))
    assert words == [
        *(sys.executable, "-m", "sellkit", "schedule", "--loop", "--live", "--profile", "paper"),
        *("--config", str(path), "--data-dir", str(Path.cwd() / "elsewhere"), "--no-rth"),
    ]
    assert "Restart=always\n" in unit.text
    assert f"WorkingDirectory={tmp_path}\n" in unit.text
    assert unit.path == unit_folder() / "sellkit-paper.service"


def test_the_unit_carries_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SELLKIT_LIVE_SECRET", "SELLKIT_ALERT_PHONE"):
        monkeypatch.setenv(name, SECRET)
    path = str(write_settings(tmp_path, account="main"))
    text = plan_unit(Overrides(config=path, profile="paper", account="main"), is_live=True).text
    assert SECRET not in text
    assert NUMBER not in text
    assert "--account main" in text


def test_a_number_for_an_account_is_refused(tmp_path: Path) -> None:
    path = str(write_settings(tmp_path))
    with pytest.raises(ConfigError, match="a unit holds no number"):
        plan_unit(Overrides(config=path, profile="paper", account=NUMBER), is_live=False)


@pytest.mark.parametrize("name", ["plain", "with a blank", 'odd %h $HOME "x" \\'])
def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path, name: str) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is absent: nobody has looked at the units")
    chosen = Overrides(config=str(write_settings(tmp_path / name)), profile="paper")
    paths = []
    for unit in (plan_unit(chosen, is_live=True), *plan_watchdog(chosen)):
        paths.append(tmp_path / unit.name)
        paths[-1].write_text(unit.text, encoding="utf-8")
    done = subprocess.run(
        [verify, "verify", "--user", *paths],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd is Linux's")
def test_it_is_shown_first_and_written_when_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    path = tmp_path / "own" / "systemd" / "user" / "sellkit-paper.service"
    words = ["schedule", "install", "--config", str(write_settings(tmp_path)), "--profile", "paper"]
    assert main([*words, "--print"]) == 0
    shown = capsys.readouterr().out
    assert not path.exists()
    assert main(words) == 2  # nobody is there to ask
    assert not path.exists()
    capsys.readouterr()
    assert main([*words, "--yes"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(shown)
    assert path.read_text(encoding="utf-8") == shown
    assert stat.S_IMODE(path.stat().st_mode) & 0o022 == 0
    assert "systemctl --user enable --now sellkit-paper.service" in out


def test_the_watchdogs_timer_has_it_look_at_the_same_schedule(tmp_path: Path) -> None:
    path = write_settings(tmp_path, account="main")
    service, timer = plan_watchdog(Overrides(config=str(path), profile="paper", data_dir="there"))
    (line,) = [each for each in service.text.splitlines() if each.startswith("ExecStart=")]
    assert shlex.split(line.removeprefix("ExecStart=")) == [
        *(sys.executable, "-m", "sellkit", "watchdog", "--once", "--profile", "paper"),
        *("--config", str(path), "--data-dir", str(Path.cwd() / "there")),
    ]
    assert "SuccessExitStatus=1\n" in service.text
    assert "OnCalendar=*:0/5\n" in timer.text
    names = ("sellkit-watchdog-paper.service", "sellkit-watchdog-paper.timer")
    assert (service.path, timer.path) == tuple(unit_folder() / each for each in names)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd is Linux's")
def test_the_watchdogs_units_are_shown_and_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    words = ["watchdog", "install", "--config", str(write_settings(tmp_path)), "--profile", "paper"]
    assert main([*words, "--print"]) == 0
    shown = capsys.readouterr().out
    assert not (tmp_path / "own").exists()
    assert main([*words, "--yes"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(shown)
    assert "systemctl --user enable --now sellkit-watchdog-paper.timer" in out
    folder = tmp_path / "own" / "systemd" / "user"
    texts = [each.read_text(encoding="utf-8") for each in sorted(folder.iterdir())]
    assert "\n".join(texts) == shown


def test_a_path_that_no_unit_can_hold_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines"
    with pytest.raises(ConfigError, match="a systemd unit cannot hold"):
        plan_unit(Overrides(config=str(write_settings(folder)), profile="paper"), is_live=True)


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 1), (errno.EIO, 1), (errno.EACCES, 2)])
def test_a_full_disk_does_not_end_the_service_for_good(
    tmp_path: Path, number: int, code: int
) -> None:
    """The unit starts what ends with 1 again, and leaves what ends with 2 to a person."""
    assert "RestartPreventExitStatus=2\n" in unit_text(tmp_path)
    with pytest.raises(ConfigError) as refused, writing(tmp_path, "allow it"):
        raise OSError(number, os.strerror(number))
    assert refused.value.exit_code == code


def test_a_service_beside_a_schedule_begun_by_hand_is_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = settings(tmp_path)
    words = ["schedule", "--loop", "--config", str(chosen.source), "--profile", "paper"]
    with only_one(chosen):
        code = main(words)
    assert "one schedule is enough; end the other one, or leave it to it" in capsys.readouterr().err
    assert f"RestartPreventExitStatus={code}\n" not in unit_text(tmp_path)


def test_a_service_that_is_stopped_is_not_told_to_have_failed(tmp_path: Path) -> None:
    assert f"SuccessExitStatus={INTERRUPTED}\n" in unit_text(tmp_path)


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_a_budget_that_cannot_be_kept_for_a_full_disk_holds_up_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import resource

    settings = load(Overrides(data_dir=str(tmp_path)))
    _, ledger = open_ledger(settings)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with closing(ledger), pytest.raises(DiskTrouble) as told:
            ledger.reserve(1.0)
        keep_budget(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told.value.exit_code == 1
    assert [each.message for each in caplog.records] == ["budget_not_freed", "budget_not_kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not list open files")
def test_the_budget_is_kept_for_each_run_and_no_file_stays_open(tmp_path: Path) -> None:
    settings = load(Overrides(data_dir=str(tmp_path)))
    gc.disable()  # a connection of SQLite that nobody closed lasts until it is collected
    try:
        keep_budget(settings)
        before = open_files()
        keep_budget(settings)
        assert open_files() == before
    finally:
        gc.enable()
    _, ledger = open_ledger(settings)
    with closing(ledger):
        assert ledger.usage().kept_seconds > 0
