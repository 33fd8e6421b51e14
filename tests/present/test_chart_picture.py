"""The plain picture of a chart, and the colours of both forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import empty_bars
from sellkit.errors import ConfigError
from sellkit.present import charts
from sellkit.present.charts import palette
from sellkit.present.charts.figure import MIME
from tests.present.holdings import HEADING, HOLDINGS, bars_of, portfolio, row_of
from tests.present.pasts import past_of

APPLE = HOLDINGS[0]
HOURS = bars_of(APPLE, Timeframe.H1)
SVG = "{http://www.w3.org/2000/svg}"
PAGES = ("#ffffff", "#111111", "#000000")
DRAWN = (
    *(palette.UP, palette.DOWN, palette.AVERAGE, palette.OTHER),
    *(palette.COST, palette.ORDER, palette.MARK, palette.UNSURE),
)
"""Every colour that a line or a mark has."""
"""White, JupyterLab's dark page, and black."""


def _chart(**more: Any) -> Any:
    return charts.price_and_average(HOURS, row_of(APPLE), heading=HEADING, **more)


def _luminance(colour: str) -> float:
    """Relative luminance, by WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_words_are_in_the_ink_of_whichever_page_shows_them() -> None:
    figure = _chart(style=charts.Style()).bundle[MIME]
    axes = [figure["layout"]["xaxis"], figure["layout"]["yaxis"]]
    said = [*axes[0]["ticktext"], axes[1]["tickprefix"], axes[0]["unifiedhovertitle"]["text"]]
    said += [figure["layout"]["title"]["text"], figure["layout"]["title"]["subtitle"]["text"]]
    for trace in figure["data"]:
        texts = [trace["name"]] if trace.get("showlegend", True) else []
        for kind in ("text", "hovertext", "hovertemplate"):
            texts += [trace[kind]] if isinstance(trace.get(kind), str) else trace.get(kind) or []
        said += texts
    assert len(said) > 20
    ink = '<span style="color:var(--jp-ui-font-color1,#797979)">'
    assert [each for each in said if not each.startswith(ink)] == []


# JupyterLab's ink on its light page and on its dark one: black and white, of which 0.87 covers.
@pytest.mark.parametrize(("ink", "page"), [(0, 255), (255, 17)])
def test_words_read_on_either_page_and_on_the_ground_of_what_is_told_of_a_bar(
    ink: int, page: int
) -> None:
    assert palette.CHIP.startswith("rgba(116,116,116,0.85")
    grounds = [page, round(0.85 * 116 + 0.15 * page)]
    for ground in grounds:
        drawn = round(0.87 * ink + 0.13 * ground)
        assert _contrast(f"#{drawn:02x}" + 2 * f"{drawn:02x}", f"#{3 * f'{ground:02x}'}") >= 4.5


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("colour", DRAWN)
def test_lines_and_marks_stand_out_from_either_page(colour: str, page: str) -> None:
    assert _contrast(colour, page) >= 3


def test_a_picture_s_words_read_on_its_own_ground() -> None:
    assert _contrast(palette.PAPER_INK, palette.PAPER) >= 4.5
    picture = _chart().picture
    assert f"fill='{palette.PAPER}'/>" in picture
    assert palette.INK not in picture
    assert "fill='#1f5f99'" in picture
    assert _contrast("#ffffff", "#1f5f99") >= 4.5


def test_a_picture_tells_what_it_is_of_to_whoever_cannot_see_it() -> None:
    root = ET.fromstring(_chart().picture)
    title = root.find(f"{SVG}title")
    assert title is not None
    assert root.get("role") == "img"
    assert root.get("aria-label") == title.text
    assert title.text == (
        "NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN. close 179.67 USD, average 184.9458, bar ended "
        "2026-01-28 15:00 EST (20:00 UTC). 150 bars from 26 Dec 12:00 to 28 Jan 14:00, "
        "176.8239 to 195.5057."
    )


def test_a_picture_has_the_title_with_the_mode_the_average_the_cost_and_the_deciding_bar() -> None:
    words = " ".join(ET.fromstring(_chart(past=past_of(APPLE)).picture).itertext())
    for each in ("EXIT · DRY RUN", "SMA 50 1H", "average cost 175.50", "deciding bar", "crossing"):
        assert each in words


def test_the_same_chart_has_the_same_picture() -> None:
    assert _chart(past=past_of(APPLE)).picture == _chart(past=past_of(APPLE)).picture


def test_every_bar_has_its_candle() -> None:
    paths = [each.get("d", "") for each in ET.fromstring(_chart().picture).iter(f"{SVG}path")]
    candles = [each for each in paths if each.count("V") == each.count("M") > 20]
    assert sum(each.count("M") for each in candles) == 2 * charts.SHOWN_BARS


def test_names_are_escaped() -> None:
    from dataclasses import replace

    heading = replace(HEADING, mode="<DRY & RUN>")
    chart = charts.price_and_average(HOURS, row_of(APPLE), heading=heading)
    assert "<DRY" not in chart.picture
    ET.fromstring(chart.picture)


def test_without_bars_the_picture_says_so() -> None:
    chart = charts.price_and_average(empty_bars(), row_of(HOLDINGS[4]), heading=HEADING)
    assert "no completed bars to draw" in chart.picture
    ET.fromstring(chart.picture)


@pytest.mark.parametrize("columns", [3, 5])
def test_all_positions_have_a_cell_each_in_figure_and_picture(columns: int) -> None:
    rows = portfolio()
    page = charts.all_positions(rows, lambda _: HOURS, heading=HEADING, columns=columns)
    assert page.layout.title.text == f"{len(rows)} positions · DRY RUN"
    words = " ".join(ET.fromstring(page.picture).itertext())
    told = " ".join(text for trace in page.data if trace.text for text in trace.text)
    for row in rows:
        assert str(row.position.instrument.token) in words
        assert str(row.position.instrument.token) in told
    assert "no bars" in words


def test_five_hundred_positions_make_one_figure_of_few_traces() -> None:
    rows = portfolio(HOLDINGS[:4]) * 125
    page = charts.all_positions(rows, lambda _: HOURS, heading=HEADING)
    assert len(page.data) < 15
    assert len(json.dumps(page.bundle[MIME])) < 700_000


def test_no_position_at_all_is_said() -> None:
    page = charts.all_positions([], lambda _: HOURS, heading=HEADING)
    assert page.layout.annotations[0].text == "no positions to draw"
    ET.fromstring(page.picture)


def test_a_chart_with_two_months_of_decisions_on_record_is_kept_in_forty_kilobytes() -> None:
    bundle = _chart(past=past_of(APPLE, 150)).bundle
    assert len(json.dumps(bundle, indent=1)) < 40_000
    assert {*bundle} == {MIME, "image/svg+xml", "text/plain"}


def test_what_is_kept_names_no_server() -> None:
    kept = json.dumps(_chart(past=past_of(APPLE)).bundle)
    assert kept.count("://") == kept.count("http://www.w3.org/2000/svg") == 1


def test_no_button_offers_to_upload_the_chart(tmp_path: Path) -> None:
    charts.export(_chart(), tmp_path, kinds=["html"])  # plotly takes keys out of what it is given
    config = _chart().bundle[MIME]["config"]
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""


def test_the_other_averages_are_only_drawn_when_they_are_asked_for() -> None:
    names = {trace.name for trace in _chart().data}
    assert not {name for name in names if "other" in str(name)}
    faint = _chart(style=charts.Style()).data
    grey = [trace for trace in faint if trace.legendgroup == "others" and trace.mode == "lines"]
    assert len(grey) == 13
    hidden = _chart(style=charts.Style(others="legend")).data
    assert {t.visible for t in hidden if t.legendgroup == "others"} == {"legendonly"}


def test_a_line_and_a_slider_can_be_chosen() -> None:
    figure = _chart(style=charts.Style(candles=False, range_slider=True))
    assert {trace.type for trace in figure.data} == {"scatter"}
    assert figure.layout.xaxis.rangeslider.visible
    assert not _chart().layout.xaxis.rangeslider.visible


def test_an_unknown_place_for_the_other_averages_is_refused() -> None:
    with pytest.raises(ConfigError, match="not 'nowhere'"):
        charts.Style(others="nowhere")
