"""Every order since the gateway started, the working ones apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sellkit.simgateway.orders.order import Order, resting_order

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from sellkit.simgateway.scenario import RestingOrder

_FIRST_PERM_ID: Final = 1_400_000_001


class Book:
    """Orders by their numbers.

    Parameters
    ----------
    resting
        Those that rest when the gateway starts; order ids count up from 1 for each client.

    Attributes
    ----------
    costs
        What working orders are going to cost, by number; it is forgotten when an order changes.
    """

    def __init__(self, resting: Iterable[RestingOrder]) -> None:
        self.costs: dict[int, Decimal] = {}
        self._orders: dict[int, Order] = {}
        self._active: dict[int, Order] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self._highest: dict[int, int] = {}
        self._next_perm_id = _FIRST_PERM_ID
        self._last_bound = 0
        self._changed: set[int] = set()
        for one in resting:
            order_id = 0 if one.client_id is None else self.highest(one.client_id) + 1
            self.put(resting_order(one, order_id, self.take_perm_id()))

    def take_perm_id(self) -> int:
        """A number that no other order has."""
        self._next_perm_id += 1
        return self._next_perm_id - 1

    def highest(self, client_id: int) -> int:
        """The highest order id that a client has used, 0 before the first."""
        return self._highest.get(client_id, 0)

    def put(self, order: Order) -> Order:
        """Write an order down as it is now, and give it back."""
        self._orders[order.perm_id] = order
        self.costs.pop(order.perm_id, None)
        self._changed.add(order.perm_id)
        if order.order_id:
            # Of two orders with one id, which a roll-back of the ids allows, the later is meant.
            self._numbers[order.key] = max(order.perm_id, self._numbers.get(order.key, 0))
            used = max(self.highest(order.client_id), order.order_id)
            self._highest[order.client_id] = used
        if order.is_working or order.is_on_hold:
            self._active[order.perm_id] = order
        else:
            self._active.pop(order.perm_id, None)
        return order

    def now(self, order: Order) -> Order:
        """An order as it is now."""
        return self._orders[order.perm_id]

    def by_number(self, perm_id: int) -> Order:
        """The order with a permanent number, which there is."""
        return self._orders[perm_id]

    def find_by_number(self, perm_id: int) -> Order | None:
        """The order with a permanent number, if there is one."""
        return self._orders.get(perm_id)

    def find(self, client_id: int, order_id: int) -> Order | None:
        """The order that a client means by an id."""
        perm_id = self._numbers.get((client_id, order_id))
        return None if perm_id is None else self._orders[perm_id]

    def working(self, client_id: int | None = None) -> list[Order]:
        """Orders that may still fill, of one client or of all."""
        # What is active works unless it is on hold; every placement comes by here several times.
        working = [order for order in self._active.values() if not order.is_on_hold]
        if client_id is None:
            return working
        return [order for order in working if order.client_id == client_id]

    def on_contract(self, con_id: int) -> list[Order]:
        """Orders on a contract that have not ended, those included that wait to be transmitted."""
        return [order for order in self._waiting() if order.terms.security.con_id == con_id]

    def rivals(self, order: Order) -> list[Order]:
        """Working orders on the same contract in the same account, but for the order itself."""
        account, con_id = order.terms.account, order.terms.security.con_id
        return [
            other
            for other in self.working()
            if other.terms.security.con_id == con_id
            and other.terms.account == account
            and other.perm_id != order.perm_id
        ]

    def group(self, order: Order) -> list[Order]:
        """The other working orders that end or shrink with the order's fills."""
        if not (order.terms.oca_group or order.parent_perm_id):
            return []
        return [other for other in self.working() if are_grouped(order, other)]

    def children(self, order: Order) -> list[Order]:
        """Orders that wait for an order's fill and have not ended."""
        return [one for one in self._waiting() if one.parent_perm_id == order.perm_id]

    def family_on_hold(self, order: Order) -> list[Order]:
        """The parent and the siblings that wait, with an order, to be transmitted."""
        parent = order.parent_perm_id
        return [
            one
            for one in self._waiting()
            if one.is_on_hold
            and parent
            and one.perm_id != order.perm_id
            and parent in (one.perm_id, one.parent_perm_id)
        ]

    def _waiting(self) -> list[Order]:
        return list(self._active.values())

    def is_parent_open(self, order: Order) -> bool:
        """Whether an order still has to wait for its parent."""
        parent = self._orders.get(order.parent_perm_id)
        return parent is not None and parent.remaining > 0

    def ended_since(self, start: dt.datetime) -> list[Order]:
        """Orders that ended at or after a moment, first come first."""
        ended = [o for o in self._orders.values() if o.ended_at and o.ended_at >= start]
        return sorted(ended, key=lambda order: (order.ended_at, order.perm_id))

    def bind(self, order: Order) -> Order:
        """Give an order that was placed by hand an id below 0, by which client 0 may change it."""
        self._last_bound -= 1
        reference = order.lost_reference or order.terms.reference
        terms = replace(order.terms, reference=reference)
        return self.put(replace(order, terms=terms, order_id=self._last_bound, lost_reference=""))

    def untag(self, order: Order) -> Order:
        """Take an order's id, client and reference away, until client 0 binds it."""
        if self._numbers.get(order.key) == order.perm_id:
            del self._numbers[order.key]
        reference, terms = order.terms.reference, replace(order.terms, reference="")
        untagged = replace(order, order_id=0, client_id=0, terms=terms, lost_reference=reference)
        return self.put(untagged)

    def clients(self) -> set[int]:
        """The clients that have used an order id."""
        return set(self._highest)

    def roll_back(self, client_id: int, count: int) -> None:
        """Make so many of the highest order ids of a client usable again."""
        self._highest[client_id] = max(0, self.highest(client_id) - count)

    def drop_held(self) -> None:
        """Forget the orders that were never transmitted; their ids stay used."""
        for order in [one for one in self._waiting() if one.is_on_hold]:
            del self._orders[order.perm_id], self._active[order.perm_id]
            self._numbers.pop(order.key, None)
            self._changed.discard(order.perm_id)

    # --- over the gateway's end ---------------------------------------------------------------

    def take_changed(self) -> list[Order]:
        """The orders that were written down since the last call, as they are now."""
        changed, self._changed = sorted(self._changed), set()
        return [self._orders[perm_id] for perm_id in changed]

    def state(self) -> dict[str, object]:
        """The counters, as plain data for `restore`."""
        return {
            "perm_id": self._next_perm_id,
            "bound": self._last_bound,
            "highest": list(self._highest.items()),
        }

    def restore(self, orders: Iterable[Order], counters: Mapping[str, Any]) -> None:
        """Hold these orders, in the order of their numbers, and count on from these counters."""
        self._orders, self._active, self._numbers = {}, {}, {}
        for order in orders:
            self.put(order)
        self._changed.clear()
        self._next_perm_id, self._last_bound = counters["perm_id"], counters["bound"]
        self._highest = dict(counters["highest"])


def are_grouped(order: Order, other: Order) -> bool:
    """Whether two different orders are of one group, or children of one parent."""
    if order.perm_id == other.perm_id or order.terms.account != other.terms.account:
        return False
    group = order.terms.oca_group
    is_sibling = order.parent_perm_id and order.parent_perm_id == other.parent_perm_id
    return bool(is_sibling or (group and group == other.terms.oca_group))
