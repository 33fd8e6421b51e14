"""What was executed of an order, counted once however often it is told."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.core.portfolio import Side

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.core.portfolio import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution, as the gateway told it.

    Attributes
    ----------
    exec_id
        Interactive Brokers' number of it. A correction repeats the execution under the same number
        but for what follows the last dot.
    perm_id, order_id, client_id, reference
        The order's; an order id repeats between clients and days, the perm id does not.
    side
        BUY or SELL.
    quantity
        Shares, above zero; a correction tells the whole anew.
    price
        In the contract's currency.
    at
        When it was executed; aware UTC.
    """

    exec_id: str
    account: Account
    con_id: int
    perm_id: str
    order_id: str
    client_id: str
    reference: str
    side: Side
    quantity: Decimal
    price: Decimal
    at: dt.datetime

    @property
    def is_by_hand(self) -> bool:
        """Whether a person placed its order in the terminal: it has no id, or one below 0."""
        return self.client_id == "0" and (self.order_id == "0" or self.order_id.startswith("-"))

    @property
    def family(self) -> str:
        """What an execution and its corrections have in common."""
        return self.exec_id.rpartition(".")[0] or self.exec_id

    @property
    def revision(self) -> tuple[int, str]:
        """Sorts the members of a family, the correction behind what it corrects."""
        last = self.exec_id.rpartition(".")[2]
        return len(last), last


def counted(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """Of each family the latest revision, in the order in which the families first came."""
    latest: dict[str, Fill] = {}
    for fill in fills:
        held = latest.get(fill.family)
        if held is None or fill.revision >= held.revision:
            latest[fill.family] = fill
    return tuple(latest.values())


def sold(fills: Iterable[Fill]) -> Decimal:
    """Shares sold less shares bought, each family once."""
    signed = (
        each.quantity if each.side is Side.SELL else -each.quantity for each in counted(fills)
    )
    return sum(signed, Decimal(0))


def total(fills: Iterable[Fill]) -> Decimal:
    """Shares executed, each family once."""
    return sum((each.quantity for each in counted(fills)), Decimal(0))
