"""How the event loop of this thread stands: whether it runs, and who made it nest."""

from __future__ import annotations

import asyncio
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from typing import Final

BRIDGE: Final = "sellkit-ib"
"""The name of the thread that a desk's connection lives on."""


def is_running() -> bool:
    """Whether this thread's loop runs at this moment, as it does below every cell of a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def is_main_thread() -> bool:
    """Whether this is the thread that has a loop without anybody making one."""
    return threading.current_thread() is threading.main_thread()


def has_bridge() -> bool:
    """Whether a desk is open in this process."""
    return any(each.name == BRIDGE and each.is_alive() for each in threading.enumerate())


def nested_by() -> str | None:
    """The library that made asyncio nest loops in this process; None when none did."""
    if not hasattr(asyncio, "_nest_patched"):
        return None
    # Both leave the same mark; the functions that they put there tell which of them it was.
    return str(asyncio.run.__module__)


def kernel_version() -> tuple[int, ...] | None:
    """The version of the ipykernel that runs this process; None where none does."""
    shell = sys.modules.get("IPython")
    found = None if shell is None else shell.get_ipython()
    if getattr(found, "kernel", None) is None:
        return None
    return version_of("ipykernel")


def version_of(package: str) -> tuple[int, ...]:
    """The leading numbers of an installed package's version; none when it is not installed."""
    try:
        parts = version(package).split(".")
    except PackageNotFoundError:
        return ()
    return tuple(int(each) for each in parts if each.isdecimal())
