"""The published limits on requests for small bars."""

from __future__ import annotations

from sellkit.simgateway.pacing import Pacing


class Steady:
    """Real seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_same_request_is_refused_for_15_seconds() -> None:
    steady = Steady()
    pacing = Pacing(steady)
    assert pacing.admits("a", "A", "TRADES")
    steady.seconds = 14.9
    assert not pacing.admits("a", "A", "TRADES")
    steady.seconds = 15.0
    assert pacing.admits("a", "A", "TRADES")


def test_the_sixth_request_for_one_series_within_2_seconds_is_refused() -> None:
    steady = Steady()
    pacing = Pacing(steady)
    assert [pacing.admits(number, "A", "TRADES") for number in range(6)] == [True] * 5 + [False]
    assert pacing.admits(6, "B", "TRADES")
    steady.seconds = 2.0
    assert pacing.admits(7, "A", "TRADES")


def test_the_61st_request_within_10_minutes_is_refused() -> None:
    steady = Steady()
    pacing = Pacing(steady)
    assert all(pacing.admits(number, number, "TRADES") for number in range(60))
    steady.seconds = 599.0
    assert not pacing.admits(60, 60, "TRADES")
    steady.seconds = 600.0
    assert pacing.admits(60, 60, "TRADES")


def test_both_sides_of_the_book_count_double() -> None:
    pacing = Pacing(Steady())
    assert all(pacing.admits(number, number, "BID_ASK") for number in range(30))
    assert not pacing.admits(30, 30, "TRADES")
