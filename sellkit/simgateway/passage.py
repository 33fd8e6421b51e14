"""The one place that every message of a session passes, in or out, and where faults strike it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.faults import Passing
from sellkit.simgateway.kinds import (
    Direction,
    Values,
    id_of,
    kind_of,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.session import Session

_INSTANT: Final = 1e-6


@dataclass(slots=True, eq=False)
class Parcel:
    """A message on its way, as faults have changed it so far.

    Attributes
    ----------
    copies
        What is passed on: nothing, the message, or several.
    delay_seconds
        How much later, in real seconds.
    hold_seconds
        Wait for the next message and go behind it, but no longer than that.
    afterwards
        What happens once the copies were passed on.
    """

    session: Session
    direction: Direction
    copies: list[Values]
    request_id: int = -1
    symbol: str | None = None
    delay_seconds: float = 0.0
    hold_seconds: float | None = None
    afterwards: list[Callable[[], None]] = field(default_factory=list)


class Passage:
    """One direction of one session.

    Messages of one kind never overtake each other, whatever their delays; a delayed message is
    overtaken by those of other kinds.

    Parameters
    ----------
    deliver
        Where messages go from here.
    """

    def __init__(
        self, session: Session, direction: Direction, deliver: Callable[[Values], None]
    ) -> None:
        self._session = session
        self._direction = direction
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._busy_until: dict[str, float] = {}
        self._delayed: dict[str, list[Parcel]] = defaultdict(list)
        self._held: list[Parcel] = []
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def is_clear(self) -> bool:
        """Whether a message would pass untouched and at once."""
        return (
            self._session.gateway.faults.is_idle
            and not self._session.is_silent
            and not self._held
            and not self._timers
        )

    def take(self, values: Values) -> None:
        """Take a message in, and pass on what the faults leave of it."""
        session, faults = self._session, self._session.gateway.faults
        symbol = session.subjects.symbol(self._direction, values)
        if self.is_clear:
            self._deliver(values)
            return
        if session.is_silent or faults.is_mute:
            return
        passing = Passing(
            self._direction,
            kind_of(self._direction, values),
            symbol,
            self._client_id(values),
            session.gateway.clock.now(),
        )
        number = whole_number(id_of(self._direction, values, session.version) or "")
        request_id = -1 if number is None else number
        parcel = Parcel(session, self._direction, [values], request_id, symbol)
        parcel.delay_seconds = faults.latency(passing)
        for action in faults.struck(passing):
            action.act(parcel)
        self._send_off(parcel, passing.name)

    def waiting(self, name: str) -> set[int]:
        """The requests that delayed messages of a kind are about."""
        return {parcel.request_id for parcel in self._delayed[name] if parcel.copies}

    def withdraw(self, name: str, request_id: int) -> bool:
        """Lose the delayed messages of a kind that are about a request; False for none."""
        is_waiting = request_id in self.waiting(name)
        for parcel in self._delayed[name]:
            if parcel.request_id == request_id:
                parcel.copies.clear()
        return is_waiting

    def end(self) -> None:
        """Forget what is still on its way."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()
        self._delayed.clear()

    def _client_id(self, values: Values) -> int | None:
        """The client's id; of one that is about to start the API the one that it asks for."""
        own = self._session.client_id
        is_start = self._direction is Direction.IN and own is None and len(values) > 2
        return whole_number(values[2]) if is_start else own

    def _send_off(self, parcel: Parcel, name: str) -> None:
        now = self._loop.time()
        if parcel.hold_seconds is not None:
            self._held.append(parcel)
            self._at(now + parcel.hold_seconds, self._let_go)
            return
        due = now + parcel.delay_seconds
        if due <= now and not self._delayed[name]:
            self._finish(parcel)
        else:
            self._delayed[name].append(parcel)
            self._busy_until[name] = max(due, self._busy_until.get(name, 0.0) + _INSTANT)
            self._at(self._busy_until[name], lambda: self._arrive(parcel, name))
        self._let_go()

    def _arrive(self, parcel: Parcel, name: str) -> None:
        self._delayed[name].remove(parcel)
        self._finish_late(parcel)

    def _let_go(self) -> None:
        """Pass on what waited for another message."""
        held, self._held = self._held, []
        for parcel in held:
            self._finish_late(parcel)

    def _finish_late(self, parcel: Parcel) -> None:
        if self._session.is_silent and self._direction is Direction.OUT:
            parcel.copies.clear()  # what was still on its way is not said, either
        self._finish(parcel)

    def _at(self, when: float, call: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            call()

        timer = self._loop.call_at(when, run)
        self._timers.add(timer)

    def _finish(self, parcel: Parcel) -> None:
        for values in parcel.copies:
            if not self._session.is_closing:
                self._deliver(values)
        for call in parcel.afterwards:
            call()
