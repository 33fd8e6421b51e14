"""The desk as notebooks and commands get it: with the heading that its tables carry."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.market_time import has_calendar
from sellkit.operate.desk import Desk
from sellkit.operate.prospects import prospects
from sellkit.present.heading import Heading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.assignments import Assignment
    from sellkit.core.prospect import Prospect
    from sellkit.ports import AssignmentEdit

log = logging.getLogger(__name__)


@dataclass(slots=True)
class WiredDesk(Desk):
    """A desk that can say under which conditions it works, and what could be assigned."""

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
