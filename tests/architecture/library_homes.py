"""Which library, and which part of the standard library, may be used where."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Offence, calls, full_names, parse

_CONFIG = ("sellkit/config.py", "sellkit/config/")
_CLOCKS = ("sellkit/adapters/clock.py", "sellkit/simgateway/clock.py")
_PRESENT = ("sellkit/present/",)

# A home that ends in "/" is a folder with everything below it.
LIBRARIES = {
    "ib_insync": ("sellkit/adapters/ib/",),
    "eventkit": ("sellkit/adapters/ib/",),
    "asyncio": ("sellkit/adapters/ib/", "sellkit/simgateway/"),
    "zoneinfo": ("sellkit/core/market_time.py",),
    "exchange_calendars": ("sellkit/core/market_time.py",),
    "pyarrow": ("sellkit/adapters/bar_store/", "sellkit/simgateway/replay.py"),
    "sqlite3": (
        "sellkit/adapters/journal_file.py",
        "sellkit/adapters/journal_pen.py",
        "sellkit/adapters/pacing_file.py",
        "sellkit/adapters/pacing_ledger.py",
        "sellkit/simgateway/keeping/state_file.py",
    ),
    "papermill": ("sellkit/adapters/papermill_runner.py",),
    "apprise": ("sellkit/adapters/notify.py",),
    "cronsim": ("sellkit/adapters/cron.py",),
    "nbconvert": ("sellkit/adapters/notebook_pages.py",),
    "nest_asyncio": ("sellkit/wiring/",),
    "nest_asyncio2": ("sellkit/wiring/",),
    "plotly": _PRESENT,
    "ipywidgets": _PRESENT,
    "anywidget": _PRESENT,
    "rich": _PRESENT,
    "pydantic": _CONFIG,
    "dask": ("sellkit/research/cluster.py",),
    "distributed": ("sellkit/research/cluster.py",),
    "numba": ("sellkit/research/kernel.py", "sellkit/research/sweep_kernel.py"),
}
NAMES = {
    "os.environ": _CONFIG,
    "os.environb": _CONFIG,
    "os.getenv": _CONFIG,
    "os.putenv": _CONFIG,
    "time.sleep": _CLOCKS,
    "time.time": _CLOCKS,
    "time.time_ns": _CLOCKS,
    "datetime.datetime.now": _CLOCKS,
    "datetime.datetime.utcnow": _CLOCKS,
    "datetime.datetime.today": _CLOCKS,
    "datetime.date.today": _CLOCKS,
    "pandas.Timestamp.now": _CLOCKS,
    "pandas.Timestamp.utcnow": _CLOCKS,
    "pandas.Timestamp.today": _CLOCKS,
}


def offences(text: str, path: str) -> list[Offence]:
    """Every use of a confined library or name outside its home."""
    tree = parse(text)
    found = [
        Offence(path, line, f"{library} is at home in {' and '.join(LIBRARIES[library])}")
        for line, library in _imported(tree)
        if library in LIBRARIES and not _is_home(path, LIBRARIES[library])
    ]
    found += [
        Offence(path, line, f"{name} is at home in {' and '.join(NAMES[name])}")
        for line, name in full_names(tree)
        if name in NAMES and not _is_home(path, NAMES[name])
    ]
    return sorted(found, key=lambda each: each.line)


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name.partition(".")[0]) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]
    for call, name in calls(tree):
        if name in {"importlib.import_module", "__import__"} and call.args:
            match call.args[0]:
                case ast.Constant(value=str(module)):
                    yield call.lineno, module.partition(".")[0]


def _is_home(path: str, homes: tuple[str, ...]) -> bool:
    return any(path.startswith(home) if home.endswith("/") else path == home for home in homes)
