"""What a schedule asks of the processes that its runs are, and of what they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sellkit.core.firing import Slot


class Launched(Protocol):
    """The process of one run, with those that it started."""

    @property
    def exit_code(self) -> int | None:
        """Of a process that is over; None while it is not, and where nobody can know it."""
        ...

    def is_over(self) -> bool:
        """Whether it has ended; it asks and does not wait."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for its end so long; whether it is over."""
        ...

    def stop(self) -> None:
        """Ask it to end in good order: its notebook is kept."""
        ...

    def kill(self) -> None:
        """End it at once, with whatever belongs to it."""
        ...


class Launcher(Protocol):
    """Starts runs as processes of their own, which outlive who started them."""

    def start(self, slot: Slot, *, prepare: bool) -> Launched:
        """Start the run of a slot; with `prepare` it waits for the end of its hour."""
        ...

    def find(self, run_id: str) -> Launched | None:
        """A run that another process started and that is still at work; None when none is."""
        ...

    def clear(self, run_id: str) -> None:
        """Remove what a run that is over was found by."""
        ...


class RunFolder(Protocol):
    """The executed notebooks of runs, complete ones and what one that was killed left."""

    def has_trace(self, run_id: str) -> bool:
        """Whether a run has begun to write its notebook, or has written it."""
        ...

    def is_complete(self, run_id: str) -> bool:
        """Whether the notebook of a run was written to its end, whatever that was."""
        ...

    def keep(self, run_id: str, why: str) -> str | None:
        """Give what a killed run left of its notebook its name, with why it ended in place.

        Returns
        -------
        str or None
            The path from the profile's folder on; that of a complete one where there is one.
        """
        ...

    def failure(self, run_id: str) -> str | None:
        """The first cell of a complete notebook that failed; None when none did."""
        ...
