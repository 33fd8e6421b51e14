"""The status table and the decisions, as values and as HTML."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from sellkit.core.assignments import LENGTHS
from sellkit.core.gates import judge
from sellkit.core.orders import prepare
from sellkit.core.signals import Decision
from sellkit.core.snapshot import in_display_order
from sellkit.present.heading import Heading, two_clocks, two_clocks_span
from sellkit.present.tables import (
    decisions_table,
    notebook_table,
    status_frame,
    to_csv,
    to_json,
)
from sellkit.present.terminal import print_status
from tests import build
from tests.architecture.source import ROOT
from tests.present.holdings import HEADING, HOLDINGS, portfolio

UNASSIGNED = HOLDINGS[3]
BROKEN = HOLDINGS[4]


def _json_row(**changes: Any) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(to_json([build.row(**changes)], HEADING))["rows"]
    return rows[0]


# --- values ---------------------------------------------------------------------------------------


def test_a_decision_on_a_bar_that_had_not_ended_says_so_in_every_table() -> None:
    proof = build.certificate()
    early = replace(proof, fetched_at=proof.slot.end - dt.timedelta(seconds=299))
    row = build.row(signal=build.signal(proof=early))
    assert _json_row(signal=row.signal)["provisional"] is True
    assert _json_row()["provisional"] is False
    assert "EXIT PROVISIONAL" in notebook_table([row], HEADING).markup
    told = decisions_table([row], HEADING).markup
    assert "EXIT PROVISIONAL" in told
    assert "PROVISIONAL, told 299 s before the bar" in told
    stream = io.StringIO()
    print_status([row], HEADING, stream=stream)
    assert stream.getvalue().count("EXIT PROVISIONAL") == 1


def test_rows_stand_in_display_order() -> None:
    rows = portfolio()
    expected = [str(row.position.instrument.token) for row in in_display_order(rows)]
    assert list(status_frame(rows)["token"]) == expected
    assert expected != [str(row.position.instrument.token) for row in rows]


def test_percent_to_cross_is_average_minus_close_over_close() -> None:
    values = _json_row(last_close=80.0, readings=build.readings(100.0))
    assert {values[f"to_cross_{length}_pct"] for length in LENGTHS} == {25.0}
    assert values["distance_pct"] == 25.0


def test_the_seven_lengths_are_those_of_the_assigned_family() -> None:
    readings = tuple(
        build.reading(f"{kind} {length} {timeframe}", 110.0 if kind == "EMA" else 100.0)
        for timeframe in ("1H", "1D")
        for kind in ("SMA", "EMA")
        for length in LENGTHS
    )
    signal = build.signal(assigned=build.assignment("EMA 20 1D"))
    values = _json_row(last_close=100.0, readings=readings, signal=signal)
    assert values["family"] == "EMA 1D"
    assert values["to_cross_5_pct"] == pytest.approx(10)


def test_all_averages_gives_28_percentages() -> None:
    frame = status_frame(portfolio(), all_averages=True)
    named = [name for name in frame.columns if name.startswith("to_cross_")]
    assert len(named) == 28
    assert {"to_cross_sma_5_1h_pct", "to_cross_ema_200_1d_pct"} <= set(named)


def test_values_are_not_rounded() -> None:
    close = 0.1 + 0.2
    values = _json_row(last_close=close)
    assert values["last_close"] == close
    line = next(csv.DictReader(io.StringIO(to_csv([build.row(last_close=close)], HEADING))))
    assert float(line["last_close"]) == close


def test_what_is_unknown_is_null_and_an_empty_field() -> None:
    (row,) = portfolio([BROKEN])
    values = json.loads(to_json([row], HEADING))["rows"][0]
    unknown = ("last_close", "family", "average", "distance_pct", "abv_be", "to_cross_5_pct")
    assert all(values[name] is None for name in unknown)
    line = next(csv.DictReader(io.StringIO(to_csv([row], HEADING))))
    assert all(line[name] == "" for name in unknown)


def test_a_number_that_json_cannot_say_is_refused() -> None:
    row = build.row(last_close=float("nan"), signal=build.signal(build.position(cost=None)))
    with pytest.raises(ValueError, match="Out of range float"):
        to_json([row], HEADING)


def test_a_missing_cost_is_null_not_zero() -> None:
    values = _json_row(signal=build.signal(build.position(cost=None)))
    assert values["average_cost"] is None
    assert values["abv_be"] is None


@pytest.mark.parametrize("order_id", ["0", "-3"])
def test_an_order_placed_by_hand_is_told_from_those_of_other_clients(order_id: str) -> None:
    order = replace(build.open_order(stop="80"), order_id=order_id)
    values = _json_row(open_orders=(order,))
    assert values["open_orders"] == ["SELL 100 STP stop 80.00 (by hand)"]


def test_open_orders_come_with_their_stop_prices_and_who_placed_them() -> None:
    orders = (build.open_order(stop="80"), build.open_order("SK1-0123456789ab-1", stop="81.25"))
    values = _json_row(open_orders=orders)
    assert values["open_orders"] == [
        "SELL 100 STP stop 80.00 (foreign)",
        "SELL 100 STP stop 81.25 (own)",
    ]
    assert values["stop_prices"] == [80.0, 81.25]


def test_an_approved_ticket_says_that_this_is_a_dry_run() -> None:
    verdict = judge(build.ticket(), build.facts())
    assert _json_row(verdict=verdict)["would_send"].endswith("this is a dry run")


def test_the_heading_stands_in_json_and_in_every_line_of_csv() -> None:
    rows = portfolio(HOLDINGS[:3])
    heading = json.loads(to_json(rows, HEADING))["heading"]
    assert heading["mode"] == "DRY RUN"
    lines = list(csv.DictReader(io.StringIO(to_csv(rows, HEADING))))
    assert len(lines) == 3
    assert all({**line, **heading} == line for line in lines)


def test_no_positions_give_empty_tables() -> None:
    assert to_csv([], HEADING) == ""
    assert json.loads(to_json([], HEADING))["rows"] == []
    assert status_frame([]).empty
    assert "No positions" in notebook_table([], HEADING).markup
    assert "No positions" in decisions_table([], HEADING).markup


def test_a_frame_holds_plain_numbers() -> None:
    frame = status_frame(portfolio())
    assert frame["average_cost"].dtype == "float64"
    assert not any(isinstance(value, Decimal) for value in frame.to_numpy().ravel())
    assert pd.isna(frame.set_index("token").loc[BROKEN.token, "last_close"])


# --- heading --------------------------------------------------------------------------------------


def test_the_heading_tells_mode_account_gateway_and_both_clocks() -> None:
    assert str(HEADING) == (
        "DRY RUN · profile demo · account main · simulated gateway · "
        "as of 2026-01-28 15:00:20 EST (20:00:20 UTC)"
    )


def test_the_heading_is_its_line_where_html_cannot_be_shown() -> None:
    assert repr(HEADING) == str(HEADING)


def test_utc_carries_its_own_date_where_it_differs() -> None:
    late = build.utc("2026-01-29 02:30")
    assert two_clocks(late, "NYSE") == "2026-01-28 21:30 EST (2026-01-29 02:30 UTC)"


def test_an_exchange_without_a_calendar_is_told_in_utc() -> None:
    assert two_clocks(build.HOUR_END, "NOWHERE") == "2026-01-28 20:00 UTC"
    span = two_clocks_span(build.utc("2026-01-28 19:00"), build.HOUR_END, "NOWHERE")
    assert span == "2026-01-28 19:00 to 20:00 UTC"


def test_any_mode_but_a_dry_run_has_the_alarming_colour() -> None:
    fields = {"profile": "live", "account": "a", "gateway": "live", "zone_exchange": "NYSE"}
    live = Heading(mode="LIVE", as_of=build.NOW, **fields)
    assert "#b3261e" in live._repr_html_()
    assert "#b3261e" not in HEADING._repr_html_()


def test_text_in_a_heading_is_escaped() -> None:
    fields = {"mode": "DRY RUN", "profile": "<b>", "gateway": "paper", "zone_exchange": "NYSE"}
    assert "<b>" not in Heading(account="a", as_of=build.NOW, **fields)._repr_html_().replace(
        "<b>DRY RUN</b>", ""
    )


# --- notebook -------------------------------------------------------------------------------------


def test_a_notebook_table_of_30_rows_stays_small() -> None:
    rows = portfolio() * 3
    assert len(notebook_table(rows, HEADING).markup.encode()) < 60_000
    assert len(decisions_table(rows, HEADING).markup.encode()) < 60_000


@pytest.mark.parametrize("draw", [notebook_table, decisions_table])
def test_a_notebook_table_asks_nothing_of_the_internet_and_follows_the_theme(draw: Any) -> None:
    markup = draw(portfolio(), HEADING)._repr_html_()
    assert "var(--jp-ui-font-color1" in markup
    assert "http" not in markup
    assert "<script" not in markup
    assert "DRY RUN" in markup


def test_decisions_keep_their_colour_without_the_style_block() -> None:
    markup = notebook_table(portfolio(), HEADING).markup.partition("</style>")[2]
    assert 'background:#b3261e">EXIT<' in markup
    assert 'background:#23703a">HOLD<' in markup
    assert 'background:#8a5a00">UNDECIDED<' in markup


def test_short_prose_leaves_the_room_to_the_answer_that_people_look_for() -> None:
    markup = notebook_table(portfolio(), HEADING).markup
    wide = re.findall(r"min-width:(\d+)em\">([^<]+)<", markup)
    assert wide == [("6", "warm-up"), ("9", "open orders"), ("20", "would it be sent now?")]


def test_reasons_are_escaped() -> None:
    reasons = ("<script>x</script>", "<script>y</script>")
    signal = build.Signal(build.position(), build.assignment(), Decision.UNDECIDED, reasons)
    row = build.row(signal=signal)
    for table in (notebook_table([row], HEADING), decisions_table([row], HEADING)):
        assert "<script" not in table.markup
        assert "&lt;script&gt;" in table.markup


def test_the_percentage_of_the_assigned_average_alone_is_strong() -> None:
    readings = tuple(build.reading(f"SMA {length} 1H", 100.0 + length) for length in LENGTHS)
    markup = notebook_table([build.row(last_close=100.0, readings=readings)], HEADING).markup
    assert markup.count('font-weight:700">+') == 1
    assert 'font-weight:700">+50.00<' in markup


def test_all_averages_show_a_line_for_each_family() -> None:
    markup = notebook_table([build.row()], HEADING, all_averages=True).markup
    assert all(f">{label}<" in markup for label in ("1H SMA", "1H EMA", "1D SMA", "1D EMA"))


@pytest.mark.parametrize("all_averages", [False, True])
def test_the_percentages_have_titles_that_are_explained(*, all_averages: bool) -> None:
    markup = notebook_table([build.row()], HEADING, all_averages=all_averages).markup
    assert all(f">%{length}</th>" in markup for length in LENGTHS)
    assert "%5 to %200: % to cross, from the close to the average of that length" in markup
    assert "~" not in markup


@pytest.mark.parametrize("all_averages", [False, True])
@pytest.mark.parametrize("weight", [0.0011, 1.0])
def test_an_ema_with_too_much_seed_is_amber_and_marked(
    weight: float, *, all_averages: bool
) -> None:
    readings = tuple(
        build.reading(f"EMA {length} 1H", 100.0 + length, weight if length > 100 else 0.001)
        for length in LENGTHS
    )
    signal = build.signal(assigned=build.assignment("EMA 200 1H"))
    row = build.row(last_close=100.0, readings=readings, signal=signal)
    markup = notebook_table([row], HEADING, all_averages=all_averages).markup
    amber = "border-bottom:2px solid #c98a00"
    assert f'<span style="{amber}">~+150.00</span>' in markup
    assert f'<span style="font-weight:700;{amber}">~+200.00</span>' in markup
    assert ">+100.00<" in markup
    assert "~ an EMA still warming up: more than 0.1 % of it is the seed it began with" in markup


def test_every_reason_and_the_whole_certificate_stand_in_the_decisions() -> None:
    markup = decisions_table(portfolio(HOLDINGS[:1]), HEADING).markup
    for text in (
        "2026-01-28 14:00 to 15:00 EST (19:00 to 20:00 UTC)",
        "2 half-hours, TRADES",
        "2026-01-28 15:00:05 EST (20:00:05 UTC)",
        "900 bars, seed weight 0.0000%",
        "is strictly below SMA 50 1H",
    ):
        assert text in markup


def test_a_daily_bar_is_named_by_its_session_not_by_midnight_utc() -> None:
    markup = decisions_table(portfolio(HOLDINGS[1:2]), HEADING).markup
    assert "session of 2026-01-27, ended 2026-01-27 16:00 EST (21:00 UTC)" in markup
    assert "one daily bar" in markup


def test_a_prepared_order_is_told_in_words_with_every_reason_against_it() -> None:
    position = build.position(quantity="12.5", cost="5000")
    signal = build.signal(position)
    facts = build.facts(snapshot=build.snapshot([position], [build.open_order()]))
    row = build.row(signal=signal, verdict=judge(prepare(signal), facts))
    markup = decisions_table([row], HEADING).markup
    assert "SELL 12 NASDAQ:AAPL MKT, DAY, regular hours only, account main" in markup
    assert "0.5 of a share stays behind" in markup
    assert markup.count("withheld: ") == 2


def test_no_account_number_is_shown() -> None:
    rows = portfolio()
    shown = [
        notebook_table(rows, HEADING).markup,
        decisions_table(rows, HEADING).markup,
        to_json(rows, HEADING),
        to_csv(rows, HEADING),
    ]
    assert not any(build.NUMBER in text for text in shown)


def test_without_html_a_table_says_what_it_is() -> None:
    assert repr(notebook_table(portfolio(), HEADING)).startswith("DRY RUN")


def test_the_tables_load_neither_plotly_nor_widgets() -> None:
    statement = (
        "import sys, sellkit.present.tables, sellkit.present.terminal, sellkit.present.progress;"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", statement], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"plotly", "ipywidgets", "IPython"} & set(done.stdout.split())
