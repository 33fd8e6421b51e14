"""What goes wrong on the machine itself: processes that are killed, a full disk, torn files."""

from __future__ import annotations

import datetime as dt
import logging
import resource
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.errors import SellkitError
from tests.adapters.processes import PROCESSES
from tests.soak.troubles import End, Scene

PATIENCE = 60.0


def rewrite_forever(folder: Path) -> None:
    """Add what a store holds anyway, and fold it, until killed."""
    store = ParquetBarStore(folder)
    while True:
        with suppress(SellkitError):  # a full disk, perhaps
            for key in store.keys():  # noqa: SIM118 (no dict)
                store.add_many({key: store.read(key).iloc[-40:]})
            store.compact()


def run_forever(port: int, folder: Path, moment: dt.datetime, client_id: int) -> None:
    """Hourly runs, one after the other, until killed."""
    from tests.soak.operator import Operator  # the server of processes is lean

    logging.disable()
    operator = Operator(port, folder, lambda: moment, _wait_to_be_killed, client_id)
    number = 0
    while True:
        number += 1
        operator.hourly(f"killed-{client_id}-{moment:%d%H%M}-{number}")


def _wait_to_be_killed(_moment: dt.datetime) -> None:
    threading.Event().wait(PATIENCE)


def writer_killed(scene: Scene) -> End:
    """A process that writes is killed at some moment while sellkit acts."""
    return _killed(scene, 0.6, rewrite_forever, scene.folder / "data")


def run_killed(scene: Scene) -> End:
    """A whole run in another process is killed at some moment."""
    client = scene.chance.randint(10, 60)
    return _killed(scene, 4.0, run_forever, scene.host.port, scene.folder, scene.moment, client)


def _killed(scene: Scene, most: float, target: Callable[..., None], *words: object) -> End:
    process: BaseProcess = PROCESSES.Process(target=target, args=words, daemon=True)
    process.start()
    timer = threading.Timer(scene.chance.uniform(0.02, most), process.kill)
    timer.start()

    def end() -> None:
        timer.join(PATIENCE)
        process.join(PATIENCE)
        process.close()

    return end


def disk_full(scene: Scene) -> End:
    """No file of this process may grow beyond some size; then it may again."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (scene.chance.randint(0, 20_000), before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def torn_files(scene: Scene) -> None:
    """Files that never got their name, as a machine without power leaves them."""
    for kind in ("bars", "segments", "absent", "revisions", "quarantine", "refetch/segments"):
        folder = scene.folder / "data" / kind
        if folder.is_dir() and scene.chance.random() < 0.5:
            names = sorted(each.name for each in folder.glob("[!.]*.*")) or ["0-0-0.parquet"]
            name = f".{scene.chance.choice(names)}.{secrets.token_hex(6)}.tmp"
            (folder / name).write_bytes(scene.chance.randbytes(scene.chance.randint(0, 5000)))


LOCAL: dict[Callable[[Scene], End | None], int] = {
    writer_killed: 4,
    run_killed: 1,
    disk_full: 4,
    torn_files: 2,
}
"""Every trouble of the machine, and how often it is drawn."""
