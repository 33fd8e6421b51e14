"""What tests of tickets are made of: the usual ticket, its order, its fills, its reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sellkit.core.fills import Fill
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Side
from sellkit.core.proof import Round
from sellkit.core.reports import BrokerRecords, CompletedOrder, Meaning, OrderReport, ReportKind
from sellkit.ports.order_route import OrderDraft
from sellkit.ports.ticket_book import TicketBook, TicketRecord
from tests import build

S = TicketState
TICKET = build.ticket()
REFERENCE = TICKET.reference
SECOND = build.SECOND


def after(seconds: int) -> dt.datetime:
    """So long after the usual moment."""
    return build.NOW + seconds * SECOND


def other(con_id: int = 272093, token: str = "NASDAQ:MSFT") -> OrderTicket:
    """The ticket of another position."""
    return build.ticket(build.position(token, con_id=con_id))


def of_earlier_bar() -> OrderTicket:
    """Another ticket of the same position."""
    return build.ticket(proof=build.certificate(end=build.HOUR_END - 3600 * SECOND))


def draft(ticket: OrderTicket = TICKET, order_id: str = "17") -> OrderDraft:
    return OrderDraft(
        order_id=order_id,
        client_id="1",
        epoch=3,
        reference=ticket.reference,
        order=ticket.order(),
    )


def claim(book: TicketBook, ticket: OrderTicket = TICKET, seconds: int = 2) -> TicketRecord:
    """Of a ticket that was intended."""
    return book.claim(ApprovedTicket(ticket), draft(ticket), build.snapshot(), after(seconds))


def claimed(book: TicketBook, ticket: OrderTicket = TICKET) -> TicketRecord:
    book.intend("r1", ticket, after(1))
    return claim(book, ticket)


def brought_to(book: TicketBook, *states: TicketState) -> TicketRecord:
    """The usual ticket, claimed and stepped on."""
    record = claimed(book)
    for number, state in enumerate(states, start=3):
        record = book.step(REFERENCE, state, after(number), f"to {state}")
    return record


def fill(
    exec_id: str = "0001.01.01", quantity: str = "100", reference: str = REFERENCE, perm: str = "77"
) -> Fill:
    return Fill(
        exec_id=exec_id,
        account=build.account(),
        con_id=265598,
        perm_id=perm,
        order_id="17",
        client_id="1",
        reference=reference,
        side=Side.SELL,
        quantity=Decimal(quantity),
        price=Decimal("98.50"),
        at=after(4),
    )


def journalled(each: Fill) -> Fill:
    """As the journal tells it: the account by its alias alone."""
    return replace(each, account=replace(each.account, number=each.account.alias))


def look(seconds: float, doubt: str = "", **changes: Any) -> Round:
    """A look in vain, so many seconds after the usual moment."""
    usual: dict[str, Any] = {"epoch": 3, "since": build.NOW - 60 * SECOND}
    return Round(at=build.NOW + seconds * SECOND, doubt=doubt, **(usual | changes))


def report() -> OrderReport:
    return OrderReport(
        number=1,
        at=after(3),
        epoch=3,
        kind=ReportKind.CODE,
        order_id="17",
        code=399,
        text="will not be placed until 09:30",
        meaning=Meaning.ORDER_ALIVE,
        verbatim={"reqId": 17, "errorCode": 399},
    )


def records() -> BrokerRecords:
    ended = CompletedOrder(
        con_id=265598,
        perm_id="77",
        reference=REFERENCE,
        side="SELL",
        quantity=Decimal(100),
        filled=Decimal(100),
        status="Filled",
        text="",
    )
    seen = build.snapshot(orders=[build.open_order()])
    return BrokerRecords(
        began_at=after(3),
        steady_since=build.NOW,
        snapshot=seen,
        completed=(ended,),
        fills=(fill(),),
    )
