"""Answers with present prices."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError
from sellkit.simgateway import messages
from sellkit.simgateway.history import NOT_SUBSCRIBED, NOT_VALID, Refused
from sellkit.simgateway.streams import QuoteStream, volume_unit

if TYPE_CHECKING:
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

_LIVE: Final = 1


def market_data(session: Session, fields: Fields) -> None:
    """The prices of a contract: once for a snapshot, else again whenever they change."""
    fields.skip()
    request_id = fields.request_id()
    query = fields.contract()
    fields.legs(query)
    if fields.flag():
        fields.skip(3)  # the delta neutral contract
    fields.skip()  # generic ticks
    is_snapshot, is_regulatory = fields.flag(), fields.flag()
    fields.skip()  # options
    fields.end()
    security = session.gateway.exchange.find(query)
    name = session.gateway.exchange.price_name(security)
    if name is None:
        raise Refused(NOT_SUBSCRIBED, f"Requested market data is not subscribed: {query.symbol}")
    if request_id in session.streams:
        raise Refused(NOT_VALID, f"Error validating request: {request_id} is in use")
    stream = QuoteStream(request_id, name, volume_unit(session.version, security))
    quote = session.gateway.market.quote(name, session.gateway.clock.now())
    session.send(
        messages.market_data_type(request_id, _LIVE),
        messages.tick_parameters(request_id, security.min_tick),
        *stream.update(quote),
    )
    if is_snapshot or is_regulatory:
        session.send(messages.tick_snapshot_end(request_id))
    else:
        session.streams[request_id] = stream


def cancel_market_data(session: Session, fields: Fields) -> None:
    """No more prices of a contract."""
    fields.skip()
    session.streams.pop(fields.request_id(), None)
    fields.end()


def market_data_type(session: Session, fields: Fields) -> None:
    """Take note of nothing: a gateway with live prices sends them whatever is asked for."""
    fields.skip()
    wanted = fields.integer()
    fields.end()
    if wanted not in (1, 2, 3, 4):
        raise Refused(NOT_VALID, f"Error validating request: no market data type {wanted}")


def tell_changes(session: Session) -> None:
    """Send what changed in the prices that a client subscribed to."""
    gateway = session.gateway
    now = gateway.clock.now()
    for stream in session.streams.values():
        # A moment without a price, before a listing for instance, changes nothing.
        with suppress(Refused, SellkitError):
            session.send(*stream.update(gateway.market.quote(stream.name, now)))
