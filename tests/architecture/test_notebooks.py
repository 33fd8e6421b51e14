"""Notebooks are stripped, titled, short, and call the package for everything else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.architecture.notebook_rules import offences
from tests.architecture.source import listing, notebooks

EXECUTED = {"notebooks/hourly_run.ipynb"}
METADATA = {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}}


def test_the_notebooks_keep_their_form() -> None:
    found = list(notebooks())
    if not found:
        pytest.skip("notebooks/ holds no notebook yet")
    assert {path for path, _ in found} >= EXECUTED
    broken = [
        each
        for path, notebook in found
        for each in offences(notebook, path, is_run=path in EXECUTED)
    ]
    assert not broken, listing(broken)


def _notebook(*sources: str, **changes: Any) -> dict[str, Any]:
    title = {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n"]}
    return {"metadata": METADATA, "cells": [title, *map(_code, sources)], **changes}


def _code(source: str, **changes: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    return {**cell, "execution_count": None, **changes}


def test_a_notebook_that_calls_and_shows_is_no_offence() -> None:
    cells = (
        "profile: str = 'demo'",
        "desk.status('NASDAQ:AAPL', '1H')\n# 09:30/16:00 is only said",
    )
    assert not offences(_notebook(*cells), "x.ipynb")


@pytest.mark.parametrize("change", [{"outputs": [{"text": "1"}]}, {"execution_count": 3}])
def test_an_output_or_a_number_left_in_is_found(change: dict[str, Any]) -> None:
    notebook = _notebook()
    notebook["cells"].append(_code("1", **change))
    assert offences(notebook, "x.ipynb")


@pytest.mark.parametrize("missing", sorted(METADATA))
def test_metadata_that_papermill_needs_is_asked_for(missing: str) -> None:
    metadata = {key: value for key, value in METADATA.items() if key != missing}
    assert offences(_notebook(metadata=metadata), "x.ipynb")


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n" * 13,
        "def f():\n    pass",
        "class A:\n    pass",
        "try:\n    x\nexcept OSError:\n    y",
        "import time\ntime.sleep(1)",
        "from zoneinfo import ZoneInfo",
        "when.tz_convert('America/New_York')",
        "read('data/demo')",
        "read('signals.jsonl')",
        "!ls",
    ],
)
def test_what_does_not_belong_into_a_cell_is_found(source: str) -> None:
    if source.startswith("from zoneinfo"):
        source += "\nZoneInfo"
    assert offences(_notebook(source), "x.ipynb")


def test_a_notebook_without_a_title_is_found() -> None:
    assert offences({"metadata": METADATA, "cells": [_code("x")]}, "x.ipynb")
    assert offences({"metadata": METADATA, "cells": []}, "x.ipynb")


def test_an_executed_notebook_needs_one_cell_of_parameters() -> None:
    tagged = _code("profile: str = 'demo'", metadata={"tags": ["parameters"]})
    for count, is_right in ((0, False), (1, True), (2, False)):
        notebook = _notebook()
        notebook["cells"] += [tagged] * count
        assert bool(offences(notebook, "x.ipynb", is_run=True)) is not is_right


@pytest.mark.parametrize("source", ["profile = 'demo'", "profile: str = f()", "import x"])
def test_a_parameter_that_is_no_annotated_literal_is_found(source: str) -> None:
    notebook = _notebook()
    notebook["cells"].append(_code(source, metadata={"tags": ["parameters"]}))
    assert offences(notebook, "x.ipynb", is_run=True)
