"""Says once that a schedule is late in a session, and once that it is back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.core.alerts import Level
from sellkit.core.heartbeat import is_back
from sellkit.core.message import AGAIN, Message
from sellkit.errors import NotTold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sellkit.core.heartbeat import Heartbeat, Late
    from sellkit.ports.outbox import Notifier

log = logging.getLogger(__name__)

_BEGUN: Final = "begun"
_TOLD: Final = "told"
_BACK_BEGUN: Final = "back begun"


class Memory(Protocol):
    """What a watchdog remembers between two looks, also over its own end."""

    def turn(self) -> AbstractContextManager[None]:
        """Only one watchdog looks at a time."""
        ...

    def read(self) -> tuple[Late | None, Mapping[str, str]]:
        """What was found to be late, and by channel how far telling of it came."""
        ...

    def write(self, late: Late | None, told: Mapping[str, str]) -> None:
        """Keep it, on the disk where that can be written to; where not, as long as this lives."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """Looks at a heartbeat. It asks no gateway and opens no journal.

    Every channel hears of it, however loud it wants to be told: the silence is the loudest alert.

    Attributes
    ----------
    beat
        Reads the last heartbeat.
    judge
        What is late by now.
    """

    memory: Memory
    beat: Callable[[], Heartbeat | None]
    judge: Callable[[Heartbeat | None], Late | None]
    notifier: Notifier
    channels: Sequence[str]
    name: str

    def look(self) -> Late | None:
        """Look once, and tell what is to be told; what is late.

        A channel that does not take it is tried again by the next look.

        Raises
        ------
        ConfigError
            Another watchdog looks for too long.
        """
        with self.memory.turn():
            beat = self.beat()
            found = self.judge(beat)
            late, told = self.memory.read()
            if found is not None:
                if late is None:
                    self._note(found)
                return self._say_late(late or found, dict(told) if late else {})
            if late is not None and is_back(late, beat):
                self._say_back(late, dict(told), beat)
                return None
            return late

    def _note(self, late: Late) -> None:
        log.critical("schedule_late", extra={"due": late.due.isoformat(), "text": late.text})
        self.memory.write(late, {})

    def _say_late(self, late: Late, told: dict[str, str]) -> Late:
        for channel in self.channels:
            if told.get(channel, _BEGUN) == _BEGUN:
                self._tell(channel, late, told, Level.CRITICAL, late.text, _BEGUN, _TOLD)
        return late

    def _say_back(self, late: Late, told: dict[str, str], beat: Heartbeat | None) -> None:
        """Tell those that it is back who heard, or may have heard, that it was late."""
        log.warning("schedule_back", extra={"due": late.due.isoformat()})
        text = "`sellkit schedule` is heard of again"
        if beat is not None and beat.last_due is not None:
            text += f": its last run was that of {beat.last_due:%Y-%m-%d %H:%M} UTC, {beat.outcome}"
        for channel in self.channels:
            if channel in told:
                self._tell(channel, late, told, Level.WARNING, text, _BACK_BEGUN, "")
        self.memory.write(late if told else None, told)

    def _tell(
        self,
        channel: str,
        late: Late,
        told: dict[str, str],
        level: Level,
        text: str,
        begun: str,
        done: str,
    ) -> None:
        """Send it; that it was begun is on the disk before, and that it was told after."""
        is_again = told.get(channel) == begun
        before = told.get(channel)
        told[channel] = begun
        self.memory.write(late, told)
        words = "the schedule is late" if level is Level.CRITICAL else "the schedule is back"
        title = f"{self.name}: {words}"
        if level is Level.CRITICAL:
            title = f"CRITICAL, {title}"
        try:
            self.notifier.tell(
                channel, Message(level, title, f"{text} ({AGAIN})" if is_again else text)
            )
        except NotTold as error:
            log.warning("alert_not_told", extra={"channel": channel, "reason": str(error)})
            told.pop(channel) if before is None else told.update({channel: before})
        else:
            told.pop(channel) if not done else told.update({channel: done})
        self.memory.write(late, told)
