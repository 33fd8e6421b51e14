"""The desk as notebooks and commands get it: with the heading that its tables carry."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import Timeframe
from sellkit.core.market_time import has_calendar
from sellkit.operate.desk import Desk
from sellkit.operate.prospects import prospects
from sellkit.present.heading import Heading
from sellkit.wiring.showing import public_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.assignments import Assignment
    from sellkit.core.past import Past
    from sellkit.core.prospect import Prospect
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.operate.decision import HourlyDecision
    from sellkit.ports import AssignmentEdit

log = logging.getLogger(__name__)

_LOOKED_BACK: Final = {Timeframe.H1: dt.timedelta(days=90), Timeframe.D1: dt.timedelta(days=400)}
"""More than a chart shows."""


@dataclass(slots=True, repr=False)
class WiredDesk(Desk):
    """A desk that says under which conditions it works, what is on record, what can be assigned.

    Attributes
    ----------
    charts_folder
        Where exported charts go.
    """

    charts_folder: Path = Path("charts")

    def __repr__(self) -> str:
        run, at = self.run, self.run.as_of
        return (
            f"{run.mode} · profile {run.profile} · account {run.account} · {run.gateway} gateway "
            f"· as of {at:%Y-%m-%d %H:%M:%S} UTC"
        )

    def decide(self) -> HourlyDecision:
        """Judge every position, as `Desk.decide`; what comes of it says who asked."""
        # A class with slots is made twice, and `super()` without arguments means the first one.
        return replace(Desk.decide(self), run=self.run)

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

    def prospects(self) -> Mapping[int, Prospect]:
        """By contract, all 28 averages of each position on the stored bars."""
        return prospects(self, self.known_positions())

    def draft(self, assignments: Sequence[Assignment]) -> AssignmentEdit:
        """What writing these assignments would make of their file."""
        return self.parts.book.draft(assignments)

    def write(self, edit: AssignmentEdit) -> None:
        """Write a drafted change.

        Raises
        ------
        ChangedMeanwhile
            Somebody else wrote the file meanwhile, which stays as it is.
        """
        self.parts.book.write(edit)
        for each in edit.assignments:
            log.info("assigned", extra={"token": str(each.token), "average": each.label})

    def __dir__(self) -> list[str]:
        return public_names(self)

    def past(self, row: SnapshotRow) -> Past:
        """What the journal holds of a position, as far back as a chart of it reaches."""
        timeframe = row.assignment.timeframe if row.assignment else Timeframe.H1
        since = self.run.as_of - _LOOKED_BACK[timeframe]
        con_id = row.position.instrument.con_id
        return self.parts.journal.past(self.account.alias, con_id, since)
