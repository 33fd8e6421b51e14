"""A row tells what is known of a position, what is not, and what would be sent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sellkit.core.assignments import LENGTHS
from sellkit.core.gates import DeferredTicket, DeniedTicket, PreparedTicket
from sellkit.core.signals import Decision, Signal
from sellkit.core.snapshot import SnapshotRow, in_display_order
from tests.build import (
    assignment,
    open_order,
    position,
    reading,
    readings,
    row,
    signal,
    ticket,
    utc,
)


def unassigned() -> Signal:
    return Signal(position(), None, Decision.UNDECIDED, ("unassigned: choose one",))


def with_reading(
    choice: str = "SMA 50 1H", value: float | None = 100.0, seed: float = 0.0
) -> SnapshotRow:
    """A row that has the reading of its assigned average alone."""
    assigned = signal(assigned=assignment(choice))
    return row(signal=assigned, readings=(reading(choice, value, seed),))


# --- one reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("close", "percent"), [(80.0, 25.0), (100.0, 0.0), (125.0, -20.0)])
def test_percent_to_cross_is_from_the_close_to_the_average(close: float, percent: float) -> None:
    assert reading(value=100.0).percent_to_cross(close) == percent


def test_percent_to_cross_is_unknown_without_an_average() -> None:
    assert reading(value=None).percent_to_cross(100.0) is None


def test_a_reading_is_labelled_as_its_assignment() -> None:
    assert reading("EMA 20 1D").label == assignment("EMA 20 1D").label == "EMA 20 1D"


# --- a row ----------------------------------------------------------------------------------------


def test_a_row_finds_the_reading_of_its_assigned_average() -> None:
    found = row(signal=signal(assigned=assignment("EMA 100 1D"))).assigned
    assert found is not None
    assert found.label == "EMA 100 1D"


def test_a_row_without_assignment_or_without_bars_has_no_assigned_reading() -> None:
    assert row(signal=unassigned()).assigned is None
    assert row(readings=()).assigned is None


def test_the_family_is_the_seven_lengths_of_the_assigned_kind_and_timeframe() -> None:
    family = row(signal=signal(assigned=assignment("EMA 100 1D"))).family
    assert [each.label for each in family] == [f"EMA {length} 1D" for length in LENGTHS]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_family_of_an_unassigned_row_is_the_hourly_sma(reverse: bool) -> None:
    known = readings()[::-1] if reverse else readings()
    family = row(signal=unassigned(), readings=known).family
    assert {each.label for each in family} == {f"SMA {length} 1H" for length in LENGTHS}


def test_the_family_is_never_that_of_another_kind_or_timeframe() -> None:
    hours_only = tuple(each for each in readings() if each.label.endswith("1H"))
    daily = signal(assigned=assignment("EMA 100 1D"))
    assert row(signal=daily, readings=hours_only).family == ()


def test_the_family_is_empty_without_bars() -> None:
    assert row(readings=()).family == ()


@pytest.mark.parametrize(
    ("changes", "distance"),
    [
        ({"last_close": 80.0}, 25.0),
        ({"last_close": None}, None),
        ({"readings": ()}, None),
        ({"readings": readings(None)}, None),
        ({"signal": unassigned()}, None),
    ],
)
def test_the_distance_is_known_with_a_close_and_an_assigned_average(
    changes: dict[str, object], distance: float | None
) -> None:
    assert row(**changes).distance_percent == distance


@pytest.mark.parametrize(
    ("cost", "close", "average", "is_above"),
    [
        ("98.99", 99.0, 100.0, True),
        ("99", 99.0, 100.0, False),
        ("99.5", 101.0, 99.5, False),
        ("120", 99.0, 100.0, False),
        (None, 99.0, 100.0, None),
        ("90", None, 100.0, None),
        ("90", 99.0, None, None),
    ],
)
def test_above_break_even_is_yes_no_or_unknown(
    cost: str | None, close: float | None, average: float | None, is_above: bool | None
) -> None:
    held = signal(position(cost=cost))
    found = row(signal=held, last_close=close, readings=readings(average)).above_break_even
    assert found is is_above


def test_above_break_even_is_unknown_without_an_assignment() -> None:
    assert row(signal=unassigned()).above_break_even is None


def test_stop_prices_are_those_of_the_orders_that_have_one() -> None:
    orders = (open_order(stop="80"), open_order(stop=None), open_order(stop="81.5"))
    assert row(open_orders=orders).stop_prices == (Decimal(80), Decimal("81.5"))


@pytest.mark.parametrize(
    ("described", "warm_up"),
    [
        (with_reading(), "warm"),
        (with_reading("EMA 50 1H", seed=0.001), "warm"),
        (with_reading("EMA 50 1H", seed=0.125), "amber: seed weighs 12.5%"),
        (with_reading("EMA 50 1H", value=None, seed=1.0), "short: 12 of 50 bars"),
        (row(signal=unassigned()), "-"),
    ],
)
def test_the_warm_up_is_told_in_words(described: SnapshotRow, warm_up: str) -> None:
    assert described.warm_up == warm_up


def test_an_approved_ticket_would_be_sent() -> None:
    assert row(verdict=PreparedTicket(ticket())).would_send.startswith("yes")


def test_a_deferred_ticket_tells_until_when() -> None:
    verdict = DeferredTicket(ticket(), utc("2026-01-29 14:30"))
    expected = "no: deferred to the next open, 2026-01-29 14:30 UTC"
    assert row(verdict=verdict).would_send == expected


def test_a_denied_ticket_tells_every_reason() -> None:
    verdict = DeniedTicket(ticket(), ("one thing", "another"))
    assert row(verdict=verdict).would_send == "no: one thing; another"


def test_a_row_without_a_ticket_tells_its_decision_and_why() -> None:
    assert row(signal=unassigned()).would_send == "no: UNDECIDED, unassigned: choose one"


# --- order ----------------------------------------------------------------------------------------


def named(token: str, decision: Decision, cost: str | None) -> SnapshotRow:
    return row(signal=signal(position(token, cost=cost), decision))


def test_rows_above_break_even_come_first_then_exits_then_by_token() -> None:
    wanted = [
        named("NYSE:Z", Decision.EXIT, "90"),
        named("NASDAQ:B", Decision.HOLD, "90"),
        named("NYSE:A", Decision.HOLD, "90"),
        named("NASDAQ:C", Decision.EXIT, "500"),
        named("NASDAQ:D", Decision.EXIT, None),
        named("NASDAQ:A", Decision.HOLD, "500"),
        named("NASDAQ:A", Decision.UNDECIDED, None),
        named("NASDAQ:A", Decision.EXCLUDED, None),
    ]
    assert in_display_order(wanted[::-1]) == wanted
    assert in_display_order(wanted[3:] + wanted[:3]) == wanted
