"""The connection: feeds the machine with what happens, and has done what it commands."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib.bulletin import Bulletin
from sellkit.adapters.ib.errands import Errands, Outside
from sellkit.adapters.ib.hearers import Hearers, Voice
from sellkit.adapters.ib.link import attended, heard
from sellkit.adapters.ib.machine import step
from sellkit.adapters.ib.readiness import UNLINKED, Rules, Stage, State, why_not
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.standing import Standing
from sellkit.errors import NotConnected, OtherGateway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sellkit.adapters.ib.happenings import Command, Event
    from sellkit.adapters.ib.orders.reporter import Reporter
    from sellkit.adapters.ib.way import Endpoint, Way
    from sellkit.core.portfolio import GatewayKind

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_LOOK_AGAIN_SECONDS: Final = 0.02


class Connection:
    """One link after the other to the same gateway, and whether it may be decided on.

    Parameters
    ----------
    endpoint
        Whom to connect to.
    rules
        By what the connection is held.
    hearers
        Who is told of alerts.
    outside
        Time and chance.
    reporter
        Who hears of orders, if anybody.

    Attributes
    ----------
    opened
        Done when the first link was opened or could not be; the error tells why.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        rules: Rules,
        hearers: Hearers,
        outside: Outside | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self._rules = replace(rules, sends_orders=reporter is not None)
        self._outside = outside or Outside()
        self._voice = Voice(hearers)
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.opened.add_done_callback(heard)
        self._state = State()
        self._events: deque[Event] = deque()
        self._is_busy = False
        self._errands = Errands(endpoint, rules.returning, self._outside, self._on_event, reporter)
        if reporter is not None:
            reporter.epoch = self._epoch_heard
        self._interrupted: asyncio.Future[str] = self._loop.create_future()
        self._bulletin = Bulletin(why_not(self._state, rules), self._outside.now)
        self._well_at = (0.0, self._outside.now())

    # --- from any thread ------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        """How it stands; not ready when the probe that is due was not made, whatever kept it."""
        told = self._bulletin.standing
        if not told.is_ready:
            return told
        steady, now = self._well_at
        # A steady clock may stand still while the machine sleeps, the other one may be set.
        away = (self._outside.now() - now).total_seconds()
        unseen = max(self._outside.steady() - steady, away)
        returning = self._rules.returning
        if unseen <= returning.probe_seconds + 2 * returning.probe_timeout_seconds:
            return told
        reason = f"{self._rules.address} was last seen well {unseen:.0f} s ago"
        return Standing(told.epoch, False, reason, told.since)

    @property
    def identity(self) -> tuple[tuple[str, ...], GatewayKind]:
        """Accounts, as the gateway lists them, and kind of the gateway.

        Raises
        ------
        NotConnected
            There has been no connection yet.
        """
        identity = self._state.identity
        if identity is None:
            raise self.refusal()
        return self._errands.accounts, identity[1]

    @property
    def broken_farms(self) -> tuple[str, ...]:
        """The data farms that the gateway called broken, and not well since."""
        return tuple(str(each) for each in sorted(self._state.farms))

    def wait(self, seconds: float) -> None:
        """Wait until it is ready, at most so long.

        Raises
        ------
        NotConnected
            It was not, for the reason told.
        """
        pause, end = threading.Event(), time.monotonic() + seconds
        while True:
            left = max(end - time.monotonic(), 0.0)
            is_told = self._bulletin.wait(left).is_ready
            if is_told and self.standing.is_ready:
                return
            if not is_told or not left:
                raise self.refusal()
            pause.wait(min(_LOOK_AGAIN_SECONDS, left))  # the probe that is overdue is under way

    def refusal(self) -> NotConnected:
        """The error of whoever asks while it is not ready."""
        is_other = AlertKind.OTHER_GATEWAY in self._state.alerts
        kind = OtherGateway if is_other else NotConnected
        standing = self.standing
        if standing.is_ready:
            return kind("the connection was just interrupted; ask again")
        seconds = max((self._outside.now() - standing.since).total_seconds(), 0.0)
        return kind(f"{standing.reason} (for {seconds:.0f} s by now)")

    def end(self) -> None:
        """Wait until the hearers were told everything."""
        self._voice.end()

    # --- on the loop's thread -------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The number of the present connection."""
        return self._state.epoch

    def start(self) -> None:
        """Begin to connect."""
        self.feed(have.Waited(self._state.turn))

    async def attend(self, work: Callable[[Way], Awaitable[Result]]) -> Result:
        """Do a piece of work on the present link, given up when the connection is not ready.

        Raises
        ------
        NotConnected
            It is not ready, or ceased to be so meanwhile, whatever had come until then.
        """
        way = self._errands.way
        if way is None or not self.standing.is_ready:
            raise self.refusal()
        return await attended(partial(work, way), self._interrupted)

    async def attend_now(self, work: Callable[[Way], Result]) -> Result:
        """Do a piece of work that does not wait, on a connection that is ready as it begins.

        Raises
        ------
        NotConnected
            It is not ready.
        """
        way = self._errands.way
        if way is None or not self.standing.is_ready:
            raise self.refusal()
        return work(way)

    async def attend_link(self, work: Callable[[Way], Awaitable[Result]]) -> Result:
        """Do a piece of work that needs an open link, whether it is ready or not."""
        way = self._errands.way
        if way is None or self._state.stage in UNLINKED | {Stage.DIALLING}:
            raise self.refusal()
        return await way.link.attend(partial(work, way))

    def doubt(self, what: str) -> None:
        """A list did not come to its end; `what` says which."""
        self.feed(have.Unanswered(self._state.link, what))

    async def close(self) -> None:
        """End it for good."""
        self.feed(have.Closed(f"the connection to {self._rules.address} was closed"))
        await self._errands.all_closed()

    def feed(self, event: Event) -> None:
        """Let the machine take in an event, and do what it commands."""
        self._events.append(event)
        if self._is_busy:
            return  # what is being done leads to it: it comes next
        self._is_busy = True
        try:
            while self._events:
                self._take_in(self._events.popleft())
        except Exception as error:
            # Whatever is wrong here: a connection that nobody keeps must not go on as ready.
            logger.critical("connection_failed", exc_info=True)
            reason = f"an error of sellkit's own ended it ({type(error).__name__}); see the log"
            self._state = replace(self._state, stage=Stage.ENDED, reason=reason)
            self._publish()
            self._errands.close()
        finally:
            self._is_busy = False

    def _take_in(self, event: Event) -> None:
        upkeep = self._rules.returning.upkeep.name(self._outside.now())
        self._state, commands = step(self._state, event, self._rules, upkeep)
        self._publish()
        for command in commands:
            self._do(command)

    def _publish(self) -> None:
        state = self._state
        reason = why_not(state, self._rules)
        is_final = state.stage is Stage.ENDED
        if not reason and self._interrupted.done():
            self._interrupted = self._loop.create_future()
        if reason and not self._interrupted.done():
            self._interrupted.set_result(reason)
        if not reason and not self._bulletin.standing.is_ready:
            self._mark_well()
        if self._bulletin.publish(state.epoch, reason, is_final=is_final):
            extra = {"epoch": state.epoch, "ready": not reason, "reason": reason}
            logger.info("connection_standing", extra=extra)
        if self.opened.done():
            return
        if is_final:
            self.opened.set_exception(self.refusal())
        elif state.epoch:
            self.opened.set_result(None)

    def _epoch_heard(self) -> int:
        """The epoch of a message; a gateway may speak of orders before it is known to be well."""
        return self._state.epoch + (self._state.stage is Stage.DIALLING)

    def _mark_well(self) -> None:
        self._well_at = (self._outside.steady(), self._outside.now())

    def _do(self, command: Command) -> None:
        match command:
            case have.Close():
                self._errands.close()
            case have.Throttle(rate):
                self._errands.throttle(rate)
            case have.Say(kind, text):
                self._voice.alert(Alert(kind, text, self._outside.now()))
            case have.CountSubscriptionsLost():
                self._voice.subscriptions_lost()
            case have.Clear():
                self._voice.clear()
            case _:
                self._errands.run(command)

    def _on_event(self, event: Event) -> None:
        """What an errand came back with."""
        match event:
            case have.Probed(is_answered=True):
                self._mark_well()
            case have.Refused() if not self._rules.is_lasting and not self.opened.done():
                self.opened.set_exception(self._errands.error or self.refusal())
        self.feed(event)
