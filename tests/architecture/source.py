"""How the convention tests read the tree: files, syntax trees, full names, offences."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Offence:
    """One place that breaks a convention; `path` is relative to the checkout."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def listing(offences: list[Offence]) -> str:
    """Offences one to a line, as the message of a failed test."""
    return "\n" + "\n".join(str(each) for each in offences)


def python_sources(under: str = "sellkit") -> Iterator[tuple[str, str]]:
    """Relative path and text of every Python file in a folder; a folder without any is an error."""
    paths = sorted((ROOT / under).rglob("*.py"))
    if not paths:
        raise FileNotFoundError(f"{under}/ holds no Python file, so nothing was checked")
    for path in paths:
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def notebooks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Relative path and content of every notebook."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        yield path.relative_to(ROOT).as_posix(), json.loads(path.read_text(encoding="utf-8"))


def notebook_code(notebook: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Index, counted from 1 over all cells, and text of every code cell."""
    for index, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            yield index, "".join(cell["source"])


@cache
def parse(text: str) -> ast.Module:
    """The syntax tree of a module, kept because several rules read the same one."""
    return ast.parse(text)


@cache
def full_names(tree: ast.AST) -> tuple[tuple[int, str], ...]:
    """Line and full dotted name of each use of a name, imports under another name resolved.

    `import time as t; t.sleep` and `from time import sleep; sleep` both give `time.sleep`.
    """
    aliases = _aliases(tree)
    named = (
        (node.lineno, full_name(node, aliases))
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    return tuple((line, name) for line, name in named if name is not None)


@cache
def calls(tree: ast.AST) -> tuple[tuple[ast.Call, str], ...]:
    """Each call and the full dotted name of what is called."""
    aliases = _aliases(tree)
    named = (
        (node, full_name(node.func, aliases))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    )
    return tuple((node, name) for node, name in named if name is not None)


def full_name(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """The dotted name that an expression spells, or None when it is no plain chain of names."""
    match node:
        case ast.Name(id=name):
            return aliases.get(name, name)
        case ast.Attribute(value=value, attr=attribute):
            owner = full_name(value, aliases)
            return None if owner is None else f"{owner}.{attribute}"
    return None


def _aliases(tree: ast.AST) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.asname: each.name for each in node.names if each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                found[each.asname or each.name] = f"{node.module}.{each.name}"
    return found
