"""Each gate of live mode on both of its sides."""

from __future__ import annotations

import datetime as dt
import inspect
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core import live_gates
from sellkit.core.arming import ArmingSeen, Halt
from sellkit.core.facts import Facts
from sellkit.core.gates import ApprovedTicket, DeniedTicket, PreparedTicket, judge
from sellkit.core.lifecycle import TicketState
from sellkit.core.limits import AtClose
from sellkit.core.live_facts import ProbeStanding
from sellkit.core.live_gates import LIVE_GATES, LiveGate
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import GatewayKind
from sellkit.core.quotes import Quote
from tests.build import (
    HOUR_END,
    NOW,
    SECOND,
    account,
    arming,
    certificate,
    facts,
    limits,
    live_facts,
    position,
    quote,
    snapshot,
    standing,
    ticket,
    ticket_record,
)

Case = tuple[LiveGate, OrderTicket, Facts]

HOUR = dt.timedelta(hours=1)
LIVE_NUMBER = "U7654321"
SIMULATED, PAPER, LIVE = GatewayKind.SIMULATED, GatewayKind.PAPER, GatewayKind.LIVE


def seeing(**changes: Any) -> Facts:
    """The usual facts of live mode, some of its own changed."""
    return facts(live=live_facts(**changes))


def armed_with(**changes: Any) -> Facts:
    return seeing(arming=ArmingSeen(arming(**changes)))


def gateway(kind: GatewayKind, expected: GatewayKind | None, port: int, number: str) -> Facts:
    held = snapshot([position(number=number)])
    whose = replace(held, account=account(number))
    return facts(
        snapshot=whose, live=live_facts(gateway=kind, expected=expected, port=port, is_named=True)
    )


def limited(**changes: Any) -> Facts:
    return facts(limits=limits(**changes), live=live_facts())


def shown(told: Quote | None, **changes: Any) -> Facts:
    return facts(quote=told, live=live_facts(), **changes)


def unsettled(state: TicketState, reference: str = "SK1-aaaaaaaaaaaa-1", **changes: Any) -> Facts:
    record = ticket_record(state=state, reference=reference, **changes)
    return seeing(unsettled=(record,))


def fetched(late: dt.timedelta) -> OrderTicket:
    return ticket(proof=replace(certificate(), fetched_at=HOUR_END + late))


def without_evidence() -> OrderTicket:
    usual = ticket()
    return replace(usual, signal=replace(usual.signal, certificate=None))


OWN = ticket().reference

PASSING: dict[str, Case] = {
    "a named account": (live_gates.account_named, ticket(), seeing()),
    "a simulated gateway": (live_gates.gateway_as_expected, ticket(), seeing()),
    "a simulated gateway in place of paper": (
        live_gates.gateway_as_expected,
        ticket(),
        gateway(SIMULATED, PAPER, 4001, "DU1234567"),
    ),
    "a paper account at a paper gateway": (
        live_gates.gateway_as_expected,
        ticket(),
        gateway(PAPER, PAPER, 4002, "DU1234567"),
    ),
    "a paper account at a port of a person's choice": (
        live_gates.gateway_as_expected,
        ticket(),
        gateway(PAPER, PAPER, 5000, "DF1234567"),
    ),
    "a live account at a live gateway": (
        live_gates.gateway_as_expected,
        ticket(),
        gateway(LIVE, LIVE, 7496, LIVE_NUMBER),
    ),
    "an arming": (live_gates.armed, ticket(), seeing()),
    "the last moment of an arming": (
        live_gates.armed,
        ticket(),
        armed_with(until=NOW + dt.timedelta(microseconds=1)),
    ),
    "an arming of five days": (
        live_gates.armed,
        ticket(),
        armed_with(until=NOW - HOUR + 120 * HOUR),
    ),
    "an arming by a clock a little ahead": (
        live_gates.armed,
        ticket(),
        armed_with(armed_at=NOW + 4 * SECOND),
    ),
    "no halt": (live_gates.not_halted, ticket(), seeing()),
    "a lease": (live_gates.lease_held, ticket(), seeing()),
    "a probe": (live_gates.probe_passed, ticket(), seeing()),
    "a clock as far ahead as may be": (
        live_gates.clocks_agree,
        ticket(),
        seeing(clock_skew=2 * SECOND),
    ),
    "a clock as far behind as may be": (
        live_gates.clocks_agree,
        ticket(),
        seeing(clock_skew=-2 * SECOND),
    ),
    "lists of this connection": (live_gates.lists_read, ticket(), seeing()),
    "a journal held against this connection": (live_gates.reconciled, ticket(), seeing()),
    "a bar fetched at its end": (
        live_gates.bar_certified,
        fetched(dt.timedelta()),
        seeing(),
    ),
    "a last bar where such are judged early": (
        live_gates.bar_certified,
        fetched(-SECOND),
        replace(seeing(), limits=limits(at_close=AtClose.BEFORE_CLOSE)),
    ),
    "a bid and an ask": (live_gates.quote_present, ticket(), shown(quote())),
    "a bid alone": (
        live_gates.quote_present,
        ticket(),
        shown(Quote(asked_at=NOW, bid=Decimal(99))),
    ),
    "a bid at the ask": (
        live_gates.quote_present,
        ticket(),
        shown(Quote(asked_at=NOW - 30 * SECOND, bid=Decimal(99), ask=Decimal(99))),
    ),
    "no bid while the session is closed": (
        live_gates.quote_present,
        ticket(),
        shown(quote(None), session=None),
    ),
    "every limit": (live_gates.limits_set, ticket(), seeing()),
    "one order left": (live_gates.orders_left_today, ticket(), seeing(orders_today=4)),
    "just enough money left today": (
        live_gates.money_left_today,
        ticket(),
        seeing(notional_today=Decimal(40_100)),
    ),
    "just enough money left of the arming": (
        live_gates.money_left_of_arming,
        ticket(),
        seeing(notional_armed=Decimal(990_100)),
    ),
    "nothing unsettled": (live_gates.nothing_unsettled, ticket(), seeing()),
    "its own intent": (
        live_gates.nothing_unsettled,
        ticket(),
        unsettled(TicketState.INTENT, OWN),
    ),
    "its own cancelling": (
        live_gates.nothing_unsettled,
        ticket(),
        unsettled(TicketState.CANCELLING, OWN),
    ),
    "another intent, for which nothing was done": (
        live_gates.nothing_unsettled,
        ticket(),
        unsettled(TicketState.INTENT),
    ),
    "one on another contract": (
        live_gates.nothing_unsettled,
        ticket(),
        unsettled(TicketState.UNCERTAIN, con_id=1),
    ),
}

REFUSING: dict[str, tuple[Case, str]] = {
    "an account that is only the only one": (
        (live_gates.account_named, ticket(), seeing(is_named=False)),
        "no account is named",
    ),
    "an account of another login": (
        (live_gates.account_named, ticket(), seeing(is_managed=False)),
        "the login does not manage the account main",
    ),
    "a position of another account": (
        (live_gates.account_named, ticket(position(number="DU7")), seeing()),
        "the position is one of another account than main",
    ),
    "a profile that takes any gateway": (
        (live_gates.gateway_as_expected, ticket(), seeing(expected=None)),
        "does not say which gateway it expects",
    ),
    "a live gateway where paper is expected": (
        (live_gates.gateway_as_expected, ticket(), gateway(LIVE, PAPER, 4002, LIVE_NUMBER)),
        "a live gateway answers where demo expects paper",
    ),
    "a simulated gateway where a live one is expected": (
        (live_gates.gateway_as_expected, ticket(), gateway(SIMULATED, LIVE, 4001, LIVE_NUMBER)),
        "a simulated gateway answers where demo expects live",
    ),
    "a paper account at a live gateway": (
        (live_gates.gateway_as_expected, ticket(), gateway(LIVE, LIVE, 4001, "DU1234567")),
        "main is a paper account, and the gateway is live",
    ),
    "a live account at a paper gateway": (
        (live_gates.gateway_as_expected, ticket(), gateway(PAPER, PAPER, 4002, LIVE_NUMBER)),
        "main is a live account, and the gateway is paper",
    ),
    "a paper account at the port of live ones": (
        (live_gates.gateway_as_expected, ticket(), gateway(PAPER, PAPER, 4001, "DU1234567")),
        "port 4001 is that of live ones",
    ),
    "a live account at the port of paper ones": (
        (live_gates.gateway_as_expected, ticket(), gateway(LIVE, LIVE, 7497, LIVE_NUMBER)),
        "port 7497 is that of paper ones",
    ),
    "no arming": (
        (live_gates.armed, ticket(), seeing(arming=ArmingSeen(None, "live mode is not armed"))),
        "live mode is not armed",
    ),
    "an arming of another account": (
        (live_gates.armed, ticket(), armed_with(fingerprint=account("DU7").fingerprint)),
        "armed for another account than main",
    ),
    "an arming of a former name": (
        (live_gates.armed, ticket(), armed_with(account="old")),
        "when the account main was called old",
    ),
    "an arming of another profile": (
        (live_gates.armed, ticket(), armed_with(profile="paper")),
        "armed for the profile paper",
    ),
    "an arming for another gateway": (
        (live_gates.armed, ticket(), armed_with(gateway=PAPER)),
        "at a paper gateway, not for demo at simulated",
    ),
    "an arming that has run out": (
        (live_gates.armed, ticket(), armed_with(until=NOW)),
        "ran out at 2026-01-28 20:00 UTC: arm again",
    ),
    "an arming of the future": (
        (live_gates.armed, ticket(), armed_with(armed_at=NOW + 6 * SECOND)),
        "the clock was set back",
    ),
    "an arming of more than five days": (
        (live_gates.armed, ticket(), armed_with(until=NOW - HOUR + 120 * HOUR + SECOND)),
        "lasts longer than 5 days",
    ),
    "a halt": (
        (live_gates.not_halted, ticket(), seeing(halt=Halt(NOW, "sellkit", "a flip"))),
        "halted by sellkit since 2026-01-28 20:00:20 UTC: a flip; `sellkit resume` ends it",
    ),
    "a halt that cannot be read": (
        (live_gates.not_halted, ticket(), seeing(halt=Halt(None, "a file", "unreadable"))),
        "halted by a file: unreadable",
    ),
    "a lease that another holds": (
        (live_gates.lease_held, ticket(), seeing(lease_trouble="process 7 holds it")),
        "process 7 holds it",
    ),
    "no probe": (
        (live_gates.probe_passed, ticket(), seeing(probe=ProbeStanding(None, "not probed"))),
        "not probed",
    ),
    "an old probe": (
        (live_gates.probe_passed, ticket(), seeing(probe=ProbeStanding(NOW, "too old"))),
        "too old",
    ),
    "a clock ahead": (
        (live_gates.clocks_agree, ticket(), seeing(clock_skew=2.1 * SECOND)),
        "clock is 2.1 s ahead of the gateway's, more than 2 s",
    ),
    "a clock behind": (
        (live_gates.clocks_agree, ticket(), seeing(clock_skew=-3 * SECOND)),
        "clock is 3.0 s behind the gateway's",
    ),
    "lists that were not read": (
        (live_gates.lists_read, ticket(), seeing(records_epoch=None)),
        "were not all read",
    ),
    "lists of a former connection": (
        (live_gates.lists_read, ticket(), facts(standing=standing(epoch=2), live=live_facts())),
        "over a former connection",
    ),
    "a journal that was not held against the gateway": (
        (live_gates.reconciled, ticket(), seeing(reconciled_epoch=None)),
        "was not held against the gateway before this decision",
    ),
    "a journal held against a former connection": (
        (live_gates.reconciled, ticket(), facts(standing=standing(epoch=2), live=live_facts())),
        "over a former connection",
    ),
    "a bar fetched before its end": (
        (live_gates.bar_certified, fetched(-SECOND), seeing()),
        "fetched before its end",
    ),
    "no bid in an open session": (
        (live_gates.quote_present, ticket(), shown(quote(None))),
        "nobody bids for it",
    ),
    "a crossed quote": (
        (
            live_gates.quote_present,
            ticket(),
            shown(Quote(asked_at=NOW, bid=Decimal(99), ask=Decimal("98.99"))),
        ),
        "its quote is crossed (bid 99, ask 98.99)",
    ),
    "an old quote": (
        (
            live_gates.quote_present,
            ticket(),
            shown(replace(quote(), asked_at=NOW - 31 * SECOND)),
        ),
        "its quote is 0:00:31 old, more than 0:00:30",
    ),
    "no limits at all": (
        (
            live_gates.limits_set,
            ticket(),
            limited(max_shares=None, max_notional=None, max_orders=None, max_daily_notional=None),
        ),
        "set orders.max_shares, orders.max_notional, orders.max_orders, orders.max_daily_notional",
    ),
    "as many orders as allowed": (
        (live_gates.orders_left_today, ticket(), seeing(orders_today=5)),
        "5 orders went out today, and orders.max_orders is 5",
    ),
    "a little too much money today": (
        (live_gates.money_left_today, ticket(), seeing(notional_today=Decimal("40100.01"))),
        "with it 50,000.01 would be sold today, over orders.max_daily_notional 50000",
    ),
    "money of today that cannot be told": (
        (live_gates.money_left_today, ticket(), seeing(notional_today=None)),
        "an amount that cannot be told would be sold today",
    ),
    "an order whose money cannot be told": (
        (live_gates.money_left_today, without_evidence(), seeing()),
        "an amount that cannot be told",
    ),
    "a little more than was armed": (
        (live_gates.money_left_of_arming, ticket(), seeing(notional_armed=Decimal("990100.01"))),
        "with it 1,000,000.01 would be sold since live mode was armed, over the 1000000",
    ),
    "money since the arming that cannot be told": (
        (live_gates.money_left_of_arming, ticket(), seeing(notional_armed=None)),
        "an amount that cannot be told",
    ),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_gate_of_live_mode_lets_pass(case: str) -> None:
    gate, prepared, seen = PASSING[case]
    assert seen.live is not None
    assert gate(prepared, seen, seen.live) is None


@pytest.mark.parametrize("case", REFUSING)
def test_a_gate_of_live_mode_refuses_with_its_reason(case: str) -> None:
    (gate, prepared, seen), reason = REFUSING[case]
    assert seen.live is not None
    assert reason in (gate(prepared, seen, seen.live) or "")


@pytest.mark.parametrize("case", REFUSING)
def test_a_ticket_that_one_gate_of_live_mode_refuses_is_not_approved(case: str) -> None:
    (_, prepared, seen), reason = REFUSING[case]
    verdict = judge(prepared, seen)
    assert isinstance(verdict, DeniedTicket)
    assert any(reason in each for each in verdict.reasons)


@pytest.mark.parametrize("case", REFUSING)
def test_a_dry_run_asks_no_gate_of_live_mode(case: str) -> None:
    """Without the facts of live mode the reasons of its gates are not there, nor is an approval."""
    (gate, prepared, seen), _ = REFUSING[case]
    assert seen.live is not None
    refusal = gate(prepared, seen, seen.live)
    verdict = judge(prepared, replace(seen, live=None))
    assert not isinstance(verdict, ApprovedTicket)
    assert not (isinstance(verdict, DeniedTicket) and refusal in verdict.reasons)


@pytest.mark.parametrize("state", [each for each in TicketState if not each.is_terminal])
def test_an_unsettled_ticket_locks_its_contract_but_for_an_intent(state: TicketState) -> None:
    seen = unsettled(state)
    assert seen.live is not None
    told = live_gates.nothing_unsettled(ticket(), seen, seen.live)
    if state is TicketState.INTENT:
        assert told is None
    else:
        assert f"(SK1-aaaaaaaaaaaa-1 {state})" in (told or "")


@pytest.mark.parametrize("state", [each for each in TicketState if each.is_claimed])
def test_a_ticket_that_was_claimed_before_locks_its_own_contract(state: TicketState) -> None:
    seen = unsettled(state, OWN)
    assert seen.live is not None
    assert live_gates.nothing_unsettled(ticket(), seen, seen.live)


@pytest.mark.parametrize("name", ["max_shares", "max_notional", "max_orders", "max_daily_notional"])
def test_each_limit_that_is_unset_refuses_live_and_no_dry_run(name: str) -> None:
    seen = limited(**{name: None})
    verdict = judge(ticket(), seen)
    assert isinstance(verdict, DeniedTicket)
    reason = f"live mode needs every limit: set orders.{name} in the settings"
    assert verdict.reasons == (reason,)
    assert judge(ticket(), replace(seen, live=None)) == PreparedTicket(ticket())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_shares", Decimal("99.99")),
        ("max_notional", Decimal("9899.99")),
        ("max_daily_notional", Decimal("9899.99")),
    ],
)
def test_above_a_limit_the_whole_close_is_refused_and_not_cut(name: str, value: Decimal) -> None:
    verdict = judge(ticket(), limited(**{name: value}))
    assert isinstance(verdict, DeniedTicket)
    assert len(verdict.reasons) == 1
    assert verdict.ticket.quantity == Decimal(100)


def test_every_gate_of_live_mode_is_tested_on_both_sides() -> None:
    assert {case[0] for case in PASSING.values()} == set(LIVE_GATES)
    refusing = {case[0] for case, _ in REFUSING.values()}
    assert refusing | {live_gates.nothing_unsettled} == set(LIVE_GATES)


def test_no_gate_of_live_mode_is_left_out_of_the_list() -> None:
    looking = {
        function
        for name, function in inspect.getmembers(live_gates, inspect.isfunction)
        if function.__module__ == live_gates.__name__
        and not name.startswith("_")
        and len(inspect.signature(function).parameters) == 3
    }
    assert looking == set(LIVE_GATES)
    assert len(LIVE_GATES) == len(set(LIVE_GATES))


def test_an_unsettled_ticket_withholds_the_exit_when_all_gates_are_asked() -> None:
    verdict = judge(ticket(), unsettled(TicketState.UNCERTAIN))
    assert isinstance(verdict, DeniedTicket)
    assert any("is not settled" in each for each in verdict.reasons)


def test_every_gate_of_live_mode_is_of_one_kind_of_three() -> None:
    kinds = (live_gates.SWITCHES, live_gates.PREPARED, live_gates.OF_EACH)
    assert sorted(each.__name__ for kind in kinds for each in kind) == sorted(
        each.__name__ for each in LIVE_GATES
    )
