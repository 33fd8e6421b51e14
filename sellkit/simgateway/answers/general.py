"""Answers about the session itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.history import NOT_VALID, Refused

if TYPE_CHECKING:
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

logger = logging.getLogger(__name__)

CLIENT_ID_IN_USE: Final = 326
MOST_CLIENTS: Final = 32
"""Clients that one gateway serves at once, as Interactive Brokers documents it."""
_FARMS: Final = (
    (2104, "Market data farm connection is OK:{farm}"),
    (2106, "HMDS data farm connection is OK:{farm}"),
    (2158, "Sec-def data farm connection is OK:{farm}"),
)


def start_api(session: Session, fields: Fields) -> None:
    """Take the client in under its id, and tell it what it needs to begin.

    One above the most that may be connected is hung up on; no words for that are documented.
    """
    fields.skip()
    client_id = fields.integer()
    fields.skip()
    fields.end()
    if session.client_id is not None:
        raise Refused(NOT_VALID, "Error validating request: the API was started before")
    clients = session.gateway.clients
    if not clients.has(client_id) and len(clients.sessions) >= MOST_CLIENTS:
        logger.warning("too_many_clients", extra={"client_id": client_id, "most": MOST_CLIENTS})
        session.hang_up()
        return
    if not clients.admit(session, client_id):
        session.error(
            messages.NO_REQUEST,
            CLIENT_ID_IN_USE,
            "Unable to connect as the client id is already in use. Retry with a unique client id.",
        )
        session.hang_up()
        return
    session.send(
        messages.managed_accounts(session.gateway.scenario.accounts),
        messages.next_valid_id(session.gateway.exchange.next_order_id(client_id)),
    )
    for code, text in _FARMS:
        session.error(messages.NO_REQUEST, code, text.format(farm=session.gateway.farm))


def current_time(session: Session, fields: Fields) -> None:
    """The gateway's time."""
    fields.skip()
    fields.end()
    session.send(messages.current_time(session.gateway.clock.now()))


def next_order_id(session: Session, fields: Fields) -> None:
    """The lowest order id that the client may use."""
    fields.skip(2)
    fields.end()
    next_id = session.gateway.exchange.next_order_id(session.owner)
    session.send(messages.next_valid_id(next_id))


def managed_accounts(session: Session, fields: Fields) -> None:
    """Every account."""
    fields.skip()
    fields.end()
    session.send(messages.managed_accounts(session.gateway.scenario.accounts))


def nothing(session: Session, fields: Fields) -> None:
    """A request that a real gateway does not answer either, and that changes nothing here."""
    fields.rest()
