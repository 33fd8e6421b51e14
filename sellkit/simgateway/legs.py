"""The stretches of a synthetic session: before the opening, regular hours, and after the close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sellkit.simgateway.chance import Floats
    from sellkit.simgateway.timetable import Hours, Integers

# Shares of a day's deviation; their squares sum to 1, so a day's return has the deviation asked.
EARLY: Final = 0.3
LATE: Final = 0.2
REGULAR: Final = (1 - EARLY**2 - LATE**2) ** 0.5

_REGULAR_MINUTES: Final = 390.0
_QUIET: Final = 0.02


class Levels(NamedTuple):
    """The walk of one listing over the sessions from number `first` on.

    `opening`, `close` and `evening` are logarithms of the price at the regular opening and close
    and at the end of the after-market hours; `volume` is in shares a full session.
    """

    first: int
    deviation: float
    opening: Floats
    close: Floats
    evening: Floats
    volume: Floats


class Legs(NamedTuple):
    """Stretches in order of time, one array per column.

    `start` and `minutes` are in minutes, `first` and `last` logarithms of price, `deviation` that
    of the whole stretch, `volume` in shares a minute.
    """

    session: Integers
    start: Integers
    minutes: Integers
    first: Floats
    last: Floats
    deviation: Floats
    volume: Floats
    is_regular: Integers


def legs_of(sessions: range, levels: Levels, hours: Hours, *, rth: bool) -> Legs:
    """The stretches of some sessions; none of them before `levels.first`."""
    where = slice(sessions.start, sessions.stop)
    known = slice(sessions.start - levels.first, sessions.stop - levels.first)
    opens, closes = hours.regular.opens[where], hours.regular.closes[where]
    opening, close = levels.opening[known], levels.close[known]
    longest = np.maximum(closes - opens, _REGULAR_MINUTES)
    busy = levels.volume[known] / longest
    session = np.arange(sessions.start, sessions.stop)
    size = np.full(len(session), levels.deviation)
    one = np.ones(len(session), np.int64)
    regular = Legs(session, opens, closes - opens, opening, close, size * REGULAR, busy, one)
    if rth or hours.regular is hours.extended:
        return regular
    before = np.concatenate((levels.opening[:1], levels.evening))[known]
    first, last = hours.extended.opens[where], hours.extended.closes[where]
    quiet = busy * _QUIET
    early = Legs(session, first, opens - first, before, opening, size * EARLY, quiet, one * 0)
    evening = levels.evening[known]
    late = Legs(session, closes, last - closes, close, evening, size * LATE, quiet, one * 0)
    woven = Legs._make(
        np.stack(column, axis=1).ravel() for column in zip(early, regular, late, strict=True)
    )
    exists = woven.minutes > 0
    return Legs._make(column[exists] for column in woven)
