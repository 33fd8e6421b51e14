"""How the alternatives of a position did, on the bars that its next judgement rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sellkit.core.assignments import ALL_CHOICES
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.operate.study import Archive, Studies
from sellkit.research import tracks
from sellkit.research.series import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sellkit.core.instrument import Instrument
    from sellkit.operate.desk import Desk


def tracks_of(desk: Desk, instrument: Instrument) -> NDArray[np.float64]:
    """What each of the 28 was worth beside holding over the last year, shape (28, points).

    With the usual costs, and bought again after a close strictly above; an average sells nothing
    while it owes too much of itself to its seed, as in a run. NaN where nothing can be said.

    Raises
    ------
    InvalidBars
        The stored bars cannot be read.
    """
    exchange = instrument.token.exchange
    if instrument.problem or not has_calendar(exchange):
        return np.full((len(ALL_CHOICES), tracks.POINTS), np.nan)
    archive = Archive(desk.options, desk.run.as_of)
    studies = Studies(desk.parts.store, archive, is_present=desk.asked_as_of is None)
    history = studies.of(instrument).history
    zone = calendar_for(exchange, extended=not desk.options.rth).zone.key
    series = tracks.recent(str(instrument.token), history.hours.frame, history.days.frame, zone)
    terms = Terms(max_seed_weight=desk.options.limits.max_seed_weight)
    return tracks.tracks(series, terms)
