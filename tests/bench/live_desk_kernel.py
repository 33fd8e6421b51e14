"""What the benchmark of the live desk has its kernel do: snapshots of any size, and their times."""

from __future__ import annotations

import gc
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from sellkit.present import hypertext as h
from sellkit.present.columns import Cell, Tone
from sellkit.present.panels.live_panel import LivePanel
from sellkit.present.panels.live_rows import COLUMNS, live_lines
from sellkit.present.panels.state import DeskState
from tests.present.live_desk import RUN, SECONDS, MadeUpDesk, row_of, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.watched import Watched
    from sellkit.present.grid.changes import Wire

    Give = Callable[[Watched], None]

WARM = 1_000
_PAGE = 4096


def table(count: int) -> tuple[LivePanel, Give]:
    """The live panel with so many positions, and how it is given a snapshot."""
    desk = MadeUpDesk()
    desk.run = replace(RUN, profile=f"table-{count}")
    panel = LivePanel.open(desk)
    assert desk.connected.acquire(timeout=SECONDS)
    desk.open[0].give(snapshot(count, 0))
    return panel, desk.open[0].give


def whole(count: int) -> tuple[widgets.HTML, Give]:
    """The peer: the same table as one `ipywidgets.HTML`, written anew with each snapshot."""
    shown = widgets.HTML()

    def give(found: Watched) -> None:
        lines = live_lines(found, DeskState(), found.due)
        titles = [h.title(title) for title, _, _ in COLUMNS]
        rows = (h.row([h.td(_markup(cell)) for cell in line.cells]) for line in lines)
        shown.value = f'<div class="whole">{h.table(titles, rows)}</div>'

    give(snapshot(count, 0))
    return shown, give


def snapshot(count: int, step: int, part: int = 1) -> Watched:
    """The positions after a step that moved one in `part` of them, the first one always."""
    rows = [
        row_of(number, close=_close(step if number % part == 0 else 0)) for number in range(count)
    ]
    return watched(rows, minute=step + 1)


def measure(give: Give, count: int, rounds: int, part: int = 1, pause: float = 0.6) -> str:
    """Give snapshots; the text that the first row's close then has, and when it was given."""
    given = []
    found = [snapshot(count, step, part) for step in range(rounds + 1)]
    for step in range(1, rounds + 1):
        given.append((f"{_close(step):.2f}", time.time() * 1000))
        give(found[step])
        time.sleep(pause)
    return json.dumps(given)


def memory(give: Give, count: int, updates: int, pause: float = 0.004) -> str:
    """Megabytes of this kernel after a thousand updates and after all of them."""
    found = [snapshot(count, step, part=10) for step in range(1, 51)]
    held = {}
    for number in range(1, updates + 1):
        give(found[number % len(found)])
        time.sleep(pause)
        if number in (WARM, updates):
            time.sleep(1.0)  # what was given has to be taken in
            gc.collect()
            held[number] = _megabytes()
    return json.dumps(held)


def _close(step: int) -> float:
    return 101.0 + step / 100


def _markup(cell: Wire) -> str:
    if isinstance(cell, str):
        return h.toned(Cell(cell))
    return h.toned(Cell(cell[0], Tone(cell[1].replace("-", " "))))


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * _PAGE / 1e6, 1)


def told(text: str) -> Any:
    """What `measure` or `memory` answered, as the notebook shows it."""
    return json.loads(text)
