"""Kernels beside the tests: the one that is installed, and one of another release."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from tests.clients.environments import python_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_client.blocking.client import BlockingKernelClient

CHECKOUT = Path(__file__).parents[2]
INSTALLED, FORMER = "", "ipykernel_6"
"""Releases of ipykernel: of the project's own environment, and of the one of that name."""

_CELL_SECONDS = 60
_LAUNCH = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


def cells_of(notebook: Path) -> list[str]:
    """The code of a notebook, cell by cell."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def queued(
    notebook: Path, release: str, environment: Mapping[str, str], asked: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Send all cells of a notebook at once, which is what "Run All" does, and wait for the last.

    Gives the errors, and what the asked expressions say at the end.
    """
    with_path = {**environment, "PYTHONPATH": os.pathsep.join(_folders(release))}
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, *_LAUNCH], display_name="sellkit", language="python"
    )
    manager.start_kernel(env=with_path, cwd=str(CHECKOUT))
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_CELL_SECONDS)
        cells = cells_of(notebook)
        sent = [client.execute(each, stop_on_error=False) for each in cells]
        last = client.execute("", user_expressions={each: each for each in asked})
        replies = _replies(client, [*sent, last])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    ends = [(cell, replies[each]) for cell, each in zip([*cells, ""], [*sent, last], strict=True)]
    errors = [_error(cell, reply) for cell, reply in ends if reply["status"] != "ok"]
    told = replies[last]["user_expressions"]
    return errors, {each: told[each]["data"]["text/plain"] for each in asked}


def _error(cell: str, reply: Mapping[str, Any]) -> str:
    traceback = "\n".join(reply.get("traceback", ()))
    return (
        f"{reply['status']}, {reply.get('ename')} {reply.get('evalue')!r} in:\n{cell}\n{traceback}"
    )


def _folders(release: str) -> list[str]:
    """Where a kernel looks first; the packages of another release go before the project's."""
    if release == INSTALLED:
        return [str(CHECKOUT)]
    (packages,) = python_of(release).parents[1].glob("lib/python*/site-packages")
    return [str(packages), str(CHECKOUT)]


def _replies(client: BlockingKernelClient, sent: list[str]) -> dict[str, Any]:
    """What each request was answered; answers to others, of the kernel's start, are passed over."""
    found: dict[str, Any] = {}
    while not found.keys() >= set(sent):
        reply = client.get_shell_msg(timeout=_CELL_SECONDS)
        found[reply["parent_header"]["msg_id"]] = reply["content"]
    return found
