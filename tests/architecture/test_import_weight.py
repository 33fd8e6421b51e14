"""`import sellkit` and `sellkit --help` answer in a blink, because they load nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

BROKER_AND_LOOP = {"asyncio", "ib_insync"}
TABLES = {"exchange_calendars", "numpy", "pandas", "pyarrow", "pydantic"}
SCREEN = {"ipywidgets", "papermill", "plotly"}
HEAVY = BROKER_AND_LOOP | TABLES | SCREEN
REPORT = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "


def _heavy_after(statements: str) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after some statements."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT + statements],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return HEAVY.intersection(done.stderr.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not _heavy_after("import sellkit")


def test_asking_for_help_loads_nothing_heavy() -> None:
    if not (ROOT / "sellkit" / "cli.py").exists():
        pytest.skip("sellkit/cli.py is not there yet")
    assert not _heavy_after(
        "sys.argv = ['sellkit', '--help']; from sellkit.cli import main; main()"
    )


def test_a_heavy_import_is_noticed() -> None:
    assert _heavy_after("import asyncio") == {"asyncio"}
