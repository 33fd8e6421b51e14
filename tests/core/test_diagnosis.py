"""What the doctor makes of a machine."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.core import diagnosis
from sellkit.core.checks import Grade
from sellkit.core.custody import Finding
from sellkit.core.diagnosis import Place

TODAY = dt.date(2026, 6, 10)
USUAL = {"ib_insync": (0, 9, 86), "eventkit": (1, 0, 3), "ipykernel": (7, 1)}


@pytest.mark.parametrize(
    ("version", "grade"),
    [
        ((3, 10, 9), Grade.CRITICAL),
        ((3, 11, 0), Grade.WELL),
        ((3, 13, 9), Grade.WELL),
        ((3, 14, 0), Grade.CRITICAL),
    ],
)
def test_python_is_one_that_the_gateways_client_imports_on(
    version: tuple[int, ...], grade: Grade
) -> None:
    assert diagnosis.python(version).grade is grade


@pytest.mark.parametrize(
    ("others", "grade", "words"),
    [
        ({}, Grade.WELL, "none is in another's way"),
        ({"aeventkit": (2, 1)}, Grade.CRITICAL, "eventkit and aeventkit are both installed"),
        ({"ib_async": (2, 0)}, Grade.CRITICAL, "ib_insync and ib_async are both installed"),
        ({"nest_asyncio": (1, 6)}, Grade.NOTED, "queued cells hang"),
        ({"nest_asyncio": (1, 6), "nest_asyncio2": (1, 7, 2)}, Grade.NOTED, "queued cells hang"),
        ({"nest_asyncio": (1, 6), "nest_asyncio2": (1, 7, 3)}, Grade.WELL, "none is"),
        ({"nest_asyncio": (1, 6), "ipykernel": (6, 30)}, Grade.WELL, "none is"),
    ],
)
def test_packages_that_are_in_each_others_way_are_named(
    others: dict[str, tuple[int, ...]], grade: Grade, words: str
) -> None:
    (found,) = diagnosis.packages(USUAL | others)
    assert (found.grade, words in found.said) == (grade, True)
    assert bool(found.remedy) is (grade is not Grade.WELL)


def test_several_clashes_are_told_one_by_one() -> None:
    installed = USUAL | {"aeventkit": (2, 1), "ib_async": (2, 0)}
    assert len(diagnosis.packages(installed)) == 2
    assert diagnosis.packages({"eventkit": (1,)})[0].grade is Grade.CRITICAL


@pytest.mark.parametrize(
    ("days", "grade"),
    [(120, Grade.WELL), (119, Grade.WARNING), (29, Grade.CRITICAL), (-1, Grade.CRITICAL)],
)
def test_calendars_that_end_soon_are_told_in_time(days: int, grade: Grade) -> None:
    ends = {"XNYS": TODAY + dt.timedelta(days=days), "XLON": TODAY + dt.timedelta(days=999)}
    found = diagnosis.calendars(ends, TODAY)
    assert (found.grade, "(XNYS)" in found.said) == (grade, True)


@pytest.mark.parametrize(
    ("days", "grade"), [(0, Grade.WELL), (365, Grade.WELL), (366, Grade.WARNING)]
)
def test_what_is_known_of_holidays_is_as_old_as_its_package(days: int, grade: Grade) -> None:
    installed = TODAY - dt.timedelta(days=days)
    almanac = diagnosis.Almanac("4.13.2", installed)
    found = diagnosis.calendars({"XNYS": TODAY + dt.timedelta(days=365)}, TODAY, almanac)
    assert found.grade is grade
    assert f"4.13.2, installed {installed}; a holiday proclaimed since is unknown" in found.said
    assert found.figures["installed"] == installed.isoformat()
    assert ("start `sellkit schedule` again" in found.remedy) is (grade is Grade.WARNING)


def test_a_calendar_that_ends_soon_is_graver_than_an_old_package() -> None:
    almanac = diagnosis.Almanac("4.13.2", dt.date(2020, 1, 1))
    assert diagnosis.calendars({"XNYS": TODAY}, TODAY, almanac).grade is Grade.CRITICAL


def test_a_folder_that_cannot_be_written_comes_before_one_that_everybody_may_write() -> None:
    data, logs = Place("data", "/d", is_writable=True), Place("logs", "/l", is_writable=False)
    bare = Place("state", "/s", is_writable=True, is_open=True)
    assert diagnosis.permissions([data]).grade is Grade.WELL
    assert "/l" in diagnosis.permissions([data, bare, logs]).said
    found = diagnosis.permissions([data, bare])
    assert (found.grade, found.remedy) == (Grade.CRITICAL, "chmod o-w /s")


def test_secrets_that_are_refused_are_told_and_what_they_are_never_is() -> None:
    assert diagnosis.secrets([], {}).grade is Grade.NOTED
    assert diagnosis.secrets([], {"live_secret": "SELLKIT_LIVE_SECRET"}).grade is Grade.WELL
    assert diagnosis.secrets(["chmod 600 x"], {}).grade is Grade.CRITICAL


@pytest.mark.parametrize(
    ("seconds", "grade"),
    [
        (0.0, Grade.WELL),
        (3.0, Grade.WELL),  # the gateway tells whole seconds, rounded down
        (3.1, Grade.CRITICAL),
        (-2.0, Grade.WELL),
        (-2.1, Grade.CRITICAL),
        (None, Grade.NOTED),
    ],
)
def test_a_clock_that_is_off_is_told_with_how_to_set_it(
    seconds: float | None, grade: Grade
) -> None:
    skew = None if seconds is None else dt.timedelta(seconds=seconds)
    found = diagnosis.clock(skew, dt.timedelta(seconds=2))
    assert found.grade is grade
    assert ("timedatectl" in found.remedy) is (grade is Grade.CRITICAL)


def test_of_many_findings_the_first_are_told_and_the_others_counted() -> None:
    wrong = [Finding(f"row {number}", "edited") for number in range(5)]
    found = diagnosis.findings("journal", "9 rows read", wrong, "do")
    assert "5 findings: row 0: edited; row 1: edited; row 2: edited; and 2 more" in found.said
    assert diagnosis.findings("journal", "9 rows read", [], "do").grade is Grade.WELL


def test_a_clock_that_is_off_by_days_is_told_in_days() -> None:
    skew, limit = dt.timedelta(days=358, hours=3), dt.timedelta(seconds=2)
    found = diagnosis.clock(skew, limit)
    assert found.said.startswith("358 days ahead of")
    assert "timedatectl" in found.remedy


def test_a_simulated_gateway_with_its_own_time_is_no_reason_to_set_this_machines_clock() -> None:
    limit = dt.timedelta(seconds=2)
    found = diagnosis.clock(dt.timedelta(days=358), limit, is_simulated=True)
    assert found.grade is Grade.CRITICAL
    assert 'clock = "broker"' in found.remedy
    assert "timedatectl" not in found.remedy


def test_one_finding_is_told_as_one_and_the_last_session_without_naming_its_calendar_twice() -> (
    None
):
    found = diagnosis.findings("journal", "1 row read", [Finding("row 0", "edited")], "do")
    assert "1 finding: row 0" in found.said
    assert diagnosis.calendars({"XNYS": TODAY}, TODAY).said == (
        f"XNYS: sessions are known up to {TODAY}"
    )
