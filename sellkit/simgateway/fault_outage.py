"""Faults that strike without a message: at a moment of the gateway's clock, or step by step."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sellkit.simgateway import messages
from sellkit.simgateway.fault_actions import Sequence
from sellkit.simgateway.framing import encode
from sellkit.simgateway.kinds import Direction
from sellkit.simgateway.passage import Parcel
from sellkit.simgateway.subscriptions import settle

if TYPE_CHECKING:
    from sellkit.simgateway.fault_actions import Step
    from sellkit.simgateway.faults import Rule
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.session import Session


class Outage:
    """Plays sequences of notices to the clients, and strikes when a rule's moment has come."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._timers: set[asyncio.TimerHandle] = set()

    def later(self, seconds: float, step: Step, client_id: int | None) -> None:
        """Play one step in so many real seconds, to every client or to one."""
        if seconds <= 0:
            self._play(step, client_id)
            return

        def run() -> None:
            self._timers.discard(timer)
            self._play(step, client_id)

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    def strike_due(self) -> None:
        """Strike with the rules whose moment has come; each strikes once."""
        gateway = self._gateway
        for rule in gateway.faults.due(gateway.clock.now()):
            self._strike(rule)

    def end(self) -> None:
        """Forget the steps that were not played."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _strike(self, rule: Rule) -> None:
        if isinstance(rule.action, Sequence):
            rule.action.play(self._gateway)
            return
        for session in self._told(rule.when.client_id):
            parcel = Parcel(session, Direction.OUT, [])
            rule.action.act(parcel)
            for call in parcel.afterwards:
                call()

    def _play(self, step: Step, client_id: int | None) -> None:
        if step.mute is not None:
            self._gateway.faults.is_mute = step.mute
        for session in self._told(client_id):
            notice = messages.error(session.version, messages.NO_REQUEST, step.code, step.text)
            session.queue(encode(notice))
            settle(session, step.code, messages.NO_REQUEST)
            if step.close:
                session.hang_up()

    def _told(self, client_id: int | None) -> list[Session]:
        sessions = self._gateway.sessions
        return [each for each in sessions if client_id in (None, each.client_id)]
