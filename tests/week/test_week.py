"""One day of the week in which everything is killed, and whether its own eyes see what they must.

It is a half day. `make week` plays all seven.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import sqlite3
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from sellkit.adapters.daily_file import DailyFile
from sellkit.simgateway.control import Control
from tests.week import told
from tests.week.checks import exported
from tests.week.hours import CLOCK_CHANGE, DAY, HOUR, local, session_on, sessions_between
from tests.week.ledger import Ledger
from tests.week.plan import HALF_DAY, WEEK, planned
from tests.week.processes import NeverCame
from tests.week.watched import unwatched
from tests.week.week import WANTED, Report, Week
from tests.week.world import STAYING, World

SEED = int(os.environ.get("WEEK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_half_day_in_which_everything_is_killed_leaves_every_run_and_signal_as_it_has_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    with capsys.disabled():
        print(f"\nday of seed {SEED} (WEEK_SEED={SEED} plays it again)")
    report = Week(tmp_path / "week", planned(SEED, HALF_DAY), said.append).play()
    assert not report.failures, "\n".join([*said, str(report)])
    assert report.kills >= 1
    assert report.counts["slots"] >= 4
    assert report.counts["decisions"] >= 1


# --- what is played -------------------------------------------------------------------------------


def test_the_week_holds_the_clock_change_a_weekly_login_a_half_day_and_five_whole_ones() -> None:
    plan = planned(1)
    lengths = [len(day.session.ends) for day in plan.days if day.session is not None]
    assert sorted(lengths) == [4, 7, 7, 7, 7, 7]
    assert [day.date for day in plan.days if day.login is not None] == [CLOCK_CHANGE]
    (sunday,) = [day for day in plan.days if day.date == CLOCK_CHANGE]
    assert sunday.ends - sunday.begins == dt.timedelta(hours=25)


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_of_any_seed_stays_within_its_days(seed: int) -> None:
    plan = planned(seed)
    assert plan == planned(seed)
    for day in plan.days:
        assert day.begins < day.kill.at < day.kill.back < day.ends
    since, until = plan.halt
    assert any(s.opens < since < until < s.closes for s in sessions_between(since, until))
    assert plan.silence is not None


def test_a_day_is_the_same_alone_as_in_the_week() -> None:
    (alone,) = planned(7, HALF_DAY).days
    assert alone in planned(7, WEEK).days


def test_hours_on_a_half_day_and_after_the_clock_change_end_on_the_clock_of_new_york() -> None:
    half = session_on(HALF_DAY[0])
    monday = session_on(CLOCK_CHANGE + dt.timedelta(days=1))
    assert half is not None
    assert monday is not None
    assert half.ends[-1] == local(half.date, dt.time(13)) == half.closes
    assert monday.ends[0] == dt.datetime(2025, 11, 3, 15, tzinfo=dt.UTC)
    assert session_on(dt.date(2025, 11, 27)) is None


# --- what is seen ---------------------------------------------------------------------------------


END = dt.datetime(2025, 11, 28, 15, tzinfo=dt.UTC)


class Steered:
    """Stands for the control channel of a gateway whose reset, at `END`, `cut_off` live through."""

    def __init__(self, cut_off: set[int]) -> None:
        self._cut_off = cut_off
        self._messages = [self._start(each) for each in STAYING]

    def set_speed(self, _: float) -> None: ...

    def set_clock(self, now: dt.datetime) -> None:
        if now >= END:
            self._messages += [{"name": "reqIds", "fields": ["8", "1", "1"]}]
            self._messages += [self._start(each) for each in self._cut_off]

    def clock(self) -> dict[str, str]:
        return {"now": (END - DAY).isoformat()}

    def state(self) -> dict[str, int]:
        return {"received": len(self._messages)}

    def record(self, last: int) -> list[dict[str, object]]:
        return self._messages[-last:]

    def sessions(self) -> list[dict[str, int]]:
        return [{"clientId": each} for each in STAYING]

    def _start(self, client_id: int) -> dict[str, object]:
        return {"name": "startApi", "fields": ["71", "2", str(client_id), ""]}


@pytest.mark.parametrize("cut_off", [set(), {12}, {13}, {12, 13}])
def test_a_reset_that_did_not_come_or_cut_one_client_off_alone_is_seen(
    cut_off: set[int], tmp_path: Path
) -> None:
    world = World(tmp_path, planned(1), END - DAY)
    world.control = cast("Control", Steered(cut_off))
    with nullcontext() if cut_off == STAYING else pytest.raises(NeverCame, match="cut off"):
        world.outlive_reset(END, 0.1)


def test_a_session_of_which_the_watch_showed_nothing_is_seen() -> None:
    ends = [END, END + HOUR]
    assert unwatched(ends, []) == {END.date()}
    assert unwatched(ends, [END - DAY, END + HOUR * 12]) == {END.date()}
    assert not unwatched(ends, [END + HOUR])
    assert not unwatched(ends[:1], [])


@pytest.mark.parametrize("name", WANTED)
def test_sessions_in_which_nothing_was_sold_told_or_watched_are_seen(name: str) -> None:
    counts = dict.fromkeys(WANTED, 3)
    assert not Report(planned(1), resets=3, counts=counts).lacking()
    some = {**counts, name: 0}
    assert Report(planned(1), resets=some["resets"], counts=some).lacking() == [
        f"there were no {name}"
    ]
    assert not Report(planned(1, HALF_DAY), counts=some).lacking()


def test_what_was_exported_before_midnight_is_read_too(tmp_path: Path) -> None:
    eve = dt.datetime(2026, 6, 10, 23, 59, tzinfo=dt.UTC)
    assert not list(exported(tmp_path))
    for n in range(3):
        file = DailyFile(tmp_path / "logs" / "signals.jsonl", now=partial(eve.__add__, n * DAY))
        file.append(b'{"run_id": "%d"}\n' % n)
    assert [each["run_id"] for each in exported(tmp_path)] == ["0", "1", "2"]


SIGNAL = "NYSE:KO: EXIT, the bar that ended at 2025-11-28 15:00 UTC closed at 70 below ..."


def noted(folder: Path, *alerts: tuple[str, str], passed_over: int | None = None) -> Ledger:
    """A journal with alerts of a kind and a text, one of which was perhaps found a repeat."""
    path = folder / "journal.sqlite"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE alert (id INTEGER PRIMARY KEY, source, kind, text)")
        file.execute("CREATE TABLE alert_end (id INTEGER PRIMARY KEY)")
        file.execute("CREATE TABLE delivery (alert INTEGER, what)")
        file.execute("INSERT INTO delivery VALUES (0, 'joined')")
        rows = [("NYSE:KO", *each) for each in alerts]
        file.executemany("INSERT INTO alert (source, kind, text) VALUES (?, ?, ?)", rows)
        if passed_over is not None:
            file.execute("INSERT INTO delivery VALUES (?, 'repeat')", (passed_over,))
    return Ledger(path)


def heard(folder: Path, *messages: tuple[str, int]) -> Path:
    """A channel's file, with the text and the alert of each message."""
    path = folder / "told.jsonl"
    lines = [
        json.dumps({"title": text, "body": text, "alerts": [number]}) for text, number in messages
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_an_alert_that_nobody_was_told_of_is_seen(tmp_path: Path) -> None:
    ledger = noted(tmp_path, ("undecided", "a"), ("undecided", "b"))
    assert told.waiting(ledger) == [1, 2]
    (found,) = told.findings(ledger, heard(tmp_path, ("a", 1)), 0)
    assert "nobody was told of alert 2" in found


def test_an_alert_that_was_told_twice_is_seen_unless_it_says_so_after_a_kill(
    tmp_path: Path,
) -> None:
    ledger = noted(tmp_path, ("undecided", "a"))
    again = f"a ({told.AGAIN})"
    assert any(told.findings(ledger, heard(tmp_path, ("a", 1), ("a", 1)), 1))
    assert not any(told.findings(ledger, heard(tmp_path, ("a", 1), (again, 1)), 1))
    assert any(told.findings(ledger, heard(tmp_path, ("a", 1), (again, 1)), 0))


def test_what_was_passed_over_as_a_repeat_may_not_be_told_too(tmp_path: Path) -> None:
    ledger = noted(tmp_path, ("undecided", "a"), ("undecided", "a"), passed_over=2)
    assert not any(told.findings(ledger, heard(tmp_path, ("a", 1)), 0))
    assert any(told.findings(ledger, heard(tmp_path, ("a", 1), ("a", 2)), 0))


def test_a_signal_that_is_missing_strange_or_told_as_two_alerts_is_seen(tmp_path: Path) -> None:
    for number, alerts in enumerate(([], [("signal", SIGNAL)], [("signal", SIGNAL)] * 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        ledger = noted(folder, *alerts)
        assert any(told.signals(ledger, {("NYSE:KO", END)})) == (number != 1)
        assert any(told.signals(ledger, set())) == (number != 0)


def test_a_slot_that_was_missed_in_silence_and_a_needless_alarm_are_seen(tmp_path: Path) -> None:
    ledger = noted(tmp_path, ("undecided", "NYSE:KO: UNDECIDED: no bars could be had"))
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as file, file:
        file.execute("CREATE TABLE slot (due, what, at)")
        assert not any(told.owed(ledger, {"NYSE:KO"}, set()))
        assert any(told.owed(ledger, set(), set()))
        file.execute(f"INSERT INTO slot VALUES ('{END.isoformat()}', 'missed', '')")
        file.commit()
        (found,) = told.owed(ledger, {"NYSE:KO"}, set())
    assert "no run of hourly_run for 2025-11-28 15:00 UTC" in found


def test_a_watchdog_that_says_nothing_or_too_much_is_seen(tmp_path: Path) -> None:
    once = heard(tmp_path, (f"CRITICAL, x: {told.LATE}", 0), (f"x: {told.BACK}", 0))
    assert not any(told.silences(once, 1))
    assert any(told.silences(once, 0))
    assert any(told.silences(once, 2))
