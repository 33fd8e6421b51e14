"""The desk as notebooks and commands get it: with the heading that its tables carry."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field, replace
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

    import numpy as np
    from numpy.typing import NDArray

    from sellkit.config import Overrides
    from sellkit.core.arming import Halt
    from sellkit.core.assignments import Assignment
    from sellkit.core.past import Past
    from sellkit.core.portfolio import Position
    from sellkit.core.prospect import Prospect
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.operate.decision import HourlyDecision
    from sellkit.ports import AssignmentEdit
    from sellkit.present.panels.state import DeskState
    from sellkit.wiring.watch import WiredWatch

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
    chosen
        What was said instead of the settings when it was opened.
    tells
        Whether what comes of it is told to a person at its end: a run that a notebook in its own
        process carries out has somebody else for that.
    """

    charts_folder: Path = Path("charts")
    chosen: Overrides | None = field(default=None, repr=False)
    tells: bool = field(default=False, repr=False)

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

    def close(self) -> None:
        """End the connection, close the journal, and tell what came up; once."""
        from sellkit.config import load
        from sellkit.wiring.courier import telling

        Desk.close(self)
        if self.tells:
            self.tells = False
            with telling(load(self._chosen())):
                log.info("desk_closed")

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

    def tracks(self, position: Position) -> NDArray[np.float64]:
        """How each of the 28 averages did against holding over the last year, shape (28, points).

        Without bars, or without enough of them, NaN.
        """
        from sellkit.wiring.tracking import tracks_of

        return tracks_of(self, position.instrument)

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
