"""What the doctor makes of a machine."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.core import diagnosis
from sellkit.core.checks import Level
from sellkit.core.custody import Finding
from sellkit.core.diagnosis import Place

TODAY = dt.date(2026, 6, 10)
USUAL = {"ib_insync": (0, 9, 86), "eventkit": (1, 0, 3), "ipykernel": (7, 1)}


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 10, 9), Level.CRITICAL),
        ((3, 11, 0), Level.WELL),
        ((3, 13, 9), Level.WELL),
        ((3, 14, 0), Level.CRITICAL),
    ],
)
def test_python_is_one_that_the_gateways_client_imports_on(
    version: tuple[int, ...], level: Level
) -> None:
    assert diagnosis.python(version).level is level


@pytest.mark.parametrize(
    ("others", "level", "words"),
    [
        ({}, Level.WELL, "none is in another's way"),
        ({"aeventkit": (2, 1)}, Level.CRITICAL, "eventkit and aeventkit are both installed"),
        ({"ib_async": (2, 0)}, Level.CRITICAL, "ib_insync and ib_async are both installed"),
        ({"nest_asyncio": (1, 6)}, Level.NOTED, "queued cells hang"),
        ({"nest_asyncio": (1, 6), "nest_asyncio2": (1, 7, 2)}, Level.NOTED, "queued cells hang"),
        ({"nest_asyncio": (1, 6), "nest_asyncio2": (1, 7, 3)}, Level.WELL, "none is"),
        ({"nest_asyncio": (1, 6), "ipykernel": (6, 30)}, Level.WELL, "none is"),
    ],
)
def test_packages_that_are_in_each_others_way_are_named(
    others: dict[str, tuple[int, ...]], level: Level, words: str
) -> None:
    (found,) = diagnosis.packages(USUAL | others)
    assert (found.level, words in found.said) == (level, True)
    assert bool(found.remedy) is (level is not Level.WELL)


def test_several_clashes_are_told_one_by_one() -> None:
    installed = USUAL | {"aeventkit": (2, 1), "ib_async": (2, 0)}
    assert len(diagnosis.packages(installed)) == 2
    assert diagnosis.packages({"eventkit": (1,)})[0].level is Level.CRITICAL


@pytest.mark.parametrize(
    ("days", "level"),
    [(120, Level.WELL), (119, Level.WARNING), (29, Level.CRITICAL), (-1, Level.CRITICAL)],
)
def test_calendars_that_end_soon_are_told_in_time(days: int, level: Level) -> None:
    ends = {"XNYS": TODAY + dt.timedelta(days=days), "XLON": TODAY + dt.timedelta(days=999)}
    found = diagnosis.calendars(ends, TODAY)
    assert (found.level, "(XNYS)" in found.said) == (level, True)


def test_a_folder_that_cannot_be_written_comes_before_one_that_everybody_may_write() -> None:
    data, logs = Place("data", "/d", is_writable=True), Place("logs", "/l", is_writable=False)
    bare = Place("state", "/s", is_writable=True, is_open=True)
    assert diagnosis.permissions([data]).level is Level.WELL
    assert "/l" in diagnosis.permissions([data, bare, logs]).said
    found = diagnosis.permissions([data, bare])
    assert (found.level, found.remedy) == (Level.CRITICAL, "chmod o-w /s")


def test_secrets_that_are_refused_are_told_and_what_they_are_never_is() -> None:
    assert diagnosis.secrets([], {}).level is Level.NOTED
    assert diagnosis.secrets([], {"live_secret": "SELLKIT_LIVE_SECRET"}).level is Level.WELL
    assert diagnosis.secrets(["chmod 600 x"], {}).level is Level.CRITICAL


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0.0, Level.WELL),
        (3.0, Level.WELL),  # the gateway tells whole seconds, rounded down
        (3.1, Level.CRITICAL),
        (-2.0, Level.WELL),
        (-2.1, Level.CRITICAL),
        (None, Level.NOTED),
    ],
)
def test_a_clock_that_is_off_is_told_with_how_to_set_it(
    seconds: float | None, level: Level
) -> None:
    skew = None if seconds is None else dt.timedelta(seconds=seconds)
    found = diagnosis.clock(skew, dt.timedelta(seconds=2))
    assert found.level is level
    assert ("timedatectl" in found.remedy) is (level is Level.CRITICAL)


def test_of_many_findings_the_first_are_told_and_the_others_counted() -> None:
    wrong = [Finding(f"row {number}", "edited") for number in range(5)]
    found = diagnosis.findings("journal", "9 rows read", wrong, "do")
    assert "5 findings: row 0: edited; row 1: edited; row 2: edited; and 2 more" in found.said
    assert diagnosis.findings("journal", "9 rows read", [], "do").level is Level.WELL
