"""Pre-trade gates: each looks at the facts and returns a reason against the order, or nothing.

This module alone makes an `ApprovedTicket`. There is no way round a gate, and none that only
logs; a denied ticket carries every reason, not the first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.core.counting import counted
from sellkit.core.early import early_doubt
from sellkit.core.limits import AtClose, Foreign
from sellkit.core.live_gates import LIVE_GATES
from sellkit.core.portfolio import Side
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.facts import Facts
    from sellkit.core.orders import OrderTicket

    Gate = Callable[["OrderTicket", "Facts"], str | None]

TOO_MANY = "positions signal at once"
"""How the reason reads that a person may confirm away."""

_NO_TIME = dt.timedelta()
# A correction is smaller; prices of before a split are further away.
_SAME_BASIS = 0.1


@dataclass(frozen=True, slots=True)
class PreparedTicket:
    """A ticket that every gate of a dry run let pass; it cannot be sent."""

    ticket: OrderTicket


@dataclass(frozen=True, slots=True)
class ApprovedTicket:
    """A ticket that every gate let pass, those of live mode as well."""

    ticket: OrderTicket


@dataclass(frozen=True, slots=True)
class DeniedTicket:
    """A ticket that is withheld, with all the reasons."""

    ticket: OrderTicket
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeferredTicket:
    """A ticket that nothing but the closed session withholds: decided afresh at the next open."""

    ticket: OrderTicket
    until: dt.datetime


Verdict = PreparedTicket | ApprovedTicket | DeniedTicket | DeferredTicket


def sells_only(ticket: OrderTicket, _: Facts) -> str | None:
    return None if ticket.side is Side.SELL else f"side {ticket.side} is not allowed"


def long_stock_only(ticket: OrderTicket, _: Facts) -> str | None:
    position = ticket.position
    if position.instrument.is_decided and position.quantity > 0:
        return None
    held = f"{position.quantity} of {position.instrument.security_type}"
    return f"only long stock and ETF positions are closed, not {held}"


def has_whole_shares(ticket: OrderTicket, _: Facts) -> str | None:
    return None if ticket.quantity >= 1 else f"less than one whole share ({ticket.fraction})"


def about_the_present(_: OrderTicket, facts: Facts) -> str | None:
    return None if facts.is_present else "a past moment was asked for; orders are for the present"


def connected(_: OrderTicket, facts: Facts) -> str | None:
    return facts.standing.doubt(facts.snapshot.epoch)


def position_as_decided(ticket: OrderTicket, facts: Facts) -> str | None:
    held = {each.instrument.con_id: each.quantity for each in facts.snapshot.positions}
    now = held.get(ticket.position.instrument.con_id, Decimal(0))
    if now == ticket.position.quantity:
        return None
    return f"the position is {now} now and was {ticket.position.quantity} when decided"


def executions_shown(_: OrderTicket, facts: Facts) -> str | None:
    """What was sold already must not be sold again because its position is told too late."""
    if not facts.unshown:
        return None
    return (
        f"executions of it since the decision are told that its position does not show "
        f"({counted(facts.unshown, 'share')}): it is not sure what is held"
    )


def snapshot_fresh(_: OrderTicket, facts: Facts) -> str | None:
    age, limit = facts.now - facts.snapshot.taken_at, facts.limits.max_snapshot_age
    if age < _NO_TIME:
        return f"positions were read {-age} after the time of the decision"
    return None if age <= limit else f"positions are {age} old, more than {limit}"


def bar_fresh(ticket: OrderTicket, facts: Facts) -> str | None:
    """The age of a bar whose ticket was deferred to this session counts from its opening."""
    certificate = ticket.signal.certificate
    if certificate is None:
        return "no completed bar decides it"
    if certificate.is_provisional and facts.limits.early:
        return early_doubt(certificate, facts)
    age, limit = facts.now - certificate.slot.end, facts.limits.max_bar_age
    if age < _NO_TIME:
        return f"the deciding bar ends {-age} after the time of the decision"
    if age <= limit:
        return None
    if not _is_deferred_to_now(ticket, facts) or facts.session is None:
        return f"the deciding bar ended {age} ago, more than {limit}"
    since = facts.now - facts.session.open_utc
    return None if since <= limit else f"the opening it waited for is {since} ago, over {limit}"


def told_as_decided(ticket: OrderTicket, _: Facts) -> str | None:
    """What the source has taken back is no ground to sell, although it stands as decided."""
    now, certificate = ticket.signal.retelling, ticket.signal.certificate
    if now is None or certificate is None:
        return None
    then = certificate.close
    if now.decision is Decision.EXIT and abs(now.close / then - 1) <= _SAME_BASIS:
        return None
    return (
        f"the deciding bar is told differently now: its close was {then:.8g} and is "
        f"{now.close:.8g}, its average {now.average:.8g}; the next bar decides"
    )


def prices_live(ticket: OrderTicket, facts: Facts) -> str | None:
    if not facts.is_present:
        return None
    if facts.quote is None:
        return f"whether prices of {ticket.position.instrument} are live was not asked"
    return facts.quote.trouble


def close_as_quoted(ticket: OrderTicket, facts: Facts) -> str | None:
    """While the exchange is closed there is no quote to hold a close against."""
    quote, certificate = facts.quote, ticket.signal.certificate
    price = None if quote is None or quote.trouble or facts.session is None else quote.price
    if price is None or certificate is None:
        return None
    gap, limit = float(price) / certificate.close - 1, facts.limits.max_quote_gap
    if abs(gap) <= limit:
        return None
    return (
        f"the deciding close {certificate.close:.8g} lies too far from the market ({quote}): "
        f"{gap:+.1%}, more than orders.max_quote_gap {limit:.1%}; look at the chart"
    )


def average_warm(ticket: OrderTicket, facts: Facts) -> str | None:
    certificate, limit = ticket.signal.certificate, facts.limits.max_seed_weight
    if certificate is None or certificate.seed_weight <= limit:
        return None
    weight = certificate.seed_weight
    return f"the average still rests on its seed by {weight:.2%}, more than {limit:.2%}"


def above_break_even(ticket: OrderTicket, facts: Facts) -> str | None:
    if not facts.limits.require_above_break_even:
        return None
    cost, certificate = ticket.position.average_cost, ticket.signal.certificate
    if cost is None:
        return "the average cost is unknown, so break-even cannot be judged"
    if certificate is None or is_above(cost, certificate.close, certificate.average):
        return None
    return (
        f"not above break-even: close {certificate.close:.4f} and average "
        f"{certificate.average:.4f} must both exceed the average cost {cost:.4f}"
    )


def session_open(_: OrderTicket, facts: Facts) -> str | None:
    if facts.session is None:
        return "the session is closed"
    left = facts.session.close_utc - facts.now
    if left >= facts.limits.close_margin:
        return None
    return f"the session ends in {left}, sooner than the margin {facts.limits.close_margin}"


def no_foreign_order(ticket: OrderTicket, facts: Facts) -> str | None:
    """Those placed by hand are no obstacle where they are cancelled before the close."""
    orders = facts.snapshot.orders_on(ticket.position.instrument.con_id)
    binds = facts.limits.foreign is Foreign.BIND
    foreign = [each for each in orders if not (each.is_own or (binds and each.is_by_hand))]
    if not foreign:
        return None
    listed = ", ".join(f"{each.side} {each.remaining} {each.order_type}" for each in foreign)
    return f"orders that sellkit did not place rest on it ({listed}); cancel them at their source"


def within_limits(ticket: OrderTicket, facts: Facts) -> str | None:
    limits, notional = facts.limits, ticket.notional
    if limits.max_shares is not None and ticket.quantity > limits.max_shares:
        return f"{ticket.quantity} shares exceed orders.max_shares {limits.max_shares}"
    if limits.max_notional is not None and (notional is None or notional > limits.max_notional):
        return f"a notional of {notional} exceeds orders.max_notional {limits.max_notional}"
    return None


def not_too_many(ticket: OrderTicket, facts: Facts) -> str | None:
    limits, live = facts.limits, facts.live
    if facts.exits <= max(limits.many_exits, limits.many_exits_part * facts.positions):
        return None
    if live is not None and ticket.ticket_id in live.confirmed:
        return None
    many = f"{facts.exits} of {facts.positions} {TOO_MANY}"
    return f"{many}: check the data first, then `sellkit confirm RUN`"


GATES: tuple[Gate, ...] = (
    sells_only,
    long_stock_only,
    has_whole_shares,
    about_the_present,
    connected,
    position_as_decided,
    executions_shown,
    snapshot_fresh,
    bar_fresh,
    told_as_decided,
    prices_live,
    close_as_quoted,
    average_warm,
    above_break_even,
    no_foreign_order,
    within_limits,
    not_too_many,
)


def judge(ticket: OrderTicket, facts: Facts) -> Verdict:
    """Pass a ticket through every gate; through those of live mode, too, where that is asked for.

    It is approved in live mode alone: elsewhere the most that becomes of it is a prepared one.
    """
    live = facts.live
    reasons = tuple(reason for gate in GATES if (reason := gate(ticket, facts)))
    if live is not None:
        reasons += tuple(told for each in LIVE_GATES if (told := each(ticket, facts, live)))
    closed = session_open(ticket, facts)
    if closed is None and not reasons:
        return PreparedTicket(ticket) if live is None else ApprovedTicket(ticket)
    if not reasons and facts.limits.at_close is AtClose.NEXT_OPEN and facts.next_open is not None:
        return DeferredTicket(ticket, facts.next_open)
    return DeniedTicket(ticket, (*reasons, closed) if closed else reasons)


def is_above(cost: Decimal, close: float, average: float) -> bool:
    """Whether close and average both lie strictly above the average cost."""
    return cost < Decimal(str(close)) and cost < Decimal(str(average))


def _is_deferred_to_now(ticket: OrderTicket, facts: Facts) -> bool:
    if facts.session is None:
        return False
    return facts.deferred.get(ticket.ticket_id) == facts.session.open_utc
