"""Profit and loss: of a day, of what is held, and of what was closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sellkit.simgateway import messages
from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders.hours import midnight

if TYPE_CHECKING:
    from sellkit.simgateway.accounts import Valued
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Security


class Pnl(NamedTuple):
    """Profit and loss in the account's base currency."""

    daily: float
    unrealized: float
    realized: float


@dataclass(slots=True)
class PnlWatch:
    """A request for profit and loss that stands; `con_id` None means the whole account."""

    request_id: int
    account: str
    con_id: int | None
    told: Message | None = None

    def changes(self, gateway: Gateway) -> list[Message]:
        """The message about it, unless the client knows it already."""
        message = self._message(gateway)
        if message == self.told:
            return []
        self.told = message
        return [message]

    def _message(self, gateway: Gateway) -> Message:
        ledger = gateway.exchange.ledger
        if self.con_id is None:
            own = [ledger.holding(self.account, each) for each in _touched(gateway, self.account)]
            found = [_pnl(gateway, gateway.valuer.value(one, gateway.clock.now())) for one in own]
            sums = (round(sum(column), 2) for column in zip(*found, strict=True))
            return messages.pnl(self.request_id, *(sums if found else (0.0, 0.0, 0.0)))
        security = gateway.exchange.directory.get(self.con_id)
        if security is None:
            return messages.pnl_single(self.request_id, 0, 0.0, 0.0, 0.0, 0.0)
        holding = ledger.holding(self.account, security)
        valued = gateway.valuer.value(holding, gateway.clock.now())
        size = (*_pnl(gateway, valued), valued.value)
        # Clients read whole numbers here, so a fraction is left out.
        return messages.pnl_single(self.request_id, int(holding.quantity), *size)


def _touched(gateway: Gateway, account: str) -> list[Security]:
    """Contracts that an account holds or has traded."""
    held = {one.security.con_id for one in gateway.exchange.holdings(account)}
    traded = {
        one.order.terms.security.con_id
        for one in gateway.exchange.ledger.executions
        if one.order.terms.account == account
    }
    found = (gateway.exchange.directory.get(con_id) for con_id in sorted(held | traded))
    return [security for security in found if security is not None]


def _pnl(gateway: Gateway, valued: Valued) -> Pnl:
    """The profit and loss of a position, which may be zero.

    The day's is what the position is worth, less what it was worth at the close of the session
    before, less what was paid for it since midnight.
    """
    ledger, holding = gateway.exchange.ledger, valued.holding
    account, security = holding.account, holding.security
    start, paid = holding.quantity, 0.0
    since = midnight(gateway.clock.now())
    latest = {one.family: one for one in ledger.executions}
    for one in latest.values():
        terms = one.order.terms
        is_own = (terms.account, terms.security.con_id) == (account, security.con_id)
        if is_own and one.time >= since:
            start -= terms.sign * one.quantity
            value = float(terms.sign * one.quantity * one.price * security.units)
            paid += value + float(one.commission)
    before = float(start * security.units) * _previous_close(gateway, valued)
    rate = float(ledger.rates.of(security.currency, ledger.base(account)))
    realized = float(ledger.realized(account, security))
    amounts = (valued.value - before - paid, valued.unrealized, realized)
    return Pnl(*(round(amount * rate, 2) for amount in amounts))


def _previous_close(gateway: Gateway, valued: Valued) -> float:
    """The close of the session before; without one the present price, so nothing is gained."""
    name = gateway.exchange.price_name(valued.holding.security)
    if name is None:
        return valued.price
    try:
        return gateway.market.quote(name, gateway.clock.now()).previous_close
    except Refused:
        return valued.price
