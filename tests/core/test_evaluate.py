"""The evaluator: strictly below is EXIT, doubt is UNDECIDED, and the evidence is complete."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.aggregate import CompletedBars, completed, fold
from sellkit.core.assignments import Assignment
from sellkit.core.bars import BarSize
from sellkit.core.evaluate import DailyBasis, History, evaluate
from sellkit.core.signals import Decision, Signal
from tests.build import (
    NOW,
    assignment,
    bars,
    broken,
    certificate,
    history,
    position,
    session_halves,
    session_hours,
    utc,
)

RISING = [100.0, 101.0, 102.0, 103.0, 104.0]
FALLING = RISING[::-1]
FLAT = [100.0] * 5
SMA_5_1H = assignment("SMA 5 1H")
SMA_5_1D = assignment("SMA 5 1D")


def days(closes: list[float]) -> CompletedBars:
    return history(closes, BarSize.D1)


def judged(
    hours: CompletedBars,
    assigned: Assignment = SMA_5_1H,
    daily: CompletedBars | None = None,
    basis: DailyBasis = DailyBasis.CLOSE,
) -> Signal:
    return evaluate(position(), assigned, History(hours, daily or broken()), basis)


# --- the rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closes", "decision", "relation"),
    [
        (FALLING, Decision.EXIT, "strictly below"),
        (FLAT, Decision.HOLD, "not below"),
        (RISING, Decision.HOLD, "not below"),
    ],
)
@pytest.mark.parametrize("choice", ["SMA 5 1H", "EMA 5 1H"])
def test_only_a_close_strictly_below_the_average_exits(
    closes: list[float], decision: Decision, relation: str, choice: str
) -> None:
    signal = judged(history(closes), assignment(choice))
    assert signal.decision is decision
    assert relation in signal.reasons[0]


def test_the_reason_tells_close_and_average() -> None:
    signal = judged(history(FALLING))
    assert signal.reasons == ("close 100.0000 is strictly below SMA 5 1H 102.0000",)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(9_990, 10_010), min_size=10, max_size=25))
def test_the_decision_is_the_exact_comparison_of_close_and_mean(cents: list[int]) -> None:
    signal = judged(history([each / 100 for each in cents]), assignment("SMA 10 1H"))
    is_below = cents[-1] < Fraction(sum(cents[-10:]), 10)
    assert signal.decision is (Decision.EXIT if is_below else Decision.HOLD)


# --- doubt ----------------------------------------------------------------------------------------


def test_a_position_without_an_assignment_is_undecided_and_told_what_to_do() -> None:
    signal = evaluate(position(), None, History(history(FALLING), days(FALLING)))
    assert signal.decision is Decision.UNDECIDED
    assert signal.certificate is None
    assert "sellkit assign NASDAQ:AAPL SMA 50 1H" in signal.reasons[0]


def test_a_position_without_bars_is_undecided() -> None:
    signal = evaluate(position(), SMA_5_1H, None)
    assert (signal.decision, signal.reasons) == (Decision.UNDECIDED, ("no bars could be had",))


def test_a_last_bar_that_cannot_be_used_is_undecided_with_its_problem() -> None:
    signal = judged(broken("the bar is missing"), daily=days(FALLING))
    assert (signal.decision, signal.reasons) == (Decision.UNDECIDED, ("the bar is missing",))
    assert signal.certificate is None


@pytest.mark.parametrize("choice", ["SMA 10 1H", "EMA 10 1H"])
def test_a_history_one_bar_too_short_is_undecided(choice: str) -> None:
    signal = judged(history([100.0] * 9), assignment(choice))
    assert signal.decision is Decision.UNDECIDED
    assert f"{choice} needs 10 bars in a row, has 9" in signal.reasons[0]


@pytest.mark.parametrize("choice", ["SMA 10 1H", "EMA 10 1H"])
def test_a_history_of_exactly_its_length_decides(choice: str) -> None:
    signal = judged(history([100.0] * 10), assignment(choice))
    assert signal.decision is Decision.HOLD


def test_bars_before_a_hole_do_not_help_an_average() -> None:
    slots = list(session_hours()[:6])
    hole = completed(bars([slots[0], *slots[2:]], FALLING), slots)
    signal = judged(hole)
    assert signal.decision is Decision.UNDECIDED
    assert "has 4" in signal.reasons[0]


# --- what is never decided ------------------------------------------------------------------------


@pytest.mark.parametrize("security_type", ["OPT", "FUT", "CASH"])
def test_other_securities_than_stock_are_excluded(security_type: str) -> None:
    held = position(security_type=security_type)
    signal = evaluate(held, SMA_5_1H, History(history(FALLING), broken()))
    assert signal.decision is Decision.EXCLUDED
    assert security_type in signal.reasons[0]


@pytest.mark.parametrize("quantity", ["-1", "-0.5"])
def test_short_positions_are_excluded(quantity: str) -> None:
    signal = evaluate(position(quantity=quantity), SMA_5_1H, History(history(FALLING), broken()))
    assert signal.decision is Decision.EXCLUDED
    assert "short" in signal.reasons[0]


def test_a_position_of_nothing_is_excluded() -> None:
    signal = evaluate(position(quantity="0"), SMA_5_1H, History(history(FALLING), broken()))
    assert signal.decision is Decision.EXCLUDED


def test_an_excluded_position_needs_no_assignment_and_no_bars() -> None:
    assert evaluate(position(quantity="-1"), None, None).decision is Decision.EXCLUDED


# --- daily averages -------------------------------------------------------------------------------


def test_a_daily_assignment_is_judged_on_the_days_close() -> None:
    signal = judged(history(RISING), SMA_5_1D, days(FALLING))
    assert signal.decision is Decision.EXIT
    assert signal.certificate is not None
    assert signal.certificate.slot.end == utc("2026-01-27 21:00")


def test_a_daily_assignment_needs_no_hours() -> None:
    assert judged(broken(), SMA_5_1D, days(FALLING)).decision is Decision.EXIT


def test_an_hourly_assignment_needs_no_days() -> None:
    assert judged(history(FALLING), SMA_5_1H, broken()).decision is Decision.EXIT


@pytest.mark.parametrize(
    ("last", "decision"), [(101.99, Decision.EXIT), (102.0, Decision.HOLD), (102.01, Decision.HOLD)]
)
def test_on_the_hourly_basis_the_hours_close_is_held_against_the_daily_average(
    last: float, decision: Decision
) -> None:
    hours = history([50.0, 50.0, last])
    signal = judged(hours, SMA_5_1D, days(RISING), DailyBasis.HOURLY)
    assert signal.decision is decision
    assert signal.certificate is not None
    assert (signal.certificate.close, signal.certificate.average) == (last, 102.0)
    assert signal.certificate.slot == session_hours()[5]
    assert signal.certificate.bars_used == 5


@pytest.mark.parametrize("is_hours", [True, False])
def test_on_the_hourly_basis_hours_and_days_must_both_be_sound(is_hours: bool) -> None:
    hours = broken("a problem") if is_hours else history(FALLING)
    daily = days(FALLING) if is_hours else broken("a problem")
    signal = judged(hours, SMA_5_1D, daily, DailyBasis.HOURLY)
    assert (signal.decision, signal.reasons) == (Decision.UNDECIDED, ("a problem",))


def test_the_hourly_basis_changes_nothing_for_an_hourly_assignment() -> None:
    assert judged(history(FALLING), basis=DailyBasis.HOURLY) == judged(history(FALLING))


# --- evidence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("closes", [FALLING, RISING])
def test_every_decision_carries_its_evidence(closes: list[float]) -> None:
    signal = judged(history(closes))
    proof = signal.certificate
    assert proof is not None
    assert (proof.slot.start, proof.slot.end) == (utc("2026-01-28 19:00"), utc("2026-01-28 20:00"))
    assert proof.parts == 2
    assert proof.slot.end < proof.fetched_at < NOW
    assert (proof.close, proof.average) == (closes[-1], 102.0)
    assert (proof.bars_used, proof.seed_weight, proof.price_basis) == (5, 0.0, "TRADES")


def test_the_evidence_tells_the_weight_of_an_emas_seed() -> None:
    proof = judged(history([100.0] * 7), assignment("EMA 5 1H")).certificate
    assert proof is not None
    assert (proof.bars_used, proof.seed_weight) == (7, pytest.approx(4 / 9))


def test_the_evidence_counts_one_half_hour_for_the_stub() -> None:
    slots = list(session_hours()[:1])
    stub = completed(fold(bars(session_halves()), slots), slots)
    five = replace(stub, frame=bars(session_hours()[:5], FALLING).iloc[-5:])
    proof = judged(five).certificate
    assert proof is not None
    assert proof.parts == 1


def test_the_distance_is_measured_from_the_close_and_negative_below_the_price() -> None:
    assert certificate(close=80.0, average=100.0).distance_percent == 25.0
    assert certificate(close=125.0, average=100.0).distance_percent == -20.0


def test_a_contract_that_the_gateway_cannot_tell_is_undecided_with_the_reason() -> None:
    held = position()
    gone = replace(held, instrument=replace(held.instrument, problem="it is gone (200)"))
    found = evaluate(gone, SMA_5_1H, History(history(FALLING), broken()))
    assert (found.decision, found.reasons) == (Decision.UNDECIDED, ("it is gone (200)",))
