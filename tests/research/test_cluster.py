"""A study on a Dask cluster: the same bits, also when a worker is killed in the middle."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from sellkit.errors import ConfigError
from sellkit.research.cluster import Cluster
from sellkit.research.series import Series
from sellkit.research.sweep import parts_of, study
from tests.research.cluster_processes import Processes, processes
from tests.research.histories import assert_same_numbers, instrument

AT_ONCE = 5_000
"""Bars in a part: five instruments or so, and a dozen parts."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Processes]:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with processes() as started:
        yield started


@pytest.fixture(scope="module")
def given() -> list[Series]:
    """Enough for many parts, with hours and days of many lengths."""
    return [instrument(seed, 900 - 7 * seed, 400, seed) for seed in range(60)]


def workers_of(cluster: Processes) -> Cluster:
    return Cluster(cluster.address, at_once=AT_ONCE)


class Killing:
    """As progress, kills a worker that has a part in hand once the first part is done."""

    def __init__(self, cluster: Processes) -> None:
        self.cluster = cluster
        self.killed: set[int] = set()
        self.parts = 0

    def start(self, label: str, total: int) -> None:
        assert total

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        self.parts += 1
        if self.parts == 1:
            parts = self.cluster.parts()
            busiest = max(parts, key=parts.__getitem__)
            assert parts[busiest], f"after {of} no worker has a part"
            self.killed.add(self.cluster.kill(busiest))

    def stop(self) -> None:
        assert self.parts > 3


def test_a_cluster_answers_every_bit_that_this_process_answers(
    cluster: Processes, given: list[Series]
) -> None:
    wanted = study(given, compiled=False)
    found = study(iter(given), compiled=False, workers=workers_of(cluster))
    assert found.names == wanted.names
    assert_same_numbers(found.figures, wanted.figures)


def test_a_worker_killed_in_the_middle_changes_no_number(
    cluster: Processes, given: list[Series]
) -> None:
    wanted = study(given, compiled=False)
    before = set(cluster.pids().values())
    killing = Killing(cluster)
    found = study(given, compiled=False, workers=workers_of(cluster), progress=killing)
    assert killing.killed <= before
    assert len(killing.killed) == 1
    assert found.is_complete
    assert found.names == wanted.names == tuple(each.name for each in given)
    assert_same_numbers(found.figures, wanted.figures)
    assert not killing.killed & set(cluster.pids().values())


def test_a_cancelled_study_leaves_the_cluster_ready_for_the_next(
    cluster: Processes, given: list[Series]
) -> None:
    workers = workers_of(cluster)
    part = len(next(parts_of(given, AT_ONCE)))
    stopped = study(given, compiled=False, workers=workers, is_cancelled=lambda: True)
    assert (len(stopped), stopped.is_complete) == (part, False)
    assert study(given[:2], compiled=False, workers=workers).is_complete


def test_a_scheduler_without_workers_says_what_starts_one() -> None:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with processes(workers=0) as alone, pytest.raises(ConfigError, match="has no workers; start"):
        study([instrument(1)], compiled=False, workers=Cluster(alone.address))


def test_an_address_where_nobody_answers_says_what_starts_a_scheduler() -> None:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    nobody = Cluster("tcp://127.0.0.1:9", timeout_seconds=0.5)
    with pytest.raises(ConfigError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:9'"):
        study([instrument(1)], compiled=False, workers=nobody)


def test_without_dask_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"needs Dask.*sellkit\[dask\]"):
        study([instrument(1)], compiled=False, workers=Cluster("tcp://127.0.0.1:9"))
