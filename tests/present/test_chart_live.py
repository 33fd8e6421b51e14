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
from sellkit.errors import ConfigError, InvalidToken
from sellkit.present import charts
from sellkit.present.charts.figure import MIME
from sellkit.present.charts.live import LiveChart
from sellkit.present.feed import Feed, feed_of
from sellkit.present.heading import Heading
from sellkit.present.onlookers import Onlookers
from sellkit.present.refreshing import Refreshers
from tests import build
from tests.present.holdings import HEADING, HOLDINGS, bars_of, row_of
from tests.present.live_desk import RUN, SECONDS, MadeUpDesk

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


class _Feed(Feed):
    """A feed without a thread, over a watch that counts."""

    def __init__(self) -> None:
        super().__init__("test", Refreshers())
        self.source = _Source()
        self.watch: Any = self.source

    def give(self, watched: Watched) -> None:
        self._publish(watched)


@pytest.fixture
def feed() -> _Feed:
    return _Feed()


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[_Output]:
    made: list[_Output] = []

    def display(bundle: Any, **_how: object) -> _Output:
        made.append(_Output())
        made[-1].shown.append(bundle)
        return made[-1]

    monkeypatch.setattr("IPython.display.display", display)
    return made


def _live(feed: _Feed, token: str = APPLE.token) -> LiveChart:
    chart = charts.live(feed, token)
    chart._ipython_display_()
    return chart


def _watched(minute: int = 1, row: SnapshotRow = ROW, trouble: str = "", **more: Any) -> Watched:
    at = build.NOW + (minute - 1) * MINUTE
    found = WatchedRow(row=row, bar=BAR, refreshed_at=at, trouble=trouble)
    return Watched(account="main", minute=minute, due=at, refreshed_at=at, rows=(found,), **more)


def test_before_the_first_minute_it_says_that_it_waits(feed: _Feed, outputs: list[_Output]) -> None:
    _live(feed)
    assert "waiting for the first minute" in outputs[0].shown[0]["text/html"]


def test_a_snapshot_draws_the_chart_and_tells_its_age(feed: _Feed, outputs: list[_Output]) -> None:
    _live(feed)
    feed.give(_watched())
    line, chart, _page = outputs
    told = line.shown[-1]["text/html"]
    assert told.startswith('<div role="status">DRY RUN · NASDAQ:AAPL · refreshed 2026-01-28 15:00')
    title = chart.shown[-1][MIME]["layout"]["title"]["text"]
    assert "NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN" in title


def test_a_minute_without_news_changes_the_line_alone_and_reads_no_bars(
    feed: _Feed, outputs: list[_Output]
) -> None:
    _live(feed)
    for minute in (1, 2, 3):
        feed.give(_watched(minute))
    line, chart, _page = outputs
    assert len(line.shown) == 4
    assert [MIME in each for each in chart.shown] == [False, False, True]
    assert feed.source.reads == 1


def test_a_change_is_drawn_where_there_was_text_because_a_figure_is_never_redrawn(
    feed: _Feed, outputs: list[_Output]
) -> None:
    _live(feed)
    feed.give(_watched())
    feed.give(_watched(2, replace(ROW, open_orders=())))
    assert [MIME in each for each in outputs[1].shown[-2:]] == [False, True]


def test_a_stale_row_is_faint_and_says_why(feed: _Feed, outputs: list[_Output]) -> None:
    live = _live(feed)
    feed.give(_watched(trouble="no answer in 60 s"))
    assert "stale: no answer in 60 s" in live.status
    assert live.chart is not None
    assert {trace.opacity for trace in live.chart.data} == {0.5}


def test_a_position_that_is_gone_is_said_and_the_chart_stays(
    feed: _Feed, outputs: list[_Output]
) -> None:
    live = _live(feed)
    feed.give(_watched())
    feed.give(replace(_watched(2), rows=()))
    assert live.status == "NASDAQ:AAPL cannot be drawn: it is no position now"
    assert MIME in outputs[1].shown[-1]


def test_whatever_goes_wrong_is_said_and_raises_nothing(
    feed: _Feed, outputs: list[_Output]
) -> None:
    _live(feed)
    feed.source.failure = RuntimeError("the disk\nis <gone>")
    feed.give(_watched())
    told = outputs[0].shown[-1]["text/html"]
    assert "NASDAQ:AAPL cannot be drawn: the disk is &lt;gone&gt;" in told


def test_a_snapshot_before_the_chart_is_shown_is_shown_with_it(
    feed: _Feed, outputs: list[_Output]
) -> None:
    live = charts.live(feed, APPLE.token)
    feed.give(_watched())
    live._ipython_display_()
    assert MIME in outputs[1].shown[0]


def test_what_is_no_token_is_refused_at_once(feed: _Feed) -> None:
    with pytest.raises(InvalidToken):
        charts.live(feed, "AAPL")


def test_without_a_token_it_is_of_whichever_position_with_bars_stands_first(
    feed: _Feed, outputs: list[_Output]
) -> None:
    chart = _live(feed, "")
    none = WatchedRow(row=replace(ROW, last_close=None), bar=None, refreshed_at=build.NOW)
    given = _watched()
    feed.give(replace(given, rows=(none, *given.rows)))
    assert "NASDAQ:AAPL · refreshed" in chart.status


def test_a_page_that_draws_in_place_is_told_the_figure_and_nothing_is_shown_anew(
    feed: _Feed, outputs: list[_Output]
) -> None:
    live, sent = _told(feed)
    feed.give(_watched())
    first = outputs[1].shown[-1][MIME]["layout"]
    assert sent[-1]["figure"]["layout"]["meta"] == first["meta"]
    live._hear({"draws": first["meta"]["number"]})
    feed.give(_watched(2, replace(ROW, open_orders=())))
    second = outputs[1].shown[-1][MIME]["layout"]
    assert [MIME in each for each in outputs[1].shown[-2:]] == [True, True]
    assert sent[-1]["figure"]["layout"]["meta"]["number"] == first["meta"]["number"] + 1
    assert (second["uirevision"], second["meta"]["live"]) == (
        first["uirevision"],
        first["meta"]["live"],
    )


def test_a_page_that_was_opened_later_gets_the_figure_as_it_is(
    feed: _Feed, outputs: list[_Output]
) -> None:
    live, sent = _told(feed)
    feed.give(_watched())
    sent.clear()
    live._hear({"want": True})
    assert len(sent) == 1


def test_what_nobody_sees_is_not_drawn_until_somebody_does(
    feed: _Feed, outputs: list[_Output]
) -> None:
    live, _sent = _told(feed)
    live._onlookers = Onlookers(lambda: None, -1.0)
    feed.give(_watched())
    assert feed.source.reads == 0
    live._hear({"seen": True})
    assert feed.source.reads == 0
    live._onlookers = Onlookers(lambda: None, SECONDS)
    live._hear({"seen": True})
    assert feed.source.reads == 1


def test_another_chart_of_the_position_takes_its_place(feed: _Feed, outputs: list[_Output]) -> None:
    _live(feed)
    _live(feed)
    assert feed.subscribers == 1


def test_a_desk_s_chart_begins_its_feed_and_says_why_there_is_no_connection(
    outputs: list[_Output],
) -> None:
    desk = MadeUpDesk()
    desk.run = replace(RUN, profile="without-a-gateway")
    desk.trouble = ConfigError("the port is not one")
    feed = feed_of(desk)
    charts.live(desk, APPLE.token)._ipython_display_()
    assert feed.join(SECONDS)
    feed._ask_all(at_once=True)
    assert "waiting for the first minute; the port is not one" in outputs[0].shown[-1]["text/html"]


def _told(feed: _Feed) -> tuple[LiveChart, list[dict[str, Any]]]:
    """A chart that is shown, and what its page is told."""
    live, sent = _live(feed), []
    assert live._shown is not None
    assert live._shown.page is not None
    live._shown.page.send = lambda content, buffers=None: sent.append(content)
    return live, sent
