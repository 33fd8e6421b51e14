"""Answers with historical bars."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.answers.trouble import answering
from sellkit.simgateway.clock import GATEWAY_ZONE, epoch, stamp
from sellkit.simgateway.framing import BadFrame, encode
from sellkit.simgateway.history import (
    NO_DATA,
    NOT_VALID,
    HistoryQuery,
    Refused,
    parse_end,
)
from sellkit.simgateway.shown import too_many
from sellkit.simgateway.streams import volume_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.simgateway.history import HistoryBar
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.session import Session

_NO_SUCH_QUERY: Final = 366
_ZONE_MISSING: Final = 2174
_SERVICE: Final = "Historical Market Data Service error message:"
_PACING: Final = f"{_SERVICE}Historical data request pacing violation"
_ZONELESS: Final = re.compile(r"\d{8} \d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for bars that was found in order.

    `unit` is the number of shares in one unit of volume; `limit` the most bars to answer with.
    """

    request_id: int
    query: HistoryQuery
    now: dt.datetime
    in_seconds: bool
    unit: int
    limit: int | None


def historical_data(session: Session, fields: Fields) -> None:
    """Start to look for bars; the answer follows, and other requests need not wait for it."""
    request_id = fields.request_id()
    asked, exchange = _read(session, fields)
    if request_id in session.history:
        raise Refused(NOT_VALID, f"Error validating request: {request_id} is in use")
    if not session.gateway.admits_history(asked.query, exchange):
        raise Refused(NO_DATA, _PACING)
    job = asyncio.create_task(_answer(session, asked, fields))
    session.history[request_id] = job
    session.gateway.composing.add(job)
    # Runs however the job ends, even when it is cancelled before it began.
    job.add_done_callback(partial(_forget, session, request_id))


def _read(session: Session, fields: Fields) -> tuple[_Asked, str]:
    """The request, and the exchange that it names."""
    contract = fields.contract()
    fields.flag()  # expired ones, of which there are none
    end, bar_size, duration = fields.text(), fields.text(), fields.text()
    rth, what_to_show, date_format = fields.flag(), fields.text(), fields.integer()
    fields.legs(contract)
    keeps_up, _options = fields.flag(), fields.text()
    fields.end()
    security = session.gateway.exchange.find(contract)
    in_seconds = _checked_format(date_format)
    if keeps_up:
        raise Refused(
            NOT_VALID, "Bars that are kept up to date are not offered by this gateway yet"
        )
    name = _name(session, security, what_to_show)
    query = HistoryQuery(
        symbol=name,
        exchange=security.primary_exchange,
        end=parse_end(end, GATEWAY_ZONE),
        duration=duration,
        bar_size=bar_size,
        what_to_show=what_to_show,
        rth=rth,
    )
    _warn_of_missing_zone(session, fields.answer_to, end)
    asked = _Asked(
        request_id=fields.answer_to,
        query=query,
        now=session.gateway.clock.now(),
        in_seconds=in_seconds,
        unit=volume_unit(session.version, security),
        limit=session.gateway.max_bars_per_answer,
    )
    return asked, contract.exchange


def _name(session: Session, security: Security, what_to_show: str) -> str:
    """The contract's name in the market."""
    name = session.gateway.exchange.price_name(security)
    if name is None:
        text = f"HMDS query returned no data: {security.symbol}@SMART {what_to_show}"
        raise Refused(NO_DATA, _SERVICE + text)
    return name


def _warn_of_missing_zone(session: Session, request_id: int, end: str) -> None:
    if _ZONELESS.fullmatch(end):
        text = f"A time without a zone is taken as {GATEWAY_ZONE}; write the zone behind it"
        session.error(request_id, _ZONE_MISSING, f"Warning: {text}")


async def _answer(session: Session, asked: _Asked, fields: Fields) -> None:
    gateway = session.gateway
    with answering(session, fields):
        loop = asyncio.get_running_loop()
        compose = partial(_compose, gateway.market, asked)
        frame = await loop.run_in_executor(gateway.worker, compose)
        # Else one client that does not read would use up the requests that all may have open.
        gateway.composing.difference_update({asyncio.current_task()})
        with suppress(ConnectionError):
            await session.drained()
        session.send_frame(frame)


def _forget(session: Session, request_id: int, job: asyncio.Task[None]) -> None:
    session.gateway.composing.discard(job)
    if session.history.get(request_id) is job:
        del session.history[request_id]


def _compose(market: Prices, asked: _Asked) -> bytes:
    """The whole answer as bytes; runs on the worker's thread."""
    bars = market.history(asked.query, asked.now)
    if asked.limit is not None:
        bars = bars[-asked.limit :] if asked.limit > 0 else []
    if not bars:
        query = asked.query
        text = f"HMDS query returned no data: {query.symbol}@SMART {query.what_to_show}"
        raise Refused(NO_DATA, _SERVICE + text)
    dates = _dates(bars, in_seconds=asked.in_seconds)
    bounds = (*_dates(bars[:1], in_seconds=False), stamp(asked.query.end or asked.now))
    message = messages.historical_data(asked.request_id, bounds, bars, dates, asked.unit)
    try:
        return encode(message)
    except BadFrame as error:
        raise too_many(len(bars)) from error


def _dates(bars: Sequence[HistoryBar], *, in_seconds: bool) -> list[str]:
    """How the starts are written; either all of them are dates or none is."""
    moments = [bar.start for bar in bars if isinstance(bar.start, dt.datetime)]
    if not moments:
        return [bar.start.isoformat().replace("-", "") for bar in bars]
    if in_seconds:
        return list(map(epoch, moments))
    return list(map(stamp, moments))


def _checked_format(date_format: int) -> bool:
    if date_format not in (1, 2):
        raise Refused(
            NOT_VALID,
            f"Error validating request: the date format must be 1 or 2, not {date_format}",
        )
    return date_format == 2


def cancel_historical_data(session: Session, fields: Fields) -> None:
    """Stop looking for bars."""
    fields.skip()
    request_id = fields.request_id()
    fields.end()
    job = session.history.pop(request_id, None)
    if job is None:
        raise Refused(_NO_SUCH_QUERY, f"No historical data query found for ticker id:{request_id}")
    job.cancel()
    raise Refused(NO_DATA, f"{_SERVICE}API historical data query cancelled: {request_id}")


def head_timestamp(session: Session, fields: Fields) -> None:
    """When the first bar starts."""
    request_id = fields.request_id()
    contract = fields.contract()
    fields.flag()  # expired ones, of which there are none
    rth, what_to_show, date_format = fields.flag(), fields.text(), fields.integer()
    fields.end()
    security = session.gateway.exchange.find(contract)
    in_seconds = _checked_format(date_format)
    name = _name(session, security, what_to_show)
    head = session.gateway.market.head_timestamp(name, what_to_show, rth)
    text = str(int(head.timestamp())) if in_seconds else f"{head:%Y%m%d-%H:%M:%S}"
    session.send(messages.head_timestamp(request_id, text))
