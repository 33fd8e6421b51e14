"""Archives the notebooks of a month in a process that is killed at one of its steps."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sellkit.adapters.month_archive import MonthArchives
from sellkit.core.month import Month
from tests.adapters.processes import PROCESSES

STEPS = {"fsync": (os, "fsync"), "replace": (Path, "replace"), "unlink": (Path, "unlink")}
SECONDS = 60


def archive_until(folder: Path, month: Month, step: str, nth: int) -> None:
    """Pack and clear a month; the system kills this process right before the nth such step."""
    left = nth

    def killing(act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*given, **named)

        return call

    where, name = STEPS[step]
    setattr(where, name, killing(getattr(where, name)))
    store = MonthArchives(folder)
    with store.held():
        store.pack(month, lambda _path: None)
        store.clear(month)


def killed(folder: Path, month: Month, step: str, nth: int) -> bool:
    """Whether a process that archived the month was killed at that step, or came to its end."""
    process = PROCESSES.Process(target=archive_until, args=(folder, month, step, nth))
    process.start()
    process.join(SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0
