"""The desk as notebooks and commands get it: with the heading that its tables carry."""

from __future__ import annotations

from dataclasses import dataclass

from sellkit.core.market_time import has_calendar
from sellkit.operate.desk import Desk
from sellkit.present.heading import Heading


@dataclass(slots=True)
class WiredDesk(Desk):
    """A desk that can say under which conditions it works."""

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
