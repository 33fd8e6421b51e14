"""Every average of every position on the bars that are stored: no gateway is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.market_time import has_calendar
from sellkit.core.prospect import Prospect
from sellkit.errors import DataError
from sellkit.operate.study import Archive, Studies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Position
    from sellkit.operate.desk import Desk


def prospects(desk: Desk, positions: Iterable[Position]) -> dict[int, Prospect]:
    """By contract, what each position that may be decided could be assigned.

    What cannot be read of one carries the reason; the others go on.
    """
    archive = Archive(desk.options, desk.run.as_of)
    studies = Studies(desk.parts.store, archive, is_present=desk.asked_as_of is None)
    return {
        each.instrument.con_id: _prospect(studies, each.instrument)
        for each in positions
        if each.instrument.is_decided
    }


def _prospect(studies: Studies, instrument: Instrument) -> Prospect:
    if instrument.problem:
        return Prospect(problem=instrument.problem)
    if not has_calendar(instrument.token.exchange):
        return Prospect(
            problem=f"no session calendar is known for the exchange {instrument.token.exchange}"
        )
    try:
        study = studies.of(instrument)
    except DataError as error:
        return Prospect(problem=str(error))
    runs = {each: study.history.of(each) for each in Timeframe}
    closes = {
        each: float(run.frame["close"].iloc[-1]) for each, run in runs.items() if len(run.frame)
    }
    problem = "" if closes else next((run.problem for run in runs.values() if run.problem), None)
    weight = studies.archive.options.limits.max_seed_weight
    return Prospect(closes, study.readings, weight, problem or "")
