"""Carries the journal's alerts to a person, over every channel, each of them once."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sellkit.core.outbox import Rules, plan
from sellkit.core.redaction import Redaction
from sellkit.errors import NotTold

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.core.message import Message, Pending
    from sellkit.core.outbox import Channel
    from sellkit.ports.outbox import Notifier, Outbox

log = logging.getLogger(__name__)

_LAST_WAIT_SECONDS: Final = 5.0
"""How long the last telling of a process waits for another one that is telling."""


@dataclass(slots=True)
class Told:
    """What came of one round.

    Attributes
    ----------
    told, failed
        How many messages.
    is_elsewhere
        Whether another process was telling, so that nothing was done here.
    """

    told: int = 0
    failed: int = 0
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Tells what has not been told.

    That a message is being sent is on the disk before it is sent, and what became of it after: a
    process that dies in between leaves an alert that is told once more, marked so, under the same
    number. What a channel did not take is left alone for a while, and longer each time.

    Attributes
    ----------
    name
        Who speaks, `sellkit paper` for instance.
    now
        The machine's time; aware UTC.
    accounts
        The aliases of account numbers, which stand in no message.
    timer
        Real seconds from any beginning.
    """

    outbox: Outbox
    notifier: Notifier
    channels: Sequence[Channel]
    name: str
    now: Callable[[], dt.datetime]
    rules: Rules = field(default_factory=Rules)
    accounts: Mapping[str, str] = field(default_factory=dict)
    timer: Callable[[], float] = time.monotonic

    def deliver(self, *, is_last: bool = False, at_most_seconds: float = math.inf) -> Told:
        """Tell what is due.

        Parameters
        ----------
        is_last
            Whether nobody stays who would tell the rest later.
        at_most_seconds
            After so many no further message is begun.

        Raises
        ------
        JournalError
            It cannot be read or written.
        """
        told, until = Told(), self.timer() + at_most_seconds
        if not self.channels:
            self.outbox.join((), self.now())
            return told
        wait = min(_LAST_WAIT_SECONDS, at_most_seconds) if is_last else 0.0
        with self.outbox.turn(wait) as is_mine:
            if not is_mine:
                return Told(is_elsewhere=True)
            self.outbox.join(self.channels, self.now())
            self.outbox.gather(self.now())
            for channel in self.channels:
                self._deliver(channel, told, until, is_last=is_last)
        return told

    def _deliver(self, channel: Channel, told: Told, until: float, *, is_last: bool) -> None:
        waiting = [
            each
            for each in self.outbox.waiting(channel.alias)
            if each.level.is_at_least(channel.level)
        ]
        if not waiting:
            return
        former = self.outbox.former(channel.alias, self.now() - self.rules.repeat)
        former = replace(former, told=[self._plain(each) for each in former.told])
        found = plan(
            [self._plain(each) for each in waiting],
            *(channel, former, self.rules, self.now()),
            name=self.name,
            is_last=is_last,
        )
        for each, number in found.repeats:
            reason = f"told as #{number} a short while ago"
            self.outbox.end(channel.alias, [each.number], "repeat", self.now(), reason)
        for message in found.messages:
            if self.timer() >= until or not self._send(channel, message, told):
                return

    def _send(self, channel: Channel, message: Message, told: Told) -> bool:
        numbers = [each.number for each in message.alerts]
        self.outbox.begin(channel.alias, numbers, self.now())
        try:
            self.notifier.tell(channel.alias, message)
        except NotTold as error:
            reason = Redaction(self.accounts)(str(error))
            self.outbox.end(channel.alias, numbers, "failed", self.now(), reason)
            log.warning(
                "alert_not_told",
                extra={"channel": channel.alias, "alerts": numbers, "reason": reason},
            )
            told.failed += 1
            return False
        self.outbox.end(channel.alias, numbers, "told", self.now())
        log.info("alert_told", extra={"channel": channel.alias, "alerts": numbers})
        told.told += 1
        return True

    def _plain(self, alert: Pending) -> Pending:
        return replace(alert, text=Redaction(self.accounts)(alert.text))
