"""Which codes the simulated gateway can send, read from its sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sellkit.simgateway
from sellkit.simgateway.fault_actions import TEXTS

# Where a code stands among the arguments of what sends one.
_POSITIONS = {"Refused": 0, "SendError": 0, "Noted": 1, "Feed": 1, "Step": 1, "error": (1, 2)}
# Names of tables of codes; all whole numbers in them count.
_TABLES = ("_FARMS", "_FARMS_BROKEN", "_FARMS_BACK", "_HISTORY_CODES")


@cache
def codes_sent() -> frozenset[int]:
    """Every code that stands in the sources as one that is sent.

    Beside these a scenario may have the gateway send any code with a text of its own.
    """
    paths = sorted(Path(sellkit.simgateway.__file__).parent.rglob("*.py"))
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    everywhere = {name: value for tree in trees for name, value in _constants(tree)}
    found = set(TEXTS)
    for tree in trees:
        known = everywhere | dict(_constants(tree))
        found |= set(_in_calls(tree, known)) | set(_in_tables(tree))
    return frozenset(found)


def _constants(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        match node:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=int(value)))
                | ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(value)))
            ):
                yield name, value


def _in_calls(tree: ast.Module, known: dict[str, int]) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            places = _POSITIONS.get(name, ())
            for place in places if isinstance(places, tuple) else (places,):
                yield from _value(node.args[place : place + 1], known)
            yield from _value([each.value for each in node.keywords if each.arg == "code"], known)
        elif isinstance(node, ast.arguments):
            named = dict(zip((each.arg for each in node.kwonlyargs), node.kw_defaults, strict=True))
            yield from _value([each for each in [named.get("code")] if each], known)


def _value(given: list[ast.expr], known: dict[str, int]) -> Iterator[int]:
    match given:
        case [ast.Constant(value=int(value))]:
            yield value
        case [ast.Name(id=name) | ast.Attribute(attr=name)] if name in known:
            if name != "NO_REQUEST":
                yield known[name]


def _in_tables(tree: ast.Module) -> Iterator[int]:
    for node in tree.body:
        name = ""
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                pass
        if name in _TABLES:
            numbers = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
            yield from (each for each in numbers if isinstance(each, int))
