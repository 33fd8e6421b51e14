"""Runs as processes: found again while they live, asked to end, ended, and their notebooks kept."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sellkit.adapters.run_folder import ProfileRuns
from sellkit.adapters.run_processes import OwnProcess, RunProcesses
from sellkit.core.firing import Slot
from sellkit.core.schedule import HOURLY, Due, SlotKind
from tests.build import NOW

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals, no locks handed on")

SLOT = Slot(1, Due(HOURLY, SlotKind.HOUR, NOW), 1, NOW, "", "0a1b2c3d")
SECONDS = 30


def runs(folder: Path, script: str) -> RunProcesses:
    def words(slot: Slot, prepare: bool) -> list[str]:
        return ["/bin/sh", "-c", f"cd {folder}; {script}", "run", str(slot.run_id), str(prepare)]

    return RunProcesses(folder / "schedule", words, {**os.environ, "SAID": "by the schedule"})


def until(is_so: Callable[[], bool]) -> None:
    end, pause = time.monotonic() + SECONDS, threading.Event()
    while not is_so():
        assert time.monotonic() < end
        pause.wait(0.02)


def ended(run: OwnProcess) -> int | None:
    assert run.wait(SECONDS)
    return run.exit_code


def test_a_run_is_told_what_it_is_for_and_has_its_variables(tmp_path: Path) -> None:
    run = runs(tmp_path, 'echo "$1 $2 $SAID" > told; exit 4').start(SLOT, prepare=True)
    assert ended(run) == 4
    assert (tmp_path / "told").read_text("utf-8") == "0a1b2c3d True by the schedule\n"


def test_a_run_that_lives_is_found_by_another_schedule_and_one_that_is_over_is_not(
    tmp_path: Path,
) -> None:
    mine, other = runs(tmp_path, "read line < pipe"), runs(tmp_path, "")
    os.mkfifo(tmp_path / "pipe")
    run = mine.start(SLOT, prepare=False)
    found = other.find("0a1b2c3d")
    assert found is not None
    assert (found.is_over(), found.wait(0.01), found.exit_code) == (False, False, None)
    (tmp_path / "pipe").write_text("end\n")
    assert ended(run) == 0
    assert found.wait(SECONDS)
    assert other.find("0a1b2c3d") is None
    other.clear("0a1b2c3d")
    other.clear("0a1b2c3d")
    assert list((tmp_path / "schedule").iterdir()) == []


def test_a_run_that_never_was_is_not_found(tmp_path: Path) -> None:
    assert runs(tmp_path, "").find("ffffffff") is None


@pytest.mark.parametrize("is_own", [True, False])
def test_a_run_that_is_asked_to_end_may_do_so_in_order(tmp_path: Path, is_own: bool) -> None:
    script = "trap 'echo in order > told; exit 130' TERM; : > ready; while :; do sleep 0.02; done"
    mine = runs(tmp_path, script)
    run = mine.start(SLOT, prepare=False)
    until((tmp_path / "ready").exists)
    asked = run if is_own else mine.find("0a1b2c3d")
    assert asked is not None
    asked.stop()
    assert ended(run) == 130
    assert (tmp_path / "told").read_text("utf-8") == "in order\n"
    asked.stop()


@pytest.mark.parametrize("is_own", [True, False])
def test_a_run_that_does_not_is_ended_with_what_it_started(tmp_path: Path, is_own: bool) -> None:
    """As a kernel does, its child has a session of its own."""
    script = f"trap '' TERM; {sys.executable} -c 'import os, time; os.setsid(); " + (
        'open("child", "w").write(str(os.getpid())); time.sleep(60)\' & wait; wait'
    )
    mine = runs(tmp_path, script)
    run = mine.start(SLOT, prepare=False)
    until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "")
    child = Path("/proc") / (tmp_path / "child").read_text()
    asked = run if is_own else mine.find("0a1b2c3d")
    assert asked is not None
    asked.stop()
    assert not run.wait(0.2)
    asked.kill()
    assert ended(run) == -9
    if child.parent.is_dir():
        until(lambda: not child.exists() or " Z " in (child / "stat").read_text())


# --- what they leave ------------------------------------------------------------------------------


def cell(**more: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "cell_type": "code",
        "source": "x",
        "outputs": [],
        "execution_count": 1,
        "metadata": {"papermill": {"start_time": "2026-01-28T20:00:20"}},
    }
    return {**plain, **more}


def left(folder: Path, cells: list[dict[str, object]] | None, sub: str = "runs") -> Path:
    """What a run that was killed leaves beside the name that its notebook would have had."""
    path = folder / sub / "2026-01-28" / ".200020Z_0a1b2c3d.ipynb.ab12ab12ab12.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("" if cells is None else json.dumps({"cells": cells}), encoding="utf-8")
    return path


@pytest.mark.parametrize("sub", ["runs", "notebooks"])
def test_what_a_killed_run_left_gets_its_name_with_the_reason_in_place(
    tmp_path: Path, sub: str
) -> None:
    unstarted = cell(metadata={"papermill": {}}, execution_count=None)
    path, folder = left(tmp_path, [cell(), cell(), unstarted], sub), ProfileRuns(tmp_path)
    assert (folder.has_trace("0a1b2c3d"), folder.is_complete("0a1b2c3d")) == (True, False)
    assert folder.failure("0a1b2c3d") is None
    kept = folder.keep("0a1b2c3d", "it took too long")
    assert kept == f"{sub}/2026-01-28/200020Z_0a1b2c3d.ipynb"
    assert (tmp_path / kept).stat().st_mode & 0o777 == 0o444
    assert not path.exists()
    found = json.loads((tmp_path / kept).read_text("utf-8"))["cells"]
    assert [len(each["outputs"]) for each in found] == [0, 1, 0]
    assert found[1]["outputs"][0]["evalue"] == "it took too long"
    assert folder.failure("0a1b2c3d") == "cell 2: RunFailed: it took too long"
    assert folder.keep("0a1b2c3d", "another reason") == kept


def test_an_error_that_a_cell_shows_already_stays_alone(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
    left(tmp_path, [cell(outputs=[error])])
    kept = ProfileRuns(tmp_path).keep("0a1b2c3d", "it took too long")
    assert kept is not None
    (found,) = json.loads((tmp_path / kept).read_text("utf-8"))["cells"]
    assert found["outputs"] == [error]


def test_a_run_that_was_killed_before_it_wrote_anything_leaves_no_notebook(tmp_path: Path) -> None:
    path, folder = left(tmp_path, None), ProfileRuns(tmp_path)
    assert folder.has_trace("0a1b2c3d")
    assert folder.keep("0a1b2c3d", "it was killed") is None
    assert not path.exists()


def test_what_cannot_be_read_is_kept_as_it_is(tmp_path: Path) -> None:
    left(tmp_path, []).write_bytes(b'{"cells": [{"cell_ty')
    folder = ProfileRuns(tmp_path)
    kept = folder.keep("0a1b2c3d", "it was killed")
    assert kept is not None
    assert (tmp_path / kept).read_bytes() == b'{"cells": [{"cell_ty'


def test_the_notebook_of_another_run_is_no_trace(tmp_path: Path) -> None:
    left(tmp_path, [cell()])
    folder = ProfileRuns(tmp_path)
    assert not folder.has_trace("ffffffff")
    assert folder.keep("ffffffff", "") is None
