"""Budgets of size: lines of a module, lines of a function, depth of nesting."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Offence, parse

MODULE_LINES = 300
FUNCTION_LINES = 40
NESTING = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef

_BLOCKS = (
    ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.Match
)


def offences(text: str, path: str) -> list[Offence]:
    """Everything in a module that is over its budget."""
    found = []
    length = len(text.splitlines())
    if length > MODULE_LINES:
        found.append(Offence(path, length, f"{length} lines; a module has at most {MODULE_LINES}"))
    for node in ast.walk(parse(text)):
        if isinstance(node, Function):
            found += _function_offences(node, path)
    return found


def _function_offences(function: Function, path: str) -> Iterator[Offence]:
    lines = function_lines(function)
    if lines > FUNCTION_LINES:
        what = f"{function.name} has {lines} lines; at most {FUNCTION_LINES}"
        yield Offence(path, function.lineno, what)
    depth = nesting(function)
    if depth > NESTING:
        yield Offence(
            path, function.lineno, f"{function.name} nests {depth} deep; at most {NESTING}"
        )


def function_lines(function: Function) -> int:
    """Lines from `def` to the last one, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as docstring:
            lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def nesting(node: ast.AST, *, is_elif: bool = False) -> int:
    """Blocks within blocks; an `elif` is no deeper than its `if`, a function within starts anew."""
    own = int(isinstance(node, _BLOCKS) and not is_elif)
    below = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            continue
        continues = (
            isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        )
        below = max(below, nesting(child, is_elif=continues))
    return own + below
