"""When it is proven that the gateway never had an order.

The evidence is negative, so it takes all of it: lists to their end markers in which nothing of the
order is found, twice and a minute apart, on the day on which it was claimed, over one connection
that stood undisturbed from before the first look to behind the second one, with the position as it
was before. What a gateway held back while its line to Interactive Brokers was broken may come to
light at any time after, so that a look from before an interruption says nothing; and a process that
begins anew cannot know what happened before it connected.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import UTC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.tickets import TicketRecord

BETWEEN: Final = dt.timedelta(seconds=60)
"""How far apart two looks lie at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look for an order that was not found anywhere.

    Attributes
    ----------
    at
        When; aware UTC.
    epoch
        The connection over which it was made. Each process counts from one.
    since
        Since when that connection had stood undisturbed, by this machine's clock (aware UTC); None
        of a look that was noted before this was.
    doubt
        What was doubtful; "" when nothing.
    """

    at: dt.datetime
    epoch: int
    since: dt.datetime | None
    doubt: str = ""

    def is_joined(self, other: Round) -> bool:
        """Whether nothing interrupted between the two: not even a new beginning of the process."""
        here, there = (self.epoch, self.since), (other.epoch, other.since)
        return self.since is not None and here == there


def lacking(record: TicketRecord, rounds: Sequence[Round], now: dt.datetime) -> str:
    """What is missing to the proof that an attempt was not received; "" when nothing is.

    Parameters
    ----------
    record
        UNCERTAIN.
    rounds
        The looks since then, oldest first.
    now
        Aware UTC.
    """
    if record.perm_id is not None or record.filled:
        return "the gateway had it: it has numbered or executed it"
    if record.claimed_at is None or not _is_same_day(record.claimed_at, now):
        return "it was sent on another day, whose orders and executions are not told any more"
    if rounds and rounds[-1].doubt:
        return rounds[-1].doubt
    clean = _clean(rounds)
    if not clean or clean[-1] - clean[0] < BETWEEN:
        seconds = BETWEEN.total_seconds()
        return (
            f"two clean looks at least {seconds:g} s apart over one undisturbed connection are "
            "needed: `sellkit reconcile --wait` makes them"
        )
    return ""


def _clean(rounds: Sequence[Round]) -> list[dt.datetime]:
    """The times of the clean looks since the last doubtful one and the last interruption."""
    found: list[dt.datetime] = []
    for each in rounds:
        if not each.doubt and each.is_joined(rounds[-1]):
            found.append(each.at)
        else:
            found = []
    return found


def _is_same_day(claimed: dt.datetime, now: dt.datetime) -> bool:
    """By UTC, in which a day of trading in America or Europe lies whole."""
    return claimed.astimezone(UTC).date() == now.astimezone(UTC).date()
