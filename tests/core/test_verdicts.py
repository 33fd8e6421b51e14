"""What becomes of a ticket: approved, deferred, or denied with every reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core import gates
from sellkit.core.gates import (
    GATES,
    DeferredTicket,
    DeniedTicket,
    PreparedTicket,
    judge,
)
from sellkit.core.limits import AtClose
from sellkit.core.signals import Decision, Retelling
from tests.build import (
    certificate,
    facts,
    limits,
    open_order,
    position,
    snapshot,
    standing,
    ticket,
    utc,
)

MINUTE = dt.timedelta(minutes=1)
CLOSE = utc("2026-01-28 21:00")


def test_a_ticket_that_every_gate_lets_pass_is_approved() -> None:
    assert judge(ticket(), facts()) == PreparedTicket(ticket())


def test_a_denied_ticket_carries_every_reason_in_the_order_of_the_gates() -> None:
    """But for two about prices, of which a closed session has none, and one about executions."""
    prepared = ticket(position(quantity="-0.5", cost=None), certificate(seed=0.5))
    now = Retelling(
        run_id="r0",
        decided_at=CLOSE,
        decision=Decision.HOLD,
        close=101.0,
        average=100.0,
        told_at=CLOSE,
    )
    prepared = replace(prepared, signal=replace(prepared.signal, retelling=now))
    seen = facts(
        now=CLOSE + MINUTE,
        is_present=False,
        snapshot=snapshot([], [open_order()]),
        standing=standing("the gateway is gone"),
        session=None,
        exits=9,
        positions=9,
        limits=limits(max_shares=Decimal(-1)),
    )
    verdict = judge(prepared, seen)
    assert isinstance(verdict, DeniedTicket)
    assert verdict.ticket is prepared
    without = (gates.prices_live, gates.close_as_quoted, gates.executions_shown)
    others = [each for each in GATES if each not in without]
    expected = [*(gate(prepared, seen) for gate in others), "the session is closed"]
    assert list(verdict.reasons) == expected
    assert None not in expected


def test_a_denied_ticket_carries_no_reason_of_a_gate_that_let_it_pass() -> None:
    verdict = judge(ticket(), facts(snapshot=snapshot([position(quantity="60")])))
    assert verdict == DeniedTicket(ticket(), ("the position is 60 now and was 100 when decided",))


@pytest.mark.parametrize(
    "closed",
    [{"session": None}, {"now": CLOSE - MINUTE, "limits": limits(max_bar_age=60 * MINUTE)}],
)
def test_a_ticket_that_only_the_closed_session_withholds_is_deferred(
    closed: dict[str, Any],
) -> None:
    seen = facts(**closed)
    seen = replace(seen, snapshot=snapshot(taken_at=seen.now))
    assert judge(ticket(), seen) == DeferredTicket(ticket(), utc("2026-01-29 14:30"))


def test_a_ticket_with_another_reason_is_denied_and_not_deferred() -> None:
    verdict = judge(ticket(position(cost=None)), facts(session=None))
    assert isinstance(verdict, DeniedTicket)
    assert len(verdict.reasons) == 2
    assert verdict.reasons[-1] == "the session is closed"


def test_a_signal_at_the_close_is_denied_where_it_shall_be_skipped() -> None:
    seen = facts(session=None, limits=limits(at_close=AtClose.SKIP))
    assert judge(ticket(), seen) == DeniedTicket(ticket(), ("the session is closed",))


def test_where_last_bars_are_judged_early_nothing_is_deferred_at_the_bell() -> None:
    seen = facts(session=None, limits=limits(at_close=AtClose.BEFORE_CLOSE))
    assert judge(ticket(), seen) == DeniedTicket(ticket(), ("the session is closed",))


def test_a_ticket_is_denied_where_no_next_opening_is_known() -> None:
    seen = facts(session=None, next_open=None)
    assert judge(ticket(), seen) == DeniedTicket(ticket(), ("the session is closed",))


@pytest.mark.parametrize(
    ("cost", "close", "average", "is_above"),
    [
        ("99.99", 100.0, 100.0, True),
        ("100", 100.0, 101.0, False),
        ("100", 101.0, 100.0, False),
        ("0.3", 0.1 + 0.2, 1.0, True),
        ("0.1", 0.1, 1.0, False),
        ("101", 100.0, 102.0, False),
    ],
)
def test_above_break_even_is_strict_on_both_sides(
    cost: str, close: float, average: float, is_above: bool
) -> None:
    assert gates.is_above(Decimal(cost), close, average) is is_above
