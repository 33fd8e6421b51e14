"""The tables in a terminal and in a pipe."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from rich.console import Console

from sellkit.core.assignments import LENGTHS
from sellkit.present.terminal import (
    print_status,
    terminal_table,
)
from tests import build
from tests.present.holdings import HEADING, HOLDINGS, Holding, portfolio

WARMING = HOLDINGS[5]  # 30.1 % of its EMA 200 is seed
FRESH = Holding("NASDAQ:NEW", "SMA 5 1H", bars=50)  # its EMA 50 is nothing but seed
TITLES = [f"%{length}" for length in LENGTHS]
EXPLAINED = "%5 to %200: % to cross, from the close to the average of that length"
MARK_EXPLAINED = "~ an EMA still warming up: more than 0.1 % of it is the seed it began with"


def _screen(
    width: int,
    *,
    all_averages: bool = False,
    colour: bool = False,
    holdings: Iterable[Holding] = HOLDINGS,
) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=True,
        highlight=False,
        color_system="standard" if colour else None,
        _environ={},
    )
    table = terminal_table(portfolio(holdings), HEADING, width=width, all_averages=all_averages)
    console.print(table)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 137, 150, 180, 200])
@pytest.mark.parametrize("all_averages", [False, True])
def test_every_name_and_number_is_whole_at_any_width(width: int, *, all_averages: bool) -> None:
    screen = _screen(width, all_averages=all_averages)
    assert max(map(len, screen.splitlines())) <= width
    assert "…" not in screen
    words = screen.split()
    for holding in HOLDINGS:
        assert holding.token in words
    for number in ("179.67", "184.9458", "5,000.00", "-14.76", "+2.94", "UNDECIDED", "abv_be"):
        assert number in words


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("all_averages", [False, True])
def test_the_percentages_have_titles_and_every_sign_is_explained_in_one_line(
    width: int, *, all_averages: bool
) -> None:
    lines = [line.rstrip() for line in _screen(width, all_averages=all_averages).splitlines()]
    (titles,) = [line.split() for line in lines if "%5 " in line and EXPLAINED not in line]
    start = titles.index("%5")
    assert titles[start : start + len(LENGTHS)] == TITLES
    assert lines[-2:] == [EXPLAINED, MARK_EXPLAINED]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_nothing_of_the_prose_is_cut_off(width: int) -> None:
    words = _screen(width).split()
    for word in ("stop", "61.50", "(own)", "run", "30.1%", "break-even:", "5000.0000", "decided"):
        assert word in words


def test_a_wide_screen_has_one_table_and_a_narrow_one_three() -> None:
    assert _screen(200).count("NASDAQ:AAPL") == 1
    assert _screen(150).count("NASDAQ:AAPL") == 2
    assert _screen(80).count("NASDAQ:AAPL") == 3


def test_decisions_and_break_even_are_coloured_on_a_screen() -> None:
    screen = _screen(200, colour=True)
    assert "\x1b[1;37;41mEXIT" in screen
    assert "\x1b[32mHOLD" in screen
    assert "\x1b[1;33mUNDECIDED" in screen
    assert "\x1b[1;32myes" in screen


def test_a_pipe_gets_plain_text_with_one_line_a_position() -> None:
    out = io.StringIO()
    print_status(portfolio(), HEADING, stream=out)
    text = out.getvalue()
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.splitlines()[0].startswith(" DRY RUN")
    for holding in HOLDINGS:
        assert sum(line.startswith(f"{holding.token} ") for line in text.splitlines()) == 1


def test_all_averages_add_four_lines_a_position() -> None:
    out = io.StringIO()
    print_status(portfolio(HOLDINGS[:2]), HEADING, all_averages=True, stream=out)
    lines = out.getvalue().splitlines()
    assert sum("1D EMA" in line for line in lines) == 2
    assert sum("1H SMA" in line for line in lines) == 2


def _families(holding: Holding) -> dict[str, list[str]]:
    """The seven percentages of each family under `--all`, by its label."""
    screen = _screen(120, all_averages=True, holdings=[holding])
    lines = [line.split() for line in screen.partition("% to cross")[2].splitlines()]
    return {" ".join(line[-9:-7]): line[-7:] for line in lines if line[-8:-7] in (["SMA"], ["EMA"])}


def test_of_all_averages_those_with_too_much_seed_are_marked_and_no_other() -> None:
    marked = {
        label: [length for length, cell in zip(LENGTHS, cells, strict=True) if "~" in cell]
        for label, cells in _families(WARMING).items()
    }
    assert marked == {
        "1H SMA": [],
        "1H EMA": [100, 150, 200],
        "1D SMA": [],
        "1D EMA": [100, 150, 200],
    }


def test_an_ema_that_is_nothing_but_its_seed_is_marked() -> None:
    families = _families(FRESH)
    sma, ema = families["1D SMA"], families["1D EMA"]
    assert ema[3] == f"~{sma[3]}"
    assert ema[4:] == sma[4:] == ["-", "-", "-"]
    assert ema[0][0] != "~"


def test_a_marked_percentage_is_amber_and_the_assigned_one_strong_too() -> None:
    screen = _screen(120, all_averages=True, colour=True, holdings=[WARMING])
    assert "\x1b[33m~-1.69" in screen
    assert "\x1b[1;33m~-2.89" in screen


def test_the_mark_survives_a_pipe_and_is_not_explained_where_nothing_bears_it() -> None:
    for holding, is_marked in ((WARMING, True), (HOLDINGS[0], False)):
        out = io.StringIO()
        print_status(portfolio([holding]), HEADING, stream=out)
        assert ("~-2.89" in out.getvalue()) is is_marked
        assert (MARK_EXPLAINED in out.getvalue()) is is_marked
        assert EXPLAINED in out.getvalue()


def test_square_brackets_in_a_reason_are_no_markup() -> None:
    signal = build.Signal(
        build.position(), build.assignment(), build.Decision.UNDECIDED, ("see [red]bars[/red]",)
    )
    out = io.StringIO()
    print_status([build.row(signal=signal)], HEADING, stream=out)
    assert "see [red]bars[/red]" in out.getvalue()


def test_no_positions_are_said() -> None:
    out = io.StringIO()
    print_status([], HEADING, stream=out)
    assert "No positions." in out.getvalue()
