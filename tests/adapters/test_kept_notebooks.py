"""Executed notebooks are read as files and in archives, and packed without a loss."""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.executed_cells import told_by
from sellkit.adapters.kept_notebooks import KeptNotebooks, digest, files, has_any, month_of
from sellkit.adapters.month_archive import MonthArchives
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.month import Month
from sellkit.errors import DataError
from tests.adapters.month_kills import STEPS, killed
from tests.past import cell, error, notebook

JUNE, JULY = Month(2026, 6), Month(2026, 7)
FIRST, SECOND, LATER = (
    "runs/2026-06-10/150020Z_aaaa0001.ipynb",
    "runs/2026-06-11/150020Z_aaaa0002.ipynb",
    "runs/2026-07-01/150020Z_aaaa0003.ipynb",
)
ARCHIVE = "runs/2026-06.zip"


PAST_THE_END = {("replace", 2), ("replace", 3)}
"""There are fewer such steps."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two notebooks of June, one of July."""
    for number, path in enumerate((FIRST, SECOND, LATER)):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(notebook(cell(f"{number}")))
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    with KeptNotebooks(folder) as kept:
        found, problems = kept.hashes()
    assert problems == ()
    return found


def pack(folder: Path, month: Month = JUNE) -> list[str]:
    told: list[str] = []
    assert MonthArchives(folder).pack(month, told.append) == f"runs/{month}.zip"
    return told


def archived(folder: Path) -> None:
    pack(folder)
    assert MonthArchives(folder).clear(JUNE) == 2


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_notebook_is_the_same_as_a_file_and_in_an_archive(
    folder: Path, is_archived: bool
) -> None:
    before = contents(folder)
    if is_archived:
        archived(folder)
    assert contents(folder) == before
    with KeptNotebooks(folder) as kept:
        found = kept.look(FIRST)
        assert kept.look("runs/2026-06-10/none.ipynb") is None
        assert kept.look("elsewhere.ipynb") is None
        assert kept.read(FIRST) == notebook(cell("0"))
    assert found is not None
    assert (found.sha256, found.cells, found.failure) == (before[FIRST], 1, None)
    assert found.archive == (ARCHIVE if is_archived else None)


def test_packing_removes_nothing_and_clearing_removes_what_is_packed(folder: Path) -> None:
    assert pack(folder) == [FIRST, SECOND]
    assert set(files(folder)) == {FIRST, SECOND, LATER}
    assert MonthArchives(folder).clear(JUNE) == 2
    assert set(files(folder)) == {LATER}
    assert not (folder / "runs" / "2026-06-10").exists()
    assert MonthArchives(folder).waiting(Month(2026, 8)) == {JULY: 1}


def test_a_file_that_changed_since_it_was_packed_stays(folder: Path) -> None:
    pack(folder)
    (folder / FIRST).write_bytes(b"{}")
    assert MonthArchives(folder).clear(JUNE) == 1
    assert set(files(folder)) == {FIRST, LATER}


def test_what_comes_later_is_put_beside_what_the_archive_has(folder: Path) -> None:
    archived(folder)
    more = FIRST.replace("aaaa0001", "aaaa0009")
    (folder / more).parent.mkdir()
    (folder / more).write_bytes(notebook())
    before = contents(folder)
    assert pack(folder) == [more]
    assert MonthArchives(folder).clear(JUNE) == 1
    assert contents(folder) == before


def test_another_version_of_what_lies_in_the_archive_is_refused_and_found(folder: Path) -> None:
    archived(folder)
    (folder / FIRST).parent.mkdir()
    (folder / FIRST).write_bytes(b"{}")
    with pytest.raises(DataError, match="is not the one"):
        pack(folder)
    assert (folder / FIRST).read_bytes() == b"{}"
    assert contents(folder)[FIRST] == "two versions"


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_archive_is_told_and_never_written_over(
    folder: Path, damage: bytes | None
) -> None:
    archived(folder)
    path = folder / ARCHIVE
    whole = path.read_bytes()
    broken = whole[: len(whole) // 3] + b"?" * 9 + whole[len(whole) // 3 + 9 :]
    path.write_bytes(broken if damage is None else damage)
    left = path.read_bytes()
    (folder / FIRST).parent.mkdir()
    (folder / FIRST).write_bytes(notebook(cell("0")))
    with pytest.raises(DataError, match="cannot be read"):
        pack(folder)
    assert path.read_bytes() == left
    with KeptNotebooks(folder) as kept:
        _, (problem,) = kept.hashes()
    assert problem.where == ARCHIVE
    assert "put back a copy" in problem.what


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_kill_at_any_step_loses_nothing_and_the_next_call_ends_it(
    folder: Path, step: str, nth: int
) -> None:
    before = contents(folder)
    if not killed(folder, JUNE, step, nth):
        assert (step, nth) in PAST_THE_END
    assert contents(folder) == before
    with MonthArchives(folder).held():
        pack(folder)
        MonthArchives(folder).clear(JUNE)
    assert contents(folder) == before
    assert set(files(folder)) == {LATER}
    assert [each.name for each in (folder / "runs").glob("*.zip")] == ["2026-06.zip"]
    assert not list((folder / "runs").glob(".*.tmp"))


def test_what_a_killed_process_left_behind_is_swept_away(folder: Path) -> None:
    left = folder / "runs" / ".2026-06.zip.0123456789ab.tmp"
    left.write_bytes(b"half of it")
    with MonthArchives(folder).held():
        assert not left.exists()
    assert contents(folder).keys() == {FIRST, SECOND, LATER}


def test_the_same_notebooks_make_the_same_archive(folder: Path) -> None:
    pack(folder)
    first = (folder / ARCHIVE).read_bytes()
    (folder / ARCHIVE).unlink()
    pack(folder)
    assert digest((folder / ARCHIVE).read_bytes()) == digest(first)
    with zipfile.ZipFile(folder / ARCHIVE) as opened:
        assert opened.namelist() == [FIRST, SECOND]


def test_an_archive_tells_of_runs_although_no_notebook_is_left(folder: Path) -> None:
    (folder / LATER).unlink()
    archived(folder)
    assert has_any(folder)
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        assert journal.evidence.doubt() is not None, "a new journal is no journal of these runs"


@pytest.mark.parametrize("path", ["x.ipynb", "runs/2026-06/x.ipynb", "runs/2026-6-01/x", "runs"])
def test_a_path_of_another_form_has_no_month(path: str) -> None:
    assert month_of(path) is None
    assert month_of(FIRST) == JUNE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (notebook(cell(), cell("", None), cell(count=2)), (2, None)),
        (notebook(cell(), cell("x", None)), (2, "cell 2: did not run to its end")),
        (
            notebook(cell("x", 1, error("ValueError", "bad\nworse"))),
            (1, "cell 1: ValueError: bad"),
        ),
        (b"", (0, "it cannot be read as a notebook")),
        (b"[1]", (0, "it cannot be read as a notebook")),
        (b'{"cells": 3}', (0, "it cannot be read as a notebook")),
        (b'{"cells": [{"cell_type": "code", "source": "x"}]}', (0, "it cannot be read as a")),
    ],
)
def test_how_a_notebook_ended_is_read_from_its_cells(
    content: bytes, expected: tuple[int, str | None]
) -> None:
    cells, failure = told_by(content)
    assert (cells, failure and failure[:22]) == (expected[0], expected[1] and expected[1][:22])


def test_what_papermill_says_of_itself_plays_no_part() -> None:
    lying = cell("x", None)
    lying["metadata"] = {"papermill": {"status": "completed", "exception": None}}
    assert told_by(notebook(lying)) == (1, "cell 1: did not run to its end")


def test_months_follow_each_other(folder: Path) -> None:
    assert Month(2025, 12) < JUNE < JULY
    assert (JUNE.first, JUNE.last) == (dt.date(2026, 6, 1), dt.date(2026, 6, 30))
    assert MonthArchives(folder).waiting(JULY) == {JUNE: 2}
