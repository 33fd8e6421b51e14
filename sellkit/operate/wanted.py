"""Which series of bars the decisions of a desk need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.errors import DataError
from sellkit.operate.download import plan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Position
    from sellkit.operate.fetch import Series
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore


def wanted(
    positions: Iterable[Position],
    assignments: Mapping[Token, Assignment],
    options: DeskOptions,
    as_of: dt.datetime,
) -> tuple[list[Series], dict[int, str]]:
    """The series of all positions that may be decided, and by contract why one has none."""
    series: list[Series] = []
    problems: dict[int, str] = {}
    for position in positions:
        instrument = position.instrument
        assignment = assignments.get(instrument.token)
        if not instrument.is_decided or instrument.problem or position.quantity <= 0:
            continue
        if assignment is None and not options.all_positions:
            continue
        exchange = instrument.token.exchange
        if not has_calendar(exchange):
            problem = f"no session calendar is known for the exchange {exchange}"
            problems[instrument.con_id] = problem
            continue
        calendar = calendar_for(exchange, extended=not options.rth)
        series.extend(plan(instrument, calendar, assignment, options, as_of))
    return series, problems


def refuse_emptiness(store: BarStore, series: Sequence[Series], as_of: dt.datetime) -> None:
    """A moment before the first bar of everything is no moment to judge.

    Raises
    ------
    DataError
        No series has a bar before it.
    """
    stored = [store.read(each.key) for each in series]
    if stored and all(bars.empty or bars.index[0] >= as_of for bars in stored):
        raise DataError(
            f"the gateway has no bar of any position up to {as_of.isoformat()}; ask for a later "
            "time"
        )
