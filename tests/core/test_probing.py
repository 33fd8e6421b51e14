"""What a probe that was kept says of a gateway that is to be traded at."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from sellkit.core.portfolio import GatewayKind
from sellkit.core.probing import (
    VALIDITY,
    ProbedGateway,
    Question,
    bad,
    carried,
    good,
    not_measured,
    noted,
    standing_of,
)
from tests.build import NOW, SECOND, account
from tests.probes import probe_record, probed


def test_a_gateway_that_was_never_probed_has_not_passed() -> None:
    found = standing_of(None, probed(), NOW)
    assert found.passed_at is None
    assert "never probed" in str(found.trouble)


def test_a_passed_probe_of_this_gateway_and_account_counts() -> None:
    found = standing_of(probe_record(), probed(), NOW + dt.timedelta(days=1))
    assert (found.passed_at, found.trouble) == (NOW, None)


def test_what_was_noted_or_not_measured_does_not_stand_in_the_way() -> None:
    record = probe_record(LOTS=noted("lots", "-"), FINAL=not_measured("closed", "later"))
    assert record.is_passed


def test_one_bad_answer_fails_a_probe_and_is_named() -> None:
    record = probe_record(HOURS=bad("neither anchor", "-"))
    found = standing_of(record, probed(), NOW)
    assert not record.is_passed
    assert found.passed_at is None
    assert "(hours)" in str(found.trouble)


def test_a_probe_that_left_a_question_out_has_not_passed() -> None:
    whole = probe_record()
    assert not replace(whole, findings=whole.findings[1:]).is_passed
    assert not replace(whole, findings=()).is_passed


def test_it_counts_for_thirty_days_and_no_second_longer() -> None:
    assert VALIDITY.days == 30
    assert standing_of(probe_record(), probed(), NOW + VALIDITY).trouble is None
    found = standing_of(probe_record(), probed(), NOW + VALIDITY + SECOND)
    assert "more than 30 days old" in str(found.trouble)


def test_one_that_lies_ahead_of_now_does_not_count() -> None:
    found = standing_of(probe_record(), probed(), NOW - dt.timedelta(minutes=6))
    assert "ahead of now" in str(found.trouble)
    assert standing_of(probe_record(), probed(), NOW - dt.timedelta(minutes=1)).trouble is None


OTHERS = {
    "port": probed(address="127.0.0.1:4001"),
    "kind": probed(kind=GatewayKind.LIVE),
    "account": probed(account("DU7654321", "other")),
    "version": probed(server_version=180),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_probe_of_another_gateway_or_account_does_not_count(other: ProbedGateway) -> None:
    found = standing_of(probe_record(), other, NOW)
    assert found.passed_at is None
    assert "sellkit probe" in str(found.trouble)
    assert not tuple(carried(probe_record(), other, NOW))


def test_a_version_that_was_not_asked_for_is_not_compared() -> None:
    assert standing_of(probe_record(), probed(server_version=0), NOW).trouble is None


def test_what_only_some_probes_measure_is_kept_from_an_earlier_one() -> None:
    record = probe_record(REFERENCE=not_measured("takes an order", "-"))
    assert [each.question for each in carried(record, probed(), NOW)] == [Question.FINAL]


def test_what_is_too_old_is_not_kept() -> None:
    assert not tuple(carried(probe_record(), probed(), NOW + VALIDITY + SECOND))
    assert not tuple(carried(None, probed(), NOW))


def test_a_finding_is_found_by_its_question() -> None:
    record = probe_record(LOTS=good("shares", "-"))
    found = record.found(Question.LOTS)
    assert found is not None
    assert found.answer == "shares"
