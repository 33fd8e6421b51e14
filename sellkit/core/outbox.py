"""Which alerts go out now, over which channel, and in which messages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import Level
from sellkit.core.message import again_at, message_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sellkit.core.message import Message, Pending

MOST: Final = 20
"""Alerts in one message: more of them would be cut off by some channels."""

FULL: Final = 1800
"""Characters that a message of several alerts has at most: Discord takes 2,000 with its title."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to a person.

    Attributes
    ----------
    alias
        Its name; where it leads is a secret.
    level
        What is less loud is not told over it.
    """

    alias: str
    level: Level


@dataclass(frozen=True, slots=True)
class Rules:
    """How often a channel may be used.

    Attributes
    ----------
    batch
        What is not critical goes out together, at most once in so long.
    repeat
        The same of the same source is not told again within so long.
    """

    batch: dt.timedelta = dt.timedelta(minutes=5)
    repeat: dt.timedelta = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Former:
    """What a channel has behind it.

    Attributes
    ----------
    batch_at
        When alerts that are not critical went out last, or None.
    told
        What it told within the rules' window.
    failures
        How many batches in a row it has not taken.
    failed_at
        When it failed to take the last of them, or None.
    """

    batch_at: dt.datetime | None = None
    told: Sequence[Pending] = ()
    failures: int = 0
    failed_at: dt.datetime | None = None

    @property
    def again_at(self) -> dt.datetime | None:
        """Before when what failed is not tried again in a batch; None where it may be."""
        return again_at(self.failures, self.failed_at)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a channel does now.

    Attributes
    ----------
    messages
        To be sent, in this order.
    repeats
        What is not told, because it was told a short while ago: each with the number of that.
    """

    messages: tuple[Message, ...] = ()
    repeats: tuple[tuple[Pending, int], ...] = ()


def plan(
    waiting: Iterable[Pending],
    channel: Channel,
    former: Former,
    rules: Rules,
    now: dt.datetime,
    *,
    name: str,
    is_last: bool = False,
) -> Plan:
    """What a channel has to tell now.

    A critical alert goes out alone and at once, and only its own failures make it wait; all others
    go together, at most once in a while. What failed goes last and in smaller messages each time,
    so that one alert that a channel refuses holds up no other.

    Parameters
    ----------
    waiting
        What it has not told, oldest first.
    name
        Who speaks, `sellkit paper` for instance.
    is_last
        Whether nobody stays to send the rest later: then nothing is held back.
    """
    loud = [each for each in waiting if each.level.is_at_least(channel.level)]
    fresh, repeats = _sifted(loud, former)
    fresh.sort(key=lambda each: (each.tries, each.number))
    critical = [each for each in fresh if each.level is Level.CRITICAL]
    messages = [message_of((each,), name) for each in critical if not _is_left_alone(each, now)]
    is_due = is_last or former.batch_at is None or not _is_within(now, former.batch_at, rules.batch)
    is_due_again = not _is_left_alone(former, now)
    others = [
        each
        for each in fresh
        if each.level is not Level.CRITICAL and (is_due_again if each.tries else is_due)
    ]
    messages += _batches(others, name, is_failing=former.failures > 0)
    return Plan(tuple(messages), tuple(repeats))


def _batches(alerts: Sequence[Pending], name: str, *, is_failing: bool) -> Iterator[Message]:
    """Alerts, those that failed least first, in messages of a bounded size.

    While a channel fails the first is of one alert: a channel that is away then leaves the others
    as often tried as they were, and one that took it is known to refuse what it does not take.
    """
    most = 1 if is_failing else MOST
    batch: list[Pending] = []
    for each in alerts:
        most = min(most, max(MOST >> each.tries, 1))
        larger = message_of((*batch, each), name)
        if batch and (len(batch) >= most or len(larger.body) > FULL):
            yield message_of(tuple(batch), name)
            most, batch = max(MOST >> each.tries, 1), []
        batch.append(each)
    if batch:
        yield message_of(tuple(batch), name)


def _is_left_alone(failed: Pending | Former, now: dt.datetime) -> bool:
    """Whether it is too early to try again; a clock that was set back holds nothing up."""
    again, at = failed.again_at, failed.failed_at
    return again is not None and at is not None and at <= now < again


def _sifted(
    waiting: Sequence[Pending], former: Former
) -> tuple[list[Pending], list[tuple[Pending, int]]]:
    """What is to be told, and what repeats something that was, or is told now."""
    known = {each.key: each.number for each in former.told}
    fresh: list[Pending] = []
    repeats: list[tuple[Pending, int]] = []
    for each in waiting:
        if not (each.is_news or each.is_again) and each.key in known:
            repeats.append((each, known[each.key]))
            continue
        known.setdefault(each.key, each.number)
        fresh.append(each)
    return fresh, repeats


def _is_within(now: dt.datetime, then: dt.datetime, span: dt.timedelta) -> bool:
    """Whether it is no longer ago; a clock that was set back holds nothing up for ever."""
    return abs(now - then) < span
