"""What a gateway does at the moment of a split or of a changed symbol."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.market import Market
from sellkit.simgateway.orders.events import Changed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.simgateway.corporate_actions import CorporateAction
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Security

_REASON: Final = "the contract is subject to a corporate action"


class Reorganisation:
    """Corporate actions that are due, and what becomes of the books and the market with each.

    Orders on the contract are cancelled first, as IB cancels them. Then positions turn into
    as many shares as the ratio says, at the same cost in all, and the market tells every price in
    the new shares. Clients hear of it as of any changed position.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._waiting = sorted(gateway.scenario.corporate_actions, key=lambda each: each.at)
        self._done: list[CorporateAction] = []

    @property
    def waiting(self) -> tuple[CorporateAction, ...]:
        """Those whose moment has not come, the next one first."""
        return tuple(self._waiting)

    def add(self, action: CorporateAction) -> None:
        """Take one more; it strikes when its moment comes."""
        self._waiting = sorted((*self._waiting, action), key=lambda each: each.at)

    def is_due(self, now: dt.datetime) -> bool:
        """Whether the moment of one has come."""
        return bool(self._waiting) and self._waiting[0].at <= now

    def strike_due(self, now: dt.datetime) -> None:
        """Do what is due, and tell the clients."""
        if not self.is_due(now):
            return
        while self.is_due(now):
            self._strike(self._waiting.pop(0))
        self._gateway.tell_orders()

    def state(self) -> tuple[list[CorporateAction], list[CorporateAction]]:
        """What was done and what waits, for `restore`."""
        return self._done, self._waiting

    def restore(self, done: Iterable[CorporateAction], waiting: Iterable[CorporateAction]) -> None:
        """Know contracts and prices as they are after what was done; the books know it already."""
        for action in done:
            old = self._gateway.exchange.directory.get(action.con_id)
            if old is not None:
                self._rename(old, action)
            self._done.append(action)
        new = [each for each in self._waiting if each not in {*self._done, *waiting}]
        self._waiting = sorted((*waiting, *new), key=lambda each: each.at)

    def _strike(self, action: CorporateAction) -> None:
        gateway = self._gateway
        old = gateway.exchange.directory.get(action.con_id)
        self._done.append(action)
        if old is None:
            return  # an earlier action gave the contract another number
        self._cancel_orders(old, action)
        new = self._rename(old, action)
        accounts = gateway.exchange.ledger.convert(old, new, action.ratio)
        gateway.floor.quotes.forget()
        gateway.valuer.forget()
        told = (old, new) if old.con_id != new.con_id else (new,)
        for account in accounts:
            gateway.floor.note(*(Changed(account, security) for security in told))

    def _rename(self, old: Security, action: CorporateAction) -> Security:
        """The contract from now on, in the directory and in the market."""
        gateway, new = self._gateway, successor(old, action)
        gateway.exchange.directory.replace(old, new)
        name = gateway.exchange.price_name(new)
        if action.ratio != 1 and name is not None and isinstance(gateway.market, Market):
            gateway.market.split(name, action.ratio, action.at)
        return new

    def _cancel_orders(self, security: Security, action: CorporateAction) -> None:
        floor = self._gateway.floor
        for order in floor.book.on_contract(security.con_id):
            current = floor.book.now(order)
            if current.is_working or current.is_on_hold:
                ended = f"Cancelled by System: {_REASON}"
                floor.end(current, action.at, ended, note=f" {_REASON}.")


def successor(old: Security, action: CorporateAction) -> Security:
    """A contract as it is after a corporate action."""
    symbol, ratio = action.symbol or old.symbol, action.ratio
    is_renamed = symbol != old.symbol
    own_class = old.trading_class if old.trading_class != old.symbol else symbol
    price = old.price
    if price is not None:
        price = (price * ratio.denominator / ratio.numerator).quantize(old.min_tick)
    return replace(
        old,
        con_id=action.new_con_id or old.con_id,
        symbol=symbol,
        local_symbol=None if is_renamed else old.local_symbol,
        trading_class=own_class,
        price=price,
    )
