"""Journal and gateway side by side, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.present.orders import order_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.comparing import Line


def reconciled(lines: Sequence[Line], tickets: Sequence[TicketRecord]) -> Iterator[str]:
    """What cannot be explained first; then what each open ticket has become."""
    for line in lines:
        yield f"{'ok' if line.is_explained else 'UNEXPLAINED'}  {line.subject}"
        yield f"    journal: {line.journal}"
        yield f"    gateway: {line.broker}"
        if line.note:
            yield f"    to do:   {line.note}"
    yield from (order_line(each) for each in tickets)
    if not lines and not tickets:
        yield "journal and gateway agree: no order is open, and none of sellkit's is unexplained"
