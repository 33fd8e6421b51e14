"""What happened to a position, on its chart."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sellkit.core import indicators
from sellkit.core.assignments import Timeframe
from sellkit.core.past import Past
from sellkit.core.signals import Decision
from sellkit.present import charts
from sellkit.present.charts.marks import MarkKind, of_crossing
from tests import build
from tests.present.holdings import HEADING, HOLDINGS, bars_of, row_of
from tests.present.pasts import decisions_of, order, past_of

APPLE = HOLDINGS[0]
HOURS = bars_of(APPLE, Timeframe.H1)
AVERAGE = build.average("SMA 5")


def _chart(past: Past) -> Any:
    return charts.price_and_average(HOURS, row_of(APPLE), heading=HEADING, past=past)


def _trace(figure: Any, kind: MarkKind) -> Any:
    return next(trace for trace in figure.data if trace.name == kind)


def _kinds(figure: Any) -> set[str]:
    return {trace.name for trace in figure.data} & {str(kind) for kind in MarkKind}


def test_each_decision_stands_at_its_bar_and_its_close_with_its_reason() -> None:
    decisions = decisions_of(APPLE, 5)
    figure = _chart(Past(decisions))
    told = {}
    for kind in (MarkKind.EXIT, MarkKind.HOLD):
        for trace in (each for each in figure.data if each.name == kind):
            told |= dict(zip(trace.x, zip(trace.y, trace.hovertext, strict=True), strict=True))
    for each in decisions:
        label = f"{build.new_york().local(each.start):%d %b %H:%M}"
        assert told[label] == (each.close, f"{each.decision}: {each.reasons[0]}")


def test_many_decisions_are_told_by_their_numbers_alone_and_say_the_same() -> None:
    decisions = decisions_of(APPLE, 60)
    trace = _trace(_chart(Past(decisions)), MarkKind.EXIT)
    exits = [each for each in decisions if each.decision is Decision.EXIT]
    close, average = (np.asarray(each, float) for each in (trace.y, trace.customdata))
    known = np.isfinite(close)
    assert close[known].tolist() == [each.close for each in exits]
    assert average[known].tolist() == [each.average for each in exits]
    assert trace.x0 == _chart(Past()).layout.xaxis.categoryarray[0]
    assert trace.hovertemplate == (
        "EXIT: close %{y:.4f} is strictly below SMA 50 1H %{customdata:.4f}<extra></extra>"
    )


def test_one_decision_with_another_reason_keeps_all_reasons_in_words() -> None:
    first, *others = decisions_of(APPLE, 60)
    odd = replace(first, decision=Decision.EXIT, reasons=("close {x} is what it is",))
    trace = _trace(_chart(Past((odd, *others))), MarkKind.EXIT)
    assert trace.hovertext[0] == "EXIT: close {x} is what it is"
    assert trace.hovertemplate is None


def test_a_decision_by_another_timeframe_is_not_on_these_bars() -> None:
    other = replace(decisions_of(APPLE, 1)[0], label="SMA 50 1D")
    assert not _kinds(_chart(Past((other,)))) & {MarkKind.EXIT, MarkKind.HOLD}


def test_what_lies_before_the_bars_shown_is_not_drawn() -> None:
    long_ago = dt.timedelta(days=200)
    early = replace(
        decisions_of(APPLE, 1)[0],
        start=HOURS.index[0].to_pydatetime() - long_ago,
        end=HOURS.index[0].to_pydatetime() - long_ago + dt.timedelta(hours=1),
    )
    assert not _kinds(_chart(Past((early,)))) & {MarkKind.EXIT, MarkKind.HOLD}


def test_an_order_tells_side_quantity_time_and_why_it_stands_where_it_does() -> None:
    trace = _trace(_chart(Past((), (order(build.NOW),))), MarkKind.ORDER)
    assert trace.x == ("28 Jan 15:00",)
    (text,) = trace.hovertext
    assert text.startswith("SELL 100, withheld; not above break-even; a stop &lt;of somebody")
    assert "2026-01-28 15:00:20 EST (20:00:20 UTC)" in text


def test_an_order_after_the_last_bar_has_a_place_of_its_own_behind_it() -> None:
    labels = _chart(Past((), (order(build.NOW),))).layout.xaxis.categoryarray
    assert labels[-2:] == ("28 Jan 14:00", "28 Jan 15:00")


def test_an_order_within_an_hour_stands_at_that_hours_bar() -> None:
    within = build.HOUR_END - dt.timedelta(minutes=10)
    assert _trace(_chart(Past((), (order(within),))), MarkKind.ORDER).x == ("28 Jan 14:00",)


def test_an_execution_tells_side_quantity_price_and_time() -> None:
    trace = _trace(_chart(past_of(APPLE)), MarkKind.SOLD)
    assert trace.y.tolist() == [187.02]
    assert trace.hovertext[0].startswith("sold 100 at 187.02<br>2026-01-2")


def test_executions_stand_on_both_timeframes_and_orders_where_decisions_are_taken() -> None:
    days = bars_of(APPLE, Timeframe.D1)
    figure = charts.hours_and_days(HOURS, days, row_of(APPLE), heading=HEADING, past=past_of(APPLE))
    placed = [(trace.name, trace.yaxis or "y") for trace in figure.data]
    assert (MarkKind.SOLD, "y") in placed
    assert (MarkKind.SOLD, "y2") in placed
    assert (MarkKind.ORDER, "y2") not in placed
    assert (MarkKind.DECIDING, "y2") not in placed


@pytest.mark.parametrize(
    ("closes", "place", "where"),
    [
        ([10, 10, 10, 10, 10, 12, 9, 9], 6, "below"),
        ([10, 10, 10, 10, 10, 8, 8, 12], 7, "back to or above"),
    ],
)
def test_the_crossing_is_the_last_bar_on_the_other_side(
    closes: list[float], place: int, where: str
) -> None:
    prices = np.array(closes, dtype=np.float64)
    mark = of_crossing(prices, indicators.average(prices, AVERAGE), AVERAGE, len(closes))
    assert mark is not None
    assert mark.place == place
    assert f"crossed {where} SMA 5" in mark.text


def test_a_tie_is_no_crossing_below_though_rounding_says_so() -> None:
    prices, values = np.full(12, 10.1), np.full(12, 10.1)
    values[8:] = np.nextafter(10.1, 11)
    assert of_crossing(prices, values, AVERAGE, 4) is None


def test_a_crossing_before_the_bars_shown_is_not_marked() -> None:
    prices = np.array([10.0] * 5 + [12.0] + [9.0] * 30)
    values = indicators.average(prices, AVERAGE)
    assert of_crossing(prices, values, AVERAGE, 20) is None
