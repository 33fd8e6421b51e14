"""What a person does in the gateway's own window, from any thread but the gateway's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.simgateway.orders import desk
from sellkit.simgateway.orders.order import Terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.habits import OrderHabits
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order

T = TypeVar("T")

_SECONDS: Final = 10.0


class Terminal:
    """The gateway as a person uses it. Every method waits until its effect was sent to clients."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def place(
        self,
        symbol: str,
        action: str,
        quantity: Decimal,
        order_type: str = "MKT",
        *,
        limit_price: Decimal | None = None,
        aux_price: Decimal | None = None,
        time_in_force: str = "DAY",
        account: str | None = None,
    ) -> Order:
        """Place an order by hand; it has no order id and passes no check.

        Raises
        ------
        KeyError
            The scenario has no contract with the symbol.
        """
        terms = Terms(
            account=account or self._gateway.account,
            security=self._gateway.exchange.named(symbol),
            action=action,
            quantity=quantity,
            order_type=order_type,
            limit_price=limit_price,
            aux_price=aux_price,
            time_in_force=time_in_force,
        )
        return self._do(lambda: self._place(terms))

    def cancel(self, perm_id: int) -> None:
        """Cancel an order, whoever placed it.

        Raises
        ------
        KeyError
            No working order has that number.
        """
        now = self._gateway.clock.now
        self._do(lambda: desk.cancel_by_hand(self._gateway.floor, perm_id, now()))

    def correct(self, exec_id: str, price: Decimal) -> Execution:
        """Correct the price of a fill: a new execution of the same family replaces it.

        Raises
        ------
        KeyError
            It is not the latest execution of its family.
        """
        return self._do(lambda: desk.correct(self._gateway.floor, exec_id, price))

    def set_habits(self, **changes: object) -> OrderHabits:
        """Change how orders are treated from now on; keywords are those of `OrderHabits`."""
        floor = self._gateway.floor
        floor.habits = replace(floor.habits, **changes)  # type: ignore[arg-type]
        return floor.habits

    def let_trade(self) -> None:
        """Let orders meet the market now, without waiting for the clock's next second."""
        self._do(self._gateway.let_orders_trade)

    def _place(self, terms: Terms) -> Order:
        gateway = self._gateway
        now, binds = gateway.clock.now(), gateway.binds_orders
        return desk.place_by_hand(gateway.floor, terms, now, binds=binds)

    def _do(self, work: Callable[[], T]) -> T:
        async def on_loop() -> T:
            self._gateway.floor.quotes.forget()
            result = work()
            self._gateway.tell_orders()
            return result

        return asyncio.run_coroutine_threadsafe(on_loop(), self._gateway.loop).result(_SECONDS)
