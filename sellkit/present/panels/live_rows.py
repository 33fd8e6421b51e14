"""The rows of a live desk: those of the terminal's watch, with what would become of each now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.gates import DeferredTicket, DeniedTicket
from sellkit.present import words
from sellkit.present.columns import POSITION, PROSE, Cell, Tone
from sellkit.present.grid.changes import Line
from sellkit.present.grid.clocks import milliseconds
from sellkit.present.watched_columns import watched_columns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from sellkit.core.watched import Watched, WatchedRow
    from sellkit.present.grid.changes import Wire
    from sellkit.present.panels.state import DeskState

    Make = Callable[[WatchedRow], Cell]

SENT: Final = "would it be sent now?"
AGE: Final = "age"
_ELSE_YES: Final = "no: live mode off, else yes"

# Title, kind, and what it says where the title does not.
COLUMNS: Final = (
    ("token", "name", ""),
    ("signal", "text", "what the rule says of the last completed bar"),
    ("abv_be", "text", "above break-even: last close and assigned average both above the cost"),
    ("close", "number", "close of the last completed bar"),
    ("assigned", "text", "the moving average that decides"),
    ("average", "number", "its value"),
    (
        "dist %",
        "bar",
        "from the close to the average, in percent of the close; the bar goes left while the price "
        "is above it, right below it, and ends at 5",
    ),
    (AGE, "age", "how long ago what is shown was asked for"),
    (SENT, "prose", "whether an order would go out now, and every reason why not"),
    ("stop", "text", "orders that rest on the position and end it when the price falls"),
    ("size", "number", ""),
    ("cost", "number", "average cost of a share"),
    ("bar ended", "text", "on the exchange's clock"),
    ("open orders", "detail", ""),
    ("warm-up", "detail", ""),
    ("to know", "detail", ""),
)

_CLASSES: Final = {tone: tone.replace(" ", "-") for tone in Tone}
_OF_STATUS: Final = {column.title: column.cell for column in (*POSITION, *PROSE)}


def live_lines(watched: Watched, state: DeskState, now: dt.datetime) -> list[Line]:
    """Every row on its way to a page, in display order: above break-even first."""
    # Column by column: each column's code then runs without a break, in two thirds of the time.
    columns = [[_wire(make(row)) for row in watched.rows] for make in _makers(state, now)]
    return [
        Line(str(row.con_id), cells, milliseconds(row.refreshed_at), row.is_stale)
        for row, cells in zip(watched.rows, zip(*columns, strict=True), strict=True)
    ]


def would_send(row: WatchedRow, state: DeskState) -> str:
    """Whether an order would go out now, and every reason why not that is known by looking."""
    verdict = row.row.verdict
    if verdict is None:
        return row.row.would_send
    against = [*row.withheld]
    if isinstance(verdict, DeniedTicket):
        against = [*verdict.reasons, *against]
    if state.halt is not None:
        against.append(str(state.halt))
    if row.is_stale:
        against.append("what is shown is old")
    if isinstance(verdict, DeferredTicket):
        return "; ".join([row.row.would_send, *against])
    if against:
        return "no: " + "; ".join(against)
    if state.is_armed:
        return "yes, by a live run"
    lacking = ", ".join(each.partition(":")[0] for each in state.lacks)
    return f"{_ELSE_YES} (it lacks {lacking})"


def _makers(state: DeskState, now: dt.datetime) -> Sequence[Make]:
    of_watch = {column.title: column.cell for column in watched_columns(now)}

    def sent(row: WatchedRow) -> Cell:
        text = would_send(row, state)
        return Cell(text, Tone.STRONG if text.startswith(("yes", _ELSE_YES)) else Tone.PLAIN)

    def of_status(title: str) -> Make:
        return lambda row: _OF_STATUS[title](row.row)

    own: dict[str, Make] = {
        SENT: sent,
        AGE: lambda _row: Cell(""),  # told by the row's moment
        "to know": lambda row: Cell("; ".join(row.reasons)),
        "warm-up": _warm_up,
    }
    made = {title: of_status(title) for title in _OF_STATUS} | of_watch | own
    return [made[title] for title, _, _ in COLUMNS]


def _warm_up(row: WatchedRow) -> Cell:
    text = row.row.warm_up
    return Cell("" if text == words.UNKNOWN else text)


def _wire(cell: Cell) -> Wire:
    if cell.tone is Tone.PLAIN:
        return cell.text
    return cell.text, _CLASSES[cell.tone]
