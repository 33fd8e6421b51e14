"""The numbers that orders go by, as far as one client id has been told of them."""

from __future__ import annotations

import threading


class OrderNumbers:
    """What is known of the order ids of one client id, over all connections of a broker.

    Ids are meant to rise for ever; after a restart of a gateway they have gone back. So the highest
    one is remembered, and to which order each was last tied.

    Parameters
    ----------
    client_id
        The client id.
    """

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id
        self._lock = threading.Lock()
        self._highest = 0
        self._perm_ids: dict[int, int] = {}

    @property
    def highest(self) -> int:
        """The highest id that is in use, or was."""
        return self._highest

    def note(self, order_id: int, client_id: int, perm_id: int = 0) -> None:
        """An order was told of."""
        if client_id != self.client_id:
            return
        with self._lock:
            self._highest = max(self._highest, order_id)
            if perm_id:
                self._perm_ids[order_id] = perm_id

    def note_next(self, order_id: int) -> None:
        """The gateway named the next id; lower ones may be in use."""
        with self._lock:
            self._highest = max(self._highest, order_id - 1)

    def perm_id_of(self, order_id: int) -> int | None:
        """The perm id of the order that an id was last told of with."""
        return self._perm_ids.get(order_id)
