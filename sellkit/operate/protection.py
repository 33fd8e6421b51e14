"""Say which protective orders are gone since the account was last looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind
from sellkit.core.protection import lapsed
from sellkit.operate.clearing import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.portfolio import AccountSnapshot
    from sellkit.ports import Journal


def say_lapsed(
    journal: Journal, snapshot: AccountSnapshot, alarm: Callable[[AlertKind, str], None]
) -> None:
    """Hold the orders that the journal saw last against those of now; one alert for each gone.

    To be called before the snapshot is recorded: it is what the next look is held against.
    """
    names = {each.instrument.con_id: str(each.instrument) for each in snapshot.positions}
    for each in lapsed(journal.resting(snapshot.account), snapshot):
        order = each.order
        alarm(
            AlertKind.PROTECTION_GONE,
            f"{names[order.con_id]}: the protective order {in_words(order)} "
            f"(number {order.perm_id or order.order_id}), last seen "
            f"{each.seen_at:%Y-%m-%d %H:%M} UTC, rests no more, and sellkit did not cancel it: "
            "place it anew, or see in TWS why it ended",
        )
