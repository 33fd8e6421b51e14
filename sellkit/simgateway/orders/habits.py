"""How the gateway behaves towards orders where real ones differ from one another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class ExecutionsOfClientZero(StrEnum):
    """What a request for executions gets that names client 0 in its filter."""

    ALL = "all"
    OWN = "own"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHabits:
    """Variations in the life of an order; the defaults are what real gateways mostly do.

    All seconds are those of the gateway's clock, which is looked at each second, at high speeds
    and over steps each minute.

    Attributes
    ----------
    fill_size
        Shares in one fill at most, with one fill of an order at each look; None fills at once.
    fill_after_seconds
        How long an order works before it can fill.
    commission_after_seconds
        How long after its fill a commission is told; 0 tells it behind the fill's other messages.
    cancel_after_seconds
        How long a cancel takes; meanwhile the order is PendingCancel and may fill.
    cancels_wait_for_open
        A cancel outside the order's trading hours takes effect at the open.
    status_repeats
        How often each status is sent.
    execution_first
        Executions come before the status that counts them.
    acknowledges_first
        openOrder and the first statuses come before the executions of an order that fills at once.
    tells_filled
        A fill is told by a status, too, not only by its execution.
    warns_of_preset
        An order without a time in force gets error 10349, and lives.
    status_after_rejection
        The status behind error 201: `Inactive`, `Cancelled`, or empty for none.
    lists_rejected
        Rejected orders stand among the completed ones.
    forgets_ended_after_seconds
        A cancel of an order that ended longer ago is answered with 10147 instead of 10148.
    refuses_e_trade_only
        An order with eTradeOnly or firmQuoteOnly gets error 10268.
    price_band
        A limit further than this share beyond the market is rejected (0.03 is 3 %); None takes any.
    no_permission
        Symbols that the accounts may not trade.
    max_active
        Working orders for one contract and side in one account.
    untags_on_restart
        Which working orders a restart of the gateway or a nightly reset brings back without order
        id, client and reference, until client 0 binds them: `none`, `stops` or `all`.
    client_zero
        What a filter for the executions of client 0 means.
    master_client_id
        The client that hears of every order; None for nobody.
    """

    fill_size: Decimal | None = None
    fill_after_seconds: float = 0.0
    commission_after_seconds: float = 0.0
    cancel_after_seconds: float = 0.0
    cancels_wait_for_open: bool = False
    status_repeats: int = 2
    execution_first: bool = True
    acknowledges_first: bool = True
    tells_filled: bool = True
    warns_of_preset: bool = False
    status_after_rejection: str = "Inactive"
    lists_rejected: bool = True
    forgets_ended_after_seconds: float = 3600.0
    refuses_e_trade_only: bool = True
    price_band: Decimal | None = None
    no_permission: frozenset[str] = frozenset()
    max_active: int = 20
    untags_on_restart: str = "none"
    client_zero: ExecutionsOfClientZero = ExecutionsOfClientZero.ALL
    master_client_id: int | None = None
