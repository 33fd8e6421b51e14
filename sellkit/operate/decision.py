"""What was decided at one moment, with all that it was decided on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.counting import counted
from sellkit.core.signals import Decision, Signal
from sellkit.core.snapshot import SnapshotRow, in_display_order

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

    from sellkit.core.portfolio import AccountSnapshot
    from sellkit.core.standing import Standing
    from sellkit.operate.study import Study
    from sellkit.ports import RunHeader


@dataclass(frozen=True, slots=True, repr=False)
class HourlyDecision:
    """Every position judged at one moment.

    Attributes
    ----------
    as_of
        The moment, aware UTC.
    snapshot
        Positions and open orders as read for it.
    standing
        How the connection stood for it.
    rows
        One for each position, in display order.
    studies
        Bars and averages by contract.
    run
        Who asked, and in which mode; None where it was put together by itself.
    """

    as_of: dt.datetime
    snapshot: AccountSnapshot
    standing: Standing
    rows: tuple[SnapshotRow, ...]
    studies: Mapping[int, Study]
    run: RunHeader | None = None

    @property
    def exits(self) -> tuple[SnapshotRow, ...]:
        """The rows that signal EXIT."""
        return tuple(row for row in self.rows if row.signal.decision is Decision.EXIT)

    @property
    def undecided(self) -> tuple[SnapshotRow, ...]:
        """The rows for which missing or doubtful data allow no answer."""
        return tuple(row for row in self.rows if row.signal.decision is Decision.UNDECIDED)

    @property
    def outcome(self) -> str:
        """Of the run, in the journal's words, as far as no order says more."""
        return "undecided" if self.undecided else "decided"

    @property
    def decided(self) -> int:
        """How many positions there are that the rule could decide."""
        return sum(each.instrument.is_decided for each in self.snapshot.positions)

    def under(self, standing: Standing) -> HourlyDecision:
        """This decision by a later standing: undecided as a whole when that one gives doubt."""
        doubt = standing.doubt(self.snapshot.epoch)
        if doubt is None:
            return self
        rows = in_display_order(_undecided(row, doubt) for row in self.rows)
        return replace(self, standing=standing, rows=tuple(rows))

    def __repr__(self) -> str:
        mode = "" if self.run is None else f"{self.run.mode}, "
        head = f"{mode}{self.snapshot.account} as of {self.as_of:%Y-%m-%d %H:%M:%S} UTC"
        lines = (
            f"{each.signal.decision:<9} {each.position.instrument.token}: "
            f"{'; '.join(each.signal.reasons)}"
            for each in self.rows
        )
        return "\n".join([f"{head}: {counted(len(self.rows), 'position')}", *lines])

    def bars(self, row: SnapshotRow, timeframe: Timeframe | None = None) -> pd.DataFrame:
        """The completed bars of a row, a bar frame.

        Parameters
        ----------
        timeframe
            Of which; None takes the assigned one, hours when unassigned.
        """
        study = self.studies[row.position.instrument.con_id]
        if timeframe is None:
            timeframe = row.assignment.timeframe if row.assignment else Timeframe.H1
        return study.history.of(timeframe).frame


def _undecided(row: SnapshotRow, doubt: str) -> SnapshotRow:
    signal = Signal(row.position, row.assignment, Decision.UNDECIDED, (doubt,))
    return replace(row, signal=signal, verdict=None)
