"""What telling alerts asks for: what has not been told, and the ways to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from sellkit.core.message import Message, Pending
    from sellkit.core.outbox import Channel, Former


class Outbox(Protocol):
    """The alerts of the journal, and what became of each on each channel."""

    def turn(self, wait_seconds: float) -> AbstractContextManager[bool]:
        """Only one process tells at a time: whether this is the one; freed when it dies."""
        ...

    def join(self, channels: Sequence[Channel], at: dt.datetime) -> None:
        """Let channels that are new, or whose level is, begin with what is open and what comes.

        One that is not among them leaves: what comes and ends before it is back is not for it.
        """
        ...

    def gather(self, at: dt.datetime) -> int:
        """Make alerts of the signals, orders and fills journalled since the last time; how many.

        In one transaction with the mark of how far it came: none is lost, and none made twice.
        """
        ...

    def waiting(self, channel: str) -> tuple[Pending, ...]:
        """What a channel has not told, oldest first."""
        ...

    def former(self, channel: str, since: dt.datetime) -> Former:
        """What a channel has behind it, with what it told since then."""
        ...

    def begin(self, channel: str, numbers: Sequence[int], at: dt.datetime) -> None:
        """Say, on the disk, that alerts are being told."""
        ...

    def end(
        self, channel: str, numbers: Sequence[int], what: str, at: dt.datetime, reason: str = ""
    ) -> None:
        """Say what became of it: `told`, `failed` or `repeat`."""
        ...


class Notifier(Protocol):
    """The ways to a person."""

    def tell(self, channel: str, message: Message) -> None:
        """Send a message; `NotTold` says, without any secret, why it may not have arrived."""
        ...
