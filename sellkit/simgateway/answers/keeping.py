"""Bars that are kept up to date: what is news is sent every few seconds of the gateway's clock."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from sellkit.errors import SellkitError
from sellkit.simgateway.bar_text import dates_text, in_units
from sellkit.simgateway.history import Refused
from sellkit.simgateway.market_messages import historical_data_update

if TYPE_CHECKING:
    from sellkit.simgateway.bar_stream import BarStream
    from sellkit.simgateway.history import HistoryBar
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.session import Session


def tell_bars(session: Session) -> None:
    """Begin to look for news of the bars of a client for which it is time."""
    gateway = session.gateway
    if gateway.faults.is_mute:
        return
    now = gateway.clock.now()
    for stream in session.bar_streams.values():
        if stream.is_due(now):
            stream.job = asyncio.create_task(_tell(session, stream, now))


async def _tell(session: Session, stream: BarStream, now: dt.datetime) -> None:
    gateway = session.gateway
    rights = gateway.rights
    known_at = now - dt.timedelta(seconds=rights.history_lag(stream.security))
    try:
        rights.check_history(stream.security)
        look = partial(_look, gateway.market, stream, known_at)
        bars = await asyncio.get_running_loop().run_in_executor(gateway.worker, look)
    except (Refused, SellkitError):
        # Nothing to see at present; the next look may find something.
        bars = []
    finally:
        stream.job = None
        stream.postpone(now, rights.terms.bar_seconds)
    if session.bar_streams.get(stream.request_id) is not stream:
        return
    news = in_units(stream.news(bars), stream.unit)
    for bar, date in zip(news, dates_text(news, in_seconds=stream.in_seconds), strict=True):
        session.send(historical_data_update(stream.request_id, bar, date))


def _look(market: Prices, stream: BarStream, now: dt.datetime) -> list[HistoryBar]:
    """The bars from the one that was told last on; runs on the worker's thread."""
    found: list[HistoryBar] = []
    for question in stream.questions():
        found = market.history(question, now)
        if stream.reaches(found):
            break
    return found
