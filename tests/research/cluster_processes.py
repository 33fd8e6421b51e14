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

    def parts(self) -> dict[str, int]:
        """By worker, how many parts it waits for, works on or holds the result of."""
        return dict(self.run(_parts))

    def kill(self, worker: str) -> int:
        """End a worker as a power cut would; its number."""
        pid = self.pids()[worker]
        os.kill(pid, signal.SIGKILL)
        return pid


def _parts(dask_worker: Any) -> int:
    return len(dask_worker.state.tasks)


@contextmanager
def processes(workers: int = WORKERS) -> Iterator[Processes]:
    """Start them; what they tell over HTTP is told on loopback, at any port that is free."""
    from distributed import Client, LocalCluster

    where: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, **where) as cluster,
        Client(cluster.scheduler_address, set_as_default=False) as client,
    ):
        yield Processes(cluster.scheduler_address, client.run)
