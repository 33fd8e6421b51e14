"""Notebooks are executed by real papermill, and kept however they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sellkit.adapters.executed_cells import first_failure
from sellkit.adapters.papermill_runner import PapermillRunner
from sellkit.adapters.run_folder import ProfileRuns
from sellkit.errors import ConfigError, RunFailed

PARAMETERS = 'profile: str = "demo"\nlimit: int = 1'


def write(path: Path, *cells: str) -> Path:
    """A notebook of a title, a cell of parameters and these cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# A run"),
            nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            *(nbformat.v4.new_code_cell(cell) for cell in cells),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.write(notebook, path)
    return path


def outputs(path: Path) -> list[Any]:
    """The outputs of all code cells, as they stand in the file."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [shown for cell in cells for shown in cell.get("outputs", [])]


def test_a_run_has_this_python_the_given_folder_and_the_given_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The name python3 is taken by another program, as it may be in the user's home.
    spec = tmp_path / "hostile" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["false"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "hostile"))
    work = tmp_path / "work"
    work.mkdir()
    here = Path.cwd()
    cell = "import json, os, sys; print(json.dumps([sys.executable, os.getcwd(), profile, limit]))"
    notebook = write(tmp_path / "run {n}.ipynb", cell, "")
    output = tmp_path / "runs {date}" / "2026-01-28" / "150020_r1.ipynb"

    assert PapermillRunner(work).run(notebook, output, {"limit": 7}) == output

    (shown,) = outputs(output)
    assert json.loads("".join(shown["text"])) == [sys.executable, str(work), "demo", 7]
    assert Path.cwd() == here
    assert [each.name for each in output.parent.iterdir()] == [output.name]
    assert outputs(notebook) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows could not archive it")
def test_what_was_kept_is_for_reading_alone(tmp_path: Path) -> None:
    notebook = write(tmp_path / "run.ipynb", "1")
    kept = PapermillRunner(tmp_path).run(notebook, tmp_path / "kept.ipynb", {})
    assert kept.stat().st_mode & 0o777 == 0o444


def test_a_failed_run_keeps_its_notebook_with_the_error_in_place(tmp_path: Path) -> None:
    raises = "from sellkit.errors import ConfigError\nraise ConfigError('no account\\nmore')"
    notebook = write(tmp_path / "run.ipynb", "print('before')", raises, "print('after')")
    output = tmp_path / "runs" / "out.ipynb"
    with pytest.raises(
        RunFailed, match=r"^cell 3: ConfigError: no account; .*out\.ipynb$"
    ) as failed:
        PapermillRunner(tmp_path).run(notebook, output, {})
    assert failed.value.exit_code == ConfigError.exit_code
    before, error = outputs(output)
    assert before["text"] == ["before\n"]
    assert (error["output_type"], error["ename"]) == ("error", "ConfigError")
    assert [each.name for each in output.parent.iterdir()] == ["out.ipynb"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for another process")
def test_an_interrupted_run_keeps_its_notebook_and_has_failed(tmp_path: Path) -> None:
    presses = "import os, signal, threading\nos.kill(os.getppid(), signal.SIGINT)"
    waits = f"{presses}\nthreading.Event().wait()"
    notebook = write(tmp_path / "run.ipynb", "print('before')", waits, "print('after')")
    output = tmp_path / "runs" / "out.ipynb"
    # A shell ignores SIGINT for what it runs in the background, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(RunFailed, match=r"^cell 3: KeyboardInterrupt; .*out\.ipynb$"):
        PapermillRunner(tmp_path).run(notebook, output, {})
    kinds = [shown["output_type"] for shown in outputs(output)]
    assert kinds == ["stream", "error"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for another process")
def test_a_run_that_is_killed_leaves_its_notebook_as_the_last_cell_found_it(tmp_path: Path) -> None:
    kills = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"
    notebook = write(tmp_path / "run.ipynb", "print('before')", kills, "print('after')")
    output = tmp_path / "runs" / "2026-01-28" / "150020Z_0a1b2c3d.ipynb"
    script = (
        "import sys; from pathlib import Path; "
        "from sellkit.adapters.papermill_runner import PapermillRunner; "
        "PapermillRunner(Path(sys.argv[1])).run(Path(sys.argv[2]), Path(sys.argv[3]), {})"
    )
    words = [sys.executable, "-c", script, tmp_path, notebook, output]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    kept = ProfileRuns(tmp_path).keep("0a1b2c3d", "it took too long")
    assert kept == "runs/2026-01-28/150020Z_0a1b2c3d.ipynb"
    before, error = outputs(output)
    assert (before["text"], error["evalue"]) == (["before\n"], "it took too long")
    metadata = json.loads(output.read_text(encoding="utf-8"))["metadata"]
    assert metadata["papermill"]["output_path"] == str(output)
    assert [each.name for each in output.parent.iterdir()] == [output.name]


# --- before the start -----------------------------------------------------------------------------


def test_an_unknown_parameter_is_an_error_before_the_start(tmp_path: Path) -> None:
    notebook = write(tmp_path / "run.ipynb", "raise SystemError")
    with pytest.raises(ConfigError, match=r"no parameter profil; it has profile, limit"):
        PapermillRunner(tmp_path).run(notebook, tmp_path / "runs" / "o.ipynb", {"profil": "x"})
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: str | None) -> None:
    notebook = tmp_path / "run.ipynb"
    if content is not None:
        notebook.write_text(content)
    with pytest.raises(ConfigError, match=r"run\.ipynb cannot be read as a notebook"):
        PapermillRunner(tmp_path).run(notebook, tmp_path / "runs" / "o.ipynb", {})


def test_a_place_that_cannot_be_written_is_named_before_the_start(tmp_path: Path) -> None:
    # Below a regular file nobody can write, root neither.
    (tmp_path / "file").write_text("")
    notebook = write(tmp_path / "run.ipynb", "raise SystemError")
    with pytest.raises(ConfigError, match=rf"{tmp_path / 'file'}.*cannot be written"):
        PapermillRunner(tmp_path).run(notebook, tmp_path / "file" / "o.ipynb", {})


# --- the verdict ----------------------------------------------------------------------------------


def executed(*cells: dict[str, Any]) -> Any:
    """A notebook whose metadata say "completed" of everything, whatever happened."""
    metadata = {"papermill": {"status": "completed", "exception": None}}
    made = [nbformat.v4.new_code_cell(metadata=metadata, **cell) for cell in cells]
    return nbformat.v4.new_notebook(cells=made, metadata=metadata)


def test_a_notebook_whose_cells_all_ran_has_not_failed() -> None:
    ran = {"source": "1", "execution_count": 1}
    assert first_failure(executed(ran, {"source": " \n"}, {**ran, "execution_count": 2})) is None


def test_a_cell_without_a_number_did_not_run_whatever_the_metadata_say() -> None:
    notebook = executed({"source": "1", "execution_count": 1}, {"source": "2"})
    assert first_failure(notebook) == "cell 2: did not run to its end"


def test_an_error_is_a_failure_even_when_the_cell_has_a_number() -> None:
    error = nbformat.v4.new_output("error", ename="SystemExit", evalue="0", traceback=[])
    notebook = executed({"source": "exit(0)", "execution_count": 1, "outputs": [error]})
    assert first_failure(notebook) == "cell 1: SystemExit: 0"
