"""Files that are whole at every instant, and a lock between processes.

A file is written aside in its own folder, synced, and renamed over the old one; then the folder is
synced. A crash leaves the old content or the new, never a part of either.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError, DiskTrouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.005
_OF_DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


def aside(path: Path, suffix: str = ".tmp") -> Path:
    """A name in the same folder that no other writer uses and no listing mistakes for the file."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}{suffix}")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; on the disk when this returns."""
    if folder.is_dir():
        return
    if folder.is_file():
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is a file")
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def replace(path: Path, data: bytes) -> None:
    """Put `data` in place of a file's content, whose permissions stay as they were."""
    path = path.resolve()
    temporary = aside(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if path.exists():
            shutil.copymode(path, temporary)
        settle(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def settle(temporary: Path, path: Path) -> None:
    """Give a complete file, written aside, its name."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk; Windows does so by itself."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(folder: Path, remedy: str) -> Iterator[None]:
    """Name the folder and a remedy when the system refuses to write there.

    Raises
    ------
    ConfigError
        In place of any `OSError` from within; `DiskTrouble` where no permission is what lacks.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _OF_DISK:
            free = "make room on the disk, or see to it"
            raise DiskTrouble(f"{folder} cannot be written ({reason}): {free}") from error
        raise ConfigError(f"{folder} cannot be written ({reason}): {remedy}") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that a file stands for; the system frees it when its holder dies.

    Raises
    ------
    ConfigError
        Another process kept it for `LOCK_SECONDS`.
    """
    pause = threading.Event()
    with path.open("ab") as file:
        for _ in range(int(LOCK_SECONDS / _PAUSE_SECONDS)):
            if take(file.fileno()):
                break
            pause.wait(_PAUSE_SECONDS)
        else:
            raise ConfigError(
                f"{path} was held by another process for {LOCK_SECONDS:.0f} s: "
                "end that process and try again"
            )
        try:
            yield
        finally:
            free(file.fileno())


if sys.platform == "win32":
    import msvcrt

    def take(handle: int) -> bool:
        """Take the lock on an open file, if nobody holds it."""
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def free(handle: int) -> None:
        """Give the lock on an open file back."""
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def take(handle: int) -> bool:
        """Take the lock on an open file, if nobody holds it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def free(handle: int) -> None:
        """Give the lock on an open file back."""
        fcntl.flock(handle, fcntl.LOCK_UN)
