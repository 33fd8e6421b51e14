"""What is left out of an import, and what becomes of it afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sellkit.adapters.lean_imports import IRI_PARSER, imported_without

LOADS_THE_RUNNER = f"""
import sys
from pathlib import Path
from sellkit.config import Overrides, load
from sellkit.wiring.parts import open_runner
open_runner(load(Overrides(config=Path("config/sellkit.toml"))))
assert "papermill" in sys.modules and "jsonschema" in sys.modules
assert "{IRI_PARSER}" not in sys.modules
import {IRI_PARSER}
"""


def test_a_module_that_is_left_out_counts_as_not_installed_and_then_as_before() -> None:
    sys.modules.pop("colorsys", None)
    with imported_without("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_a_module_that_was_there_before_stays() -> None:
    import json

    with imported_without("json"):
        import json as again
    assert again is json
    assert sys.modules["json"] is json


def test_a_run_does_not_wait_for_the_parser_of_iris() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADS_THE_RUNNER], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
