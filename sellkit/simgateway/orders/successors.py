"""What became of contracts that were renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.simgateway.scenario import Security


class Successors:
    """The contract that an earlier one has become, by their numbers."""

    def __init__(self) -> None:
        self._next: dict[int, Security] = {}

    def add(self, old: Security, new: Security) -> None:
        """From now on the old contract is known as the new one."""
        self._next[old.con_id] = new
        # A number that had been given up and is used again ends a chain.
        self._next[new.con_id] = new

    def of(self, security: Security) -> Security:
        """A contract as it is known now: itself where nothing became of it."""
        found = self._next.get(security.con_id, security)
        while (after := self._next.get(found.con_id, found)).con_id != found.con_id:
            found = after
        return after

    def state(self) -> list[tuple[int, Security]]:
        """Old numbers and what follows them, as plain data for `restore`."""
        return list(self._next.items())

    def restore(self, state: Iterable[tuple[int, Security]]) -> None:
        """Know these."""
        self._next = dict(state)
