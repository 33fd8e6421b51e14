"""Answers with present prices."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway import messages
from sellkit.simgateway.board import Board
from sellkit.simgateway.generic_ticks import parse_generic_ticks
from sellkit.simgateway.history import NOT_SUBSCRIBED, NOT_VALID, Refused
from sellkit.simgateway.rights import Source
from sellkit.simgateway.streams import QuoteStream, volume_unit

if TYPE_CHECKING:
    from sellkit.simgateway.requests import ContractQuery, Fields
    from sellkit.simgateway.session import Session

_LINES_USED_UP: Final = 101
_NO_SUCH_TICKER: Final = 300
_DUPLICATE: Final = 322
_TYPES: Final = (1, 2, 3, 4)


class _Asked(NamedTuple):
    """A request for prices as it was written."""

    request_id: int
    query: ContractQuery
    generic: frozenset[int]
    is_snapshot: bool


def market_data(session: Session, fields: Fields) -> None:
    """The prices of a contract: once for a snapshot, else again whenever they change."""
    asked = _read(fields)
    stream = _stream(session, asked)
    gateway = session.gateway
    if asked.request_id in session.streams:
        text = "Error processing request.-'bO' : cause - Duplicate ticker id"
        raise Refused(_DUPLICATE, text)
    used = sum(len(one.streams) for one in gateway.sessions)
    if used >= gateway.rights.terms.lines:
        raise Refused(_LINES_USED_UP, "Max number of tickers has been reached")
    feed = gateway.rights.feed(stream.security, stream.wanted)
    if feed.code is not None:
        session.error(stream.request_id, feed.code, feed.text)
    stream.take(feed)
    if feed.source is Source.NOTHING or (feed.source is Source.PAUSED and stream.ends):
        return
    is_whole = True
    if stream.flows:
        board = Board(gateway)
        quote = board.quote(stream)
        session.send(*stream.update(quote, board.halted(stream)))
        is_whole = not stream.lacks_sides(quote)
    if not stream.ends:
        session.streams[stream.request_id] = stream
    elif is_whole:
        session.send(messages.tick_snapshot_end(stream.request_id))
    else:
        session.streams[stream.request_id] = stream
        seconds = gateway.rights.terms.snapshot_seconds
        asyncio.get_running_loop().call_later(seconds, partial(_end_snapshot, session, stream))


def _read(fields: Fields) -> _Asked:
    fields.skip()
    request_id = fields.request_id()
    query = fields.contract()
    fields.legs(query)
    if fields.flag():
        fields.skip(3)  # the delta neutral contract
    listed = fields.text()
    is_snapshot, is_regulatory = fields.flag(), fields.flag()
    fields.skip()  # options
    fields.end()
    generic = parse_generic_ticks(listed)
    if is_snapshot and generic:
        raise Refused(
            NOT_VALID,
            "Error validating request.-'bI' : cause - Snapshot market data subscription is not "
            "applicable to generic ticks",
        )
    return _Asked(request_id, query, generic, is_snapshot or is_regulatory)


def _stream(session: Session, asked: _Asked) -> QuoteStream:
    security = session.gateway.exchange.find(asked.query)
    name = session.gateway.exchange.price_name(security)
    if name is None:
        text = f"Requested market data is not subscribed: {security.symbol}"
        raise Refused(NOT_SUBSCRIBED, text)
    return QuoteStream(
        asked.request_id,
        security,
        name,
        volume_unit(session.version, security),
        wanted=session.data_type,
        generic=asked.generic,
        ends=asked.is_snapshot,
    )


def _end_snapshot(session: Session, stream: QuoteStream) -> None:
    """Say that nothing more comes, unless the client has left or given up."""
    if session.streams.get(stream.request_id) is stream:
        del session.streams[stream.request_id]
        session.send(messages.tick_snapshot_end(stream.request_id))


def cancel_market_data(session: Session, fields: Fields) -> None:
    """No more prices of a contract."""
    fields.skip()
    request_id = fields.request_id()
    fields.end()
    if session.streams.pop(request_id, None) is None:
        raise Refused(_NO_SUCH_TICKER, f"Can't find EId with tickerId:{request_id}")


def market_data_type(session: Session, fields: Fields) -> None:
    """Which prices the client wants in its next requests: live, frozen, delayed, or both."""
    fields.skip()
    wanted = fields.integer()
    fields.end()
    if wanted not in _TYPES:
        raise Refused(NOT_VALID, f"Error validating request: no market data type {wanted}")
    session.data_type = wanted


def tell_changes(session: Session, board: Board | None = None) -> None:
    """Send what changed in the prices that a client subscribed to."""
    if session.gateway.faults.is_mute:
        return
    board = board or Board(session.gateway)
    for stream in list(session.streams.values()):
        quote = board.find(stream) if stream.flows and not stream.ends else None
        if quote is not None:
            session.send(*stream.update(quote, board.halted(stream)))


def judge_anew(session: Session) -> None:
    """Let changed rights take effect on the subscriptions of a client that run."""
    rights = session.gateway.rights
    for stream in list(session.streams.values()):
        feed = rights.feed(stream.security, stream.wanted)
        if feed == stream.feed:
            continue
        if feed.code is not None:
            session.error(stream.request_id, feed.code, feed.text)
        stream.take(feed)
        if feed.source is Source.NOTHING:
            del session.streams[stream.request_id]
