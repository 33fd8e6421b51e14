"""What live mode would have against each order, as whoever only looks is told it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core.gates import DeniedTicket, PreparedTicket, Verdict
from sellkit.core.lifecycle import TicketState
from sellkit.core.live_facts import LiveFacts
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import GatewayKind
from sellkit.core.watched import WatchedRow
from sellkit.errors import JournalError
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.outlook import Outlook
from tests import build

FIRST, SECOND = 1001, 1002


def watched(con_id: int, verdict: Callable[[OrderTicket], Verdict] | None = PreparedTicket) -> Any:
    """A row whose order of 100 shares at 99 would go out, unless somebody says otherwise."""
    held = build.position(f"NYSE:S{con_id}", con_id=con_id)
    ticket = build.ticket(held)
    signal = ticket.signal if verdict else build.signal(held)
    found = build.row(signal=signal, verdict=verdict(ticket) if verdict else None)
    return WatchedRow(row=found, bar=None, refreshed_at=build.NOW)


def told(
    *rows: WatchedRow, limits: dict[str, Any] | None = None, **changes: Any
) -> list[tuple[str, ...]]:
    """What is withheld of each row for which reasons."""
    live = build.live_facts(**{"records_epoch": None, "reconciled_epoch": None, **changes})
    return _beside(rows, lambda: live, limits)


def _beside(
    rows: tuple[WatchedRow, ...],
    facts: Callable[[], LiveFacts],
    limits: dict[str, Any] | None = None,
) -> list[tuple[str, ...]]:
    shown = tuple(each.row for each in rows)
    decision = HourlyDecision(build.NOW, build.snapshot(), build.standing(), shown, {})
    chosen = build.limits(**(limits or {}))
    return [each.withheld for each in Outlook(facts).beside(rows, decision, chosen, build.NOW)]


def test_what_a_run_does_itself_before_it_decides_stands_against_nothing() -> None:
    assert told(watched(FIRST)) == [()]


def test_what_a_person_switches_is_told_for_the_desk_and_not_for_each_row() -> None:
    assert told(watched(FIRST), lease_trouble="somebody holds it", is_named=False) == [()]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"orders_today": 5}, "5 orders went out today"),
        ({"notional_today": Decimal(49_000)}, "orders.max_daily_notional"),
        ({"notional_armed": Decimal(999_000)}, "since live mode was armed"),
        ({"gateway": GatewayKind.LIVE}, "a live gateway answers where demo expects simulated"),
    ],
)
def test_what_stands_against_its_order_is_told(changes: dict[str, Any], reason: str) -> None:
    ((only,),) = told(watched(FIRST), **changes)
    assert reason in only


def test_a_former_ticket_stands_against_its_own_position_alone() -> None:
    open_one = build.ticket_record(con_id=SECOND, state=TicketState.UNCERTAIN)
    first, second = told(watched(FIRST), watched(SECOND), unsettled=(open_one,))
    assert first == ()
    assert "is not settled" in second[0]


def test_orders_above_count_for_those_below_as_a_run_would_send_them() -> None:
    rows = (watched(FIRST), watched(SECOND))
    first, second = told(*rows, limits={"max_orders": 1})
    assert first == ()
    assert second == ("1 order went out today, and orders.max_orders is 1",)
    held_back = watched(FIRST, lambda ticket: DeniedTicket(ticket, ("too late",)))
    assert told(held_back, watched(SECOND), limits={"max_orders": 1}) == [(), ()]


def test_without_a_signal_nothing_is_gathered() -> None:
    def fails() -> LiveFacts:
        raise AssertionError("asked for nothing")

    assert _beside((watched(FIRST, None),), fails) == [()]


def test_facts_that_cannot_be_had_are_said_at_the_rows_that_signal() -> None:
    def fails() -> LiveFacts:
        raise JournalError("the disk is gone")

    found = _beside((watched(FIRST), watched(SECOND, None)), fails)
    assert found == [("what live mode would say is not known: the disk is gone",), ()]
