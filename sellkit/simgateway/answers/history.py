"""Answers with historical bars."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.answers.schedule import SCHEDULE, historical_schedule
from sellkit.simgateway.answers.trouble import answering
from sellkit.simgateway.bar_sizes import span_named
from sellkit.simgateway.bar_stream import BarStream
from sellkit.simgateway.bar_text import dates_text
from sellkit.simgateway.clock import GATEWAY_ZONE, stamp
from sellkit.simgateway.directory import SMART
from sellkit.simgateway.durations import parse_duration
from sellkit.simgateway.framing import BadFrame, encode
from sellkit.simgateway.history import (
    NO_DATA,
    NOT_VALID,
    HistoryQuery,
    Refused,
    parse_end,
)
from sellkit.simgateway.rights import SERVICE
from sellkit.simgateway.shown import NoData, check_shown, too_many
from sellkit.simgateway.streams import volume_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.admission import Admitted
    from sellkit.simgateway.history import HistoryBar
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.session import Session

_NO_SUCH_QUERY: Final = 366
_ZONE_MISSING: Final = 2174
_DUPLICATE: Final = 322
_ZONELESS: Final = re.compile(r"\d{8} \d\d:\d\d:\d\d")
_KEPT: Final = ("TRADES", "MIDPOINT", "BID", "ASK")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for bars that was found in order.

    `exchange` is the one that the request names; `now` the moment whose knowledge is asked for;
    `unit` the number of shares in one unit of volume; `limit` the most bars to answer with;
    `keeps_up` asks for the bars to be kept up to date.
    """

    request_id: int
    security: Security
    exchange: str
    query: HistoryQuery
    now: dt.datetime
    in_seconds: bool
    unit: int
    limit: int | None
    keeps_up: bool


def historical_data(session: Session, fields: Fields) -> None:
    """Start to look for bars; the answer follows, and other requests need not wait for it."""
    request_id = fields.request_id()
    asked = _read(session, fields)
    if request_id in session.history or request_id in session.bar_streams:
        raise Refused(
            _DUPLICATE,
            "Error processing request.-'bX' : cause - Duplicate ticker ID for API historical data "
            "query",
        )
    gateway = session.gateway
    if asked.query.what_to_show == SCHEDULE:
        with _told_as(asked.security, asked.exchange):
            historical_schedule(session, request_id, asked.query)
        return
    gateway.rights.check_history(asked.security)
    admitted = gateway.admission.bars(asked.query, asked.exchange, gateway.open_history)
    if admitted.drops_client:
        session.drop()
        return
    job = asyncio.create_task(_answer(session, asked, admitted, fields))
    session.history[request_id] = job
    gateway.composing.add(job)
    # Runs however the job ends, even when it is cancelled before it began.
    job.add_done_callback(partial(_forget, session, request_id))


def _read(session: Session, fields: Fields) -> _Asked:
    gateway = session.gateway
    contract = fields.contract()
    fields.flag()  # expired ones, of which there are none
    end, bar_size, duration = fields.text(), fields.text(), fields.text()
    rth, what_to_show, date_format = fields.flag(), fields.text(), fields.integer()
    fields.legs(contract)
    keeps_up, _options = fields.flag(), fields.text()
    fields.end()
    security = gateway.exchange.find(contract)
    in_seconds = _checked_format(date_format)
    query = HistoryQuery(
        symbol=_name(session, security, what_to_show, contract.exchange),
        exchange=security.primary_exchange,
        end=parse_end(end, GATEWAY_ZONE),
        duration=duration,
        bar_size=bar_size,
        what_to_show=what_to_show,
        rth=rth,
    )
    _check_terms(query)
    if keeps_up:
        _check_kept(query)
    _warn_of_missing_zone(session, fields.answer_to, end)
    return _Asked(
        request_id=fields.answer_to,
        security=security,
        exchange=contract.exchange,
        query=query,
        now=gateway.clock.now() - dt.timedelta(seconds=gateway.rights.history_lag(security)),
        in_seconds=in_seconds,
        unit=volume_unit(session.version, security),
        limit=gateway.max_bars_per_answer,
        keeps_up=keeps_up,
    )


def _check_terms(query: HistoryQuery) -> None:
    """Refuse what no service could answer, before it counts against any limit."""
    span_named(query.bar_size)
    parse_duration(query.duration)
    if query.what_to_show != SCHEDULE:
        # Legal kinds of which there is nothing are for the service to say so.
        with suppress(NoData):
            check_shown(query.symbol, query.what_to_show, end=query.end)


def _check_kept(query: HistoryQuery) -> None:
    """Refuse to keep bars up to date that have an end, or are no plain prices."""
    if query.end is not None:
        text = "bars that are kept up to date need an empty end date and time"
        raise Refused(NOT_VALID, f"Error validating request: {text}")
    if query.what_to_show not in _KEPT:
        text = f"only {', '.join(_KEPT)} can be kept up to date, not {query.what_to_show}"
        raise Refused(NOT_VALID, f"Error validating request: {text}")


def _name(session: Session, security: Security, what_to_show: str, exchange: str) -> str:
    """The contract's name in the market."""
    name = session.gateway.exchange.price_name(security)
    if name is None:
        raise _no_data(security, what_to_show, exchange)
    return name


def _no_data(security: Security, what_to_show: str, exchange: str) -> NoData:
    symbol = security.symbol if security.sec_type == "STK" else security.local
    return NoData(symbol, what_to_show, exchange or SMART)


@contextmanager
def _told_as(security: Security, exchange: str) -> Iterator[None]:
    """Tell of missing bars by the names that the client knows, not by the market's own."""
    try:
        yield
    except NoData as refused:
        raise _no_data(security, refused.what_to_show, exchange) from refused


def _warn_of_missing_zone(session: Session, request_id: int, end: str) -> None:
    if _ZONELESS.fullmatch(end):
        text = f"A time without a zone is taken as {GATEWAY_ZONE}; write the zone behind it"
        session.error(request_id, _ZONE_MISSING, f"Warning: {text}")


async def _answer(session: Session, asked: _Asked, admitted: Admitted, fields: Fields) -> None:
    gateway = session.gateway
    with answering(session, fields), _told_as(asked.security, asked.exchange):
        await asyncio.sleep(admitted.seconds)
        loop = asyncio.get_running_loop()
        compose = partial(_compose, gateway.market, asked)
        async with session.composers:
            frame, last = await loop.run_in_executor(gateway.worker, compose)
        # Else one client that does not read would use up the requests that all may have open.
        gateway.composing.difference_update({asyncio.current_task()})
        with suppress(ConnectionError):
            await session.drained()
        session.send_frame(frame)
        if asked.keeps_up:
            session.bar_streams[asked.request_id] = _stream(asked, last, gateway.clock.now())


def _stream(asked: _Asked, last: HistoryBar, due: dt.datetime) -> BarStream:
    return BarStream(
        asked.request_id,
        asked.security,
        asked.query,
        in_seconds=asked.in_seconds,
        unit=asked.unit,
        told=last,
        due=due,
    )


def _forget(session: Session, request_id: int, job: asyncio.Task[None]) -> None:
    session.gateway.composing.discard(job)
    if session.history.get(request_id) is job:
        del session.history[request_id]


def _compose(market: Prices, asked: _Asked) -> tuple[bytes, HistoryBar]:
    """The whole answer as bytes, and its last bar; runs on the worker's thread."""
    bars = market.history(asked.query, asked.now)
    if asked.limit is not None:
        bars = bars[-asked.limit :] if asked.limit > 0 else []
    if not bars:
        raise NoData(asked.query.symbol, asked.query.what_to_show)
    dates = dates_text(bars, in_seconds=asked.in_seconds)
    (start,) = dates_text(bars[:1], in_seconds=False)
    bounds = (start, stamp(asked.query.end or asked.now))
    message = messages.historical_data(asked.request_id, bounds, bars, dates, asked.unit)
    try:
        return encode(message), bars[-1]
    except BadFrame as error:
        raise too_many(len(bars)) from error


def _checked_format(date_format: int) -> bool:
    if date_format not in (1, 2):
        raise Refused(
            NOT_VALID,
            f"Error validating request: the date format must be 1 or 2, not {date_format}",
        )
    return date_format == 2


def cancel_historical_data(session: Session, fields: Fields) -> None:
    """Stop looking for bars, or keep them up to date no longer."""
    fields.skip()
    request_id = fields.request_id()
    fields.end()
    job = session.history.pop(request_id, None)
    was_late, was_kept = session.withdraw_bars(request_id), session.end_bars(request_id)
    if job is not None:
        job.cancel()
    elif not (was_late or was_kept):
        raise Refused(_NO_SUCH_QUERY, f"No historical data query found for ticker id:{request_id}")
    raise Refused(NO_DATA, f"{SERVICE}API historical data query cancelled: {request_id}")


def head_timestamp(session: Session, fields: Fields) -> None:
    """When the first bar starts; the request counts as open until it is cancelled."""
    request_id = fields.request_id()
    contract = fields.contract()
    fields.flag()  # expired ones, of which there are none
    rth, what_to_show, date_format = fields.flag(), fields.text(), fields.integer()
    fields.end()
    gateway = session.gateway
    security = gateway.exchange.find(contract)
    in_seconds = _checked_format(date_format)
    name = _name(session, security, what_to_show, contract.exchange)
    gateway.rights.check_head(security)
    question = (name, what_to_show, rth, date_format)
    gateway.admission.head(question, gateway.open_history)
    with _told_as(security, contract.exchange):
        head = gateway.market.head_timestamp(name, what_to_show, rth)
    text = str(int(head.timestamp())) if in_seconds else f"{head:%Y%m%d-%H:%M:%S}"
    session.heads.add(request_id)
    session.send(messages.head_timestamp(request_id, text))


def cancel_head_timestamp(session: Session, fields: Fields) -> None:
    """The request for the time of a first bar is over; one that is not known is none."""
    session.heads.discard(fields.request_id())
    fields.end()
