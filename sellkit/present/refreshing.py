"""Background work of panels: one of each name at a time, and all of it ends with the kernel."""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_EXIT_SECONDS: Final = 5.0


class Refresher:
    """Work on a thread, until it is told to end.

    Parameters
    ----------
    name
        What it is called; see `Refreshers`.
    work
        What is done. It is given this object, ends soon after `is_over`, and raises nothing.
    former
        Whose end is waited for before it begins: both may need the same client id.
    """

    def __init__(
        self, name: str, work: Callable[[Refresher], None], former: Refresher | None = None
    ) -> None:
        self.name = name
        self._work = work
        self._former = former
        self._over = threading.Event()
        self._turn = threading.Lock()
        self._endings: list[Callable[[], None]] = []
        # A thread that the interpreter waits for would keep a kernel that is told to end.
        self._thread = threading.Thread(target=self._run, name=f"sellkit {name}", daemon=True)

    @property
    def is_over(self) -> bool:
        """Whether it was told to end."""
        return self._over.is_set()

    @property
    def is_alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait so long; False, at once, when it was told to end."""
        return not self._over.wait(seconds)

    def on_stop(self, ending: Callable[[], None]) -> None:
        """Have something called when it is told to end, on whichever thread; at once if it was."""
        with self._turn:
            if not self._over.is_set():
                self._endings.append(ending)
                return
        ending()

    def stop(self) -> None:
        """Tell it to end; returns at once, and a second call does nothing."""
        with self._turn:
            if self._over.is_set():
                return
            self._over.set()
            endings, self._endings = self._endings, []
        for each in endings:
            each()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended, at most so long; whether it has."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        former, self._former = self._former, None
        if former is not None:
            former.join()
        if not self.is_over:
            self._work(self)


class Refreshers:
    """The running ones by name."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._running: dict[str, Refresher] = {}

    def start(self, name: str, work: Callable[[Refresher], None]) -> Refresher:
        """Begin work in place of that of the same name, which is told to end and waited for.

        It returns at once: what is waited for is waited for on the new thread.
        """
        with self._turn:
            former = self._running.get(name)
            fresh = self._running[name] = Refresher(name, work, former)
        if former is not None:
            former.stop()
        fresh.start()
        return fresh

    def running(self) -> tuple[str, ...]:
        """The names of those whose threads run."""
        with self._turn:
            return tuple(name for name, each in self._running.items() if each.is_alive)

    def stop_all(self, seconds: float = _AT_EXIT_SECONDS) -> None:
        """Tell all of them to end, and wait for each, at most so long."""
        with self._turn:
            running = list(self._running.values())
        for each in running:
            each.stop()
        for each in running:
            each.join(seconds)


REFRESHERS: Final = Refreshers()
"""Those of this kernel."""

atexit.register(REFRESHERS.stop_all)
