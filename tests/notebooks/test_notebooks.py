"""Every notebook runs against a simulated gateway: cell by cell, and with all cells queued."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from sellkit.commands import demo
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_client.blocking.client import BlockingKernelClient

CHECKOUT = Path(__file__).parents[2]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
COMMANDS = Path(demo.__file__).parent
CELL_SECONDS = 60

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


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables by which a kernel finds a simulated gateway and an empty data folder."""
    folder = tmp_path_factory.mktemp("notebooks")
    assigned = (COMMANDS / "demo_assigned_ma.csv").read_text(encoding="utf-8")
    (folder / "assigned_ma.csv").write_text(assigned, encoding="utf-8")
    scenario = load_scenario(COMMANDS / "demo_scenario.toml")
    with serve(scenario, clock=VirtualClock(demo.MOMENT, 0)) as gateway:
        settings = demo.SETTINGS.format(
            data=json.dumps(str(folder / "data")),
            port=gateway.port,
            assignments=json.dumps(str(folder / "assigned_ma.csv")),
        )
        (folder / "sellkit.toml").write_text(settings, encoding="utf-8")
        yield {**os.environ, "SELLKIT_CONFIG": str(folder / "sellkit.toml")}
        assert gateway.exchange.placed_orders == []


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
        "hourly_run.ipynb",
    ]


@pytest.mark.timeout(300)
def test_every_notebook_runs_cell_by_cell(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q"]
    command += ["-W", "ignore", "-o", "addopts=", "--rootdir", str(CHECKOUT / "notebooks")]
    done = subprocess.run(
        [*command, *map(str, NOTEBOOKS)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=environment,
        cwd=CHECKOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = sum(
        cell.cell_type == "code"
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
    )
    assert f"{cells} passed" in done.stdout


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_all_cells_queued_at_once_run_to_their_end(
    notebook: Path, environment: dict[str, str]
) -> None:
    """What "Run All" does; a loop nested in the kernel's own would leave the queue standing."""
    sources = [
        cell.source
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.cell_type == "code"
    ]
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(CHECKOUT))
    try:
        asked = [client.execute(source, stop_on_error=False) for source in sources]
        left = LEFT_BEHIND.get(notebook.stem, {})
        asked.append(client.execute("", user_expressions={each: each for each in left}))
        replies = _replies(client, asked)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    failed = [replies[each].get("evalue") for each in asked if replies[each]["status"] != "ok"]
    assert not failed
    told = replies[asked[-1]]["user_expressions"]
    assert {each: told[each]["data"]["text/plain"] for each in left} == left


def _replies(client: BlockingKernelClient, asked: list[str]) -> dict[str, Any]:
    """What each request was answered; answers to others, of the kernel's start, are passed over."""
    found: dict[str, Any] = {}
    while not found.keys() >= set(asked):
        reply = client.get_shell_msg(timeout=CELL_SECONDS)
        found[reply["parent_header"]["msg_id"]] = reply["content"]
    return found
