"""Only all of the evidence together proves that an order was never received."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.core.lifecycle import TicketState
from sellkit.core.proof import Round, lacking
from sellkit.core.tickets import TicketRecord
from tests.build import NOW
from tests.fakes_tickets import FakeTicketBook
from tests.ticketing import brought_to, look

SECOND = dt.timedelta(seconds=1)
DOUBT = "the position is 90 and was 100 before it"


def record(**changes: object) -> TicketRecord:
    return replace(brought_to(FakeTicketBook(), TicketState.UNCERTAIN), **changes)  # type: ignore[arg-type]


def test_two_clean_looks_a_minute_apart_prove_it() -> None:
    assert lacking(record(), [look(10), look(70)], NOW + 70 * SECOND) == ""


@pytest.mark.parametrize(
    "rounds", [[], [look(10)], [look(10), look(69.9)], [look(70), look(70)]], ids=len
)
def test_fewer_looks_or_closer_ones_do_not(rounds: list[Round]) -> None:
    assert "60 s apart" in lacking(record(), rounds, NOW + 70 * SECOND)


def test_a_doubt_at_the_last_look_is_what_is_told() -> None:
    assert lacking(record(), [look(10), look(70, DOUBT)], NOW + 70 * SECOND) == DOUBT


def test_a_doubt_between_begins_the_minute_anew() -> None:
    rounds = [look(0), look(60, DOUBT), look(70), look(129)]
    assert "60 s apart" in lacking(record(), rounds, NOW + 129 * SECOND)
    assert lacking(record(), [*rounds, look(130)], NOW + 130 * SECOND) == ""


def test_a_look_over_a_former_connection_does_not_count() -> None:
    rounds = [look(0), look(70, epoch=4)]
    assert "one undisturbed connection" in lacking(record(), rounds, NOW + 70 * SECOND)
    assert lacking(record(), [*rounds, look(130, epoch=4)], NOW + 130 * SECOND) == ""


def test_an_interruption_between_begins_the_minute_anew() -> None:
    back = NOW + 30 * SECOND  # Interactive Brokers was lost and is back, on the same connection
    rounds = [look(0), look(70, since=back)]
    assert "undisturbed" in lacking(record(), rounds, NOW + 70 * SECOND)
    assert lacking(record(), [*rounds, look(130, since=back)], NOW + 130 * SECOND) == ""


def test_looks_of_two_processes_do_not_join_although_each_counts_from_one() -> None:
    rounds = [look(0, epoch=1), look(70, epoch=1, since=NOW + 69 * SECOND)]
    assert "undisturbed" in lacking(record(), rounds, NOW + 70 * SECOND)


def test_a_look_of_another_process_between_two_begins_the_minute_anew() -> None:
    rounds = [look(0), look(30, since=NOW), look(70)]
    assert "undisturbed" in lacking(record(), rounds, NOW + 70 * SECOND)


def test_looks_that_do_not_tell_since_when_nothing_interrupted_prove_nothing() -> None:
    rounds = [look(0, since=None), look(70, since=None)]
    assert "undisturbed" in lacking(record(), rounds, NOW + 70 * SECOND)


def test_what_the_gateway_has_numbered_it_had() -> None:
    told = lacking(record(perm_id="77"), [look(0), look(60)], NOW + 60 * SECOND)
    assert "numbered or executed" in told


def test_what_was_executed_in_part_it_had() -> None:
    told = lacking(record(filled=Decimal(1)), [look(0), look(60)], NOW + 60 * SECOND)
    assert "numbered or executed" in told


def test_on_another_day_nothing_is_proven() -> None:
    tomorrow = 86400.0
    rounds = [look(tomorrow), look(tomorrow + 60)]
    assert "another day" in lacking(record(), rounds, NOW + (tomorrow + 60) * SECOND)


def test_the_day_is_told_in_utc_whatever_zone_the_claim_names() -> None:
    east = dt.timezone(dt.timedelta(hours=9))  # the claim's date is a day later there
    at = NOW.astimezone(east)
    assert at.date() != NOW.date()
    assert lacking(record(claimed_at=at), [look(10), look(70)], NOW + 70 * SECOND) == ""


def test_what_was_never_claimed_is_no_case_for_a_proof() -> None:
    assert lacking(record(claimed_at=None), [look(10), look(70)], NOW + 70 * SECOND)
