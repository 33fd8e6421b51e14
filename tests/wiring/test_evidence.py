"""What is kept of a run beside its decisions."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.kept_notebooks import KeptNotebooks
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.operate.audit import verify
from sellkit.wiring.evidence import note_notebook

BEFORE = "runs/2026-01-28/200020Z_r1.ipynb"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / BEFORE
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return path


def test_the_hash_of_an_executed_notebook_is_journalled(tmp_path: Path, notebook: Path) -> None:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        note_notebook(journal, tmp_path, "r1", notebook, is_first=True)
        (told,) = journal.evidence.notebooks()
    assert (told["run_id"], told["path"]) == ("r1", BEFORE)
    assert told["sha256"] == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("is_first", [False, True])
def test_a_journal_made_beside_a_notebook_is_only_trusted_after_a_first_run(
    tmp_path: Path, notebook: Path, is_first: bool
) -> None:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        assert not journal.evidence.is_first(), "the notebook tells of an earlier run"
        note_notebook(journal, tmp_path, "r1", notebook, is_first=is_first)
        assert (journal.evidence.doubt() is None) == is_first


def test_a_notebook_that_is_being_executed_tells_of_no_earlier_run(tmp_path: Path) -> None:
    aside = tmp_path / "runs" / "2026-01-28" / ".200020Z_r1.ipynb.0123456789ab.ipynb"
    aside.parent.mkdir(parents=True)
    aside.touch()
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        assert journal.evidence.is_first()
        assert not (tmp_path / "journal.sqlite").exists()
        journal.runs()
        journal.evidence.refuse_if_behind()
        assert not journal.evidence.is_first()


def test_the_notebook_of_an_entry_is_held_against_its_hash_and_is_no_run(tmp_path: Path) -> None:
    path = tmp_path / "notebooks" / "2026-01-28" / "213000Z_report_0a1b2c3d.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with (
        closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal,
        KeptNotebooks(tmp_path) as kept,
    ):
        note_notebook(journal, tmp_path, "0a1b2c3d", path, is_first=True)
        assert journal.past_runs.all() == ()
        assert verify(journal.evidence, kept.hashes()[0]) == ()
        path.write_text("{ }")
        (finding,) = verify(journal.evidence, kept.hashes()[0])
    assert finding.where == "notebooks/2026-01-28/213000Z_report_0a1b2c3d.ipynb"
    assert "changed after its run" in finding.what


def test_a_notebook_of_an_entry_that_was_never_noted_is_no_finding(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        journal.runs()
        found = verify(journal.evidence, {"notebooks/2026-01-28/213000Z_report_0a1b2c3d.ipynb": ""})
    assert found == ()
