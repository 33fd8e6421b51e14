"""Make a ticket that has ended uncertain again, aloud, where the gateway tells otherwise.

A fill that comes late may carry no more than the number that Interactive Brokers gave its order:
not the reference, nor order and client id. A correction may take back what was counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.lifecycle import TicketState
from sellkit.core.reports import is_same
from sellkit.core.tickets import FILLED_AT_END
from sellkit.operate.following import end
from sellkit.operate.trading import Attempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.fills import Fill
    from sellkit.core.reports import BrokerRecords
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.trading import Trading

REACH: Final = dt.timedelta(days=8)
"""How old a ticket may be of which something is told yet: a gateway tells the executions of a week
at most, and orders are good for their day."""

_HAD_BY_GATEWAY: Final = (
    TicketState.REJECTED,
    TicketState.CANCELLED,
    TicketState.EXPIRED,
    TicketState.NOT_RECEIVED,
    TicketState.DONE,
)


def reopen(trading: Trading, records: BrokerRecords, fresh: Sequence[Fill]) -> None:
    """Hold every ticket that ended lately against the lists, and against the ledger.

    Parameters
    ----------
    fresh
        The executions that the journal did not have before these lists.
    """
    recent = trading.book.ticket_records(trading.account.alias, trading.now() - REACH)
    numbered = {each.perm_id for each in recent if each.perm_id}
    for record in recent:
        if record.state not in _HAD_BY_GATEWAY:
            continue
        perm_id = record.perm_id or _perm_id_of(record, records, numbered)
        told = _told(trading, record, perm_id, records, fresh)
        if told:
            cause = f"it was {record.state}, and the gateway tells of it afterwards: {told}"
            end(trading, Attempt(None, record), TicketState.UNCERTAIN, cause, perm_id)


def nameless(
    records: BrokerRecords, tickets: Sequence[TicketRecord], client_id: str
) -> tuple[Fill, ...]:
    """Executions of this client id without a reference that are of none of these tickets.

    What a person trades in the terminal is told as client 0's, and is none of them.
    """
    numbered = {each.perm_id for each in tickets if each.perm_id}
    return tuple(
        each
        for each in records.fills
        if not each.reference
        and each.client_id == client_id
        and not each.is_by_hand
        and each.perm_id not in numbered
    )


def _told(
    trading: Trading,
    record: TicketRecord,
    perm_id: str | None,
    records: BrokerRecords,
    fresh: Sequence[Fill],
) -> str:
    """What contradicts its end, in words; "" when nothing does."""
    orders = records.open_of(record.reference, perm_id)
    if orders:
        return f"it is open as {orders[0].status}"
    if perm_id != record.perm_id:
        return f"an order {perm_id} of its client id and order id was executed"
    at_end = _filled_at_end(trading, record)
    if at_end is None:
        late = [e for e in fresh if is_same(record.reference, perm_id, e.reference, e.perm_id)]
        return f"an execution of {counted(late[0].quantity, 'share')} was told" if late else ""
    if at_end == record.filled:
        return ""
    return f"{record.filled} of {record.quantity} shares are executed, and {at_end} were then"


def _filled_at_end(trading: Trading, record: TicketRecord) -> Decimal | None:
    """The shares that were executed when it ended; None where its last step does not say."""
    details = trading.book.steps(record.reference)[-1]["details"]
    filled = details.get(FILLED_AT_END) if isinstance(details, Mapping) else None
    return None if filled is None else Decimal(str(filled))


def _perm_id_of(record: TicketRecord, records: BrokerRecords, numbered: set[str]) -> str | None:
    """The number of an order that is told as executed and can be no other than this attempt.

    It was never told before. Order ids have come back after a restart of a gateway: so the
    contract, the side and the client id have to be the same as well, and it is later than the
    claim.
    """
    if record.claimed_at is None:
        return None
    claim = (record.client_id, record.order_id, record.con_id, record.side)
    for each in records.fills:
        told = (each.client_id, each.order_id, each.con_id, each.side)
        is_unknown = not each.reference and each.perm_id and each.perm_id not in numbered
        if is_unknown and told == claim and each.at >= record.claimed_at:
            return each.perm_id
    return None
