"""Plays the times at which a gateway is down: the nightly reset, the weekly login."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.simgateway.downtime_plan import LoggedOut, NightlyReset, latest
from sellkit.simgateway.fault_actions import TEXTS, Step
from sellkit.simgateway.orders.restart import restart

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Coroutine
    from typing import Any

    from sellkit.simgateway.gateway import Gateway

logger = logging.getLogger(__name__)

_LOST: Final = 1100
_BACK_WITHOUT_DATA: Final = 1101
_BACK: Final = 1102
_FARMS_BROKEN: Final = (2103, 2105, 2157)
_FARMS_BACK: Final = (2104, 2106, 2158)


class Downtime:
    """When a gateway is not there for its clients.

    Everything is called on the gateway's thread.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._nightly = gateway.scenario.nightly_reset
        self._weekly = gateway.scenario.weekly_login
        self._looked = gateway.clock.now()
        self._logged_out: LoggedOut | None = None
        self._is_resetting = False
        self._jobs: set[asyncio.Task[None]] = set()

    @property
    def is_scheduled(self) -> bool:
        """Whether a moment of the clock is waited for."""
        return self._nightly is not None or self._weekly is not None

    @property
    def shown(self) -> str:
        """What the gateway is doing: `up`, `cut off`, `refusing`, or how it is logged out."""
        if self._logged_out is not None:
            return f"logged out, {self._logged_out.value}"
        if not self._is_resetting:
            return "up"
        return "refusing" if self._gateway.entrance.is_shut else "cut off"

    def strike_due(self, now: dt.datetime) -> None:
        """Begin what the clock has reached since this was last called."""
        since, self._looked = self._looked, now
        nightly, weekly = self._nightly, self._weekly
        if weekly is not None and since < latest(weekly.at, now, weekly.weekday):
            self.log_out(weekly.until_login)
        if nightly is not None and nightly.at is not None and since < latest(nightly.at, now):
            self.reset(nightly)

    def reset(self, plan: NightlyReset) -> None:
        """Play the nightly reset, unless one is being played."""
        if self._is_resetting:
            return
        self._is_resetting = True
        lost = [Step(0.0, _LOST, TEXTS[_LOST], mute=True), *map(self._farm, _FARMS_BROKEN)]
        outage = self._gateway.outage
        for step in lost:
            outage.later(0.0, step, None)
        for number in range(1, plan.notices):
            outage.later(number * plan.notice_seconds, Step(0.0, _LOST, TEXTS[_LOST]), None)
        end = plan.notices * plan.notice_seconds
        outage.call_later(end, lambda: self._end_notices(plan))

    def log_out(self, how: LoggedOut) -> None:
        """End every session, and take none until somebody has logged in."""
        self._logged_out = how
        self._gateway.silent = how is LoggedOut.SILENT
        self._gateway.clients.drop()
        if how is LoggedOut.REFUSE:
            self._start(self._gateway.entrance.shut())
        else:
            self._open()

    def log_in(self) -> bool:
        """Take clients again; False when nobody had to log in."""
        was_out, self._logged_out = self._logged_out is not None, None
        if was_out:
            self._gateway.silent = False
            self._gateway.clients.drop()
            self._open()
        return was_out

    async def settled(self) -> None:
        """Wait until the port is shut or open, as it is to be."""
        if self._jobs:
            await asyncio.wait(self._jobs)

    def _end_notices(self, plan: NightlyReset) -> None:
        gateway = self._gateway
        if plan.ids_back:
            gateway.exchange.roll_back_all_ids(plan.ids_back)
        if not plan.drops:
            self._come_back(_BACK_WITHOUT_DATA if plan.loses_data else _BACK)
            return
        gateway.clients.drop()
        restart(gateway.floor)
        gateway.keeper.note_change()
        self._start(gateway.entrance.shut())
        gateway.outage.call_later(plan.refused_seconds, self._come_back)

    def _come_back(self, code: int | None = None) -> None:
        self._is_resetting = False
        self._gateway.faults.is_mute = False
        steps = [] if code is None else [Step(0.0, code, TEXTS[code])]
        for step in (*steps, *map(self._farm, _FARMS_BACK)):
            self._gateway.outage.later(0.0, step, None)
        self._open()

    def _farm(self, code: int) -> Step:
        return Step(0.0, code, TEXTS[code].replace("{farm}", self._gateway.farm))

    def _open(self) -> None:
        """Take connections, once nothing speaks against it any more."""
        if self._logged_out is not LoggedOut.REFUSE and not self._is_resetting:
            self._start(self._reopen())

    async def _reopen(self) -> None:
        gateway = self._gateway
        try:
            await gateway.entrance.open(gateway.host, gateway.port)
        except ConfigError:
            # Somebody else took the port meanwhile: a gateway that is down for good.
            logger.exception("port_lost")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
