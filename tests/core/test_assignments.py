"""Fourteen averages on two timeframes, read as people write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.core.assignments import (
    ALL_AVERAGES,
    ALL_CHOICES,
    Assignment,
    MaKind,
    MovingAverage,
    Timeframe,
    parse_choice,
)
from sellkit.core.bars import BarSize
from sellkit.errors import InvalidAssignment, InvalidToken
from tests.build import assignment, average

choices = st.sampled_from(ALL_CHOICES)
blanks = st.sampled_from(["", " ", "\t", "  "])


def test_there_are_fourteen_averages_and_twenty_eight_choices() -> None:
    assert len(set(ALL_AVERAGES)) == 14
    assert len(set(ALL_CHOICES)) == 28
    assert {each.length for each in ALL_AVERAGES} == {5, 10, 20, 50, 100, 150, 200}


@given(choices, blanks, blanks, st.sampled_from([str.lower, str.upper, str.title]))
def test_an_assignment_is_read_in_any_case_and_with_blanks_around(
    choice: tuple[MovingAverage, Timeframe], before: str, after: str, write: Callable[[str], str]
) -> None:
    moving_average, timeframe = choice
    fields = ["NYSE:BRK B", moving_average.kind, str(moving_average.length), timeframe]
    read = Assignment.parse(*(before + write(field) + after for field in fields))
    assert (read.average, read.timeframe) == choice
    assert str(read.token) == "NYSE:BRK.B"


@given(choices)
def test_a_choice_is_read_back_from_its_label(choice: tuple[MovingAverage, Timeframe]) -> None:
    moving_average, timeframe = choice
    assert parse_choice(f"{moving_average} {timeframe}") == choice


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (("NASDAQ:AAPL", "WMA", "50", "1H"), "type 'WMA' is not one of SMA, EMA"),
        (("NASDAQ:AAPL", "", "50", "1H"), "type '' is not one of SMA, EMA"),
        (("NASDAQ:AAPL", "SMA", "51", "1H"), "length 51 is not one of 5, 10, 20, 50"),
        (("NASDAQ:AAPL", "SMA", "-5", "1H"), "length '-5' is not one of 5, 10, 20, 50"),
        (("NASDAQ:AAPL", "SMA", "5.0", "1H"), "length '5.0' is not one of 5, 10, 20, 50"),
        (("NASDAQ:AAPL", "SMA", "", "1H"), "length '' is not one of 5, 10, 20, 50"),
        (("NASDAQ:AAPL", "SMA", "50", "4H"), "timeframe '4H' is not one of 1H, 1D"),
        (("NASDAQ:AAPL", "SMA", "50", ""), "timeframe '' is not one of 1H, 1D"),
    ],
)
def test_a_wrong_field_is_refused_with_its_value_and_the_choices(
    fields: tuple[str, str, str, str], complaint: str
) -> None:
    with pytest.raises(InvalidAssignment, match=complaint):
        Assignment.parse(*fields)


def test_an_assignment_needs_an_exchange() -> None:
    with pytest.raises(InvalidToken):
        Assignment.parse("AAPL", "SMA", "50", "1H")


@pytest.mark.parametrize("text", ["", "SMA 50", "SMA 50 1H now", "SMA50 1H"])
def test_a_choice_has_three_words(text: str) -> None:
    with pytest.raises(InvalidAssignment, match="write type, length and timeframe: SMA 50 1H"):
        parse_choice(text)


@pytest.mark.parametrize("length", [0, 1, 49, 201])
def test_an_average_of_another_length_cannot_be_made(length: int) -> None:
    with pytest.raises(InvalidAssignment, match=f"length {length} is not one of"):
        MovingAverage(MaKind.EMA, length)


def test_an_assignment_is_shown_in_words() -> None:
    assert assignment("ema 200 1d").label == "EMA 200 1D"
    assert str(assignment("SMA 50 1H")) == "NASDAQ:AAPL SMA 50 1H"


def test_an_average_names_its_column() -> None:
    assert average("EMA 150").column == "ema_150"


def test_a_timeframe_knows_its_bars() -> None:
    assert (Timeframe.H1.bar_size, Timeframe.D1.bar_size) == (BarSize.H1, BarSize.D1)


def test_an_sma_forgets_its_seed_with_its_first_full_length() -> None:
    assert [average("SMA 50").seed_weight(bars) for bars in (0, 49, 50, 51)] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("choice", "bars", "weight"),
    [
        ("EMA 50", 49, 1.0),
        ("EMA 50", 50, 1.0),
        ("EMA 5", 6, 2 / 3),
        ("EMA 200", 400, 0.1353),
        ("EMA 200", 252, 0.5945),
        ("EMA 100", 252, 0.0478),
        ("EMA 50", 252, 0.0003),
    ],
)
def test_the_seed_of_an_ema_fades_with_every_bar(choice: str, bars: int, weight: float) -> None:
    assert average(choice).seed_weight(bars) == pytest.approx(weight, abs=5e-5)


@pytest.mark.parametrize(
    ("length", "limit", "after_seed"),
    [
        (20, 1e-3, 70),
        (20, 1e-4, 93),
        (50, 1e-3, 173),
        (50, 1e-4, 231),
        (100, 1e-3, 346),
        (100, 1e-4, 461),
        (200, 1e-3, 691),
        (200, 1e-4, 922),
    ],
)
def test_an_ema_needs_this_many_bars_after_its_seed(
    length: int, limit: float, after_seed: int
) -> None:
    assert MovingAverage(MaKind.EMA, length).bars_needed(limit) == length + after_seed


@given(st.sampled_from(ALL_AVERAGES), st.floats(1e-9, 0.9))
def test_the_bars_needed_are_enough_and_one_fewer_is_not(
    moving_average: MovingAverage, limit: float
) -> None:
    needed = moving_average.bars_needed(limit)
    assert moving_average.seed_weight(needed) <= limit * (1 + 1e-9)
    assert moving_average.seed_weight(needed - 1) > limit * (1 - 1e-9)
