"""What a probe says of gateway, account and orders."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.live_gates import gateway_doubt
from sellkit.core.probe_order import PROBE_REFERENCE
from sellkit.core.probing import bad, good, not_measured, noted

if TYPE_CHECKING:
    from sellkit.core.bars import Anchor
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Account, GatewayKind, OpenOrder
    from sellkit.core.probing import Answer, ProbedGateway
    from sellkit.core.reports import BrokerRecords

_READ_ONLY: Final = re.compile("read-only", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTerms:
    """What a probe holds the gateway's answers against.

    Attributes
    ----------
    account, is_named
        Whose orders are meant, and whether the settings name it.
    profile, expected, port
        The profile, the kind of gateway that it expects, and its port.
    orders_client_id, viewer_client_id
        As whom orders go out, and as whom sellkit only looks.
    anchor
        `bars.hour_anchor`.
    final_after_seconds
        `bars.final_after_seconds`.
    token
        The instrument to ask about; None chooses one.
    is_patient
        Whether to wait for a half-hour's end, and to ask around it.
    binds
        Whether orders placed by hand are taken over and cancelled before a close.
    """

    account: Account
    is_named: bool
    profile: str
    expected: GatewayKind | None
    port: int
    orders_client_id: int
    viewer_client_id: int
    anchor: Anchor
    final_after_seconds: float
    token: Token | None = None
    is_patient: bool = False
    binds: bool = False


def gateway_answer(terms: ProbeTerms, gateway: ProbedGateway) -> Answer:
    """Whether gateway, account, profile and port belong together."""
    told = f"{gateway.kind} at {gateway.address}, server version {gateway.server_version}"
    doubt = gateway_doubt(terms.account, terms.profile, terms.expected, gateway.kind, terms.port)
    if doubt:
        return bad(told, doubt)
    return good(told, f"it is what the profile {terms.profile} expects, and so is the account")


def accounts_answer(terms: ProbeTerms, count: int) -> Answer:
    """How many accounts the login manages."""
    told = counted(count, "account")
    if not terms.is_named:
        follows = "live mode wants it named: give it an alias in the settings, and choose that"
        return noted(told, follows, accounts=count)
    follows = f"every order names {terms.account}"
    if count == 1:
        return good(told, follows, accounts=count)
    return noted(told, f"{follows}; all others are left alone", accounts=count)


def client_id_answer(terms: ProbeTerms) -> Answer:
    """As whom orders would go out."""
    orders, viewer = terms.orders_client_id, terms.viewer_client_id
    told = f"orders go out as client {orders}, sellkit looks on as client {viewer}"
    if terms.binds and orders == 0 != viewer:
        return noted(
            told,
            'orders placed by hand are bound before a close, as orders.foreign = "bind" wants: the '
            "gateway cancels and resubmits every one of the login's",
        )
    if orders == 0 or viewer == 0:
        return noted(
            told,
            "client 0 can take over orders placed by hand, which cancels and resubmits them: "
            "choose another id",
        )
    if orders == viewer:
        return noted(told, "only one of them can be connected: choose another viewer_client_id")
    return good(told, "orders placed by hand are not taken over")


def orders_answer(terms: ProbeTerms, records: BrokerRecords) -> Answer:
    """Which orders are visible: whose they are, and how many."""
    open_ones = records.snapshot.open_orders
    kinds = Counter(_whose(each) for each in open_ones)
    listed = ", ".join(f"{count} {whose}" for whose, count in sorted(kinds.items()))
    clients = sorted({each.client_id for each in records.fills}, key=lambda each: (len(each), each))
    by = f" of clients {', '.join(clients)}" if clients else ""
    told = (
        f"open {len(open_ones)}{f' ({listed})' if listed else ''}, ended today "
        f"{len(records.completed)}, executions today {len(records.fills)}{by}"
    )
    figures = {"open": dict(kinds), "completed": len(records.completed), "by": clients}
    left = [each.reference for each in open_ones if each.reference.startswith(PROBE_REFERENCE)]
    if left:
        follows = "cancel it: `sellkit probe --order` does, or by hand"
        return bad(f"{told}; of an earlier probe there rests {', '.join(left)}", follows, **figures)
    if any(not each.is_own for each in open_ones):
        follows = "orders that sellkit did not place are seen, and block a close"
        if terms.binds:
            follows += "; but those by hand are bound and cancelled before it"
        return good(told, follows, **figures)
    return noted(
        told,
        "every list came to its end; whether orders by hand are seen shows only while one rests: "
        "place one, and probe again",
        **figures,
    )


def read_only_answer(trouble: str) -> Answer:
    """Whether the API only reads, from what became of the lists of orders.

    Parameters
    ----------
    trouble
        Why they did not come; "" when they came.
    """
    if _READ_ONLY.search(trouble):
        return bad("on", 'it takes no order: turn off "Read-Only API" in the gateway\'s settings')
    if trouble:
        return not_measured("the lists of orders did not come", "see the answer about orders")
    return good("off, as far as can be seen: the lists of orders were told", "orders are taken")


def resubmission_answer() -> Answer:
    """What nobody can see from here, and a person has to."""
    return not_measured(
        "the API does not show it",
        'see that "Maintain and resubmit orders when connection is restored" is off in the '
        "gateway's settings: it is on by default, and sends an order minutes late",
    )


def _whose(order: OpenOrder) -> str:
    """An order by hand has the number 0, or one below it once client 0 took it over."""
    if order.is_own:
        return "of sellkit"
    if order.reference.startswith(PROBE_REFERENCE):
        return "of a probe"
    number = order.order_id.removeprefix("-")
    is_by_hand = order.order_id.startswith("-") or not number.strip("0")
    return "by hand" if is_by_hand else f"of client {order.client_id}"
