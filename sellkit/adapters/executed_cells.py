"""What the cells of an executed notebook show of how it ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def first_failure(notebook: Mapping[str, Any]) -> str | None:
    """The first cell that failed, with its error, or None when every cell ran to its end.

    papermill's metadata are no witness: after a dead kernel or an interrupt they say "completed".
    Cells are counted as Jupyter numbers them while they run, so "cell 5" is the one at `In [5]`.
    """
    for number, cell in enumerate(code_cells(notebook), start=1):
        for shown in cell["outputs"]:
            if shown["output_type"] == "error":
                return f"cell {number}: {first_line(shown['ename'], shown['evalue'])}"
        if cell["execution_count"] is None:
            return f"cell {number}: did not run to its end"
    return None


def code_cells(notebook: Mapping[str, Any]) -> list[Any]:
    """Cells that run; one without text never does."""
    return [
        each for each in notebook["cells"] if each["cell_type"] == "code" and _text(each).strip()
    ]


def started_last(notebook: Mapping[str, Any]) -> list[Any]:
    """The cell that was begun last, or else the first; none where no cell runs."""
    cells = code_cells(notebook)
    started = [each for each in cells if each["metadata"].get("papermill", {}).get("start_time")]
    return (started or cells[:1])[-1:]


def told_by(content: bytes) -> tuple[int, str | None]:
    """How many code cells an executed notebook has, and the first failure among them.

    What is no notebook has none, and that is its failure.
    """
    try:
        notebook = json.loads(content)
        return len(code_cells(notebook)), first_failure(notebook)
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, "it cannot be read as a notebook"


def first_line(name: str, message: str) -> str:
    """`Name: the message's first line`."""
    lines = message.strip().splitlines()
    return f"{name}: {lines[0]}" if lines else name


def _text(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])
