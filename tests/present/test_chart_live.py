"""A chart that follows the watch."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from sellkit.core.assignments import Timeframe
from sellkit.core.past import Past
from sellkit.core.snapshot import SnapshotRow
from sellkit.core.watched import Watched, WatchedRow
from sellkit.errors import InvalidToken
from sellkit.present import charts
from sellkit.present.charts.figure import MIME
from sellkit.present.charts.live import LiveChart
from sellkit.present.heading import Heading
from tests import build
from tests.present.holdings import HEADING, HOLDINGS, bars_of, row_of

APPLE = HOLDINGS[0]
ROW = row_of(APPLE)
BAR = build.session_hours()[5]
MINUTE = dt.timedelta(minutes=1)


class _Source:
    """A watch that counts how often its bars are read."""

    def __init__(self) -> None:
        self.reads = 0
        self.failure: Exception | None = None

    def bars(self, _row: SnapshotRow) -> pd.DataFrame:
        if self.failure is not None:
            raise self.failure
        self.reads += 1
        return bars_of(APPLE, Timeframe.H1)

    def past(self, _row: SnapshotRow) -> Past:
        return Past()

    def heading(self, _watched: Watched, now: dt.datetime) -> Heading:
        return replace(HEADING, as_of=now)


class _Output:
    """An output of a cell that keeps what it was told to show."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []

    def update(self, bundle: dict[str, Any], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def source() -> _Source:
    return _Source()


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[_Output]:
    made: list[_Output] = []

    def display(bundle: dict[str, Any], **_how: object) -> _Output:
        made.append(_Output())
        made[-1].shown.append(bundle)
        return made[-1]

    monkeypatch.setattr("IPython.display.display", display)
    return made


def _live(source: _Source, token: str = APPLE.token) -> LiveChart:
    chart = charts.live(source, token)
    chart._ipython_display_()
    return chart


def _watched(minute: int = 1, row: SnapshotRow = ROW, trouble: str = "", **more: Any) -> Watched:
    at = build.NOW + (minute - 1) * MINUTE
    found = WatchedRow(row=row, bar=BAR, refreshed_at=at, trouble=trouble)
    return Watched(account="main", minute=minute, due=at, refreshed_at=at, rows=(found,), **more)


def test_before_the_first_minute_it_says_that_it_waits(
    source: _Source, outputs: list[_Output]
) -> None:
    _live(source)
    assert "waiting for the first minute" in outputs[0].shown[0]["text/html"]


def test_a_snapshot_draws_the_chart_and_tells_its_age(
    source: _Source, outputs: list[_Output]
) -> None:
    _live(source).update(_watched())
    line, chart = outputs
    told = line.shown[-1]["text/html"]
    assert told.startswith('<div role="status">DRY RUN · NASDAQ:AAPL · refreshed 2026-01-28 15:00')
    title = chart.shown[-1][MIME]["layout"]["title"]["text"]
    assert title == "NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN"


def test_a_minute_without_news_changes_the_line_alone_and_reads_no_bars(
    source: _Source, outputs: list[_Output]
) -> None:
    live = _live(source)
    for minute in (1, 2, 3):
        live.update(_watched(minute))
    line, chart = outputs
    assert len(line.shown) == 4
    assert [MIME in each for each in chart.shown] == [False, False, True]
    assert source.reads == 1


def test_a_change_is_drawn_where_there_was_text_because_a_figure_is_never_redrawn(
    source: _Source, outputs: list[_Output]
) -> None:
    live = _live(source)
    live.update(_watched())
    live.update(_watched(2, replace(ROW, open_orders=())))
    assert [MIME in each for each in outputs[1].shown[-2:]] == [False, True]


def test_a_stale_row_is_faint_and_says_why(source: _Source, outputs: list[_Output]) -> None:
    live = _live(source)
    live.update(_watched(trouble="no answer in 60 s"))
    assert "stale: no answer in 60 s" in live.status
    assert live.chart is not None
    assert {trace.opacity for trace in live.chart.data} == {0.5}


def test_a_position_that_is_gone_is_said_and_the_chart_stays(
    source: _Source, outputs: list[_Output]
) -> None:
    live = _live(source)
    live.update(_watched())
    live.update(replace(_watched(2), rows=()))
    assert live.status == "NASDAQ:AAPL cannot be drawn: it is no position now"
    assert MIME in outputs[1].shown[-1]


def test_whatever_goes_wrong_is_said_and_raises_nothing(
    source: _Source, outputs: list[_Output]
) -> None:
    live = _live(source)
    source.failure = RuntimeError("the disk\nis <gone>")
    live.update(_watched())
    told = outputs[0].shown[-1]["text/html"]
    assert "NASDAQ:AAPL cannot be drawn: the disk is &lt;gone&gt;" in told


def test_a_snapshot_before_the_chart_is_shown_is_shown_with_it(
    source: _Source, outputs: list[_Output]
) -> None:
    live = charts.live(source, APPLE.token)
    live.update(_watched())
    live._ipython_display_()
    assert MIME in outputs[1].shown[0]


def test_what_is_no_token_is_refused_at_once(source: _Source) -> None:
    with pytest.raises(InvalidToken):
        charts.live(source, "AAPL")
