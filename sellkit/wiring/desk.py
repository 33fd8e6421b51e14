"""The desk as notebooks and commands get it: with the heading that its tables carry."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import Timeframe
from sellkit.core.market_time import has_calendar
from sellkit.operate.desk import Desk
from sellkit.present.heading import Heading

if TYPE_CHECKING:
    from sellkit.core.past import Past
    from sellkit.core.snapshot import SnapshotRow

_LOOKED_BACK: Final = {Timeframe.H1: dt.timedelta(days=90), Timeframe.D1: dt.timedelta(days=400)}
"""More than a chart shows."""


@dataclass(slots=True)
class WiredDesk(Desk):
    """A desk that can say under which conditions it works, and what is on record.

    Attributes
    ----------
    charts_folder
        Where exported charts go.
    """

    charts_folder: Path = Path("charts")

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

    def past(self, row: SnapshotRow) -> Past:
        """What the journal holds of a position, as far back as a chart of it reaches."""
        timeframe = row.assignment.timeframe if row.assignment else Timeframe.H1
        since = self.run.as_of - _LOOKED_BACK[timeframe]
        con_id = row.position.instrument.con_id
        return self.parts.journal.past(self.account.alias, con_id, since)
