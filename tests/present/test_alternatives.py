"""The heat map of the 28 alternatives: every cell is told, in the figure and in the picture."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from sellkit.core.assignments import parse_choice
from sellkit.errors import ConfigError
from sellkit.present import charts
from sellkit.present.charts import heat, palette
from sellkit.present.charts.figure import MIME
from sellkit.research.chance import differences, verdict
from sellkit.research.result import StudyResult
from sellkit.research.series import Series, Terms
from sellkit.research.sweep import study
from tests.present.holdings import HEADING
from tests.present.test_chart_picture import SVG, _contrast
from tests.research.histories import bars

NAME = "NASDAQ:AAPL"
SERIES = Series(NAME, bars(4, 400), bars(5, 150))
RESULT: StudyResult = study([SERIES], compiled=False)


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(picture).iter(f"{SVG}text")]


def test_every_alternative_has_a_cell_with_its_figure_in_both_forms() -> None:
    chart = charts.alternatives(RESULT, NAME, heading=HEADING)
    table = RESULT.table(NAME)
    (trace,) = chart.data
    shown = {}
    for line, name in zip(trace.text, trace.y, strict=True):
        for text, length in zip(line, trace.x, strict=True):
            kind, timeframe = name.split()
            shown[f"{kind} {length} {timeframe}"] = text
    assert set(shown) == set(table.index)
    for label, row in table.iterrows():
        known = f"{100 * row['against_holding']:+.1f}"
        assert shown[label] == (known if row["decided"] else "too short")
    in_picture = texts(chart.picture)
    assert sorted(t for t in in_picture if t in shown.values()) == sorted(shown.values())


def test_a_history_too_short_is_said_and_has_no_colour_of_its_own() -> None:
    chart = charts.alternatives(RESULT, NAME, heading=HEADING)
    (trace,) = chart.data
    assert trace.text[2][6] == "too short"
    assert trace.z[2][6] == 0
    assert "history is too short" in trace.hovertext[2][6]


def test_title_and_sentence_tell_mode_best_choice_and_luck() -> None:
    found = verdict(differences(SERIES, Terms()), draws=100)
    chart = charts.alternatives(RESULT, NAME, heading=HEADING, verdict=found)
    assert chart.name == f"{NAME} · 28 alternatives · against holding, % · DRY RUN"
    assert f"does as well by chance: p = {found.p_value:.3f} (reality check" in chart.summary
    assert "Best " in chart.summary
    plain = charts.alternatives(RESULT, NAME, heading=HEADING)
    assert "by luck, too: no bootstrap was asked" in plain.summary
    assert "no bootstrap" in " ".join(texts(plain.picture))


def test_the_assigned_choice_has_a_frame() -> None:
    chosen = parse_choice("EMA 50 1D")
    chart = charts.alternatives(RESULT, NAME, heading=HEADING, assigned=chosen)
    (shape,) = chart.layout.shapes
    assert (shape.x0, shape.y0) == (2.5, 2.5)
    assert chart.picture.count(f"stroke='{palette.AVERAGE}'") == 1
    assert "framed: the assigned one" in texts(chart.picture)
    assert not charts.alternatives(RESULT, NAME, heading=HEADING).layout.shapes


@pytest.mark.parametrize("figure", heat.SHOWN)
def test_every_figure_can_be_shown_and_the_good_ones_are_green(figure: str) -> None:
    (trace,) = charts.alternatives(RESULT, NAME, heading=HEADING, figure=figure).data
    values = {float(t): z for t, z in zip(trace.text[0], trace.z[0], strict=True)}
    best = max(values) if figure in {"against_holding", "growth", "drawdown_avoided"} else None
    if best is not None and best > 0:
        assert values[best] > 0
    if figure in {"exits", "costs", "drawdown"}:
        assert values[max(values)] == min(values.values()) < 0


def test_figures_read_on_every_ground_they_may_have() -> None:
    for step in range(-20, 21):
        ground = heat._colour(step / 20)
        assert _contrast(heat._TEXT, ground) >= 5.5


def test_on_a_page_its_cells_stay_white_and_what_is_told_of_them_has_the_pages_ink() -> None:
    chart = charts.alternatives(RESULT, NAME, heading=HEADING)
    (trace,) = chart.figure["data"]
    assert trace["text"][0][0] == chart.data[0].text[0][0]
    assert trace["textfont"]["color"] == heat._TEXT
    assert all(palette.INK_VARIABLE in each for line in trace["hovertext"] for each in line)
    layout = chart.figure["layout"]
    assert all(palette.INK_VARIABLE in each for each in layout["xaxis"]["ticktext"])
    # Without it the text took the colour of the border, which is clear.
    assert layout["hoverlabel"]["font"]["color"] == palette.INK


def test_a_heat_map_is_small_and_names_no_server() -> None:
    kept = json.dumps(charts.alternatives(RESULT, NAME, heading=HEADING).bundle)
    assert len(kept) < 25_000
    assert kept.count("://") == kept.count("http://www.w3.org/2000/svg") == 1
    assert MIME in kept


def test_names_are_escaped_in_the_picture() -> None:
    named = replace(RESULT, names=("NYSE:<A&B>",))
    chart = charts.alternatives(named, "NYSE:<A&B>", heading=HEADING)
    assert "<A&B>" not in chart.picture
    ET.fromstring(chart.picture)


def test_an_unknown_figure_or_position_is_refused() -> None:
    with pytest.raises(ConfigError, match="'luck' is not one of against_holding, growth"):
        charts.alternatives(RESULT, NAME, heading=HEADING, figure="luck")
    with pytest.raises(ConfigError, match="has no NYSE:KO"):
        charts.alternatives(RESULT, "NYSE:KO", heading=HEADING)
