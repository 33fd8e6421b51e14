"""The filter in a request for executions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.clock import GATEWAY_ZONE
from sellkit.simgateway.history import NOT_VALID, Refused, parse_end

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.requests import Fields

_SIDES: Final = {"BUY": 1, "BOT": 1, "BOUGHT": 1, "SELL": -1, "SLD": -1, "SOLD": -1}


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which fills are wanted; an empty text, None or client 0 takes all."""

    client_id: int
    account: str
    since: dt.datetime | None
    symbol: str
    sec_type: str
    exchange: str
    side: int | None

    def takes(self, execution: Execution, *, is_zero_own: bool) -> bool:
        """Whether a fill passes; `is_zero_own` makes client 0 mean its own fills."""
        order = execution.order
        terms, security = order.terms, order.terms.security
        if self.since is not None and execution.time < self.since:
            return False
        if (self.client_id or is_zero_own) and order.client_id != self.client_id:
            return False
        pairs = (
            (self.account, terms.account),
            (self.symbol, security.symbol),
            (self.sec_type, security.sec_type),
            (self.exchange, security.primary_exchange),
        )
        is_side = self.side in (None, terms.sign)
        return is_side and all(wanted in ("", present) for wanted, present in pairs)


def read_filter(fields: Fields) -> ExecutionFilter:
    """Read the seven fields of a filter.

    Raises
    ------
    Refused
        321: the time or the side is not one.
    """
    client_id, account, time = fields.integer(), fields.text(), fields.text()
    symbol, sec_type, exchange = fields.text(), fields.text(), fields.text()
    side = fields.text().upper()
    if side and side not in _SIDES:
        raise Refused(NOT_VALID, f"Error validating request: no side {side!r}")
    try:
        since = parse_end(" ".join(time.split()), GATEWAY_ZONE)
    except Refused as refused:
        text = f"Error validating request: no time {time!r}"
        raise Refused(NOT_VALID, text) from refused
    exchange = "" if exchange == "SMART" else exchange
    return ExecutionFilter(
        client_id, account, since, symbol.upper(), sec_type, exchange, _SIDES.get(side)
    )
