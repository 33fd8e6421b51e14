"""What sellkit asks of a journal about one position's past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.core.past import Past


class Remembrance(Protocol):
    """Tells what became of a position; it only reads."""

    def past(self, account: str, con_id: int, since: dt.datetime) -> Past:
        """Decisions and orders on bars that ended at `since` or later, and executions since then.

        `account` is its alias. A journal that is not there yet holds none, and is not made.
        """
        ...
