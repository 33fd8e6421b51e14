"""Which contract each message of a client is about, for rules that look at one contract only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.kinds import (
    Direction,
    Values,
    contract_of,
    id_of,
    order_number_of,
    whole_number,
)

if TYPE_CHECKING:
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.session import Session

_IDS_KEPT: Final = 1000
_PLACE_ORDER: Final = "3"
_CANCEL_ORDER: Final = "4"
_ERROR: Final = "4"


class Subjects:
    """Which contract each request or order of a client is about.

    Of requests only the latest are kept; orders stand in the gateway's book.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._requests: dict[str, str] = {}
        # An error may be about an order or a request; the latest use of its id counts.
        self._latest: dict[str, str] = {}

    def symbol(self, direction: Direction, values: Values) -> str | None:
        """The symbol that a message is about, as the scenario knew it; see `Directory.origin`.

        A request's later messages only know it by id, an order's by its numbers.
        """
        number = id_of(direction, values, self._session.version)
        carried = contract_of(direction, values)
        if carried is None:
            return self._by_number(direction, values, number)
        con_id, written = carried
        symbol = self._origin(con_id, written.upper())
        if direction is Direction.IN and number is not None:
            _keep(self._latest, number, symbol)
            if values[0] != _PLACE_ORDER:
                _keep(self._requests, number, symbol)
        return symbol

    def _by_number(self, direction: Direction, values: Values, number: str | None) -> str | None:
        perm_id = order_number_of(direction, values)
        if perm_id is not None:
            return self._of_order(self._session.gateway.exchange.book.find_by_number(perm_id))
        if number is None:
            return None
        if direction is Direction.OUT and values[0] == _ERROR:
            return self._latest.get(number) or self._of_own(number)
        if direction is Direction.IN and values[0] == _CANCEL_ORDER:
            return self._of_own(number)
        return self._requests.get(number)

    def _of_own(self, number: str) -> str | None:
        """The symbol of the client's own order with an id."""
        client_id, order_id = self._session.client_id, whole_number(number)
        if client_id is None or order_id is None:
            return None
        return self._of_order(self._session.gateway.exchange.book.find(client_id, order_id))

    def _of_order(self, order: Order | None) -> str | None:
        if order is None:
            return None
        return self._session.gateway.exchange.directory.origin(order.terms.security)

    def _origin(self, con_id: str, symbol: str) -> str:
        directory, number = self._session.gateway.exchange.directory, whole_number(con_id)
        numbered = None if number is None else directory.get(number)
        found = numbered or directory.known_symbols().get(symbol)
        return symbol if found is None else directory.origin(found)


def _keep(known: dict[str, str], number: str, symbol: str) -> None:
    known.pop(number, None)
    known[number] = symbol
    if len(known) > _IDS_KEPT:
        del known[next(iter(known))]
