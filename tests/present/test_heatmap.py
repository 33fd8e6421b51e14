"""The map of stored bars, as a notebook keeps it and as it stands where nothing draws it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, cast

from sellkit.core.bars import BarSize, SeriesKey
from sellkit.core.coverage import SessionCoverage
from sellkit.core.custody import Figures
from sellkit.core.instrument import Token
from sellkit.operate.holdings import Holding
from sellkit.present.charts.figure import MIME
from sellkit.present.heatmap import coverage_map
from tests.present.holdings import HEADING

if TYPE_CHECKING:
    from sellkit.present.charts.figure import Chart

DAYS = [dt.date(2026, 1, 5) + dt.timedelta(days=day) for day in range(4)]


def series(symbol: str, con_id: int) -> Holding:
    key = SeriesKey(con_id, BarSize.D1)
    figures = Figures(key, 0, None, None, None, 0, 0)
    return Holding(figures, Token("NASDAQ", symbol), None)


def sessions(*missing: int) -> list[SessionCoverage]:
    """A day each, of 13 bars, so many of which are missing."""
    return [
        SessionCoverage(day, due=13, stored=13 - lost, absent=0)
        for day, lost in zip(DAYS, missing, strict=False)
    ]


def drawn(chart: Chart) -> str:
    return cast("str", chart.bundle["image/svg+xml"])


def test_each_series_has_its_share_as_a_number_beside_its_colours() -> None:
    told = {series("AAPL", 1): sessions(0, 0, 0, 0), series("MSFT", 2): sessions(0, 13, 13, 0)}
    chart = coverage_map(told, heading=HEADING)
    assert ">100 %<" in drawn(chart)
    assert ">50.0 %<" in drawn(chart)
    assert "NASDAQ:MSFT 1 day: 50.0 %" in str(chart.bundle["text/plain"])


def test_neighbouring_days_of_one_colour_are_one_piece() -> None:
    chart = coverage_map({series("MSFT", 2): sessions(0, 13, 13, 0)}, heading=HEADING)
    fills = re.findall(r"height='22' fill='(#\w+)'", drawn(chart))
    assert fills == ["#2e9d62", "#cf4b40", "#2e9d62"]


def test_a_series_that_lacks_little_is_never_told_as_whole() -> None:
    long = [SessionCoverage(DAYS[0], due=100_000, stored=99_999, absent=0)]
    chart = coverage_map({series("AAPL", 1): long}, heading=HEADING)
    assert ">99.9 %<" in drawn(chart)


def test_what_the_source_does_not_have_counts_as_there() -> None:
    absent = [SessionCoverage(DAYS[0], due=13, stored=10, absent=3)]
    chart = coverage_map({series("AAPL", 1): absent}, heading=HEADING)
    assert ">100 %<" in drawn(chart)
    assert "10 of 13 bars, 3 not to be had" in str(chart.bundle[MIME])


def test_the_mode_stands_in_its_title_and_its_picture() -> None:
    chart = coverage_map({series("AAPL", 1): sessions(0)}, heading=HEADING)
    assert chart.name == "stored bars · DRY RUN"
    assert "stored bars · DRY RUN" in drawn(chart)


def test_without_bars_it_says_so() -> None:
    chart = coverage_map({series("AAPL", 1): None}, heading=HEADING)
    assert "no bars are stored" in drawn(chart)


def test_two_years_of_thirty_series_stay_small() -> None:
    year = [
        SessionCoverage(dt.date(2024, 1, 1) + dt.timedelta(days=day), 13, 13 - day % 50 // 49, 0)
        for day in range(500)
    ]
    chart = coverage_map({series(f"S{n}", n): year for n in range(1, 31)}, heading=HEADING)
    assert len(drawn(chart)) < 60_000
