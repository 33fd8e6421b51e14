"""What a notebook in git looks like: no outputs, short cells, and nothing but calls in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from tests.architecture.source import Offence, full_names, notebook_code

CELL_LINES = 12

_DEFINING = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Try | ast.TryStar
_ZONE = re.compile(r"(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Pacific|US|Etc)/\w+")
_PATH = re.compile(r"\S*[/\\]\S*|\S+\.(csv|html|ipynb|json|jsonl|log|parquet|sqlite|toml|txt)")


def offences(notebook: dict[str, Any], path: str, *, is_run: bool = False) -> list[Offence]:
    """Everything that breaks the form; `line` counts cells from 1.

    Parameters
    ----------
    is_run
        The notebook is executed by the runner, so it needs a parameters cell.
    """
    found = [*_metadata(notebook, path), *_title(notebook, path)]
    found += _parameters(notebook, path, is_run=is_run)
    for index, cell in enumerate(notebook["cells"], start=1):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            found.append(Offence(path, index, "the cell carries an output or a number"))
    for index, text in notebook_code(notebook):
        found += [Offence(path, index, what) for what in _cell(text)]
    return found


def _metadata(notebook: dict[str, Any], path: str) -> Iterator[Offence]:
    for key in ("kernelspec", "language_info"):
        if not notebook.get("metadata", {}).get(key):
            yield Offence(path, 0, f"metadata has no {key}, papermill cannot run it")


def _title(notebook: dict[str, Any], path: str) -> Iterator[Offence]:
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "none", "source": ""}
    if first["cell_type"] != "markdown" or not "".join(first["source"]).startswith("# "):
        yield Offence(path, 1, "the first cell is no markdown title")


def _parameters(notebook: dict[str, Any], path: str, *, is_run: bool) -> Iterator[Offence]:
    tagged = [
        (index, "".join(cell["source"]))
        for index, cell in enumerate(notebook["cells"], start=1)
        if "parameters" in cell.get("metadata", {}).get("tags", [])
    ]
    if len(tagged) > 1 or (is_run and not tagged):
        yield Offence(path, 0, f"{len(tagged)} cells are tagged `parameters`")
    for index, text in tagged:
        if not all(_is_annotated_literal(each) for each in _statements(text)):
            yield Offence(path, index, "parameters are annotated literals, `name: type = value`")


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except SyntaxError:
        return []  # `_cell` reports it


def _is_annotated_literal(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.AnnAssign) or statement.value is None:
        return False
    try:
        ast.literal_eval(statement.value)
    except ValueError:
        return False
    return True


def _cell(text: str) -> Iterator[str]:
    lines = len(text.splitlines())
    if lines > CELL_LINES:
        yield f"the cell has {lines} lines; at most {CELL_LINES}"
    try:
        tree = ast.parse(text)
    except SyntaxError:
        yield "the cell is no plain Python"
        return
    for node in ast.walk(tree):
        if isinstance(node, _DEFINING):
            yield f"a cell calls and shows; `{type(node).__name__}` belongs into the package"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _literal(node.value)
    for _, name in full_names(tree):
        if name.rpartition(".")[2] in {"sleep", "ZoneInfo"}:
            yield f"{name} does not belong into a cell"


def _literal(value: str) -> Iterator[str]:
    if _ZONE.fullmatch(value):
        yield f"{value!r} is a zone"
    elif _PATH.fullmatch(value):
        yield f"{value!r} is a path"
