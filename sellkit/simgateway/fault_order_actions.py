"""What a fault does to orders rather than to messages: lose one, fill one that was cancelled."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.dispatch import START_API, answer
from sellkit.simgateway.fault_actions import Described, Staged
from sellkit.simgateway.history import Refused
from sellkit.simgateway.kinds import whole_number
from sellkit.simgateway.orders import intervention
from sellkit.simgateway.orders.order import CANCELLED

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.simgateway.downtime_plan import NightlyReset
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.kinds import Values
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.passage import Parcel
    from sellkit.simgateway.session import Session

_LOOK_AGAIN_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class LoseOrder(Described):
    """Take an order and never say a word about it.

    Attributes
    ----------
    is_sent
        The order reaches the market all the same: it works, and it may fill.
    is_listed
        It stands in the lists that a client asks for.
    """

    is_sent: bool
    is_listed: bool

    def act(self, parcel: Parcel) -> None:
        copies, parcel.copies = parcel.copies, []
        if self.is_sent:
            parcel.afterwards += [partial(self._place, parcel.session, each) for each in copies]

    def _place(self, session: Session, values: Values) -> None:
        order_id = whole_number(values[1]) if len(values) > 1 else None
        if session.client_id is None or order_id is None:
            return
        key = (session.client_id, order_id)
        session.gateway.floor.unheard[key] = not self.is_listed
        was_silent, session.is_silent = session.is_silent, True
        answer(session, values)
        session.is_silent = was_silent
        session.gateway.floor.unheard.pop(key, None)


@dataclass(frozen=True, slots=True)
class FillAfterCancelled(Described):
    """Carry a cancel out, and fill the order some real seconds after it was told Cancelled.

    Without `quantity` everything that is left fills, without `price` at the market.
    """

    seconds: float
    quantity: Decimal | None
    price: Decimal | None

    def act(self, parcel: Parcel) -> None:
        client_id = parcel.session.client_id
        if client_id is not None:
            key = (client_id, parcel.request_id)
            parcel.afterwards.append(partial(self._watch, parcel.session.gateway, key))

    def _watch(self, gateway: Gateway, key: tuple[int, int]) -> None:
        order = gateway.exchange.book.find(*key)
        if order is None:
            return
        if order.status == CANCELLED:
            gateway.outage.call_later(self.seconds, partial(self._fill, gateway, order))
        elif order.is_working:
            again = partial(self._watch, gateway, key)
            gateway.outage.call_later(_LOOK_AGAIN_SECONDS, again)

    def _fill(self, gateway: Gateway, order: Order) -> None:
        floor, now = gateway.floor, gateway.clock.now()
        floor.quotes.forget()
        # A contract that has no price then stays unfilled.
        with suppress(Refused):
            intervention.fill(floor, floor.book.now(order), self.quantity, self.price, now)
        gateway.tell_orders()


@dataclass(frozen=True, slots=True)
class RollBackIds(Staged):
    """Let the next order id go back: of the message's client, of one client, or of all."""

    by: int
    client_id: int | None

    def act(self, parcel: Parcel) -> None:
        client_id = parcel.session.client_id if self.client_id is None else self.client_id
        if client_id is None:
            client_id = next((_starting(values) for values in parcel.copies), None)
        if client_id is not None:
            parcel.session.gateway.exchange.roll_back_ids(client_id, self.by)

    def play(self, gateway: Gateway) -> None:
        if self.client_id is None:
            gateway.exchange.roll_back_all_ids(self.by)
        else:
            gateway.exchange.roll_back_ids(self.client_id, self.by)


@dataclass(frozen=True, slots=True)
class Reset(Staged):
    """Play the nightly reset."""

    plan: NightlyReset

    def act(self, parcel: Parcel) -> None:
        self.play(parcel.session.gateway)

    def play(self, gateway: Gateway) -> None:
        gateway.downtime.reset(self.plan)


def _starting(values: Values) -> int | None:
    """The client id that a request to start the API asks for."""
    is_start = values[:1] == (str(START_API),) and len(values) > 2
    return whole_number(values[2]) if is_start else None
