"""Each gate on both of its sides."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core import gates
from sellkit.core.facts import Facts
from sellkit.core.gates import (
    GATES,
    DeniedTicket,
    PreparedTicket,
    judge,
)
from sellkit.core.limits import AtClose, Foreign
from sellkit.core.orders import OrderTicket
from sellkit.core.quotes import Quote
from sellkit.core.signals import Decision, Retelling
from tests.build import (
    HOUR_END,
    NOW,
    SECOND,
    certificate,
    facts,
    limits,
    new_york,
    open_order,
    position,
    quote,
    snapshot,
    standing,
    ticket,
    utc,
)

Gate = Callable[[OrderTicket, Facts], str | None]
Case = tuple[Gate, OrderTicket, Facts]

MINUTE = dt.timedelta(minutes=1)
CLOSE = utc("2026-01-28 21:00")


def with_limits(**changes: Any) -> Facts:
    return facts(limits=limits(**changes))


def holding(quantity: str) -> Facts:
    return facts(snapshot=snapshot([position(quantity=quantity)]))


def resting(*references: str, con_id: int = 265598) -> Facts:
    orders = [open_order(reference, con_id) for reference in references]
    return facts(snapshot=snapshot(orders=orders))


def by_hand(order_id: str, foreign: Foreign = Foreign.BIND) -> Facts:
    order = replace(open_order(), order_id=order_id)
    return facts(snapshot=snapshot(orders=[order]), limits=limits(foreign=foreign))


EARLY = CLOSE - 5 * MINUTE


def judged_early(told: dt.datetime = EARLY) -> OrderTicket:
    """On the last hour of the session as it was told at a moment before its end."""
    return ticket(proof=replace(certificate(end=CLOSE), fetched_at=told))


def before_close(now: dt.datetime = EARLY + SECOND, **changes: Any) -> Facts:
    return facts(now=now, limits=limits(at_close=AtClose.BEFORE_CLOSE), **changes)


def costing(cost: str | None, close: float = 99.0, average: float = 100.0) -> OrderTicket:
    return ticket(position(cost=cost), certificate(close, average))


def signalling(exits: int, positions: int) -> Facts:
    return facts(exits=exits, positions=positions)


def retold(close: float, average: float = 100.0) -> OrderTicket:
    """A ticket on the usual bar, which is told with other numbers now."""
    usual = ticket()
    now = Retelling(
        run_id="r0",
        decided_at=NOW,
        decision=Decision.EXIT if close < average else Decision.HOLD,
        close=close,
        average=average,
        told_at=NOW,
    )
    return replace(usual, signal=replace(usual.signal, retelling=now))


def quoted(price: str | None, **changes: Any) -> Facts:
    return facts(quote=quote(price), **changes)


def without_evidence() -> OrderTicket:
    usual = ticket()
    return replace(usual, signal=replace(usual.signal, certificate=None))


PASSING: dict[str, Case] = {
    "a sale": (gates.sells_only, ticket(), facts()),
    "long stock": (gates.long_stock_only, ticket(), facts()),
    "one whole share": (gates.has_whole_shares, ticket(position(quantity="1.5")), facts()),
    "the present": (gates.about_the_present, ticket(), facts()),
    "a connection that stands": (gates.connected, ticket(), facts()),
    "the same position": (gates.position_as_decided, ticket(), holding("100.0")),
    "nothing executed since": (gates.executions_shown, ticket(), facts()),
    "positions as old as may be": (
        gates.snapshot_fresh,
        ticket(),
        facts(snapshot=snapshot(taken_at=NOW - 30 * SECOND)),
    ),
    "a bar as old as may be": (gates.bar_fresh, ticket(), facts(now=HOUR_END + 10 * MINUTE)),
    "a bar that is told as before": (gates.told_as_decided, ticket(), facts()),
    "a bar that is told a little lower": (gates.told_as_decided, retold(98.0), facts()),
    "a bar almost a tenth lower": (gates.told_as_decided, retold(89.11), facts()),
    "live prices": (gates.prices_live, ticket(), facts()),
    "live prices of a market that is closed": (gates.prices_live, ticket(), quoted(None)),
    "the prices of a past moment": (
        gates.prices_live,
        ticket(),
        facts(is_present=False, quote=None),
    ),
    "a quote as high as may be": (gates.close_as_quoted, ticket(), quoted("118.8")),
    "a quote as low as may be": (gates.close_as_quoted, ticket(), quoted("79.2")),
    "no quote in a closed market": (gates.close_as_quoted, ticket(), quoted(None)),
    "a price of after hours": (gates.close_as_quoted, ticket(), quoted("10", session=None)),
    "prices that are not live": (
        gates.close_as_quoted,
        ticket(),
        facts(quote=quote("10", "they are delayed")),
    ),
    "prices that were not asked for": (gates.close_as_quoted, ticket(), facts(quote=None)),
    "a seed as heavy as may be": (
        gates.average_warm,
        ticket(proof=certificate(seed=0.001)),
        facts(),
    ),
    "close and average above the cost": (gates.above_break_even, costing("98.99"), facts()),
    "a loss that may be taken": (
        gates.above_break_even,
        costing("500"),
        with_limits(require_above_break_even=False),
    ),
    "an unknown cost that may be": (
        gates.above_break_even,
        costing(None),
        with_limits(require_above_break_even=False),
    ),
    "a last bar that may be judged early": (gates.bar_fresh, judged_early(), before_close()),
    "a completed bar where last ones are judged early": (
        gates.bar_fresh,
        ticket(),
        before_close(NOW),
    ),
    "an open session": (gates.session_open, ticket(), facts()),
    "the margin before the close": (gates.session_open, ticket(), facts(now=CLOSE - 2 * MINUTE)),
    "no resting order": (gates.no_foreign_order, ticket(), resting()),
    "an own resting order": (gates.no_foreign_order, ticket(), resting("SK1-458cc03b1d34-1")),
    "a foreign order on another": (gates.no_foreign_order, ticket(), resting("", con_id=1)),
    "one placed by hand that is going to be bound": (
        gates.no_foreign_order,
        ticket(),
        by_hand("0"),
    ),
    "one placed by hand that was bound": (gates.no_foreign_order, ticket(), by_hand("-2")),
    "as many shares as allowed": (
        gates.within_limits,
        ticket(),
        with_limits(max_shares=Decimal(100)),
    ),
    "as much money as allowed": (
        gates.within_limits,
        ticket(),
        with_limits(max_notional=Decimal("9900.00")),
    ),
    "no limits set": (
        gates.within_limits,
        ticket(position(quantity="1000000")),
        with_limits(max_shares=None, max_notional=None),
    ),
    "three of three positions": (gates.not_too_many, ticket(), signalling(3, 3)),
    "half of the positions": (gates.not_too_many, ticket(), signalling(4, 8)),
}

REFUSING: dict[str, tuple[Case, str]] = {
    "a purchase": (
        (gates.sells_only, ticket(position(quantity="-5")), facts()),
        "side BUY is not allowed",
    ),
    "a short position": (
        (gates.long_stock_only, ticket(position(quantity="-5")), facts()),
        "not -5 of STK",
    ),
    "an option": (
        (gates.long_stock_only, ticket(position(security_type="OPT")), facts()),
        "not 100 of OPT",
    ),
    "a bar that would not be an exit now": (
        (gates.told_as_decided, retold(101.0), facts()),
        "its close was 99 and is 101, its average 100; the next bar decides",
    ),
    "a bar whose average went down": (
        (gates.told_as_decided, retold(99.0, average=98.0), facts()),
        "its close was 99 and is 99, its average 98",
    ),
    "a bar more than a tenth lower": (
        (gates.told_as_decided, retold(89.0), facts()),
        "its close was 99 and is 89",
    ),
    "a bar of before a split": (
        (gates.told_as_decided, retold(24.75, average=25.0), facts()),
        "its close was 99 and is 24.75",
    ),
    "prices that nobody asked for": (
        (gates.prices_live, ticket(), facts(quote=None)),
        "whether prices of NASDAQ:AAPL are live was not asked",
    ),
    "delayed prices": (
        (gates.prices_live, ticket(), facts(quote=quote(None, "they are delayed"))),
        "they are delayed",
    ),
    "a quote far above the close": (
        (gates.close_as_quoted, ticket(), quoted("118.9")),
        "the deciding close 99 lies too far from the market (bid 118.89, ask 118.91, last 118.9): "
        "+20.1%, more than orders.max_quote_gap 20.0%",
    ),
    "a quote far below the close": (
        (gates.close_as_quoted, ticket(), quoted("79.1")),
        "-20.1%, more than orders.max_quote_gap 20.0%",
    ),
    "a last price alone": (
        (
            gates.close_as_quoted,
            ticket(),
            facts(quote=Quote(asked_at=NOW, last=Decimal("0.099"))),
        ),
        "(last 0.099): -99.9%",
    ),
    "a fraction of a share": (
        (gates.has_whole_shares, ticket(position(quantity="0.99")), facts()),
        "less than one whole share (0.99)",
    ),
    "a past moment": (
        (gates.about_the_present, ticket(), facts(is_present=False)),
        "a past moment was asked for",
    ),
    "a connection that is not ready": (
        (gates.connected, ticket(), facts(standing=standing("the farm usfarm is broken"))),
        "the connection is not ready: the farm usfarm is broken",
    ),
    "a connection made anew": (
        (gates.connected, ticket(), facts(standing=standing(epoch=2))),
        "the connection is not ready: it was made anew",
    ),
    "positions from after the decision": (
        (gates.snapshot_fresh, ticket(), facts(snapshot=snapshot(taken_at=NOW + SECOND))),
        "positions were read 0:00:01 after",
    ),
    "a bar from after the decision": (
        (gates.bar_fresh, ticket(), facts(now=HOUR_END - SECOND)),
        "the deciding bar ends 0:00:01 after",
    ),
    "a smaller position": (
        (gates.position_as_decided, ticket(), holding("60")),
        "the position is 60 now and was 100 when decided",
    ),
    "a larger position": (
        (gates.position_as_decided, ticket(), holding("100.5")),
        "the position is 100.5 now",
    ),
    "a sale that the position does not show": (
        (gates.executions_shown, ticket(), facts(unshown=Decimal(100))),
        "does not show (100 shares)",
    ),
    "a position that is gone": (
        (gates.position_as_decided, ticket(), facts(snapshot=snapshot([]))),
        "the position is 0 now",
    ),
    "old positions": (
        (
            gates.snapshot_fresh,
            ticket(),
            facts(snapshot=snapshot(taken_at=NOW - 31 * SECOND)),
        ),
        "positions are 0:00:31 old, more than 0:00:30",
    ),
    "an old bar": (
        (gates.bar_fresh, ticket(), facts(now=HOUR_END + 10 * MINUTE + SECOND)),
        "the deciding bar ended 0:10:01 ago, more than 0:10:00",
    ),
    "no bar at all": ((gates.bar_fresh, without_evidence(), facts()), "no completed bar"),
    "a heavy seed": (
        (gates.average_warm, ticket(proof=certificate(seed=0.0011)), facts()),
        "rests on its seed by 0.11%, more than 0.10%",
    ),
    "a close at the cost": (
        (gates.above_break_even, costing("99"), facts()),
        "not above break-even: close 99.0000 and average 100.0000 must both exceed",
    ),
    "an average at the cost": (
        (gates.above_break_even, costing("100", close=101.0), facts()),
        "the average cost 100.0000",
    ),
    "an unknown cost": ((gates.above_break_even, costing(None), facts()), "cost is unknown"),
    "a last bar judged early where it is awaited": (
        (gates.bar_fresh, judged_early(), facts(now=EARLY + SECOND)),
        "the deciding bar ends 0:04:59 after the time of the decision",
    ),
    "a last bar judged early, its session over": (
        (gates.bar_fresh, judged_early(), before_close(CLOSE + SECOND, session=None)),
        "the deciding bar was judged before its end, and its session is over",
    ),
    "a last bar judged early, another session open": (
        (
            gates.bar_fresh,
            judged_early(),
            before_close(session=new_york().on(dt.date(2026, 1, 29))),
        ),
        "the deciding bar was judged before its end, and its session is over",
    ),
    "a last bar judged too early": (
        (gates.bar_fresh, judged_early(EARLY - SECOND), before_close()),
        "the provisional bar was told 0:05:01 before its end, sooner than 0:05:00",
    ),
    "a last bar judged in the future": (
        (gates.bar_fresh, judged_early(EARLY + MINUTE), before_close()),
        "the provisional bar was told 0:00:59 after the time of the decision",
    ),
    "a closed session": (
        (gates.session_open, ticket(), facts(session=None)),
        "the session is closed",
    ),
    "the last moments of a session": (
        (gates.session_open, ticket(), facts(now=CLOSE - 2 * MINUTE + SECOND)),
        "the session ends in 0:01:59, sooner than the margin 0:02:00",
    ),
    "an untagged resting order": (
        (gates.no_foreign_order, ticket(), resting("SK1-458cc03b1d34-1", "")),
        "orders that sellkit did not place rest on it (SELL 100 STP)",
    ),
    "one placed by hand that nobody wants bound": (
        (gates.no_foreign_order, ticket(), by_hand("0", Foreign.BLOCK)),
        "orders that sellkit did not place rest on it (SELL 100 STP)",
    ),
    "one of client 0 that a program placed": (
        (gates.no_foreign_order, ticket(), by_hand("7")),
        "orders that sellkit did not place rest on it (SELL 100 STP)",
    ),
    "more shares than allowed": (
        (gates.within_limits, ticket(position(quantity="101")), facts()),
        "101 shares exceed orders.max_shares 100",
    ),
    "more money than allowed": (
        (gates.within_limits, ticket(), with_limits(max_notional=Decimal("9899.99"))),
        "exceeds orders.max_notional 9899.99",
    ),
    "money that cannot be told": (
        (gates.within_limits, without_evidence(), facts()),
        "a notional of None exceeds",
    ),
    "four of four positions": (
        (gates.not_too_many, ticket(), signalling(4, 4)),
        "4 of 4 positions signal at once: check the data first, then `sellkit confirm RUN`",
    ),
    "more than half of the positions": (
        (gates.not_too_many, ticket(), signalling(4, 7)),
        "4 of 7 positions signal at once",
    ),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_gate_lets_pass(case: str) -> None:
    gate, prepared, seen = PASSING[case]
    assert gate(prepared, seen) is None


@pytest.mark.parametrize("case", REFUSING)
def test_a_gate_refuses_with_its_reason(case: str) -> None:
    (gate, prepared, seen), reason = REFUSING[case]
    assert reason in (gate(prepared, seen) or "")


def test_every_gate_is_tested_on_both_sides() -> None:
    every = {*GATES, gates.session_open}
    assert {case[0] for case in PASSING.values()} == every
    assert {case[0] for case, _ in REFUSING.values()} == every


def test_no_gate_is_left_out_of_the_list() -> None:
    """Every public function that looks at a ticket and the facts stands in the list, but two.

    The session's gate is judged apart, because it alone can defer.
    """
    looking = {
        function
        for name, function in inspect.getmembers(gates, inspect.isfunction)
        if function.__module__ == gates.__name__
        and not name.startswith("_")
        and len(inspect.signature(function).parameters) == 2
    }
    assert looking == {*GATES, gates.session_open, gates.judge}


@pytest.mark.parametrize("case", REFUSING)
def test_a_ticket_that_one_gate_refuses_is_never_approved(case: str) -> None:
    (_, prepared, seen), reason = REFUSING[case]
    verdict = judge(prepared, seen)
    assert not isinstance(verdict, PreparedTicket)
    if isinstance(verdict, DeniedTicket):
        assert any(reason in each for each in verdict.reasons)
