"""What became of the orders of a run, for a notebook and for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.lifecycle import TicketState
from sellkit.present import hypertext as h
from sellkit.present import words
from sellkit.present.columns import Cell, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.tickets import TicketRecord
    from sellkit.present.heading import Heading

__all__ = ["order_line", "orders_table", "tickets_table"]

_GOOD: Final = (TicketState.DONE, TicketState.DONE_BY_OTHER)
_TITLES: Final = ("token", "state", "order", "executed", "why", "reference")


def orders_table(tickets: Sequence[TicketRecord], heading: Heading) -> h.Html:
    """Every attempt of a run, as far as it came; without one, that nothing was sent.

    Parameters
    ----------
    tickets
        Those of one run, in order.
    heading
        Stands above the table.
    """
    if not tickets:
        return h.page(heading, "nothing was sent", "<p>Nothing was sent.</p>")
    summary = "\n".join(order_line(each) for each in tickets)
    return h.page(heading, summary, tickets_table(tickets))


def tickets_table(tickets: Sequence[TicketRecord]) -> str:
    """Attempts as a table, without a heading, as HTML.

    Parameters
    ----------
    tickets
        In the order in which they are shown.
    """
    titles = [h.title(text, "prose" if text == "why" else "") for text in _TITLES]
    return h.table(titles, (_row(each) for each in tickets))


def order_line(record: TicketRecord) -> str:
    """One attempt in one line.

    Parameters
    ----------
    record
        As the journal has it.
    """
    return (
        f"{record.state}: {record.side} {words.shares(record.quantity)} {record.ticker}, "
        f"{words.shares(record.filled)} executed; {record.cause} ({record.reference})"
    )


def _row(record: TicketRecord) -> str:
    if record.state in _GOOD:
        tone = Tone.GOOD
    else:
        tone = Tone.EXIT if record.state is TicketState.UNCERTAIN else Tone.WARN
    order = f"{record.side} {words.shares(record.quantity)}"
    return h.row(
        [
            h.row_name(Cell(record.ticker)),
            h.td(h.toned(Cell(str(record.state), tone))),
            h.td(order),
            h.td(words.shares(record.filled), "number"),
            h.td(h.bullets([record.cause]), "prose"),
            h.td(h.bullets([record.reference])),
        ]
    )


def __dir__() -> list[str]:
    return list(__all__)
