"""What a replay found, as tables, lines, files and charts."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sellkit.core.evaluate import DailyBasis
from sellkit.core.limits import AtClose
from sellkit.errors import ConfigError
from sellkit.present import charts
from sellkit.present.replayed import (
    alternatives_sheet,
    beside,
    notes,
    position_sheet,
    print_replay,
    replay_sheet,
)
from sellkit.present.replayed_records import exits_csv, to_json
from sellkit.research.alternatives import Alternatives, alternatives
from sellkit.research.replay import Replaying
from sellkit.research.replayed import Replay
from sellkit.wiring.showing import show_richly
from tests.research.replaying import PER_SESSION, Silent, halves, subject, terms, wavy

BARS = halves(wavy(40 * PER_SESSION, seed=5))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def replay() -> Replay:
    return Replaying([subject(BARS)], terms(BARS)).run(Silent())


@pytest.fixture(scope="module")
def others() -> Alternatives:
    return alternatives([subject(BARS)], terms(BARS))


def test_a_terminal_is_told_positions_alternatives_and_what_to_know(
    replay: Replay, others: Alternatives
) -> None:
    out = io.StringIO()
    print_replay(replay, others, out)
    told = out.getvalue()
    assert told.startswith("1 position from 2026-01-05 to 2026-03-0")
    assert f"{len(replay.exits)} exits" in told
    assert "NASDAQ:AAPL  SMA 5 1H" in told
    assert "later exits are those of whoever held then" in told
    assert "4 undecided: history is too short: SMA 5 1H needs 5 bars in a row" in told


def test_the_notes_say_what_the_numbers_do_not(replay: Replay) -> None:
    told = "; ".join(notes(replay))
    assert "costs: 0 a share and half a spread of 0 bp for each trade, without the least" in told
    assert "worth and time out are of the first exit alone" in told
    assert "prices are without dividends, and money that is out earns no interest" in told
    assert "only what is assigned today is replayed" in told
    assert "more than an hour late" not in told
    (position,) = replay.positions
    late = replace(position, told_later=3, corrected=2, withheld=1)
    how = replace(replay.terms, at_close=AtClose.BEFORE_CLOSE, reenters=True)
    told = "; ".join(notes(replace(replay, positions=(late,), terms=how, is_whole=False)))
    assert f"3 of {position.decided} decisions rest on bars that were told more than" in told
    assert "2 bars told with another close later" in told
    assert "at 1 close an EXIT was withheld" in told
    assert "an exit at the close is priced at the next opening" in told
    assert "worth and time out are of the first exit alone" not in told
    assert "bought again at the open after a close strictly above" in told
    assert told.startswith("INTERRUPTED")


def test_the_assigned_average_is_ranked_among_the_others_and_the_best_held_against_luck(
    replay: Replay, others: Alternatives
) -> None:
    head, line = beside(replay, others)
    gains = others.study.against_holding[0] * 100
    gains[others.study.decided[0] == 0] = np.nan
    assert "over the sessions of which hours and days are stored" in head
    assert line.startswith(f"NASDAQ:AAPL: SMA 5 1H {gains[0]:+.2f} % against holding over 40")
    assert f"number {int((gains > gains[0]).sum()) + 1} of {np.isfinite(gains).sum()}" in line
    share = f"{others.luck['NASDAQ:AAPL'].p_value:.0%} of histories drawn by chance"
    assert share in line
    assert "too few sessions to tell it from luck" in next(
        each for each in beside(replay, replace(others, luck={})) if each != head
    )


def test_luck_is_never_ruled_out_and_never_proved(replay: Replay, others: Alternatives) -> None:
    (luck,) = others.luck.values()

    def said(*p_values: float) -> str:
        judged = {str(at): replace(luck, p_value=each) for at, each in enumerate(p_values)}
        judged["NASDAQ:AAPL"] = judged.pop("0")
        return "\n".join(beside(replay, replace(others, luck=judged)))

    assert "not to be told from luck: 5% of histories" in said(0.05)
    assert "hardly luck alone: 3% of histories" in said(0.03)
    assert "hardly luck alone: under 1% of histories" in said(0.0005)
    assert "position by position" not in said(0.03)
    told = said(0.03, 0.2, 0.9)
    assert "of 3, 1 below 5%, where luck alone gives 0.2 in the mean" in told


def test_what_the_alternatives_do_otherwise_than_the_settings_is_said(
    replay: Replay, others: Alternatives
) -> None:
    how = replace(replay.terms, at_close=AtClose.SKIP, daily_basis=DailyBasis.HOURLY)
    told = "\n".join(beside(replace(replay, terms=how), others))
    assert "the alternatives sell at the next opening, whatever is set (here skip)" in told
    assert "hold days against daily averages, and not every hour" in told
    assert "whatever is set" not in "\n".join(beside(replay, others))


def test_a_notebook_shows_positions_exits_and_notes(replay: Replay, others: Alternatives) -> None:
    markup = replay_sheet(replay).markup
    assert markup.count("<table>") == 2
    assert markup.count("<tr>") == 2 + 1 + len(replay.exits)
    assert "whoever held then" in markup
    assert position_sheet(replay.positions[0]).markup.count("<tr>") == 3 + len(replay.exits)
    assert (
        ">EMA" in alternatives_sheet(others).markup or ">SMA" in alternatives_sheet(others).markup
    )


def test_the_exits_are_a_csv_of_plain_numbers(replay: Replay) -> None:
    rows = list(csv.DictReader(io.StringIO(exits_csv(replay))))
    assert len(rows) == len(replay.exits)
    _, sold = replay.exits[0]
    assert sold.fill is not None
    assert float(rows[0]["fill_price"]) == sold.fill.price
    assert rows[0]["decided_at"] == sold.at.isoformat()
    assert exits_csv(replace(replay, positions=())) == exits_csv(replay).splitlines()[0] + "\n"


def test_json_holds_all_of_it(replay: Replay, others: Alternatives) -> None:
    told = json.loads(to_json(replay, others))
    assert len(told["exits"]) == len(replay.exits)
    assert told["positions"][0]["rule_percent"] == replay.positions[0].equity.rule_percent
    assert len(told["alternatives"]["NASDAQ:AAPL"]["against_holding_percent"]) == 28
    assert told["is_whole"] is True
    assert json.loads(to_json(replay))["alternatives"] is None


@pytest.mark.parametrize("token", ["", "AAPL", "nasdaq:aapl"])
def test_a_chart_draws_rule_and_holding(replay: Replay, token: str) -> None:
    chart: Any = charts.equity(replay, token)
    lines = {each.name: each for each in chart.data}
    assert {"rule", "holding"} <= set(lines)
    equity = replay.equity
    assert lines["rule"].y[-1] == pytest.approx(equity.rule_percent, abs=1e-3)
    assert lines["holding"].y[-1] == pytest.approx(equity.holding_percent, abs=1e-3)
    assert ("sold" in lines) == bool(token)
    assert "REPLAY" in chart.name
    picture = ET.fromstring(chart.picture)
    assert len(picture.findall(f"{SVG}path")) >= 3
    assert len(chart.picture) < 20_000


def test_a_page_shows_the_percent_of_a_scale_in_its_own_ink(replay: Replay) -> None:
    axis = charts.equity(replay).figure["layout"]["yaxis"]
    assert axis["tickprefix"].startswith("<span")
    assert axis["ticksuffix"] == " %</span>"


def test_hours_of_one_and_days_of_another_are_drawn_a_day_at_a_time() -> None:
    hourly, daily = subject(BARS), subject(BARS, "SMA 20 1D")
    both = Replaying([hourly, daily], terms(BARS)).run(Silent())
    chart: Any = charts.equity(both)
    line = {each.name: each for each in chart.data}["holding"]
    assert len(line.y) == 40
    assert line.y[-1] == pytest.approx(both.equity.holding_percent, abs=1e-3)
    assert (
        "1 of them stand still until their first judged bar"
        in chart.figure["layout"]["title"]["subtitle"]["text"]
    )
    alone = charts.equity(Replaying([hourly], terms(BARS)).run(Silent()))
    assert "stand still" not in alone.summary
    unjudged = Replaying([hourly, subject(BARS, "SMA 200 1D")], terms(BARS)).run(Silent())
    assert "1 never judged, and left out" in charts.equity(unjudged).summary


def test_a_chart_of_nothing_says_so(replay: Replay) -> None:
    empty = replace(replay, positions=())
    assert "nothing was judged" in charts.equity(empty).picture
    with pytest.raises(ConfigError, match="it has NASDAQ:AAPL"):
        charts.equity(replay, "MSFT")


def test_results_say_themselves_in_a_line(replay: Replay, others: Alternatives) -> None:
    assert repr(replay.positions[0]).startswith("NASDAQ:AAPL    SMA 5 1H")
    assert repr(others).startswith("28 alternatives of 1 position")
    assert show_richly() is False
