"""Which contracts of which account somebody in this process works on: one at a time for each."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sellkit.core.portfolio import Account


class Keys:
    """The contracts in work; one of these serves a whole process."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._taken: set[tuple[str, int]] = set()

    @contextmanager
    def held(self, account: Account, con_ids: Collection[int]) -> Iterator[frozenset[int]]:
        """Take those that nobody has, and give them back in the end; the ones that were taken."""
        wanted = {(account.number, con_id) for con_id in con_ids}
        with self._turn:
            mine = wanted - self._taken
            self._taken |= mine
        try:
            yield frozenset(con_id for _, con_id in mine)
        finally:
            with self._turn:
                self._taken -= mine
