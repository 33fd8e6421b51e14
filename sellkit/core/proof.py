"""When it is proven that the gateway never had an order.

The evidence is negative, so it takes all of it: lists to their end markers in which nothing of the
order is found, twice and a minute apart, on the day on which it was claimed, over one connection
that was ready, with the position as it was before.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import UTC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.tickets import TicketRecord

    Round = tuple[dt.datetime, int, str]

BETWEEN: Final = dt.timedelta(seconds=60)
"""How far apart two looks lie at least."""


def lacking(record: TicketRecord, rounds: Sequence[Round], now: dt.datetime) -> str:
    """What is missing to the proof that an attempt was not received; "" when nothing is.

    Parameters
    ----------
    record
        UNCERTAIN.
    rounds
        The looks since then, oldest first: time, epoch, and what was doubtful ("" when nothing).
    now
        Aware UTC.
    """
    if record.perm_id is not None or record.filled:
        return "the gateway had it: it has numbered or executed it"
    if record.claimed_at is None or not _is_same_day(record.claimed_at, now):
        return "it was sent on another day, whose orders and executions are not told any more"
    if rounds and rounds[-1][2]:
        return rounds[-1][2]
    clean = _clean(rounds)
    if not clean or clean[-1] - clean[0] < BETWEEN:
        seconds = BETWEEN.total_seconds()
        return (
            f"two clean looks at least {seconds:g} s apart over one connection are needed; look "
            "again then"
        )
    return ""


def _clean(rounds: Sequence[Round]) -> list[dt.datetime]:
    """The times of the clean looks since the last doubtful one, all over the last connection.

    What the gateway holds back while its own line is broken comes to light after that: a look from
    before says nothing of it.
    """
    found: list[dt.datetime] = []
    for at, epoch, doubt in rounds:
        if not doubt and epoch == rounds[-1][1]:
            found.append(at)
        else:
            found = []
    return found


def _is_same_day(claimed: dt.datetime, now: dt.datetime) -> bool:
    """By UTC, in which a day of trading in America or Europe lies whole."""
    return claimed.astimezone(UTC).date() == now.astimezone(UTC).date()
