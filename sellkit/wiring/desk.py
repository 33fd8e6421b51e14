"""The desk as notebooks and commands get it: with the heading that its tables carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.core.market_time import has_calendar
from sellkit.operate.desk import Desk
from sellkit.present.heading import Heading

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.config import Overrides
    from sellkit.core.arming import Halt
    from sellkit.present.panels.state import DeskState
    from sellkit.wiring.watch import WiredWatch


@dataclass(slots=True)
class WiredDesk(Desk):
    """A desk that can say under which conditions it works.

    Attributes
    ----------
    chosen
        What was said instead of the settings when it was opened.
    """

    chosen: Overrides | None = field(default=None, repr=False)

    def heading(self) -> Heading:
        """Mode, profile, account, gateway and moment; on the clock of the positions' exchange."""
        exchanges = (each.instrument.token.exchange for each in self.known_positions())
        return Heading(
            mode=self.run.mode,
            profile=self.run.profile,
            account=self.run.account,
            gateway=self.run.gateway,
            as_of=self.run.as_of,
            zone_exchange=next((each for each in exchanges if has_calendar(each)), "NYSE"),
        )

    # What a live panel asks; nothing of it needs the desk's own connection, which may be closed.

    def watch(self) -> WiredWatch:
        """A watch on the same gateway and account, over a connection and client id of its own.

        Raises
        ------
        BrokerError
            The gateway cannot be reached or does not answer.
        """
        from sellkit.wiring.watch import open_live_watch

        return open_live_watch(self._chosen())

    def live_state(self, now: dt.datetime) -> DeskState:
        """Switches, tickets, alerts and the next decision, as they stand at a moment."""
        from sellkit.config import load
        from sellkit.wiring.live_desk import state_of

        return state_of(load(self._chosen()), self.account, now)

    def halt(self, reason: str) -> tuple[Halt, str]:
        """Halt every process, as `sellkit halt` does; and why it is not journalled, or ""."""
        from sellkit.wiring.live_desk import halt_at_once

        return halt_at_once(self._chosen(), reason)

    def halted(self) -> Halt | None:
        """The halt that is in force."""
        from sellkit.wiring.stopping import current_halt

        return current_halt(self._chosen())

    def _chosen(self) -> Overrides:
        from sellkit.config import Overrides

        return self.chosen or Overrides(profile=self.run.profile)
