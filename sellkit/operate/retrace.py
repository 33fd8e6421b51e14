"""A recorded run judged again, by the steps of a run, on what the store still knows of that time.

Positions, assignments, the connection's standing and what the gateway had refused come from the
journal; bars come from the store as they had been told up to then. A store cannot tell everything:
a series that was exchanged since, after a split for instance, has no bars of that time any more,
and a session's last bar that was judged before its end was never stored. Such decisions differ, and
each difference is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import BarSize
from sellkit.core.indicators import followed
from sellkit.core.retraced import as_told
from sellkit.operate.decide import Decider
from sellkit.operate.study import Archive, Study

if TYPE_CHECKING:
    import pandas as pd

    from sellkit.core.bars import SeriesKey
    from sellkit.core.instrument import Instrument
    from sellkit.core.retraced import RecordedRun
    from sellkit.operate.decision import HourlyDecision
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore


@dataclass(frozen=True, slots=True)
class Retracer:
    """Judges recorded runs again.

    Attributes
    ----------
    store
        Read only.
    options
        How the desk works; a run that worked otherwise is judged otherwise.
    """

    store: BarStore
    options: DeskOptions
    _told: dict[SeriesKey, pd.DataFrame] = field(default_factory=dict, repr=False)

    def decide(self, run: RecordedRun, *, is_lenient: bool = False) -> HourlyDecision:
        """Judge every position of a run.

        Parameters
        ----------
        is_lenient
            Let a bar count that is only known to have been told later; see `as_told`.
        """
        archive = Archive(self.options, run.as_of)

        def study(instrument: Instrument) -> Study:
            halves, days = (
                as_told(self._tellings(instrument, size), run.known_at, is_lenient=is_lenient)
                for size in (BarSize.M30, BarSize.D1)
            )
            history = archive.history(instrument, halves, days, None)
            states = {each: followed(history.of(each).closes)[1] for each in Timeframe}
            return Study.of(replace(history, states=states))

        decider = Decider(
            snapshot=run.snapshot,
            standing=run.standing,
            assignments=run.assignments,
            study=study,
            options=self.options,
            as_of=run.as_of,
            now=run.known_at,
            is_present=False,
            problems=run.problems,
            incomplete=run.incomplete,
            precedents=lambda since: [each for each in run.precedents if each.end >= since],
        )
        return decider.decide()

    def _tellings(self, instrument: Instrument, size: BarSize) -> pd.DataFrame:
        key = self.options.key(instrument.con_id, size)
        if key not in self._told:
            self._told[key] = self.store.tellings(key)
        return self._told[key]
