"""One link with what can be asked over it, and the questions that the connection itself asks."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib import translate
from sellkit.adapters.ib.contracts import Contracts
from sellkit.adapters.ib.error_codes import ib_errors
from sellkit.adapters.ib.happenings import Answer
from sellkit.adapters.ib.link import Hearing, Link
from sellkit.adapters.ib.questions import Questions
from sellkit.adapters.ib.quotes import Quotes
from sellkit.core.instrument import DECIDED_TYPES
from sellkit.errors import BrokerError, NotConnected, RequestRejected, RequestTimedOut

if TYPE_CHECKING:
    from sellkit.adapters.ib.happenings import Event

logger = logging.getLogger(__name__)

SPDR_TRUST: Final = 756733
"""Interactive Brokers' number of the SPDR S&P 500 ETF: everybody knows it."""

_HELD_TRIED: Final = 3
_QUOTE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Whom to connect to, as whom, and how long things may take."""

    host: str
    port: int
    client_id: int
    connect_seconds: float
    request_seconds: float


@dataclass(frozen=True, slots=True)
class Way:
    """What belongs to one link, and ends with it."""

    number: int
    link: Link
    questions: Questions
    contracts: Contracts
    quotes: Quotes


def make_way(endpoint: Endpoint, number: int, rate: int, hearing: Hearing) -> Way:
    """A link that is not open yet."""
    link = Link(endpoint.host, endpoint.port, endpoint.client_id, hearing, rate)
    questions = Questions(link, endpoint.request_seconds)
    quotes = Quotes(link, min(_QUOTE_SECONDS, endpoint.request_seconds))
    return Way(number, link, questions, Contracts(questions), quotes)


async def open_way(way: Way, seconds: float) -> tuple[Event, BrokerError | None]:
    """Connect; what came of it, and the error for a person who waits for it."""
    try:
        await way.link.open(seconds, way.questions.server_time)
    except (NotConnected, RequestTimedOut) as error:
        is_silent = isinstance(error, RequestTimedOut)
        return have.Refused(way.number, str(error), is_silent), error
    accounts = way.link.account_numbers
    kind = translate.kind_of(way.link.farm_notices, accounts)
    return have.Opened(way.number, frozenset(accounts), kind), None


async def probe(way: Way, turn: int, seconds: float) -> Event:
    """Ask whether the gateway still answers."""
    try:
        async with asyncio.timeout(seconds):
            await way.link.attend(way.questions.server_time)
    except (TimeoutError, NotConnected, OSError):
        return have.Probed(turn, is_answered=False)
    return have.Probed(turn, is_answered=True)


async def sync(way: Way, turn: int) -> Event:
    """Ask for positions and open orders, each to its end marker."""
    asked = (("positions", way.questions.positions), ("open orders", way.questions.open_orders))
    for what, ask in asked:
        try:
            with ib_errors(f"the list of {what}"):
                await way.link.attend(ask)
        except RequestTimedOut:
            return have.Synced(turn, Answer.NONE, f"the {what}' end marker did not come")
        except BrokerError as error:
            return have.Synced(turn, Answer.DOUBTFUL, str(error))
    return have.Synced(turn, Answer.COMPLETE)


async def try_data(way: Way, turn: int) -> Event:
    """Ask for one bar, of what is held if possible: what is decided on is bars.

    It is not in the budget of requests for bars: nothing else is asked for while a session
    competes, and this but once in minutes.
    """
    try:
        for con_id in await _candidates(way):
            if await _has_bar(way, con_id):
                return have.Tried(turn, has_data=True)
    except BrokerError as error:
        logger.info("no_market_data", extra={"reason": str(error)})
    return have.Tried(turn, has_data=False)


async def _has_bar(way: Way, con_id: int) -> bool:
    """Whether a bar came; a refusal may concern this contract alone, as without a subscription."""
    try:
        with ib_errors(f"the latest bar of the contract {con_id}"):
            return bool(await way.link.attend(partial(way.questions.latest_bar, con_id)))
    except RequestRejected as error:
        logger.info("no_market_data", extra={"reason": str(error)})
        return False


async def _candidates(way: Way) -> list[int]:
    """Contracts of which a bar may be asked: some that are held, and one that everybody knows."""
    with ib_errors("the list of positions"):
        held = await way.link.attend(way.questions.positions)
    con_ids = [
        each.contract.conId
        for each in held
        if each.position and each.contract.secType in DECIDED_TYPES
    ]
    return [*con_ids[:_HELD_TRIED], SPDR_TRUST]
