"""One hourly run: where its notebook is kept, and what it is said to have decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from sellkit.errors import ConfigError, NotConnected, RunFailed
from sellkit.operate.hourly import RunResult, hourly_run, kept_at
from tests.build import NOW, record, row, utc
from tests.fakes import FakeClock
from tests.fakes_store import MemoryJournal, ScriptedNotebookRunner
from tests.operate.workplace import RUN, header

NOTEBOOK = Path("notebooks/hourly_run.ipynb")
PARAMETERS = {"profile": "demo", "as_of": "", "run_id": RUN}


def journal(outcome: str | None = "decided", run_id: str = RUN) -> MemoryJournal:
    """A journal as the notebook leaves it; without an outcome the run was not closed."""
    written = MemoryJournal()
    written.begin(header(run_id))
    record(written, run_id, [row()])
    if outcome is not None:
        written.finish(run_id, NOW, outcome)
    return written


def run(written: MemoryJournal, output: Path, runner: ScriptedNotebookRunner) -> RunResult:
    return hourly_run(runner, written, FakeClock(NOW), NOTEBOOK, output, PARAMETERS)


def test_a_run_is_kept_by_its_day_its_time_and_its_id() -> None:
    started = utc("2026-01-28 20:00:07")
    assert kept_at(Path("runs"), started, RUN) == Path("runs/2026-01-28/200007Z_0a1b2c3d.ipynb")


def test_the_notebook_gets_the_parameters_as_they_were_given(tmp_path: Path) -> None:
    runner, output = ScriptedNotebookRunner(), tmp_path / "run.ipynb"
    run(journal(), output, runner)
    assert runner.calls == [(NOTEBOOK, output, PARAMETERS)]


def test_decisions_are_read_back_from_the_journal(tmp_path: Path) -> None:
    written = journal()
    result = run(written, tmp_path / "run.ipynb", ScriptedNotebookRunner())
    assert (result.run_id, result.outcome, result.exit_code) == (RUN, "decided", 0)
    assert [each["ticker"] for each in result.decisions] == ["NASDAQ:AAPL"]
    assert result.notebook == tmp_path / "run.ipynb"


def test_an_undecided_run_ends_with_code_4(tmp_path: Path) -> None:
    result = run(journal("undecided"), tmp_path / "run.ipynb", ScriptedNotebookRunner())
    assert result.exit_code == 4


@pytest.mark.parametrize("written", [MemoryJournal(), journal(None), journal(run_id="ffffffff")])
def test_a_notebook_that_did_not_close_its_run_has_failed(
    tmp_path: Path, written: MemoryJournal
) -> None:
    with pytest.raises(RunFailed, match=r"0a1b2c3d ended without an outcome .*run\.ipynb"):
        run(written, tmp_path / "run.ipynb", ScriptedNotebookRunner())


def test_a_failed_notebook_is_a_failed_run_and_stays(tmp_path: Path) -> None:
    runner = ScriptedNotebookRunner(failure="cell 5: ValueError")
    with pytest.raises(RunFailed, match="cell 5"):
        run(journal(None), tmp_path / "run.ipynb", runner)
    assert (tmp_path / "run.ipynb").is_file()


def test_an_unknown_parameter_is_an_error_before_the_start(tmp_path: Path) -> None:
    runner = ScriptedNotebookRunner(known=["profile", "as_of"])
    with pytest.raises(ConfigError, match="run_id"):
        run(journal(), tmp_path / "run.ipynb", runner)
    assert not (tmp_path / "run.ipynb").exists()


@pytest.mark.parametrize(
    ("error_name", "code"),
    [("NotConnected", NotConnected.exit_code), ("ConfigError", 2), ("ValueError", 1), ("", 1)],
)
def test_a_failed_run_has_the_exit_code_of_what_ended_it(error_name: str, code: int) -> None:
    assert RunFailed("a cell raised", error_name=error_name).exit_code == code


def test_a_run_that_failed_is_closed_as_failed_in_the_journal(tmp_path: Path) -> None:
    written = journal(None)
    with pytest.raises(RunFailed):
        run(written, tmp_path / "run.ipynb", ScriptedNotebookRunner(failure="cell 4: Oops"))
    assert [str(each["outcome"]) for each in written.runs()] == [
        f"failed: cell 4: Oops; the notebook is kept: {tmp_path / 'run.ipynb'}"
    ]


def test_a_run_that_failed_before_it_began_leaves_no_row(tmp_path: Path) -> None:
    written = MemoryJournal()
    with pytest.raises(RunFailed, match="Oops"):
        run(written, tmp_path / "run.ipynb", ScriptedNotebookRunner(failure="cell 3: Oops"))
    assert written.runs() == ()
