"""The columns of what a replay found: positions, and exits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.present.columns import Cell, Column, Tone
from sellkit.present.words import UNKNOWN, percent, price
from sellkit.research.replayed import AFTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.research.replayed import Exit, PositionReplay


def _whole(number: float) -> Cell:
    return Cell(f"{number:.0f}", Tone.PLAIN if number else Tone.QUIET)


def _gain(value: float) -> Cell:
    return Cell(percent(value), Tone.PLAIN)


POSITIONS: Final[tuple[Column[PositionReplay], ...]] = (
    Column("token", lambda each: Cell(str(each.token), Tone.STRONG)),
    Column("assigned", lambda each: Cell(each.assignment.label)),
    Column("judged", lambda each: _whole(each.decided), is_number=True),
    Column("undecided", lambda each: _whole(sum(each.undecided.values())), is_number=True),
    Column("exits", lambda each: _whole(len(each.exits)), is_number=True),
    Column("whipsaws", lambda each: _whole(each.whipsaws), is_number=True),
    Column("rule %", lambda each: _gain(each.equity.rule_percent), is_number=True),
    Column("holding %", lambda each: _gain(each.equity.holding_percent), is_number=True),
    Column("edge, points", lambda each: _edge(each.edge_percent), is_number=True),
    Column("deepest fall %", lambda each: Cell(_fall(each.equity.rule_drawdown)), is_number=True),
    Column("of holding %", lambda each: Cell(_fall(each.equity.holding_drawdown)), is_number=True),
    Column("time out %", lambda each: _whole(each.out_percent), is_number=True),
)


def _edge(value: float) -> Cell:
    return Cell(percent(value), Tone.GOOD if value > 0 else Tone.PLAIN)


def _fall(value: float) -> str:
    return f"{value:.2f}"


def _after(name: str, count: int) -> Callable[[tuple[PositionReplay, Exit]], Cell]:
    return lambda pair: _moved(getattr(pair[1], f"after_{name}")[count])


EXITS: Final[tuple[Column[tuple[PositionReplay, Exit]], ...]] = (
    Column("token", lambda pair: Cell(str(pair[0].token), Tone.STRONG)),
    Column("decided, UTC", lambda pair: Cell(f"{pair[1].at:%Y-%m-%d %H:%M}")),
    Column("close", lambda pair: Cell(price(pair[1].close)), is_number=True),
    Column("average", lambda pair: Cell(price(pair[1].average)), is_number=True),
    Column("sold, UTC", lambda pair: Cell(_sold(pair[1]))),
    Column("at", lambda pair: Cell(_met(pair[1])), is_number=True),
    *(
        Column(f"+{counted(count, 'bar')} %", _after("bars", count), is_number=True)
        for count in AFTER
    ),
    *(
        Column(f"+{counted(count, 'day')} %", _after("days", count), is_number=True)
        for count in AFTER
    ),
    Column("to the end %", lambda pair: _moved(pair[1].since_percent), is_number=True),
    Column("avoided %", lambda pair: Cell(_known(pair[1].avoided_percent)), is_number=True),
    Column("back above", lambda pair: Cell(_back(pair[1]), _whipsaw(pair[1]))),
    Column("held", lambda pair: Cell("yes" if pair[1].was_held else "no")),
)


def _sold(sold: Exit) -> str:
    return "no bar after it" if sold.fill is None else f"{sold.fill.at:%Y-%m-%d %H:%M}"


def _met(sold: Exit) -> str:
    return price(None if sold.fill is None else sold.fill.price)


def _moved(value: float | None) -> Cell:
    return Cell(percent(value))


def _known(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _back(sold: Exit) -> str:
    if sold.back_above is None:
        return "never"
    bars = counted(sold.back_above, "bar")
    return f"whipsaw, {bars}" if sold.is_whipsaw else bars


def _whipsaw(sold: Exit) -> Tone:
    return Tone.WARN if sold.is_whipsaw else Tone.PLAIN
