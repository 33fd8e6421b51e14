"""Leases: what one process alone may do for an account, by a lock of the system's on a file."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.adapters import durable_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedRandom
    from pathlib import Path

    from sellkit.adapters.sender_file import SenderFile

_PAUSE_SECONDS: Final = 0.02
_REMEDY: Final = "allow sellkit to write there, or set SELLKIT_STATE_DIR"


class Leased(Protocol):
    """Whose lease it is: an account, or a profile; as text it is a name that may be shown."""

    @property
    def fingerprint(self) -> str:
        """What tells two of them apart."""
        ...


class FileLease:
    """The `AccountLease` of one account on this machine.

    The lock is the system's, so that it ends with its process, however that ends; the file beside
    it only says who holds it.

    Parameters
    ----------
    folder
        Shared by all processes; made when it is not there.
    account
        Whose; the file is named after its fingerprint.
    now
        The machine's time, aware UTC.
    sender
        Which profile sends for the account; while it is another one there is no lease for this.
    patience_seconds
        How long it is asked for again when somebody has it: one who only looks has it for a moment.
    kind
        What it allows: `lease` to send orders, `schedule` to run a schedule; each by itself.
    """

    def __init__(
        self,
        folder: Path,
        account: Leased,
        now: Callable[[], dt.datetime],
        *,
        sender: SenderFile | None = None,
        patience_seconds: float = 0.0,
        kind: str = "lease",
    ) -> None:
        self._folder = folder
        self._account = account
        self._now = now
        self._sender = sender
        self._patience_seconds = patience_seconds
        self._kind = kind
        self.path = folder / f"{kind}-{account.fingerprint}.lock"
        self._holder = folder / f"{kind}-{account.fingerprint}.json"
        self._file: BufferedRandom | None = None

    @property
    def trouble(self) -> str | None:
        """Why this process does not hold it, and who does; None while it does."""
        elsewhere = self._sender.trouble if self._sender else None
        if elsewhere is not None:
            return elsewhere
        if self._file is None:
            return f"the {self._kind} on {self._account} is not held here{self._holder_in_words()}"
        if not self._is_same_file(self._file):
            return (
                f"the {self._kind} on {self._account} is lost: {self.path} was removed; start anew"
            )
        return None

    def take(self) -> bool:
        """Take it if nobody else holds it; whether this process holds it now.

        Raises
        ------
        ConfigError
            The folder cannot be written.
        """
        if self._file is not None:
            return self.trouble is None
        if self._sender is not None and self._sender.trouble is not None:
            return False
        with durable_file.writing(self._folder, _REMEDY):
            durable_file.make_folder(self._folder)
            file = self.path.open("a+b")
            if not self._is_taken(file) or not self._is_same_file(file):
                file.close()
                return False
            self._file = file
            told = {"pid": os.getpid(), "since": self._now().isoformat(timespec="seconds")}
            durable_file.replace(self._holder, json.dumps(told).encode())
        return True

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self._file is not None:
            self._holder.unlink(missing_ok=True)
            durable_file.free(self._file.fileno())
            self._file.close()
            self._file = None

    def is_free(self) -> bool:
        """Whether nobody holds it now, this process included; nothing is made or kept.

        Where no holder is named nobody's way is crossed; otherwise the lock is tried for a moment.
        """
        if self._file is not None or not self._holder.exists() or not self.path.exists():
            return self._file is None
        with self.path.open("a+b") as file:
            is_free = durable_file.take(file.fileno())
            if is_free:
                durable_file.free(file.fileno())
        return is_free

    def _is_taken(self, file: BufferedRandom) -> bool:
        """Take the lock, patiently."""
        pause = threading.Event()
        end = time.monotonic() + self._patience_seconds
        while not (is_taken := durable_file.take(file.fileno())) and time.monotonic() < end:
            pause.wait(_PAUSE_SECONDS)
        return is_taken

    def _is_same_file(self, file: BufferedRandom) -> bool:
        """Whether the file that is locked is still the one that others would lock."""
        held = os.fstat(file.fileno())
        try:
            there = self.path.stat()
        except OSError:
            return False
        return (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino)

    def _holder_in_words(self) -> str:
        try:
            told = json.loads(self._holder.read_bytes())
            return f"; process {int(told['pid'])} has held it since {told['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return ""
