"""What is kept of a run beside its decisions."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
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
