"""The narrow way of a probe's order: one share, far below the market, where there is no money."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.adapters.ib.error_codes import submission_errors
from sellkit.adapters.ib.orders.price_steps import PriceSteps
from sellkit.adapters.ib.orders.records import all_executions
from sellkit.adapters.ib.orders.sending import Attempt, contract_of, order_of, place
from sellkit.core.probe_order import ProbeOrder, far_limit, lowest, takes_probe_orders
from sellkit.errors import NotSent

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.adapters.ib.bridge import Bridge
    from sellkit.adapters.ib.orders.reporter import Reporter
    from sellkit.adapters.ib.way import Way
    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Account, OpenOrder
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.ports import Clock
    from sellkit.ports.order_route import OrderRoute


class IbProbeLine:
    """The `ProbeLine` over the connection of a broker; made by `ProbingBroker.line` alone.

    Quantity, side and kind of the order are written in `ProbeOrder`, and its limit is worked out
    here from what the gateway itself says of the market. Nothing that a caller gives can change
    them, and an instance sends one order at most.

    Parameters
    ----------
    bridge, reporter
        The broker's connection, and what the wire tells of orders.
    route
        For lists, cancels and reports; no order goes by it.
    clock
        By which prices are dated.
    close
        Ends the broker.
    """

    def __init__(
        self,
        bridge: Bridge,
        reporter: Reporter,
        route: OrderRoute,
        clock: Clock,
        close: Callable[[], None],
    ) -> None:
        self._bridge = bridge
        self._numbers = reporter.numbers
        self._route = route
        self._clock = clock
        self._end = close
        self._steps = PriceSteps()
        self._is_used = False

    @property
    def client_id(self) -> str:
        """As whom."""
        return self._route.client_id

    def lists(self, account: Account) -> BrokerRecords:
        """Open orders, completed orders, executions and positions, each to its end marker."""
        return self._route.records(account)

    def cancel(self, order: OpenOrder) -> None:
        """Ask once that an order of this client be cancelled."""
        self._route.cancel(order)

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        """The reports with a number above `after`, oldest first; the first is waited for."""
        return self._route.reports(after, seconds)

    def close(self) -> None:
        """End the connection."""
        self._end()

    def place(self, account: Account, instrument: Instrument, reference: str) -> ProbeOrder:
        """Order one share, to be bought far below every price that is known, once.

        Raises
        ------
        NotSent
            Not a byte of it was written: the gateway is neither simulated nor paper throughout,
            no price is known, something queued before it, or one was placed before.
        SubmissionUncertain
            It may have been written.
        """
        self._bridge.check_managed(account)
        self._refuse(account)
        at = self._clock.now()
        order, number, epoch = self._bridge.ask(
            f"the price for the order {reference}",
            lambda way: self._prepare(way, account, instrument, reference, at),
        )
        attempt = Attempt()
        with submission_errors(f"the order {reference}", attempt.give_up):
            self._bridge.do(lambda way: self._send(way, order, number, epoch, attempt))
        return order

    def _refuse(self, account: Account) -> None:
        numbers, kind = self._bridge.identity
        if not takes_probe_orders(kind, account, numbers):
            raise NotSent(
                f"a probe places no order at a {kind} gateway: only where every account is a paper "
                "one, or at a simulated gateway"
            )
        if self._is_used:
            raise NotSent("a probe places one order, and this one has placed it")

    # --- on the loop's thread -------------------------------------------------------------------

    async def _prepare(
        self, way: Way, account: Account, instrument: Instrument, reference: str, at: dt.datetime
    ) -> tuple[ProbeOrder, int, int]:
        """The order, its number, and the connection that it was prepared over."""
        epoch, own = self._bridge.connection.epoch, self._numbers.client_id
        shown = (await way.quotes.of([instrument], at))[instrument.con_id]
        bars = await way.questions.latest_bar(instrument.con_id)
        told = [Decimal(str(price)) for bar in bars for price in (bar.low, bar.close)]
        market = lowest([shown.bid, shown.ask, shown.last, *told])
        if market is None:
            raise NotSent(f"no price of {instrument} is known, so nothing is far below it")
        limit = far_limit(market, await self._steps.at(way, instrument, market))
        if limit <= 0 or not instrument.is_decided:
            raise NotSent(f"{instrument} at {market} has no price that is far below it")
        order = ProbeOrder(account, instrument, market, limit, reference)
        # Ids that are in use are heard of in these lists.
        await way.questions.open_orders()
        await all_executions(way, own)
        number = way.link.ib.next_order_id(self._numbers.highest)
        self._numbers.note(number, own)
        return order, number, epoch

    def _send(self, way: Way, order: ProbeOrder, number: int, epoch: int, attempt: Attempt) -> None:
        self._refuse(order.account)
        if self._bridge.connection.epoch != epoch:
            raise NotSent(f"the order {order.reference} was prepared over another connection")
        self._is_used = True
        fields = order.order()
        written = order_of(fields["order"], order.account.number)
        place(way.link, number, contract_of(fields["contract"]), written, attempt)
