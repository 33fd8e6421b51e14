"""One link with what can be asked over it, and the questions that the connection itself asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib import translate
from sellkit.adapters.ib.contracts import Contracts
from sellkit.adapters.ib.error_codes import ib_errors
from sellkit.adapters.ib.happenings import Answer
from sellkit.adapters.ib.link import Hearing, Link
from sellkit.adapters.ib.questions import Questions
from sellkit.errors import BrokerError, NotConnected, RequestTimedOut

if TYPE_CHECKING:
    from sellkit.adapters.ib.happenings import Event


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


def make_way(endpoint: Endpoint, number: int, rate: int, hearing: Hearing) -> Way:
    """A link that is not open yet."""
    link = Link(endpoint.host, endpoint.port, endpoint.client_id, hearing, rate)
    questions = Questions(link, endpoint.request_seconds)
    return Way(number, link, questions, Contracts(questions))


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
