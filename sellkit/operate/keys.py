"""Which contracts of which account somebody in this process works on: one at a time for each.

An exit goes first. Another strategy, which may want the other side, is lent a contract only while
no exit has or awaits it; an exit that finds it lent waits for it to be given back.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sellkit.core.portfolio import Account

    Key = tuple[str, int]


class Keys:
    """The contracts in work; one of these serves a whole process."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._taken: set[Key] = set()
        self._lent: set[Key] = set()
        self._awaited: Counter[Key] = Counter()
        self._takings = 0

    @contextmanager
    def held(
        self, account: Account, con_ids: Collection[int], seconds: float = 0.0
    ) -> Iterator[frozenset[int]]:
        """Take contracts for exits, and give them back in the end; those that were taken.

        What another exit has is not waited for: it does the same work.

        Parameters
        ----------
        seconds
            How long those that are lent to another strategy are waited for, in real seconds.
        """
        wanted = {(account.number, con_id) for con_id in con_ids}
        with self._turn:
            self._await_lent(wanted, seconds)
            mine = wanted - self._taken
            self._taken |= mine
            self._takings += 1
        yield from self._until_done(mine, self._taken)

    @contextmanager
    def lent(self, account: Account, con_ids: Collection[int]) -> Iterator[frozenset[int]]:
        """Take contracts for anything else than an exit: those that none has, nor awaits."""
        wanted = {(account.number, con_id) for con_id in con_ids}
        with self._turn:
            mine = {each for each in wanted - self._taken if not self._awaited[each]}
            self._taken |= mine
            self._lent |= mine
            self._takings += 1
        yield from self._until_done(mine, self._taken, self._lent)

    def mark(self) -> int | None:
        """To be shown to `is_first_since`; None while anybody has anything."""
        with self._turn:
            return None if self._taken else self._takings

    def is_first_since(self, mark: int | None) -> bool:
        """Whether who has taken contracts now is the only one that did since a mark was given."""
        with self._turn:
            return mark is not None and self._takings == mark + 1

    def is_awaited(self, account: Account, con_id: int) -> bool:
        """Whether an exit waits for a contract, so that whoever it is lent to gives it back."""
        with self._turn:
            return self._awaited[account.number, con_id] > 0

    def _await_lent(self, wanted: set[Key], seconds: float) -> None:
        self._awaited.update(wanted)
        try:
            self._turn.wait_for(lambda: not wanted & self._lent, seconds)
        finally:
            self._awaited.subtract(wanted)

    def _until_done(self, mine: set[Key], *kept: set[Key]) -> Iterator[frozenset[int]]:
        try:
            yield frozenset(con_id for _, con_id in mine)
        finally:
            with self._turn:
                for each in kept:
                    each.difference_update(mine)
                self._turn.notify_all()
