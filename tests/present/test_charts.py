"""Charts of price and average."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sellkit.core import indicators
from sellkit.core.assignments import Timeframe
from sellkit.core.bars import empty_bars
from sellkit.present import charts
from sellkit.present.charts import SHOWN_BARS, price_and_average
from tests import build
from tests.present.holdings import HEADING, HOLDINGS, Holding, bars_of, row_of

APPLE = HOLDINGS[0]
DAILY = HOLDINGS[1]


def _chart(holding: Holding) -> Any:
    timeframe = Timeframe.D1 if holding.choice and holding.choice.endswith("D") else Timeframe.H1
    return price_and_average(bars_of(holding, timeframe), row_of(holding), heading=HEADING)


def _trace(figure: Any, name: str) -> Any:
    return next(trace for trace in figure.data if trace.name.startswith(name))


def test_the_title_tells_token_assignment_decision_and_mode() -> None:
    assert _chart(APPLE).layout.title.text == "NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN"
    assert "unassigned · UNDECIDED" in _chart(HOLDINGS[3]).layout.title.text


def test_a_decision_on_a_bar_that_had_not_ended_says_so_in_title_and_subtitle() -> None:
    row = row_of(APPLE)
    proof = row.signal.certificate
    assert proof is not None
    told = proof.slot.end - dt.timedelta(seconds=299)
    signal = replace(row.signal, certificate=replace(proof, fetched_at=told))
    figure: Any = price_and_average(
        bars_of(APPLE, Timeframe.H1), replace(row, signal=signal), heading=HEADING
    )
    assert figure.layout.title.text == "NASDAQ:AAPL · SMA 50 1H · EXIT PROVISIONAL · DRY RUN"
    assert "PROVISIONAL, told 299 s before the bar's end" in figure.layout.title.subtitle.text


def test_the_last_150_bars_stand_side_by_side() -> None:
    figure = _chart(APPLE)
    labels = figure.layout.xaxis.categoryarray
    assert figure.layout.xaxis.type == "category"
    assert len(set(labels)) == len(labels) == len(_trace(figure, "price").close) == SHOWN_BARS
    assert labels[-1] == "28 Jan 14:00"


def test_the_average_is_taken_over_all_bars_not_only_those_shown() -> None:
    bars, row = bars_of(DAILY, Timeframe.D1), row_of(DAILY)
    assert row.assignment is not None
    expected = indicators.average(bars["close"].to_numpy(), row.assignment.average)
    shown = _trace(price_and_average(bars, row, heading=HEADING), "EMA 200 1D").y
    np.testing.assert_allclose(shown, expected[-SHOWN_BARS:], rtol=1e-6)


def test_the_deciding_bar_is_marked_at_its_close() -> None:
    mark, row = _trace(_chart(APPLE), "deciding bar"), row_of(APPLE)
    assert row.signal.certificate is not None
    assert mark.x == ("28 Jan 14:00",)
    assert mark.y == (row.signal.certificate.close,)


def test_a_daily_deciding_bar_is_marked_by_its_date() -> None:
    assert _trace(_chart(DAILY), "deciding bar").x == ("27 Jan 2026",)


def test_an_hour_that_was_held_against_days_stands_after_them() -> None:
    signal = build.signal(assigned=build.assignment("SMA 50 1D"))
    row = build.row(signal=signal)
    figure = price_and_average(bars_of(DAILY, Timeframe.D1), row, heading=HEADING)
    mark = _trace(figure, "deciding bar")
    assert mark.x == ("28 Jan 14:00",)
    assert figure.layout.xaxis.categoryarray.index("28 Jan 14:00") == SHOWN_BARS


def test_an_undecided_row_has_no_deciding_bar() -> None:
    assert not [trace for trace in _chart(HOLDINGS[4]).data if trace.name == "deciding bar"]


def test_the_average_cost_is_a_line_where_it_is_near() -> None:
    cost = _trace(_chart(APPLE), "average cost 175.50")
    assert cost.y == (175.5, 175.5)


@pytest.mark.parametrize(("cost", "where"), [("1", "below"), ("9000", "above")])
def test_a_cost_far_away_is_only_named(cost: str, where: str) -> None:
    row = build.row(signal=build.signal(build.position(cost=cost)))
    figure = price_and_average(bars_of(APPLE, Timeframe.H1), row, heading=HEADING)
    line = _trace(figure, "average cost")
    assert line.name.endswith(f"{where} the chart")
    assert line.y == (None, None)


def test_an_unknown_cost_is_not_drawn() -> None:
    row = build.row(signal=build.signal(build.position(cost=None)))
    figure = price_and_average(bars_of(APPLE, Timeframe.H1), row, heading=HEADING)
    assert not [trace for trace in figure.data if trace.name.startswith("average cost")]


def test_hours_are_labelled_on_the_exchange_clock_across_a_clock_change() -> None:
    slots = [
        slot
        for day in (dt.date(2025, 10, 31), dt.date(2025, 11, 3))
        for slot in build.session_hours(day)
    ]
    figure = price_and_average(build.bars(slots), build.row(), heading=HEADING)
    labels = figure.layout.xaxis.categoryarray
    assert labels[0] == "31 Oct 09:30"
    assert labels[len(labels) // 2] == "03 Nov 09:30"


@pytest.mark.parametrize("holding", HOLDINGS[:4], ids=lambda each: each.token)
def test_a_chart_stays_small(holding: Holding) -> None:
    assert len(_chart(holding).to_json()) < 40_000


def test_prices_are_single_precision_and_the_background_is_clear() -> None:
    figure = _chart(APPLE)
    assert _trace(figure, "price").close.dtype == np.float32
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_no_bars_make_a_chart_that_says_so() -> None:
    figure = price_and_average(empty_bars(), row_of(HOLDINGS[4]), heading=HEADING)
    assert not figure.data
    assert figure.layout.annotations[0].text == "no completed bars to draw"


def test_fewer_bars_than_the_average_needs_draw_a_price_without_it() -> None:
    figure = price_and_average(
        bars_of(APPLE, Timeframe.H1).iloc[-10:], build.row(), heading=HEADING
    )
    assert np.isnan(_trace(figure, "SMA 50 1H").y).all()


def test_charts_are_shown_for_jupyterlab_itself(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row_of(APPLE), row_of(HOLDINGS[2])]
    charts.show_charts(rows, lambda _: bars_of(APPLE, Timeframe.H1), heading=HEADING)
    shown = capsys.readouterr().out
    assert shown.count("application/vnd.plotly.v1+json") == 2
    assert "text/html" not in shown


def test_no_rows_to_draw_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    charts.show_charts([], lambda _: empty_bars(), heading=HEADING)
    assert "DRY RUN: no position is among those to draw." in capsys.readouterr().out


def test_a_row_without_bars_is_named_and_its_bars_are_not_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    charts.show_charts([row_of(HOLDINGS[4])], {}.__getitem__, heading=HEADING)
    assert "DRY RUN: without bars there is no chart of NASDAQ:NVDA." in capsys.readouterr().out
