"""Whether the week's eyes see what is not flat, and what has ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.week.plan import WEEK, planned
from tests.week.processes import Running
from tests.week.vitals import FEWEST, Sample, Vitals, Weight
from tests.week.world import World


def sleeping(folder: Path) -> Running:
    """A process that does not end by itself."""
    words = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    process = subprocess.Popen(words, start_new_session=True)
    return Running("watch", process, folder / "said.txt")


def level(life: int, runs: int, megabytes: float, files: int = 11) -> list[Sample]:
    """What each process was seen to hold after so many runs."""
    names = ("schedule", "watch", "watchdog")
    return [Sample(each, life, runs, megabytes + n % 2, files) for each in names for n in range(6)]


def test_memory_and_files_that_grow_with_each_run_are_seen_within_a_day() -> None:
    kept = {WEEK[0]: Weight(3, 3.0, 0.3, 3.1)}
    flat = Vitals([*level(1, 0, 150), *level(1, 1, 151), *level(2, 1, 152), *level(2, 3, 152)])
    growing = Vitals([*level(1, 0, 150), *level(1, 2, 156)], kept=kept)
    opening = Vitals([*level(1, 1, 150), *level(1, 3, 150, 17)], kept=kept)
    flat.kept = kept
    assert not flat.findings()
    assert any("megabytes grew from 150.5 to 156.5" in each for each in growing.findings())
    assert any("files grew from 11.0 to 17.0" in each for each in opening.findings())


def test_memory_that_was_not_looked_at_before_and_after_a_run_is_seen() -> None:
    vitals = Vitals(level(1, 0, 150), kept={WEEK[0]: Weight(3, 3.0, 0.3, 3.1)})
    assert len(vitals.findings()) == 3
    assert not Vitals(level(1, 0, 150)).findings()  # a day without a session


def test_a_disk_that_fills_is_seen_within_a_day_and_over_days() -> None:
    flat = [Weight(n, 1.0 + 0.7 * n, 0.3 + 0.015 * n, 2.0 + n) for n in range(1, 5)]
    filling = [Weight(n, 1.0 + 3.0 * n, 0.3 + 0.015 * n, 2.0 + n) for n in range(1, 5)]
    doubled = [Weight(n, 1.0 + 0.7 * n, 0.3 + 0.18 * n, 2.0 + n) for n in range(1, 5)]
    assert not Vitals(weights=flat).findings()
    assert any("more on the disk (own)" in each for each in Vitals(weights=filling).findings())
    assert any("more on the disk (plain)" in each for each in Vitals(weights=doubled).findings())


def test_a_disk_that_fills_from_day_to_day_is_seen() -> None:
    kept = {WEEK[n]: Weight(7 * n, 30.0 * n, 0.1 * n, 40.0 * n) for n in range(1, 4)}
    found = [each for each in Vitals(kept=kept).findings() if "30.00 MB more" in each]
    assert len(found) == 2


def test_what_is_evidence_or_a_databases_is_weighed_apart(tmp_path: Path) -> None:
    for name in ("runs/a.ipynb", "journal.sqlite-wal", "logs/sellkit.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(2**20))
    assert Weight.of(tmp_path, 7) == Weight(7, 2.0, 1.0, 3.0)


def test_a_process_is_looked_at_after_each_run_until_it_is_killed(tmp_path: Path) -> None:
    world = World(tmp_path, planned(1), planned(1).begins, others=[sleeping(tmp_path)])
    vitals = Vitals()
    vitals.sample(world)
    world.is_up = True
    vitals.sample(world)
    vitals.weigh(WEEK[0], world, 1)
    assert world.kill() == 1
    vitals.sample(world)
    assert [each.runs for each in vitals.samples] == [0, *[1] * FEWEST]
    assert vitals.samples[0].files > 0
    assert vitals.samples[0].megabytes > 0


def test_a_process_that_ends_by_itself_is_seen_and_one_that_is_killed_is_not(
    tmp_path: Path,
) -> None:
    ended = Running.begin("watch", ("no-such-command",), tmp_path, 1, {})
    ended.process.wait(60)
    world = World(tmp_path, planned(1), planned(1).begins, others=[sleeping(tmp_path), ended])
    (found,) = world.ended()
    assert "watch ended by itself with 2" in found
    assert "no-such-command" in found
    world.kill()
    assert not world.ended()
