"""Values as a person reads them: prices, orders, tickets and certificates in words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import day_label
from sellkit.core.counting import counted
from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket, PreparedTicket
from sellkit.present.heading import two_clocks, two_clocks_span

if TYPE_CHECKING:
    from sellkit.core.bars import Slot
    from sellkit.core.gates import Verdict
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import OpenOrder
    from sellkit.core.signals import BarCertificate
    from sellkit.core.snapshot import SnapshotRow

UNKNOWN: Final = "-"


def price(value: float | Decimal | None) -> str:
    """Two decimals, and up to four where they are not zero."""
    if value is None:
        return UNKNOWN
    whole, _, decimals = f"{value:,.4f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def percent(value: float | None) -> str:
    """Two decimals with a sign, without the unit."""
    return UNKNOWN if value is None else f"{value:+.2f}"


def shares(value: Decimal) -> str:
    """A quantity without trailing zeros, thousands apart."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def yes_or_no(*, value: bool | None) -> str:
    """`yes`, `no`, or a dash for what is unknown."""
    if value is None:
        return UNKNOWN
    return "yes" if value else "no"


def open_order(order: OpenOrder) -> str:
    """`SELL 100 STP stop 150.00 (foreign)`."""
    parts = [str(order.side), shares(order.remaining), order.order_type]
    if order.stop_price is not None:
        parts.append(f"stop {price(order.stop_price)}")
    if order.limit_price is not None:
        parts.append(f"limit {price(order.limit_price)}")
    whose = "by hand" if order.is_by_hand else "foreign"
    parts.append("(own)" if order.is_own else f"({whose})")
    return " ".join(parts)


def open_orders(row: SnapshotRow) -> str:
    """Every order that rests on the position, or `none`."""
    return "; ".join(open_order(each) for each in row.open_orders) or "none"


def prepared_order(row: SnapshotRow) -> str | None:
    """The order that would close the position, in words; None where none was prepared."""
    return None if row.verdict is None else _ticket(row.verdict.ticket)


def _ticket(ticket: OrderTicket) -> str:
    instrument = ticket.position.instrument
    words = (
        f"{ticket.side} {shares(ticket.quantity)} {instrument.token} {ticket.order_type}, "
        f"{ticket.time_in_force}, regular hours only, account {ticket.position.account}, "
        f"reference {ticket.reference}"
    )
    if ticket.notional is not None:
        worth = f"{ticket.notional:,.2f} {instrument.currency}"
        words += f"; worth {worth} at the deciding close"
    if ticket.fraction:
        words += f"; {shares(ticket.fraction)} of a share stays behind"
    return words


def verdict(found: Verdict | None, exchange: str) -> tuple[str, ...]:
    """What the gates made of the prepared order, a line for each reason."""
    match found:
        case ApprovedTicket():
            return ("passes every gate",)
        case PreparedTicket():
            return ("passes every gate; not sent",)
        case DeferredTicket(until=until):
            return (f"deferred to the next open, {two_clocks(until, exchange)}",)
        case DeniedTicket(reasons=reasons):
            return tuple(f"withheld: {reason}" for reason in reasons)
        case None:
            return ()


def certificate(found: BarCertificate, exchange: str) -> dict[str, str]:
    """The evidence of a decision: what each part is called, and its value."""
    early = {"provisional": found.provisional_label} if found.is_provisional else {}
    return early | {
        "bar": _bar(found.slot, exchange),
        "made of": f"{_parts(found)}, {found.price_basis}",
        "fetched": two_clocks(found.fetched_at, exchange, "%H:%M:%S"),
        "close": f"{found.close:,.4f}",
        "average": f"{found.average:,.4f}",
        "history": f"{counted(found.bars_used, 'bar')}, seed weight {found.seed_weight:.4%}",
    }


def is_daily(slot: Slot) -> bool:
    """Whether the slot is a whole session, whose start is a date and not an instant."""
    return slot.start == day_label(slot.session.date)


def _parts(found: BarCertificate) -> str:
    if is_daily(found.slot):
        return "one daily bar"
    return counted(found.parts, "half-hour")


def _bar(slot: Slot, exchange: str) -> str:
    if is_daily(slot):
        return f"session of {slot.session.date}, ended {two_clocks(slot.end, exchange)}"
    return two_clocks_span(slot.start, slot.end, exchange)
