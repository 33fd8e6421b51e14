"""What the pure part of the package may not touch: files, network, clock, threads, chance, logs."""

from __future__ import annotations

import ast

from tests.architecture.source import Offence, calls, parse

_WAITING = {"asyncio", "concurrent", "multiprocessing", "queue", "select", "signal", "threading"}
_REACHING = {"glob", "http", "io", "os", "pathlib", "pickle", "shutil", "socket", "sqlite3"}
_STARTING = {"logging", "subprocess", "sys", "tempfile", "time", "urllib"}
_GUESSING = {"random", "secrets", "uuid"}
MODULES = _WAITING | _REACHING | _STARTING | _GUESSING
BUILTINS = {"breakpoint", "eval", "exec", "input", "open", "print"}
_FILES = {"read_bytes", "read_text", "write_bytes", "write_text"}
METHODS = _FILES | {"to_csv", "to_excel", "to_feather", "to_parquet", "to_pickle", "to_sql"}


def offences(text: str, path: str) -> list[Offence]:
    """Every import and call that makes a module of `core` impure."""
    tree = parse(text)
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            if name.partition(".")[0] in MODULES:
                found.append(Offence(path, node.lineno, f"core is pure, it imports no {name}"))
    for call, name in calls(tree):
        last = name.rpartition(".")[2]
        if name in BUILTINS or name.startswith("pandas.read_"):
            found.append(Offence(path, call.lineno, f"core is pure, it calls no {name}()"))
        elif last in METHODS and last != name:
            found.append(Offence(path, call.lineno, f"core is pure, it calls no .{last}()"))
    return sorted(found, key=lambda each: each.line)
