"""Which alerts go out now, over which channel, and in which messages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import ORDERS, AlertKind, Ending, Level, kinds_that_end, level, todo, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST: Final = 20
"""Alerts in one message: more of them would be cut off by some channels."""

LONGEST: Final = 600
"""Characters of one alert in a message, for the same reason."""

AGAIN: Final = "told once more, as it is not known whether the first time came through"

_FIRST_WAIT: Final = dt.timedelta(seconds=30)
_LONGEST_WAIT: Final = dt.timedelta(minutes=30)
_NEWS: Final = kinds_that_end(Ending.TOLD)
_LASTING: Final = (
    kinds_that_end(Ending.CONNECTED) | kinds_that_end(Ending.DECIDED) | kinds_that_end(Ending.SENT)
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An alert that a channel has not told yet.

    Attributes
    ----------
    number
        Its number in the journal, for ever.
    at
        When it happened; aware UTC.
    is_over
        Whether it has ended meanwhile.
    is_again
        Whether telling it was begun by a process that died before it knew the outcome.
    tries
        How often telling it failed.
    """

    number: int
    at: dt.datetime
    source: str
    kind: str
    text: str
    is_over: bool = False
    is_again: bool = False
    tries: int = 0

    @property
    def level(self) -> Level:
        """How loudly it is said."""
        return level(self.kind, self.source)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same as another one; in what lasts, figures do not count."""
        is_lasting = self.kind in _LASTING and self.source != ORDERS
        return self.source, self.kind, words(self.text) if is_lasting else self.text

    @property
    def is_news(self) -> bool:
        """Whether it tells of something that happened, so that none is a repeat of another."""
        return self.kind in _NEWS


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
        How many times in a row it has failed.
    failed_at
        When it failed last, or None.
    """

    batch_at: dt.datetime | None = None
    told: Sequence[Pending] = ()
    failures: int = 0
    failed_at: dt.datetime | None = None

    @property
    def again_at(self) -> dt.datetime | None:
        """Before when a channel that failed is not tried again; None where it may be."""
        if not self.failures or self.failed_at is None:
            return None
        doubled: dt.timedelta = _FIRST_WAIT * 2 ** min(self.failures - 1, 10)
        return self.failed_at + min(doubled, _LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out at once.

    Attributes
    ----------
    level
        That of its loudest alert.
    title, body
        Plain text.
    alerts
        Those it tells of.
    """

    level: Level
    title: str
    body: str
    alerts: tuple[Pending, ...] = ()


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

    A critical alert goes out alone and at once; all others together, at most once in a while. What
    failed most often goes last, so that one that a channel refuses holds up no other.

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
    messages = [_message((each,), name) for each in critical]
    others = [each for each in fresh if each.level is not Level.CRITICAL]
    is_due = is_last or former.batch_at is None or not _is_within(now, former.batch_at, rules.batch)
    if is_due:
        parts = [others[at : at + MOST] for at in range(0, len(others), MOST)]
        messages += [_message(tuple(each), name) for each in parts]
    return Plan(tuple(messages), tuple(repeats))


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


def _message(alerts: tuple[Pending, ...], name: str) -> Message:
    loudest = max((each.level for each in alerts), key=list(Level).index)
    if len(alerts) == 1:
        (only,) = alerts
        title = f"{name}: {only.kind} #{only.number}"
    else:
        title = f"{name}: {len(alerts)} alerts, #{alerts[0].number} to #{alerts[-1].number}"
    if loudest is Level.CRITICAL:
        title = f"CRITICAL, {title}"
    lines = [_line(each) for each in alerts]
    return Message(loudest, title, "\n".join([*lines, *_remedies(alerts)]), alerts)


def _line(alert: Pending) -> str:
    text = alert.text if len(alert.text) <= LONGEST else f"{alert.text[: LONGEST - 4]} ..."
    marks = {AGAIN: alert.is_again, "over by now": _ended(alert)}
    held = "; ".join(mark for mark, holds in marks.items() if holds)
    at = f"{alert.at:%Y-%m-%d %H:%M:%S} UTC"
    told = f"#{alert.number} {alert.level}, {alert.kind}, {at}: {text}"
    return f"{told} ({held})" if held else told


def _ended(alert: Pending) -> bool:
    return alert.is_over and not alert.is_news


def _remedies(alerts: Sequence[Pending]) -> Iterator[str]:
    for kind in dict.fromkeys(each.kind for each in alerts if each.kind not in _NEEDLESS):
        yield f"to do, {kind}: {todo(kind)}"


_NEEDLESS: Final = frozenset(
    {AlertKind.SIGNAL, AlertKind.ORDER, AlertKind.FILL, AlertKind.CONNECTED_AGAIN}
)
