"""Which assignments and series of bars the decisions of a desk need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.assignments import Assignment
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.errors import ConfigError, DataError
from sellkit.operate.download import plan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Position
    from sellkit.operate.fetch import Series
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import AssignmentSheet, BarStore


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


def unassigned(
    positions: Iterable[Position], sheet: AssignmentSheet, options: DeskOptions
) -> tuple[Assignment, ...]:
    """The default for positions that have no row at all; none where there is no default.

    A row that someone began and did not finish is left alone: it says that a person wants something
    else.
    """
    if options.default_assignment is None:
        return ()
    known = set(sheet.assignments) | sheet.incomplete
    return tuple(
        Assignment(each.instrument.token, *options.default_assignment)
        for each in positions
        if each.instrument.is_decided
        and not each.instrument.problem
        and each.quantity > 0
        and each.instrument.token not in known
    )


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


def refuse_future(asked: dt.datetime | None, now: dt.datetime) -> None:
    """A moment to come cannot be judged.

    Raises
    ------
    ConfigError
        It was asked for.
    """
    if asked is not None and asked > now:
        raise ConfigError(
            f"the time asked for, {asked.isoformat()}, lies after the present, "
            f"{now.isoformat()}; bars of the future cannot be judged"
        )


def refuse_past(asked: dt.datetime | None) -> None:
    """For the present alone anything can be prepared.

    Raises
    ------
    ConfigError
        Another moment was asked for.
    """
    if asked is not None:
        raise ConfigError(
            f"nothing can be prepared for {asked.isoformat()}, which is past: leave out --prepare, "
            "or the time that is asked for"
        )
