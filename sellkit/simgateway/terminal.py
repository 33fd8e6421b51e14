"""What a person does in the gateway's own window, from any thread but the gateway's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.simgateway.figures import check_figures
from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders import desk, intervention
from sellkit.simgateway.orders.order import Terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from sellkit.simgateway.downtime_plan import LoggedOut, NightlyReset
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.habits import OrderHabits
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.scenario import Security

T = TypeVar("T")

_SECONDS: Final = 10.0


def set_position(
    gateway: Gateway, security: Security, quantity: Decimal, average_cost: Decimal, account: str
) -> None:
    """Set a position; called on the gateway's thread."""
    gateway.exchange.hold(account, security, quantity, average_cost)
    for session in gateway.sessions:
        session.watches.position_changed(account, security)


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
        ConfigError
            A size or a price is beyond what can be reckoned with.
        KeyError
            The scenario has no contract with the symbol.
        """
        check_figures(quantity=quantity, limit_price=limit_price, aux_price=aux_price)
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
        return self.on_loop(lambda: self._place(terms))

    def cancel(self, perm_id: int) -> None:
        """Cancel an order, whoever placed it.

        Raises
        ------
        KeyError
            No working order has that number.
        """
        now = self._gateway.clock.now
        self.on_loop(lambda: desk.cancel_by_hand(self._gateway.floor, perm_id, now()))

    def hold(
        self, symbol: str, quantity: Decimal, average_cost: Decimal, account: str | None = None
    ) -> None:
        """Set a position, to zero as well, and tell the clients that asked for changes.

        Raises
        ------
        ConfigError
            The size or the cost is beyond what can be reckoned with.
        KeyError
            The scenario has no contract with the symbol.
        """
        check_figures(quantity=quantity, average_cost=average_cost)
        own = account or self._gateway.account
        security = self._gateway.exchange.named(symbol)
        self.on_loop(lambda: set_position(self._gateway, security, quantity, average_cost, own))

    def fill(
        self, perm_id: int, quantity: Decimal | None = None, price: Decimal | None = None
    ) -> Decimal:
        """Fill a working order, and give the price.

        Without `quantity` all that is left fills, without `price` at the market.

        Raises
        ------
        ConfigError
            The size or the price is beyond what can be reckoned with.
        KeyError
            No working order has that number.
        Refused
            There is not so much left, or the market has no price.
        """
        check_figures(quantity=quantity, price=price)
        floor, now = self._gateway.floor, self._gateway.clock.now
        return self.on_loop(
            lambda: intervention.fill(
                floor, intervention.find(floor, perm_id), quantity, price, now()
            )
        )

    def kill(self, perm_id: int, code: int, text: str) -> None:
        """End a working order with an error: 201 rejects it, any other code cancels it.

        Raises
        ------
        KeyError
            No working order has that number.
        """
        floor, now = self._gateway.floor, self._gateway.clock.now
        notice = Refused(code, text)
        self.on_loop(
            lambda: intervention.kill(floor, intervention.find(floor, perm_id), notice, now())
        )

    def reset(self, plan: NightlyReset) -> None:
        """Begin a nightly reset."""
        self.on_loop(lambda: self._gateway.downtime.reset(plan))

    def log_out(self, how: LoggedOut) -> None:
        """End every session, and take none until `log_in`."""
        self.on_loop(lambda: self._gateway.downtime.log_out(how))

    def log_in(self) -> bool:
        """Take clients again; False when nobody had to log in."""
        return self.on_loop(self._gateway.downtime.log_in)

    def roll_back_ids(self, client_id: int, by: int) -> int:
        """Let a client's next order id go back, and give it; ids are then used again."""
        return self.on_loop(lambda: self._gateway.exchange.roll_back_ids(client_id, by))

    def correct(self, exec_id: str, price: Decimal) -> Execution:
        """Correct the price of a fill: a new execution of the same family replaces it.

        Raises
        ------
        ConfigError
            The price is beyond what can be reckoned with.
        KeyError
            It is not the latest execution of its family.
        """
        check_figures(price=price)
        return self.on_loop(lambda: desk.correct(self._gateway.floor, exec_id, price))

    def set_habits(self, **changes: object) -> OrderHabits:
        """Change how orders are treated from now on; keywords are those of `OrderHabits`."""
        floor = self._gateway.floor
        floor.habits = replace(floor.habits, **changes)  # type: ignore[arg-type]
        return floor.habits

    def let_trade(self) -> None:
        """Let orders meet the market now, without waiting for the clock's next second."""
        self.on_loop(self._gateway.let_orders_trade)

    def _place(self, terms: Terms) -> Order:
        gateway = self._gateway
        now, binds = gateway.clock.now(), gateway.binds_orders
        return desk.place_by_hand(gateway.floor, terms, now, binds=binds)

    def on_loop(self, work: Callable[[], T]) -> T:
        """Do something on the gateway's thread, and tell clients what came of it."""

        async def run() -> T:
            self._gateway.floor.quotes.forget()
            result = work()
            self._gateway.tell_orders()
            self._gateway.keeper.save()
            return result

        return asyncio.run_coroutine_threadsafe(run(), self._gateway.loop).result(_SECONDS)
