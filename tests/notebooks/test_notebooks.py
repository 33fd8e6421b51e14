"""Every notebook runs against a simulated gateway: cell by cell, and with all cells queued.

`make notebooks` runs every notebook also by papermill, and queued on this release of ipykernel and
on the former one; of these the default run takes a part. The hourly run by papermill has tests of
its own.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from sellkit.adapters.papermill_runner import PapermillRunner
from tests.clients.environments import Unavailable, is_required, python_of
from tests.notebooks.kernels import CHECKOUT, FORMER, INSTALLED, cells_of, queued

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "SELLKIT_TEST_NOTEBOOKS"
"""The variable that, set to `all`, runs every notebook in every way."""

FIGURE = "application/vnd.plotly.v1+json"
FIGURES = {"30_charts": 5, "40_research": 4, "70_data": 1}
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
IS_ALL = os.environ.get(ALL) == "all"
# Where a thread, a loop or a second connection is at work; and where much is shown.
QUEUED = {"20_live_desk", "60_gateway_tour", "hourly_run"}
QUEUED_BEFORE = {"20_live_desk"}
BY_PAPERMILL = {"70_data"}

RELEASE = "__import__('ipykernel').__version__"
# What the texts of a notebook say, in the variables that its cells leave behind.
LEFT_BEHIND = {
    "60_gateway_tour": {
        "buy.orderStatus.status": "'Filled'",
        "stop.orderStatus.status": "'Cancelled'",
        "float(asked.commission)": "1.0",
        "bars": "[]",
        "question.exception()": "ConnectionError('Socket disconnect')",
        "(connected, positions, len(held))": "(True, 2, 6)",
        "[each['struck'] for each in rules]": "[4, 1]",
    }
}


def chosen(names: set[str]) -> list[Path]:
    """The notebooks of these names, or all of them where all are wanted."""
    return [path for path in NOTEBOOKS if IS_ALL or path.stem in names]


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == [
        "00_start_here.ipynb",
        "10_assign.ipynb",
        "20_live_desk.ipynb",
        "30_charts.ipynb",
        "40_research.ipynb",
        "50_audit.ipynb",
        "60_gateway_tour.ipynb",
        "70_data.ipynb",
        "80_operating.ipynb",
        "hourly_run.ipynb",
    ]


@pytest.mark.timeout(600)
def test_every_notebook_runs_cell_by_cell(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q"]
    command += ["-W", "ignore", "-o", "addopts=", "--rootdir", str(CHECKOUT / "notebooks")]
    done = subprocess.run(
        # The charts first: the live desk has them wait, which asks the same of the gateway.
        [*command, *map(str, [*NOTEBOOKS[3:], *NOTEBOOKS[:3]])],
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
        env=environment,
        cwd=CHECKOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{sum(len(cells_of(path)) for path in NOTEBOOKS)} passed" in done.stdout


@pytest.mark.parametrize("notebook", chosen(QUEUED), ids=lambda path: path.stem)
def test_all_cells_queued_at_once_run_to_their_end(
    notebook: Path, environment: dict[str, str]
) -> None:
    """What "Run All" does; a loop nested in the kernel's own would leave the queue standing."""
    release = importlib.metadata.version("ipykernel")
    assert not release.startswith("6.")
    _runs_queued(notebook, INSTALLED, release, environment)


@pytest.mark.timeout(600)  # its environment is made when it is first needed
@pytest.mark.parametrize("notebook", chosen(QUEUED_BEFORE), ids=lambda path: path.stem)
def test_they_do_so_on_the_former_release_of_the_kernel(
    notebook: Path, environment: dict[str, str]
) -> None:
    try:
        python_of(FORMER)
    except Unavailable as absent:
        said = f"the environment {FORMER} cannot be made: {absent}"
        pytest.fail(said) if is_required() else pytest.skip(said)
    _runs_queued(notebook, FORMER, "6.31.0", environment)


def _runs_queued(notebook: Path, kernel: str, release: str, environment: Mapping[str, str]) -> None:
    left = LEFT_BEHIND.get(notebook.stem, {}) | {RELEASE: repr(release)}
    errors, told = queued(notebook, kernel, environment, left)
    assert not errors
    assert told == left


@pytest.mark.parametrize("notebook", chosen(BY_PAPERMILL), ids=lambda path: path.stem)
def test_papermill_runs_it_whole(
    notebook: Path, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_CONFIG", environment["SELLKIT_CONFIG"])
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    written = PapermillRunner(CHECKOUT).run(notebook, tmp_path / "run.ipynb", {})
    cells = nbformat.read(written, as_version=4).cells
    counts = [cell.execution_count for cell in cells if cell.cell_type == "code"]
    assert None not in counts
    outputs = [each for cell in cells for each in cell.get("outputs", ())]
    drawn = [each["data"] for each in outputs if FIGURE in each.get("data", {})]
    assert all("image/svg+xml" in each for each in drawn), "HTML by nbconvert draws no figure"
    assert len(drawn) >= FIGURES.get(notebook.stem, 0)
