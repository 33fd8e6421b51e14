"""The stamp that says whom stored data belong to."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sellkit.adapters import durable_file
from sellkit.core.portfolio import GatewayKind, Origin
from sellkit.errors import ForeignOrigin

if TYPE_CHECKING:
    from pathlib import Path


class OriginStamp:
    """`origin.json` in a data folder: kind of gateway, the account's alias and fingerprint."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "origin.json"

    def exists(self) -> bool:
        """Whether the folder has been stamped."""
        return self._path.exists()

    def write(self, origin: Origin) -> None:
        """Stamp the folder."""
        durable_file.replace(self._path, json.dumps(asdict(origin)).encode())

    def check(self, origin: Origin) -> None:
        """Compare the stamp with an origin.

        Raises
        ------
        ForeignOrigin
            It tells of another gateway or account, or nothing that can be read.
        """
        found = self.read()
        if found is None:
            raise self.foreign(f"has a stamp that cannot be read, {self._path.name}")
        if (found.gateway, found.fingerprint) == (origin.gateway, origin.fingerprint):
            return  # the alias is a name that a person may change
        who = f"was written by a {found.gateway} gateway for account {found.alias!r}"
        asked = f"this is a {origin.gateway} gateway with account {origin.alias!r}"
        if (found.gateway, found.alias) == (origin.gateway, origin.alias):
            asked = f"{origin.alias!r} now names another account"
        raise self.foreign(f"{who}, and {asked}")

    def read(self) -> Origin | None:
        """Whom the folder belongs to; None when there is no stamp or none that can be read."""
        try:
            told = json.loads(self._path.read_bytes())
            kind = GatewayKind(told["gateway"])
            return Origin(kind, str(told["alias"]), str(told["fingerprint"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def foreign(self, what: str) -> ForeignOrigin:
        """The refusal, with what to do."""
        return ForeignOrigin(
            f"{self._folder} {what}; use another --profile or --data-dir, or move that folder away"
        )

    def remove(self) -> None:
        """Take the stamp away, and what a crash while stamping left."""
        for left in self._path.parent.glob(f".{self._path.name}.*.tmp"):
            left.unlink()
        self._path.unlink(missing_ok=True)
