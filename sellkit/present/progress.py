"""How far long work has come: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID


class LineProgress:
    """Plain lines, for notebooks that run by schedule and for piped output.

    Parameters
    ----------
    write
        Takes one line without its end; `print` will do. Called under a lock, so lines never mix.
    every_percent
        At most one line for so much of the work.
    clock
        Seconds that only rise.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        every_percent: int = 10,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._every = every_percent
        self._clock = clock
        self._lock = threading.Lock()
        self._label = ""
        self._total = self._done = self._due = 0
        self._began = 0.0
        self._running = False

    def start(self, label: str, total: int) -> None:
        """Begin a piece of work of `total` steps; one that was left open ends first."""
        self.stop()
        with self._lock:
            self._label, self._total, self._done, self._due = label, total, 0, self._every
            self._began, self._running = self._clock(), True
            self._write(f"{label}: {total:,} to do")

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        """Count steps, and write a line when enough of them came together."""
        with self._lock:
            self._done += steps
            if not self._running or self._done >= self._total:
                return
            reached = self._done * 100 // self._total
            if reached < self._due:
                return
            self._due = (reached // self._every + 1) * self._every
            left = (self._clock() - self._began) / self._done * (self._total - self._done)
            last = f", {of}" if of else ""
            self._write(
                f"{self._label}: {reached} % ({self._done:,} of {self._total:,}{last}), "
                f"{_duration(left)} left"
            )

    def stop(self) -> None:
        """End the work; a second call says nothing."""
        with self._lock:
            if not self._running:
                return
            self._running = False
            took = _duration(self._clock() - self._began)
            if self._done >= self._total:
                self._write(f"{self._label}: done, {self._done:,} in {took}")
            else:
                self._write(
                    f"{self._label}: stopped after {self._done:,} of {self._total:,}, {took}"
                )


class RichProgress:
    """A bar with the time left, which goes when the work is done.

    Parameters
    ----------
    console
        Where to draw; standard error when left out, so that piped results stay clean.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._lock = threading.RLock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total: int) -> None:
        """Draw a bar of `total` steps in place of one that was left open."""
        with self._lock:
            self.stop()
            self._bar = _new_bar(self._console)
            self._task = self._bar.add_task(label, total=total, of="")
            self._bar.start()

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        """Move the bar on, and show what the steps belonged to."""
        with self._lock:
            if self._bar is not None and self._task is not None:
                self._bar.update(self._task, advance=steps, of=of)

    def stop(self) -> None:
        """Take the bar away; a second call does nothing."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
            self._bar = self._task = None


def _new_bar(console: Console | None) -> Progress:
    from rich import progress  # noqa: PLC0415  (a kernel that writes lines needs no Rich)
    from rich.console import Console  # noqa: PLC0415

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[of]}", style="dim", markup=False),
        console=console or Console(stderr=True, force_jupyter=False),
        transient=True,
    )


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
