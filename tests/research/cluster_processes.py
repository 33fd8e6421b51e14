"""A Dask scheduler with workers, each a process of its own, on loopback; started by its tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Processes:
    """A scheduler's address, and its workers' processes."""

    address: str
    run: Callable[..., Mapping[str, Any]]

    def pids(self) -> dict[str, int]:
        """By worker, its process."""
        return dict(self.run(os.getpid))

    def busy(self) -> dict[str, int]:
        """By worker, how many parts it has begun and has not ended."""
        return dict(self.run(_begun))

    def kill(self, worker: str) -> int:
        """End a worker as a power cut would; its number."""
        pid = self.pids()[worker]
        os.kill(pid, signal.SIGKILL)
        return pid


def _begun(dask_worker: Any) -> int:
    return int(dask_worker.state.executing_count)


@contextmanager
def processes() -> Iterator[Processes]:
    """Start them, without the dashboard."""
    from distributed import Client, LocalCluster

    where: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": None}
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, **where) as cluster,
        Client(cluster.scheduler_address, set_as_default=False) as client,
    ):
        yield Processes(cluster.scheduler_address, client.run)
