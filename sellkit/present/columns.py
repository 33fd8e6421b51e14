"""The columns of the status table: what each is called, says and how loudly it says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from sellkit.core.assignments import ALL_CHOICES, LENGTHS
from sellkit.core.signals import Decision
from sellkit.present import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from sellkit.core.snapshot import Reading, SnapshotRow

Row = TypeVar("Row")

Value = str | int | float | bool | list[str] | list[float] | None


WARMING: Final = "~"
"""Stands before a number that comes from an EMA which is still warming up."""

PROSE_ROOM: Final = 10
"""Characters below which a text that may be wrapped is a label, not a sentence."""


class Tone(StrEnum):
    """How loudly a cell speaks; each form of the table has its own colour for it."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"
    EXIT = "exit"
    HOLD = "hold"
    UNDECIDED = "undecided"
    GOOD = "good"
    WARN = "warn"
    STRONG_WARN = "strong warn"


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell and its tone."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column for people.

    Attributes
    ----------
    title
        Its heading.
    cell
        What it says of a row.
    is_number
        Numbers are set to the right and never broken.
    room
        Characters into which its text may be wrapped; None for what is never broken.
    """

    title: str
    cell: Callable[[Row], Cell]
    is_number: bool = False
    room: int | None = None

    @property
    def is_prose(self) -> bool:
        """Whether it holds sentences."""
        return self.room is not None and self.room > PROSE_ROOM


DECISION_TONES: Final = {
    Decision.EXIT: Tone.EXIT,
    Decision.HOLD: Tone.HOLD,
    Decision.UNDECIDED: Tone.UNDECIDED,
    Decision.EXCLUDED: Tone.QUIET,
}
"""How loudly each decision is said, wherever it stands."""


def _token(row: SnapshotRow) -> Cell:
    return Cell(str(row.position.instrument.token), Tone.STRONG)


def _decision(row: SnapshotRow) -> Cell:
    return Cell(row.decided, DECISION_TONES[row.signal.decision])


def _above(row: SnapshotRow) -> Cell:
    tone = Tone.GOOD if row.above_break_even else Tone.PLAIN
    return Cell(words.yes_or_no(value=row.above_break_even), tone)


def _assigned(row: SnapshotRow) -> Cell:
    assignment = row.assignment
    return Cell("unassigned", Tone.WARN) if assignment is None else Cell(assignment.label)


def _average(row: SnapshotRow) -> Cell:
    assigned = row.assigned
    value = None if assigned is None else assigned.value
    return Cell(words.UNKNOWN if value is None else f"{value:,.4f}")


def _orders(row: SnapshotRow) -> Cell:
    return Cell(words.open_orders(row), Tone.PLAIN if row.open_orders else Tone.QUIET)


def _warm_up(row: SnapshotRow) -> Cell:
    return Cell(row.warm_up, Tone.PLAIN if row.warm_up in {"warm", "-"} else Tone.WARN)


def _family(row: SnapshotRow) -> Cell:
    first = next(iter(row.family), None)
    return Cell(words.UNKNOWN) if first is None else Cell(family_label(first))


def _to_cross(length: int) -> Callable[[SnapshotRow], Cell]:
    def cell(row: SnapshotRow) -> Cell:
        found = next((r for r in row.family if r.average.length == length), None)
        return cross_cell(row, found)

    return cell


IDENTITY: Final[tuple[Column[SnapshotRow], ...]] = (
    Column("token", _token),
    Column("decision", _decision),
)
POSITION: Final[tuple[Column[SnapshotRow], ...]] = (
    Column("close", lambda row: Cell(words.price(row.last_close)), is_number=True),
    Column("assigned", _assigned, room=PROSE_ROOM - 2),
    Column("average", _average, is_number=True),
    Column("dist %", lambda row: Cell(words.percent(row.distance_percent)), is_number=True),
    Column("abv_be", _above),
    Column("size", lambda row: Cell(words.shares(row.position.quantity)), is_number=True),
    Column("cost", lambda row: Cell(words.price(row.position.average_cost)), is_number=True),
)
CROSSINGS: Final[tuple[Column[SnapshotRow], ...]] = (
    Column("timeframe", _family),
    *(Column(f"%{length}", _to_cross(length), is_number=True) for length in LENGTHS),
)
PROSE: Final[tuple[Column[SnapshotRow], ...]] = (
    Column("warm-up", _warm_up, room=12),
    Column("open orders", _orders, room=18),
    Column("would it be sent now?", lambda row: Cell(row.would_send), room=26),
)


def family_label(reading: Reading) -> str:
    """`1H SMA`: to which seven averages the numbers belong."""
    return f"{reading.timeframe} {reading.average.kind}"


def cross_cell(row: SnapshotRow, reading: Reading | None) -> Cell:
    """Percent to cross one average; the assigned one is strong, and one that warms up is marked."""
    if reading is None or row.last_close is None:
        return Cell(words.UNKNOWN, Tone.QUIET)
    text = words.percent(reading.percent_to_cross(row.last_close))
    is_assigned = reading == row.assigned
    if is_warming(row, reading):
        tone = Tone.STRONG_WARN if is_assigned else Tone.WARN
        return Cell(f"{WARMING}{text}", tone)
    return Cell(text, Tone.STRONG if is_assigned else Tone.PLAIN)


def is_warming(row: SnapshotRow, reading: Reading) -> bool:
    """Whether a value still holds more of its seed than the row allows, or nothing else."""
    return reading.value is not None and reading.seed_weight > row.max_seed_weight


def families(row: SnapshotRow) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """Percent to cross all 28 averages: a label and seven cells for each kind and timeframe."""
    found: dict[str, dict[int, Reading]] = {}
    for reading in row.readings:
        found.setdefault(family_label(reading), {})[reading.average.length] = reading
    for label, readings in found.items():
        yield label, tuple(cross_cell(row, readings.get(length)) for length in LENGTHS)


def record(row: SnapshotRow, *, all_averages: bool = False) -> dict[str, Value]:
    """A row of the status table as plain, unrounded values; None for what is unknown.

    Percent to cross are `to_cross_5_pct` ... `to_cross_200_pct` of the averages that `family`
    names, or with `all_averages` all 28 of them, `to_cross_sma_5_1h_pct` and so on.
    """
    position, assignment = row.position, row.assignment
    first = next(iter(row.family), None)
    return {
        "token": str(position.instrument.token),
        "decision": str(row.signal.decision),
        "provisional": row.is_provisional,
        "last_close": row.last_close,
        "family": None if first is None else f"{first.average.kind} {first.timeframe}",
        **dict(_all_crossings(row) if all_averages else _family_crossings(row)),
        "timeframe": None if assignment is None else str(assignment.timeframe),
        "assigned": None if assignment is None else str(assignment.average),
        "average": None if row.assigned is None else row.assigned.value,
        "distance_pct": row.distance_percent,
        "abv_be": row.above_break_even,
        "size": _number(position.quantity),
        "average_cost": None if position.average_cost is None else float(position.average_cost),
        "open_orders": [words.open_order(each) for each in row.open_orders],
        "stop_prices": [float(each) for each in row.stop_prices],
        "warm_up": None if row.warm_up == words.UNKNOWN else row.warm_up,
        "would_send": row.would_send,
    }


def _number(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _family_crossings(row: SnapshotRow) -> Iterator[tuple[str, float | None]]:
    found = {reading.average.length: reading for reading in row.family}
    for length in LENGTHS:
        yield f"to_cross_{length}_pct", _crossing(row, found.get(length))


def _all_crossings(row: SnapshotRow) -> Iterator[tuple[str, float | None]]:
    found = {(reading.average, reading.timeframe): reading for reading in row.readings}
    for average, timeframe in ALL_CHOICES:
        name = f"to_cross_{average.column}_{timeframe.lower()}_pct"
        yield name, _crossing(row, found.get((average, timeframe)))


def _crossing(row: SnapshotRow, reading: Reading | None) -> float | None:
    if reading is None or row.last_close is None:
        return None
    return reading.percent_to_cross(row.last_close)
