"""The gates together: a ticket is approved exactly when nothing is against it.

Each thing that may be against an order is alone the reason of one gate; so what a verdict has to
say follows for any number of them at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.core.arming import ArmingSeen, Halt
from sellkit.core.facts import Facts
from sellkit.core.gates import (
    ApprovedTicket,
    DeferredTicket,
    DeniedTicket,
    PreparedTicket,
    Verdict,
    judge,
)
from sellkit.core.lifecycle import TicketState
from sellkit.core.limits import AtClose
from sellkit.core.live_facts import ProbeStanding
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import GatewayKind
from sellkit.core.signals import Decision, Retelling
from tests.build import (
    DAY,
    HOUR_END,
    NOW,
    SECOND,
    certificate,
    facts,
    limits,
    live_facts,
    new_york,
    open_order,
    position,
    quote,
    snapshot,
    standing,
    ticket,
    ticket_record,
    utc,
)

OPENING = utc("2026-01-29 14:30")
RETOLD = Retelling(
    run_id="r0", decided_at=NOW, decision=Decision.HOLD, close=101, average=100, told_at=NOW
)

# What is against an order, what it changes (`group.name`), and a part of the reason.
AGAINST: dict[str, tuple[dict[str, Any], str]] = {
    "an option": ({"held.security_type": "OPT"}, "only long stock and ETF"),
    "a fraction": ({"held.quantity": "0.5"}, "less than one whole share"),
    "no connection": ({"facts.standing": standing("a farm is broken")}, "is not ready"),
    "sold meanwhile": ({"seen.quantity": "60"}, "the position is 60 now"),
    "old positions": ({"snapshot.taken_at": NOW - 31 * SECOND}, "positions are 0:00:31 old"),
    "an old bar": ({"limits.max_bar_age": 19 * SECOND}, "the deciding bar ended"),
    "told otherwise": ({"signal.retelling": RETOLD}, "is told differently now"),
    "a far price": ({"quote.price": "150"}, "lies too far from the market"),
    "a cold average": ({"proof.seed_weight": 0.5}, "still rests on its seed"),
    "at a loss": ({"held.cost": "500"}, "not above break-even"),
    "a foreign order": ({"snapshot.orders": [open_order()]}, "sellkit did not place"),
    "a small limit": ({"limits.max_notional": Decimal(1)}, "exceeds orders.max_notional"),
    "many signals": ({"facts.exits": 9, "facts.positions": 9}, "9 of 9 positions signal"),
}
AGAINST_LIVE: dict[str, tuple[dict[str, Any], str]] = {
    "a nameless account": ({"live.is_named": False}, "no account is named"),
    "not armed": ({"live.arming": ArmingSeen(None, "not armed")}, "not armed"),
    "a halt": ({"live.halt": Halt(NOW, "somebody", "a try")}, "halted by somebody"),
    "no lease": ({"live.lease_trouble": "process 7 holds it"}, "process 7 holds it"),
    "no probe": ({"live.probe": ProbeStanding(None, "not probed")}, "not probed"),
    "a limit unset": ({"limits.max_shares": None}, "set orders.max_shares"),
    "lists unread": ({"live.records_epoch": None}, "were not all read"),
    "not reconciled": ({"live.reconciled_epoch": None}, "was not held against the gateway"),
    "another gateway": ({"live.gateway": GatewayKind.PAPER}, "a paper gateway answers"),
    "another time": ({"live.clock_skew": 9 * SECOND}, "clock is 9.0 s ahead"),
    "an early bar": ({"proof.fetched_at": HOUR_END - SECOND}, "fetched before its end"),
    "an old quote": ({"quote.asked_at": NOW - 31 * SECOND}, "its quote is 0:00:31 old"),
    "the last order gone": ({"live.orders_today": 5}, "5 orders went out today"),
    "the day's money gone": ({"live.notional_today": Decimal(99_999)}, "would be sold today"),
    "the armed money gone": ({"live.notional_armed": Decimal(9_999_999)}, "live mode was armed"),
    "one unsettled": (
        {
            "live.unsettled": (
                ticket_record(reference="SK1-aaaaaaaaaaaa-1", state=TicketState.UNCERTAIN),
            )
        },
        "is not settled",
    ),
}
EVERY = AGAINST | AGAINST_LIVE
ORDER = list(EVERY)

# With the first there is nothing that the second could be read from.
HIDES = {
    ("not armed", "the armed money gone"),
    ("a fraction", "a small limit"),
    ("a fraction", "the day's money gone"),
}


def scene(names: Collection[str], *, is_live: bool = True) -> tuple[OrderTicket, Facts]:
    """The usual ticket and facts, with all that is against it."""
    changes: dict[str, dict[str, Any]] = {}
    for name in names:
        for place, value in EVERY[name][0].items():
            group, _, key = place.partition(".")
            changes.setdefault(group, {})[key] = value
    held = position(**changes.get("held", {}))
    prepared = ticket(held, replace(certificate(), **changes.get("proof", {})))
    signal = replace(prepared.signal, **changes.get("signal", {}))
    seen = replace(held, quantity=Decimal(changes.get("seen", {}).get("quantity", held.quantity)))
    shown = changes.get("quote", {})
    return replace(prepared, signal=signal), facts(
        snapshot=snapshot([seen], **changes.get("snapshot", {})),
        quote=replace(quote(shown.get("price", "99")), asked_at=shown.get("asked_at", NOW)),
        limits=limits(**changes.get("limits", {})),
        live=live_facts(**changes.get("live", {})) if is_live else None,
        **changes.get("facts", {}),
    )


def judged(names: Collection[str], *, is_live: bool = True) -> Verdict:
    return judge(*scene(names, is_live=is_live))


def expected(names: Collection[str]) -> list[str]:
    """Of each a part of its reason, in the order of the gates."""
    return [EVERY[name][1] for name in ORDER if name in names]


def says_exactly(verdict: Verdict, names: Collection[str]) -> bool:
    """Whether it is a denial with one reason for each, in order, and none beside."""
    parts = expected(names)
    if not isinstance(verdict, DeniedTicket) or len(verdict.reasons) != len(parts):
        return False
    return all(part in reason for part, reason in zip(parts, verdict.reasons, strict=True))


def are_apart(names: Collection[str]) -> bool:
    return not any(set(pair) <= set(names) for pair in HIDES)


def test_a_ticket_is_approved_when_nothing_is_against_it() -> None:
    assert judged([]) == ApprovedTicket(ticket())


def test_the_same_ticket_is_only_prepared_in_a_dry_run() -> None:
    assert judged([], is_live=False) == PreparedTicket(ticket())


@pytest.mark.parametrize("name", EVERY)
def test_one_thing_against_it_denies_it_for_that_reason_alone(name: str) -> None:
    assert says_exactly(judged([name]), [name])


@pytest.mark.parametrize("name", AGAINST)
def test_what_is_against_every_order_denies_it_in_a_dry_run_as_well(name: str) -> None:
    assert says_exactly(judged([name], is_live=False), [name])


@pytest.mark.parametrize("name", AGAINST_LIVE)
def test_what_is_against_live_orders_alone_leaves_a_dry_run_as_it_is(name: str) -> None:
    assert isinstance(judged([name], is_live=False), PreparedTicket)


def test_any_two_things_against_it_are_both_said() -> None:
    pairs = [pair for pair in combinations(ORDER, 2) if are_apart(pair)]
    assert len(pairs) > 350
    assert not [pair for pair in pairs if not says_exactly(judged(pair), pair)]


def test_everything_against_it_at_once_is_all_said() -> None:
    names = [each for each in ORDER if each not in {hidden for _, hidden in HIDES}]
    assert says_exactly(judged(names), names)


@given(st.sets(st.sampled_from(ORDER)).filter(are_apart))
def test_any_set_of_things_against_it_is_said_in_whole(names: set[str]) -> None:
    verdict = judged(names)
    assert says_exactly(verdict, names) if names else isinstance(verdict, ApprovedTicket)


@given(st.sets(st.sampled_from(ORDER)))
def test_no_ticket_is_approved_with_anything_against_it(names: set[str]) -> None:
    assert isinstance(judged(names), ApprovedTicket) is (not names)


@given(st.sets(st.sampled_from(ORDER)))
def test_no_dry_run_approves_anything(names: set[str]) -> None:
    assert not isinstance(judged(names, is_live=False), ApprovedTicket)


# --- the closed session, and the opening after it -------------------------------------------------


def at(now: dt.datetime, **changes: Any) -> Facts:
    usual: Mapping[str, Any] = {
        "now": now,
        "snapshot": snapshot(taken_at=now),
        "quote": replace(quote(), asked_at=now),
        "session": new_york().at(now),
        "live": live_facts(),
    }
    return facts(**({**usual} | changes))


def test_a_live_ticket_that_only_the_closed_session_withholds_is_deferred() -> None:
    closed = facts(session=None, quote=quote(None), live=live_facts())
    assert judge(ticket(), closed) == DeferredTicket(ticket(), OPENING)


def test_a_live_ticket_that_is_not_armed_at_the_close_is_denied_and_not_deferred() -> None:
    live = live_facts(arming=ArmingSeen(None, "not armed"))
    verdict = judge(ticket(), facts(session=None, live=live))
    assert verdict == DeniedTicket(ticket(), ("not armed", "the session is closed"))


def test_a_closed_session_that_shall_be_skipped_denies_a_live_ticket() -> None:
    seen = facts(session=None, live=live_facts(), limits=limits(at_close=AtClose.SKIP))
    assert judge(ticket(), seen) == DeniedTicket(ticket(), ("the session is closed",))


def opened(minutes: float, until: dt.datetime | None = OPENING, **changes: Any) -> Facts:
    """So long after the next opening, for which the ticket was deferred."""
    deferred = {} if until is None else {ticket().ticket_id: until}
    live = live_facts(**{"arming": armed_long()} | changes)
    return at(OPENING + dt.timedelta(minutes=minutes), live=live, deferred=deferred)


def armed_long() -> ArmingSeen:
    usual = live_facts().arming.arming
    assert usual is not None
    return ArmingSeen(replace(usual, until=OPENING + dt.timedelta(hours=6)))


def test_a_deferred_ticket_is_approved_at_the_opening_it_waited_for() -> None:
    assert judge(ticket(), opened(0)) == ApprovedTicket(ticket())
    assert judge(ticket(), opened(10)) == ApprovedTicket(ticket())


def test_a_deferred_ticket_is_denied_when_the_opening_is_too_long_ago() -> None:
    verdict = judge(ticket(), opened(10.5))
    assert isinstance(verdict, DeniedTicket)
    assert verdict.reasons == ("the opening it waited for is 0:10:30 ago, over 0:10:00",)


@pytest.mark.parametrize("until", [None, OPENING + SECOND, OPENING - dt.timedelta(days=1)])
def test_an_old_bar_is_denied_at_an_opening_that_it_was_not_deferred_to(
    until: dt.datetime | None,
) -> None:
    verdict = judge(ticket(), opened(1, until))
    assert isinstance(verdict, DeniedTicket)
    assert "the deciding bar ended 18:31:00 ago" in verdict.reasons[0]


def test_the_deferral_of_another_ticket_is_none_of_its_own() -> None:
    seen = at(OPENING, live=live_facts(arming=armed_long()), deferred={"aaaaaaaaaaaa": OPENING})
    assert isinstance(judge(ticket(), seen), DeniedTicket)


def test_in_a_dry_run_a_deferred_ticket_is_prepared_at_the_opening_it_waited_for() -> None:
    seen = at(OPENING, live=None, deferred={ticket().ticket_id: OPENING})
    assert judge(ticket(), seen) == PreparedTicket(ticket())


# --- many signals, and a person who looked at them ------------------------------------------------


def signalling(exits: int, positions: int, *, is_confirmed: bool = False, **most: Any) -> Facts:
    live = live_facts(confirmed=frozenset({ticket().ticket_id}) if is_confirmed else frozenset())
    return facts(exits=exits, positions=positions, live=live, limits=limits(**most))


def test_a_confirmed_run_passes_the_gate_of_many_signals_and_no_other() -> None:
    assert isinstance(judge(ticket(), signalling(9, 9, is_confirmed=True)), ApprovedTicket)
    live = live_facts(
        confirmed=frozenset({ticket().ticket_id}), halt=Halt(NOW, "somebody", "a try")
    )
    assert isinstance(judge(ticket(), facts(exits=9, positions=9, live=live)), DeniedTicket)


@pytest.mark.parametrize(
    ("exits", "positions", "most", "part", "passes"),
    [
        (3, 3, 3, 0.5, True),
        (4, 8, 3, 0.5, True),
        (4, 7, 3, 0.5, False),
        (2, 2, 1, 0.5, False),
        (2, 4, 1, 0.5, True),
        (4, 4, 3, 1.0, True),
        (2, 20, 1, 0.09, False),
    ],
)
def test_how_many_signals_are_many_is_a_setting(
    exits: int, positions: int, most: int, part: float, passes: bool
) -> None:
    seen = signalling(exits, positions, many_exits=most, many_exits_part=part)
    assert isinstance(judge(ticket(), seen), ApprovedTicket) is passes


def test_the_usual_facts_are_of_the_usual_day() -> None:
    assert at(NOW).session == new_york().on(DAY)
