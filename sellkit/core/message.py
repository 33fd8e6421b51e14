"""An alert that is to be told, and the message that tells of one or several."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import ORDERS, AlertKind, Ending, Level, kinds_that_end, level, todo, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST: Final = 600
"""Characters of one alert in a message: more of them would be cut off by some channels."""

AGAIN: Final = "told once more, as it is not known whether the first time came through"

_FIRST_WAIT: Final = dt.timedelta(seconds=30)
_LONGEST_WAIT: Final = dt.timedelta(minutes=30)
_NEWS: Final = kinds_that_end(Ending.TOLD)
_LASTING: Final = (
    kinds_that_end(Ending.CONNECTED) | kinds_that_end(Ending.DECIDED) | kinds_that_end(Ending.SENT)
)


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
    failed_at
        When it failed last, or None.
    """

    number: int
    at: dt.datetime
    source: str
    kind: str
    text: str
    is_over: bool = False
    is_again: bool = False
    tries: int = 0
    failed_at: dt.datetime | None = None

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

    @property
    def again_at(self) -> dt.datetime | None:
        """Before when it is not tried again by itself; None where it may be."""
        return again_at(self.tries, self.failed_at)


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


def again_at(failures: int, failed_at: dt.datetime | None) -> dt.datetime | None:
    """Before when what failed so often is left alone, longer each time; None where it is not."""
    if not failures or failed_at is None:
        return None
    doubled: dt.timedelta = _FIRST_WAIT * 2 ** min(failures - 1, 10)
    return failed_at + min(doubled, _LONGEST_WAIT)


def message_of(alerts: tuple[Pending, ...], name: str) -> Message:
    """What tells of alerts, with what to do about them.

    Parameters
    ----------
    name
        Who speaks, `sellkit paper` for instance.
    """
    loudest = max((each.level for each in alerts), key=list(Level).index)
    if len(alerts) == 1:
        (only,) = alerts
        title = f"{name}: {only.kind} #{only.number}"
    else:
        numbers = [each.number for each in alerts]
        title = f"{name}: {len(alerts)} alerts, #{min(numbers)} to #{max(numbers)}"
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
