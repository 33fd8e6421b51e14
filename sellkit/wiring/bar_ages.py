"""How old the stored bars are that decisions on the positions rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.wiring.parts import desk_options, open_book

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sellkit.config import Settings
    from sellkit.core.assignments import Timeframe
    from sellkit.core.health import SeriesAge
    from sellkit.core.instrument import Token
    from sellkit.core.run_difference import JournalledDecision
    from sellkit.operate.holdings import Holding


@dataclass(frozen=True, slots=True)
class BarAges:
    """What the assignments come to, position by position.

    Attributes
    ----------
    series
        Those of positions with an average, the ones that are not stored among them.
    unheld
        The assigned instruments that no position is known of.
    """

    series: tuple[SeriesAge, ...] = ()
    unheld: tuple[str, ...] = ()


def bar_ages(
    settings: Settings,
    held: Sequence[JournalledDecision],
    found: Sequence[Holding],
    now: dt.datetime,
) -> BarAges:
    """How old the series are that a run would judge; of what is not held nothing is fetched.

    Parameters
    ----------
    held
        The positions of the latest run that judged them.
    found
        What is stored. Of one name there may be more: other hours, a contract that it had before.
    now
        Up to which bars are due, aware UTC.
    """
    from sellkit.core.assignments import Timeframe
    from sellkit.core.bars import BarSize
    from sellkit.core.health import SeriesAge
    from sellkit.core.signals import Decision

    sizes = {Timeframe.H1: (BarSize.M30, 3), Timeframe.D1: (BarSize.D1, 1)}
    options, stored = desk_options(settings), {each.key: each for each in found}
    contracts = {each.token: each.con_id for each in held if each.decision != Decision.EXCLUDED}
    series, unheld = [], []
    for token, timeframe in _assigned(settings).items():
        con_id, (size, most) = contracts.get(str(token)), sizes[timeframe]
        if con_id is None:
            unheld.append(str(token))
            continue
        holding, label = stored.get(options.key(con_id, size)), f"{token} {size}"
        if holding is None or holding.figures.last is None:
            series.append(SeriesAge(label, None, 0, most))
        else:
            series.append(_age(token, holding, now, most))
    return BarAges(tuple(series), tuple(unheld))


def _assigned(settings: Settings) -> Mapping[Token, Timeframe]:
    from sellkit.core.market_time import has_calendar

    found = open_book(settings).load().assignments
    return {token: each.timeframe for token, each in found.items() if has_calendar(token.exchange)}


def _age(token: Token, holding: Holding, now: dt.datetime, most: int) -> SeriesAge:
    from sellkit.core.bars import slots_until
    from sellkit.core.health import SeriesAge
    from sellkit.core.market_time import calendar_for

    key, last = holding.key, holding.figures.last
    calendar = calendar_for(token.exchange, extended=not key.rth)
    since = slots_until(now, key.bar_size, calendar, anchor=key.anchor, since=last)
    newest = next((each.end for each in since if each.start == last), last)
    behind = sum(each.start > last for each in since if last is not None)
    return SeriesAge(f"{token} {key.bar_size}", newest, behind, most)
