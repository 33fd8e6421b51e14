"""A watch on a screen, in a pipe and as JSON."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.console import Console

from sellkit.core.pacing import Usage
from sellkit.core.watched import Watched, WatchedRow
from sellkit.present.live import view_of
from sellkit.present.watched import screenful
from sellkit.present.watched_columns import age_in_words, watched_record
from tests.build import NOW, open_order
from tests.present.holdings import HEADING, HOLDINGS, portfolio

AGE = dt.timedelta(seconds=12)
LATE = dt.timedelta(minutes=7)
TROUBLE = "no answer within 60 s"


def rows(trouble: str = "", at: dt.datetime | None = NOW) -> tuple[WatchedRow, ...]:
    """The usual holdings, refreshed at a moment."""
    return tuple(
        WatchedRow(row=each, bar=None, refreshed_at=at, trouble=trouble) for each in portfolio()
    )


def watched(shown: Iterable[WatchedRow] = rows(), **changes: object) -> Watched:
    usual = Watched(
        account="main",
        minute=3,
        due=NOW,
        refreshed_at=NOW,
        rows=tuple(shown),
        skipped=1,
        requests=9,
        seconds=4.2,
        usage=Usage(sent=27, open=0, left=8, per_second=10.0, kept_seconds=0.0),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def screen(found: Watched, width: int = 120, height: int = 60, after: dt.timedelta = AGE) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, color_system=None, _environ={})
    console.print(screenful(found, HEADING, NOW + after, width, height))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_every_row_is_whole_at_any_width_with_its_age(width: int) -> None:
    text = screen(watched(), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for holding in HOLDINGS:
        assert holding.token in text
    assert text.count("12 s") == len(HOLDINGS)


def test_what_the_minute_cost_stands_above_the_table() -> None:
    text = screen(watched(), 160)
    for part in ("minute 3", "1 skipped", "9 requests in 4.2 s", "27 sent in 10 min", "8 free now"):
        assert part in text


def test_a_row_that_was_not_refreshed_says_so_without_colours() -> None:
    text = screen(watched(rows(TROUBLE)), after=LATE)
    assert "was HOLD" in text
    assert "7 min" in text
    assert TROUBLE in text
    assert f"{len(HOLDINGS)} of {len(HOLDINGS)} rows not refreshed" in text


def test_the_same_reason_is_told_once_for_all_rows() -> None:
    assert screen(watched(rows(TROUBLE))).count(TROUBLE) == 1


def test_a_stop_on_the_position_is_shown() -> None:
    assert "61.50" in screen(watched())


def test_a_trail_whose_price_was_not_told_is_not_passed_over() -> None:
    order = replace(open_order(stop="61.5"), order_type="TRAIL", stop_price=None)
    (held, *_) = rows()
    row = replace(held, row=replace(held.row, open_orders=(order,)))
    text = screen(watched([row]))
    assert "TRAIL ?" in text
    assert "none" not in text
    assert watched_record(row, NOW)["untold_stops"] == ["TRAIL"]


@pytest.mark.parametrize("height", [12, 14, 16, 20])
def test_it_never_takes_more_lines_than_the_screen_has_and_says_what_is_left_out(
    height: int,
) -> None:
    text = screen(watched(), 80, height)
    assert len(text.splitlines()) <= height
    assert "without room here" in text


def test_exits_and_doubts_come_first_where_there_is_little_room() -> None:
    text = screen(watched(), 120, 12)
    assert "EXIT" in text
    assert "EXCLUDED" not in text


def test_what_keeps_all_from_being_refreshed_is_said_with_the_age() -> None:
    text = screen(watched(trouble="the gateway is away"), after=LATE)
    assert "the gateway is away; rows are 7 min old" in text


def test_ages_in_words() -> None:
    told = [age_in_words(dt.timedelta(seconds=each)) for each in (0, 119, 120, 3600, 7500)]
    assert told == ["0 s", "119 s", "2 min", "1 h 0 min", "2 h 5 min"]
    assert age_in_words(None) == "stored"


def test_json_is_one_line_each_with_ages_and_troubles() -> None:
    out = io.StringIO()
    view = view_of(out, lambda _watched, _now: HEADING, lambda: NOW + LATE, as_json=True)
    with view:
        view.show(watched(rows(TROUBLE)))
        view.show(watched(rows()))
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert {row["trouble"] for row in first["rows"]} == {TROUBLE}
    assert {row["age_seconds"] for row in first["rows"]} == {420.0}
    assert {row["trouble"] for row in second["rows"]} == {None}
    assert first["budget"]["sent_in_ten_minutes"] == 27


def test_in_a_pipe_each_minute_is_a_table_of_plain_lines() -> None:
    out = io.StringIO()
    view = view_of(out, lambda _watched, _now: HEADING, lambda: NOW, as_json=False)
    with view:
        view.show(watched())
        view.show(watched(minute=4))
    text = out.getvalue()
    assert text.count("DRY RUN") == 2
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
