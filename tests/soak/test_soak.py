"""The soak in short, and whether its own eyes see what they are there for.

Twenty virtual minutes over the turn of an hour; `make soak` plays 24 hours.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from pathlib import Path

import pandas as pd
import pytest

from sellkit.core.bars import INSTANT
from tests.fakes import SilentProgress
from tests.soak import audit, vitals
from tests.soak.host import Host
from tests.soak.local import LOCAL
from tests.soak.places import START
from tests.soak.soak import Soak
from tests.soak.troubles import WEIGHTS, Scene

SEED = int(os.environ.get("SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
MINUTES = 20


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_fault_in_each_of_twenty_minutes_leaves_every_bar_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nsoak seed {SEED} (SOAK_SEED={SEED} plays it again)")
    soak = Soak(tmp_path, SEED, MINUTES)
    report = soak.play(SilentProgress())
    assert not report.failures, str(report)
    assert report.minutes == MINUTES
    assert report.is_whole
    assert report.bars > 100


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_fault_of_the_list_can_be_begun_and_ended(tmp_path: Path) -> None:
    host = Host(START, tmp_path / "gateway")
    try:
        for seed, trouble in enumerate([*WEIGHTS, *LOCAL]):
            (tmp_path / str(seed)).mkdir()
            scene = Scene(host, tmp_path / str(seed), START, random.Random(seed))
            end = trouble(scene)
            if end is not None:
                end()
            host.control.clear()
    finally:
        host.close()


def sample(minute: int, megabytes: float, files: int = 20) -> vitals.Sample:
    return vitals.Sample(minute, megabytes, 0.0, 100_000, files, 8, 2)


def test_memory_that_grows_by_two_megabytes_an_hour_is_not_flat() -> None:
    steady = [sample(60 * hour, 170 + hour % 3) for hour in range(1, 25)]
    assert vitals.findings(steady) == []
    growing = [sample(60 * hour, 170 + 2 * hour) for hour in range(1, 25)]
    assert any("2.00 MB an hour" in each for each in vitals.findings(growing))


def test_files_that_are_left_open_are_not_flat() -> None:
    leaking = [sample(60 * hour, 170, 20 + hour) for hour in range(1, 25)]
    assert any("files grew" in each for each in vitals.findings(leaking))


def frame(*closes: float) -> pd.DataFrame:
    starts = [START + dt.timedelta(minutes=30 * place) for place in range(len(closes))]
    index = pd.DatetimeIndex(starts, dtype=INSTANT, name="start")
    return pd.DataFrame({name: list(closes) for name in audit.NUMBERS}, index=index)


def test_a_bar_that_is_missing_strange_or_different_is_seen() -> None:
    truth = frame(1.0, 2.0, 3.0)
    due = [each.to_pydatetime() for each in pd.DatetimeIndex(truth.index)]
    assert audit.differences(truth, truth, due) == []
    (lacking,) = audit.differences(truth.iloc[:2], truth, due)
    assert "lacks 1 bars" in lacking
    (strange,) = audit.differences(truth, truth.iloc[:2], due)
    assert "the market has not" in strange
    (differing,) = audit.differences(frame(1.0, 2.5, 3.0), truth, due)
    assert "differ" in differing
