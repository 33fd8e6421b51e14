"""Progress as lines, as a bar and as nothing."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from rich.console import Console

from sellkit.ports import Progress
from sellkit.present.progress import LineProgress, RichProgress


class FakeSeconds:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_tell_share_name_and_time_left() -> None:
    lines: list[str] = []
    seconds = FakeSeconds()
    progress = LineProgress(lines.append, every_percent=25, clock=seconds)
    progress.start("bars", 200)
    seconds.now = 30.0
    progress.advance(50, of="NASDAQ:AAPL")
    assert lines == [
        "bars: 200 to do",
        "bars: 25 % (50 of 200, NASDAQ:AAPL), 1 min 30 s left",
    ]


def test_there_is_at_most_one_line_for_each_part() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, every_percent=10)
    progress.start("bars", 1000)
    for _ in range(1000):
        progress.advance()
    progress.stop()
    assert len(lines) == 1 + 9 + 1
    assert lines[-1].startswith("bars: done, 1,000 in ")


def test_a_large_step_makes_one_line_not_several() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, every_percent=10)
    progress.start("bars", 100)
    for steps in (75, 1, 4):
        progress.advance(steps)
    assert [line.partition(" %")[0] for line in lines[1:]] == ["bars: 75", "bars: 80"]


def test_work_that_ends_early_says_how_far_it_came() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, clock=FakeSeconds())
    progress.start("bars", 10)
    progress.advance(3)
    progress.stop()
    progress.stop()
    assert lines[-1] == "bars: stopped after 3 of 10, under 1 s"
    assert sum("stopped" in line for line in lines) == 1


def test_nothing_to_do_is_done_at_once() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, clock=FakeSeconds())
    progress.start("bars", 0)
    progress.stop()
    assert lines == ["bars: 0 to do", "bars: done, 0 in under 1 s"]


def test_a_second_piece_of_work_counts_from_nothing() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, clock=FakeSeconds())
    progress.start("days", 10)
    progress.advance(10)
    progress.start("hours", 10)
    progress.advance(5)
    assert lines[1].startswith("days: done, 10")
    assert lines[-1].startswith("hours: 50 %")


def test_many_threads_lose_no_step_and_mix_no_lines() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, every_percent=5)
    progress.start("bars", 4000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: progress.advance(of="X"), range(4000)))
    progress.stop()
    assert lines[-1].startswith("bars: done, 4,000 in ")
    shares = [int(line.split()[1]) for line in lines[1:-1]]
    assert len(shares) == 19
    assert all(before < after for before, after in pairwise(shares))


def test_a_bar_shows_label_count_and_name_and_goes_at_the_end() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    progress = RichProgress(console)
    progress.start("daily bars", 4)
    progress.advance(of="[NYSE:KO]")
    progress.stop()
    text = out.getvalue()
    assert "daily bars" in text
    assert "1/4" in text
    assert "[NYSE:KO]" in text
    assert text.endswith("\x1b[2K")  # the line is wiped


def test_a_bar_is_silent_where_there_is_no_terminal_to_draw_on() -> None:
    progress = RichProgress(Console(file=io.StringIO(), force_terminal=False))
    progress.advance()
    progress.start("bars", 2)
    progress.start("more bars", 2)
    progress.advance(2)
    progress.stop()
    progress.stop()


@pytest.mark.parametrize("progress", [LineProgress(lambda _: None), RichProgress()])
def test_each_kind_is_a_progress(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    progress.start("bars", 2)
    progress.advance(2, of="x")
    progress.stop()
    assert capsys.readouterr().out == ""
