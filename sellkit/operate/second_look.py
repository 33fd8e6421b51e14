"""Look twice, a minute apart, over one connection: what it takes to prove that an order never came.

Two processes cannot join their looks: neither knows what was interrupted between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.lifecycle import TicketState
from sellkit.core.proof import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.operate.reconcile import Reconciliation
    from sellkit.ports import Clock


def look_twice(
    reconcile: Callable[[], Reconciliation | None], clock: Clock
) -> Reconciliation | None:
    """Reconcile, and once more after a minute if a ticket is left whose fate is open.

    Parameters
    ----------
    reconcile
        A desk's own; both calls are over its one connection.
    clock
        By which looks are dated.
    """
    found = reconcile()
    if found is None or not any(each.state is TicketState.UNCERTAIN for each in found.tickets):
        return found
    clock.sleep_until(clock.now() + BETWEEN)
    return reconcile()
