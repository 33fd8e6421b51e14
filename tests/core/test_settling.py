"""What became of a sent order, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core.fills import Fill
from sellkit.core.lifecycle import ALLOWED, TicketState
from sellkit.core.portfolio import OpenOrder
from sellkit.core.reports import BrokerRecords, CompletedOrder, Meaning, OrderReport, ReportKind
from sellkit.core.settling import Evidence, Finding, acknowledged, concerns, settle, sounds_ended
from sellkit.core.tickets import TicketRecord
from tests import build
from tests.fakes_tickets import FakeTicketBook
from tests.ticketing import REFERENCE, after, brought_to, fill

S = TicketState
PERM = "77"


def record(state: TicketState = S.ACKNOWLEDGED, **changes: Any) -> TicketRecord:
    """100 shares, claimed as order 17 over connection 3; numbered unless it is SUBMITTING."""
    usual = brought_to(FakeTicketBook())
    perm = None if state is S.SUBMITTING else PERM
    return replace(usual, **{"state": state, "perm_id": perm} | changes)


def resting(status: str = "Submitted", perm: str = PERM) -> OpenOrder:
    return replace(build.open_order(REFERENCE), perm_id=perm, status=status)


def ended(
    status: str = "Cancelled", filled: str = "0", text: str = "", perm: str = PERM
) -> CompletedOrder:
    return CompletedOrder(
        con_id=265598,
        perm_id=perm,
        reference=REFERENCE,
        side="SELL",
        quantity=Decimal(100),
        filled=Decimal(filled),
        status=status,
        text=text,
    )


def lists(
    held: str = "100",
    is_open: tuple[OpenOrder, ...] = (),
    completed: tuple[CompletedOrder, ...] = (),
    fills: tuple[Fill, ...] = (),
) -> BrokerRecords:
    positions = [build.position(quantity=held)] if Decimal(held) else []
    seen = build.snapshot(positions, is_open, epoch=3)
    return BrokerRecords(
        began_at=after(5), steady_since=after(0), snapshot=seen, completed=completed, fills=fills
    )


def status(told: str, filled: str = "0", perm: str | None = PERM) -> OrderReport:
    whose = {"perm_id": perm, "reference": REFERENCE}
    return _report(ReportKind.ORDER_STATUS, status=told, filled=Decimal(filled), **whose)


def code(number: int = 201, meaning: Meaning = Meaning.ORDER_DEAD, **told: Any) -> OrderReport:
    return _report(ReportKind.CODE, code=number, text="no margin", meaning=meaning, **told)


def _report(kind: ReportKind, **told: Any) -> OrderReport:
    usual: dict[str, Any] = {"number": 1, "at": after(3), "epoch": 3, "order_id": "17"}
    return OrderReport(kind=kind, **usual | told)


def found(
    told: BrokerRecords, *words: OrderReport, of: TicketRecord | None = None, **evidence: Any
) -> Finding:
    return settle(of or record(), Evidence(records=told, words=words, **evidence))


# --- executed, alive ------------------------------------------------------------------------------


def test_executed_in_whole_is_filled_whatever_else_is_missing() -> None:
    told = found(lists("0", fills=(fill(quantity="100"),)))
    assert (told.state, told.perm_id) == (S.FILLED, PERM)
    assert "98.5" in told.cause


def test_executions_of_ledger_and_lists_are_counted_once() -> None:
    both = fill("a.01", "60")
    told = found(lists("0", fills=(both, fill("b.01", "40"))), ledger=(both,))
    assert told.state is S.FILLED


def test_executions_of_former_days_stand_in_the_ledger_alone() -> None:
    assert found(lists("0"), ledger=(fill(quantity="100"),)).state is S.FILLED


def test_what_is_open_works_whatever_a_code_said() -> None:
    assert found(lists(is_open=(resting(),)), code()).state is S.ACKNOWLEDGED


def test_what_is_open_and_being_cancelled_goes_on_being_cancelled() -> None:
    told = found(lists(is_open=(resting(),)), code(202), of=record(S.STOPPING))
    assert told.state is S.STOPPING


def test_what_is_open_as_inactive_lives_and_says_that_it_does_not_work() -> None:
    told = found(lists(is_open=(resting("Inactive"),)))
    assert told.state is S.ACKNOWLEDGED
    assert "does not work in the market" in told.cause


def test_an_order_numbered_by_the_lists_takes_its_number_from_there() -> None:
    told = found(lists(is_open=(resting(perm="88"),)), of=record(S.SUBMITTING))
    assert told.perm_id == "88"


# --- ended ----------------------------------------------------------------------------------------


def test_cancelled_in_the_list_with_the_position_as_it_was_is_cancelled() -> None:
    assert found(lists(completed=(ended(),))).state is S.CANCELLED


def test_cancelled_with_a_part_executed_and_the_rest_held_is_cancelled() -> None:
    told = found(lists("70", completed=(ended(filled="30"),), fills=(fill(quantity="30"),)))
    assert told.state is S.CANCELLED
    assert "30 executed" in told.cause


def test_a_cancel_that_was_asked_for_and_only_said_by_202_is_one() -> None:
    assert found(lists(), code(202), of=record(S.STOPPING)).state is S.CANCELLED


def test_a_cancel_that_was_asked_for_is_no_refusal_whatever_the_list_adds() -> None:
    told = found(lists(completed=(ended(text="by the trader"),)), of=record(S.STOPPING))
    assert told.state is S.CANCELLED


def test_a_code_alone_refuses_what_was_never_numbered() -> None:
    told = found(lists(), code(), of=record(S.SUBMITTING))
    assert told.state is S.REJECTED
    assert "201: no margin" in told.cause


@pytest.mark.parametrize("of", [record(), record(S.SUBMITTING)], ids=["journalled", "just said"])
def test_a_code_alone_ends_nothing_that_was_numbered(of: TicketRecord) -> None:
    assert found(lists(), status("Submitted"), code(), of=of).state is S.UNCERTAIN
    assert found(lists(), code(), status("PreSubmitted"), of=of).state is S.UNCERTAIN


def test_a_refusal_in_the_list_is_one_without_any_word() -> None:
    told = found(lists(completed=(ended("Inactive", text="no margin"),)), of=record(S.SUBMITTING))
    assert told.state is S.REJECTED


def test_inactive_in_the_list_is_a_refusal_even_without_a_reason() -> None:
    assert found(lists(completed=(ended("Inactive"),))).state is S.REJECTED


def test_inactive_as_a_word_alone_is_no_end_for_it_may_come_back() -> None:
    assert found(lists(), status("Inactive")).state is S.UNCERTAIN


@pytest.mark.parametrize("told", ["Cancelled", "ApiCancelled"])
def test_a_wire_status_of_an_end_and_absence_are_an_end(told: str) -> None:
    assert found(lists(), status(told)).state is S.CANCELLED


def test_an_end_that_was_said_before_it_was_said_to_work_is_none() -> None:
    assert found(lists(), status("Cancelled"), status("Submitted")).state is S.UNCERTAIN


def test_a_pending_cancel_is_no_end() -> None:
    assert found(lists(), status("PendingCancel")).state is S.UNCERTAIN


def test_an_end_after_the_session_without_any_refusal_is_an_expiry() -> None:
    told = found(lists(completed=(ended(),)), is_session_over=True)
    assert told.state is S.EXPIRED


def test_an_own_cancel_that_ends_after_the_session_is_a_cancel() -> None:
    told = found(lists(completed=(ended(),)), of=record(S.STOPPING), is_session_over=True)
    assert told.state is S.CANCELLED


def test_a_refusal_after_the_session_is_a_refusal() -> None:
    told = found(lists(completed=(ended("Inactive", text="closed"),)), is_session_over=True)
    assert told.state is S.REJECTED


# --- contradictions and silence -------------------------------------------------------------------


def unsure(told: Finding, why: str) -> None:
    assert told.state is S.UNCERTAIN, told
    assert why in told.cause


def test_listed_nowhere_and_nothing_said_is_uncertain() -> None:
    unsure(found(lists(), of=record(S.SUBMITTING)), "lists it nowhere")


def test_a_part_executed_and_listed_nowhere_is_uncertain() -> None:
    unsure(found(lists("70", fills=(fill(quantity="30"),))), "30 of 100 shares are executed")


def test_more_executed_than_ordered_is_uncertain() -> None:
    unsure(found(lists("0", fills=(fill(quantity="101"),))), "101 shares were executed")


def test_two_numbers_for_one_reference_are_two_orders() -> None:
    told = lists(is_open=(resting(), resting(perm="78")))
    unsure(found(told), "several orders of this reference: 77, 78")


def test_a_number_in_the_executions_that_is_not_the_open_orders_is_a_second_order() -> None:
    told = lists("70", is_open=(resting(),), fills=(fill(quantity="30", perm="78"),))
    unsure(found(told), "several orders")


def test_executed_in_whole_and_open_all_the_same_is_uncertain() -> None:
    told = lists("0", is_open=(resting(),), fills=(fill(quantity="100"),))
    unsure(found(told), "listed as open all the same")


@pytest.mark.parametrize("held", ["0", "40", "101", "-100"])
def test_an_end_that_the_position_does_not_bear_out_is_uncertain(held: str) -> None:
    unsure(found(lists(held, completed=(ended(),))), "100 shares should be held")


def test_said_to_be_filled_without_executions_is_uncertain() -> None:
    unsure(found(lists(), status("Filled", "100")), "said to be filled")
    unsure(found(lists(completed=(ended("Filled", "100"),))), "said to be filled")


def test_a_part_said_to_be_executed_that_no_execution_tells_is_uncertain() -> None:
    unsure(found(lists(completed=(ended(filled="30"),))), "30 shares are said to be executed")
    unsure(found(lists(), status("Cancelled", "30")), "30 shares are said to be executed")


def test_a_whole_execution_that_is_corrected_to_a_part_is_uncertain() -> None:
    told = lists("10", fills=(fill("a.01", "100"), fill("a.02", "90")))
    unsure(found(told, of=record(S.FILLED)), "now 90 of 100")


@pytest.mark.parametrize("state", [s for s in S if s.is_claimed])
def test_whatever_is_found_may_follow_the_state_that_it_had(state: TicketState) -> None:
    part, whole = fill(quantity="30"), fill(quantity="100")
    cases = [
        lists(),
        lists(is_open=(resting(),)),
        lists("70", is_open=(resting(),), fills=(part,)),
        lists("70", completed=(ended(filled="30"),), fills=(part,)),
        lists(completed=(ended(),)),
        lists(completed=(ended("Inactive", text="no margin"),)),
        lists("0", fills=(whole,)),
        lists("0", completed=(ended("Filled", "100"),), fills=(whole,)),
    ]
    for told in cases:
        for is_over in (False, True):
            now = found(told, of=record(state), is_session_over=is_over).state
            assert now is state or now in ALLOWED[state], (now, told)


# --- whose a report is ----------------------------------------------------------------------------


def test_a_code_concerns_the_order_of_its_number_over_its_connection_alone() -> None:
    assert concerns(record(), code())
    assert not concerns(record(), code(epoch=4))
    assert not concerns(record(), code(order_id="18"))


def test_a_status_concerns_the_order_of_its_reference_or_number() -> None:
    assert concerns(record(), status("Submitted", perm=None))
    assert concerns(record(), replace(status("Submitted"), reference=None))
    assert not concerns(record(), replace(status("Submitted", perm="78"), reference="SK1-b-1"))


def test_an_order_id_alone_ties_no_status_to_an_order() -> None:
    assert not concerns(record(), replace(status("Submitted", perm=None), reference=None))


def test_a_word_about_another_order_settles_nothing() -> None:
    other = replace(status("Cancelled", perm="78"), reference="SK1-b-1")
    assert found(lists(), other).state is S.UNCERTAIN


def test_a_number_of_nothing_acknowledges_nothing() -> None:
    assert acknowledged([status("Submitted", perm="0"), status("Submitted", perm="")]) is None
    assert acknowledged([status("Submitted", perm="0"), status("Submitted")]) == PERM


def test_words_of_an_end_send_one_to_the_lists_and_notices_do_not() -> None:
    assert sounds_ended([code()])
    assert sounds_ended([code(10148, Meaning.UNKNOWN)])
    assert sounds_ended([status("Filled", "100")])
    assert not sounds_ended([code(399, Meaning.ORDER_ALIVE), status("PendingCancel")])
