"""How what is known of a profile is judged, and what the command ends with."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from sellkit.core.checks import Check, Grade, critical, exit_code, warning, well
from sellkit.core.diagnosis import disk
from sellkit.core.health import SeriesAge, Vitals, judged
from sellkit.core.market_time import UTC
from sellkit.core.pacing import Usage
from sellkit.core.past_runs import JournalledRun

NOW = dt.datetime(2026, 6, 10, 15, 30, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)
RUN = JournalledRun(
    run_id="1a2b3c4d",
    started_at=NOW - HOUR / 2 - dt.timedelta(seconds=20),
    finished_at=NOW - HOUR / 2 + dt.timedelta(seconds=5),
    as_of=NOW - HOUR / 2,
    outcome="decided",
    decisions={"HOLD": 4, "EXIT": 1},
)
AAPL = SeriesAge("NASDAQ:AAPL 30 mins", NOW - HOUR / 2, 1, 3)
WELL = Vitals(
    now=NOW,
    series=(AAPL, SeriesAge("NYSE:KO 1 day", NOW - 18 * HOUR, 0, 1)),
    run=RUN,
    due=NOW - HOUR / 2,
    tickets={"DONE": 2},
    usage=Usage(sent=12, open=0, left=8.0, per_second=10.0, kept_seconds=0.0),
    budget=8,
    reconnects=2,
    errors=1,
    disk_free=50 * 10**9,
    least_megabytes=1000,
)


def of(name: str, **changes: object) -> Check:
    found = {each.name: each for each in judged(replace(WELL, **changes))}  # type: ignore[arg-type]
    return found[name]


def test_everything_is_well_and_the_command_ends_with_0() -> None:
    found = judged(WELL)
    assert {each.grade for each in found} == {Grade.WELL}
    assert exit_code(found) == 0
    assert [each.name for each in found] == [
        *("bars", "run", "decisions", "run seconds", "tickets", "budget", "connection", "alerts"),
        "disk",
    ]


def test_a_profile_in_which_nothing_was_done_yet_is_no_failure() -> None:
    found = judged(Vitals(now=NOW, budget=8, disk_free=50 * 10**9))
    assert exit_code(found) == 0
    assert {each.grade for each in found} == {Grade.WELL, Grade.NOTED}


def test_bars_are_as_old_as_the_end_of_the_newest() -> None:
    assert of("bars").figures["age_seconds"] == {
        "NASDAQ:AAPL 30 mins": 1800.0,
        "NYSE:KO 1 day": 64800.0,
    }


@pytest.mark.parametrize(
    ("series", "grade"),
    [
        (replace(AAPL, behind=3), Grade.WELL),
        (replace(AAPL, behind=4), Grade.CRITICAL),
        (replace(AAPL, ended_at=None), Grade.CRITICAL),
    ],
)
def test_bars_that_are_due_and_missing_are_critical(series: SeriesAge, grade: Grade) -> None:
    found = of("bars", series=(series,))
    assert found.grade is grade
    assert ("NASDAQ:AAPL" in found.said) is (grade is Grade.CRITICAL)


def test_what_is_assigned_and_not_held_is_told_and_changes_no_verdict() -> None:
    unheld = ("NYSE:XOM", "NYSE:IBM")
    for series, grade in (
        ((AAPL,), Grade.WELL),
        ((replace(AAPL, behind=4),), Grade.CRITICAL),
        ((), Grade.NOTED),
    ):
        found = of("bars", series=series, unheld=unheld)
        assert (found.grade, found.figures["no_position"]) == (grade, list(unheld))
        assert found.said.endswith("; no position: NYSE:XOM, NYSE:IBM")


@pytest.mark.parametrize(
    ("run", "grade", "words"),
    [
        (replace(RUN, outcome="failed: NotConnected"), Grade.CRITICAL, "failed: NotConnected"),
        (replace(RUN, finished_at=None), Grade.CRITICAL, "was killed, or hangs"),
        (replace(RUN, finished_at=None, started_at=NOW), Grade.NOTED, "under way"),
        (
            JournalledRun(run_id="1a2b3c4d", path="runs/x.ipynb", kept_at=NOW),
            Grade.CRITICAL,
            "failed before it reached the journal",
        ),
        (None, Grade.NOTED, "none yet"),
    ],
)
def test_a_run_that_did_not_come_to_its_end_is_critical(
    run: JournalledRun | None, grade: Grade, words: str
) -> None:
    found = of("run", run=run)
    assert (found.grade, words in found.said) == (grade, True)


def test_a_run_that_is_missing_is_critical_after_a_quarter_of_an_hour() -> None:
    late = replace(RUN, as_of=NOW - 2 * HOUR)
    assert of("run", run=late, due=NOW - dt.timedelta(minutes=14)).grade is Grade.WELL
    found = of("run", run=late, due=NOW - dt.timedelta(minutes=16))
    assert (found.grade, "one was due at" in found.said) == (Grade.CRITICAL, True)
    assert of("run", run=late, due=None).grade is Grade.WELL


def test_undecided_positions_end_the_command_with_4() -> None:
    undecided = replace(RUN, outcome="undecided", decisions={"HOLD": 4, "UNDECIDED": 1})
    assert (
        exit_code(judged(replace(WELL, run=undecided, alerts={"undecided": 1, "withheld exit": 2})))
        == 4
    )


def test_an_order_whose_fate_is_open_ends_the_command_with_5_whatever_else_is_wrong() -> None:
    worst = replace(WELL, tickets={"UNCERTAIN": 1}, disk_free=0, alerts={"order uncertain": 1})
    assert exit_code(judged(worst)) == 5


def test_what_failed_comes_before_what_is_undecided() -> None:
    assert exit_code([critical("a", "", "x", code=4), critical("b", "", "x")]) == 1


def test_a_warning_does_not_change_how_the_command_ends() -> None:
    assert exit_code([well("a", ""), warning("b", "", "x")]) == 0


def test_a_budget_that_is_used_up_is_a_warning() -> None:
    usage = Usage(sent=60, open=3, left=0.4, per_second=10.0, kept_seconds=0.0)
    found = of("budget", usage=usage)
    assert (found.grade, found.figures["left"]) == (Grade.WARNING, 0)


def test_a_connection_that_comes_back_too_often_is_a_warning() -> None:
    assert of("connection", reconnects=20).grade is Grade.WELL
    assert of("connection", reconnects=21).grade is Grade.WARNING


def test_an_open_alert_is_critical() -> None:
    found = of("alerts", alerts={"unreachable": 1})
    assert (found.grade, found.code) == (Grade.CRITICAL, 1)


@pytest.mark.parametrize(
    ("free", "grade"),
    [(800_000_000, Grade.WELL), (799_999_999, Grade.WARNING), (159_999_999, Grade.CRITICAL)],
)
def test_a_disk_that_fills_is_told_by_the_limit_that_is_set(free: int, grade: Grade) -> None:
    assert disk(free, 800).grade is grade
    assert ("alerts.low_disk_megabytes = 800" in disk(free, 800).said) is (grade is not Grade.WELL)


def test_without_a_limit_a_full_disk_is_nobodys_concern() -> None:
    assert disk(0, 0).grade is Grade.WELL


def test_whatever_is_wrong_has_a_remedy() -> None:
    found = judged(
        replace(
            WELL,
            series=(replace(AAPL, behind=9),),
            run=replace(RUN, outcome="failed: x"),
            tickets={"UNCERTAIN": 1},
            reconnects=99,
            alerts={"silent": 1},
            disk_free=0,
        )
    )
    wrong = [each for each in found if each.grade in (Grade.WARNING, Grade.CRITICAL)]
    assert len(wrong) == 6
    assert all(each.remedy for each in wrong)


def test_what_cannot_be_read_is_critical_and_hides_none_of_the_others() -> None:
    found = judged(replace(WELL, troubles={"journal": "it is damaged", "bars": "one is torn"}))
    names = [each.name for each in found]
    assert names == ["bars", "journal", "budget", "connection", "disk"]
    grades = {each.name: each.grade for each in found}
    assert (grades["bars"], grades["journal"]) == (Grade.CRITICAL, Grade.CRITICAL)
    assert grades["disk"] is Grade.WELL
    assert exit_code(found) == 1
    assert all(each.remedy for each in found if each.grade is Grade.CRITICAL)


def test_little_room_is_told_in_megabytes() -> None:
    assert disk(150_000_000, 100).said.startswith("150 MB")
    assert disk(2_000_000_000, 100).said.startswith("2.0 GB")
