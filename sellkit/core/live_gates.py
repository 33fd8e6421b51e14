"""The gates that only an order which is to be sent has to pass, beside all the others.

Each looks at the ticket, the facts, and those of live mode, and returns a reason or nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import GatewayKind, is_paper_number

if TYPE_CHECKING:
    from sellkit.core.facts import Facts
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import Account
    from sellkit.core.tickets import TicketRecord

LiveGate = Callable[["OrderTicket", "Facts", "LiveFacts"], str | None]

_NO_TIME: Final = dt.timedelta()
# The ports that TWS and IB Gateway are set to when they are installed.
_LIVE_PORTS: Final = frozenset({7496, 4001})
_PAPER_PORTS: Final = frozenset({7497, 4002})


def account_named(ticket: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    account = facts.snapshot.account
    if ticket.position.account.number != account.number:
        return f"the position is one of another account than {account}"
    if not live.is_named:
        return "no account is named: name it under [accounts] and choose it with --account ALIAS"
    if not live.is_managed:
        return f"the login does not manage the account {account}"
    return None


def gateway_as_expected(_: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    return gateway_doubt(
        facts.snapshot.account, live.profile, live.expected, live.gateway, live.port
    )


def gateway_doubt(
    account: Account, profile: str, expected: GatewayKind | None, gateway: GatewayKind, port: int
) -> str | None:
    """Why profile, gateway, account and port do not belong together; None when they do.

    A number that begins with D is a paper account's; the port is a person's choice.
    """
    if expected is None:
        return f"the profile {profile} does not say which gateway it expects: set gateway"
    stands_in = (expected, gateway) == (GatewayKind.PAPER, GatewayKind.SIMULATED)
    if gateway is not expected and not stands_in:
        return f"a {gateway} gateway answers where {profile} expects {expected}"
    if gateway is GatewayKind.SIMULATED:
        return None
    is_paper = is_paper_number(account.number)
    if is_paper is (gateway is GatewayKind.LIVE):
        kind = "paper" if is_paper else "live"
        return f"{account} is a {kind} account, and the gateway is {gateway}"
    if port in (_LIVE_PORTS if is_paper else _PAPER_PORTS):
        kind, other = ("paper", "live") if is_paper else ("live", "paper")
        return f"{account} is a {kind} account, and port {port} is that of {other} ones"
    return None


def armed(_: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    arming = live.arming.arming
    if arming is None:
        return live.arming.trouble
    return arming.doubt(facts.now, facts.snapshot.account, live.profile, live.expected)


def not_halted(_: OrderTicket, _facts: Facts, live: LiveFacts) -> str | None:
    return None if live.halt is None else f"{live.halt}; `sellkit resume` ends it"


def lease_held(_: OrderTicket, _facts: Facts, live: LiveFacts) -> str | None:
    return live.lease_trouble


def probe_passed(_: OrderTicket, _facts: Facts, live: LiveFacts) -> str | None:
    return live.probe.trouble


def clocks_agree(_: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    skew, limit = live.clock_skew, facts.limits.max_clock_skew
    if abs(skew) <= limit:
        return None
    where = "ahead of" if skew > _NO_TIME else "behind"
    seconds, most = abs(skew).total_seconds(), limit.total_seconds()
    return (
        f"this machine's clock is {seconds:.1f} s {where} the gateway's, more than {most:g} s: "
        "set it"
    )


def lists_read(_: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    if live.records_epoch is None:
        return "open orders, completed orders, executions and positions were not all read"
    if live.records_epoch != facts.standing.epoch:
        return "completed orders and executions were read over a former connection"
    return None


def reconciled(_: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    if live.reconciled_epoch is None:
        return (
            "the journal was not held against the gateway before this decision: a run does so "
            "first, in a notebook it is `desk.reconcile()`"
        )
    if live.reconciled_epoch != facts.standing.epoch:
        return (
            "the journal was held against the gateway over a former connection: reconcile, then "
            "decide again"
        )
    return None


def bar_certified(ticket: OrderTicket, facts: Facts, _live: LiveFacts) -> str | None:
    certificate = ticket.signal.certificate
    if certificate is None or not certificate.is_provisional or facts.limits.early:
        return None  # that there is one at all is another gate's, and how provisional it may be
    return "the deciding bar was fetched before its end, so that it was not complete"


def quote_present(_: OrderTicket, facts: Facts, _live: LiveFacts) -> str | None:
    """While the session is closed there is none, and nothing is sent either."""
    quote = facts.quote
    if quote is None or quote.trouble or facts.session is None:
        return None  # other gates' affair
    if quote.bid is None:
        return "nobody bids for it: without a price to hold the order against none is sent"
    if quote.ask is not None and quote.bid > quote.ask:
        return f"its quote is crossed ({quote})"
    age, limit = facts.now - quote.asked_at, facts.limits.max_snapshot_age
    return None if age <= limit else f"its quote is {age} old, more than {limit}"


def limits_set(_: OrderTicket, facts: Facts, _live: LiveFacts) -> str | None:
    unset = ", ".join(facts.limits.unset)
    return f"live mode needs every limit: set {unset} in the settings" if unset else None


def orders_left_today(_: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    most = facts.limits.max_orders
    if most is None or live.orders_today < most:
        return None
    return f"{counted(live.orders_today, 'order')} went out today, and orders.max_orders is {most}"


def money_left_today(ticket: OrderTicket, facts: Facts, live: LiveFacts) -> str | None:
    most = facts.limits.max_daily_notional
    total = _with(ticket, live.notional_today)
    if most is None or (total is not None and total <= most):
        return None
    return f"with it {_told(total)} would be sold today, over orders.max_daily_notional {most}"


def money_left_of_arming(ticket: OrderTicket, _: Facts, live: LiveFacts) -> str | None:
    arming = live.arming.arming
    total = _with(ticket, live.notional_armed)
    if arming is None or (total is not None and total <= arming.max_notional):
        return None
    return (
        f"with it {_told(total)} would be sold since live mode was armed, over the "
        f"{arming.max_notional} that it was armed for"
    )


def nothing_unsettled(ticket: OrderTicket, _: Facts, live: LiveFacts) -> str | None:
    """Its own ticket may be on its way to the claim, and no further."""
    con_id = ticket.position.instrument.con_id
    open_ones = [each for each in live.unsettled_on(con_id) if _locks(each, ticket.reference)]
    if not open_ones:
        return None
    listed = ", ".join(f"{each.reference} {each.state}" for each in open_ones)
    return f"a former ticket on it is not settled ({listed}); see `sellkit reconcile`"


SWITCHES: Final[tuple[LiveGate, ...]] = (
    account_named,
    armed,
    not_halted,
    lease_held,
    probe_passed,
    limits_set,
)
"""Alike for every order: what a person switches, or sets once."""

PREPARED: Final[tuple[LiveGate, ...]] = (lists_read, reconciled)
"""What a live run does itself before it decides."""

OF_EACH: Final[tuple[LiveGate, ...]] = (
    gateway_as_expected,
    clocks_agree,
    bar_certified,
    quote_present,
    orders_left_today,
    money_left_today,
    money_left_of_arming,
    nothing_unsettled,
)
"""What may stand against one order while others may go."""

LIVE_GATES: Final[tuple[LiveGate, ...]] = (*SWITCHES, *PREPARED, *OF_EACH)


def _locks(record: TicketRecord, reference: str) -> bool:
    """For one at INTENT nothing was done yet, whoever began it."""
    if record.state is TicketState.INTENT:
        return False
    return record.state.is_claimed or record.reference != reference


def _with(ticket: OrderTicket, former: Decimal | None) -> Decimal | None:
    own = ticket.notional
    return None if own is None or former is None else own + former


def _told(total: Decimal | None) -> str:
    return "an amount that cannot be told" if total is None else f"{total:,.2f}"
