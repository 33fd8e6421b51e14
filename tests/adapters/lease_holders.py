"""What holds the lease on an account, or reads switches, in another process."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from sellkit.adapters.account_lease import FileLease
from sellkit.adapters.switch_files import SwitchFiles
from tests.build import NOW, account


def hold(folder: Path, told: Connection) -> None:
    """Take the lease, say whether it was got, and keep it until told to end."""
    lease = FileLease(folder, account(), lambda: NOW)
    told.send(lease.take())
    told.recv()


def read_switches(folder: Path, told: Connection) -> None:
    """For each word that is sent, say what is armed and halted."""
    switches = SwitchFiles(folder, "a secret of sixteen")
    while told.recv():
        told.send((switches.arming(account()).arming, switches.halt()))
