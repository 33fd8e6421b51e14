"""How sellkit's objects look in a notebook: HTML, plain text beside it, and no account number."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.config import load
from sellkit.config.overrides import Overrides
from sellkit.core.aggregate import CompletedBars
from sellkit.core.assignments import ALL_CHOICES, Assignment, Timeframe
from sellkit.core.bars import Anchor, BarSize, SeriesKey, empty_bars
from sellkit.core.coverage import SessionCoverage
from sellkit.core.custody import Figures, Finding
from sellkit.core.evaluate import History
from sellkit.core.month import Month
from sellkit.core.past import Past
from sellkit.core.past_runs import JournalledRun, PastRun, judge
from sellkit.core.precedent import Precedent
from sellkit.core.prospect import Prospect
from sellkit.core.run_difference import JournalledDecision, differences
from sellkit.core.run_hours import hour_calendar
from sellkit.core.signals import Decision
from sellkit.core.snapshot import Reading, SnapshotRow
from sellkit.core.watched import Watched, WatchedRow
from sellkit.operate.comparing import Line
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.download import DownloadReport
from sellkit.operate.fetch import Outcome, Series
from sellkit.operate.holdings import Holding
from sellkit.operate.hourly import RunResult
from sellkit.operate.reconcile import Reconciliation
from sellkit.operate.study import Study
from sellkit.ports import AssignmentSheet, RunHeader
from sellkit.wiring.desk import WiredDesk
from sellkit.wiring.evidence import AuditReport
from sellkit.wiring.gateways import gateways
from sellkit.wiring.past_runs import Comparison, open_runs
from sellkit.wiring.showing import show_richly
from tests import build, ticketing
from tests.adapters.journal_writers import RUN
from tests.build import NOW

BAD = '<b id="x">'
SETTINGS = f"""\
profile = "paper"
[accounts]
main = "{build.NUMBER}"
"""


def row() -> SnapshotRow:
    return build.row(signal=build.signal(build.position()))


def decision(run: RunHeader | None = RUN) -> HourlyDecision:
    return HourlyDecision(NOW, build.snapshot(), build.standing(), (row(),), {}, run)


def download() -> DownloadReport:
    series = Series(
        build.instrument(),
        build.new_york(),
        SeriesKey(265598, BarSize.M30, anchor=Anchor.CLOCK),
        (),
    )
    return DownloadReport((Outcome(series, 12, 1, BAD), Outcome(series, 0, 1, None)))


def reconciliation() -> Reconciliation:
    lines = (Line("SK1-x-1", "ACKNOWLEDGED", BAD, False, "look"), Line("y", "-", "-", True))
    tickets = (build.ticket_record(),)
    return Reconciliation(ticketing.records(), tickets, lines)


def past() -> PastRun:
    return judge(JournalledRun(run_id="r1", started_at=NOW, outcome=f"failed: {BAD}"), None)


def result() -> RunResult:
    decided = {"ticker": "NYSE:KO", "decision": "HOLD", "reasons": [BAD]}
    return RunResult(
        "r1", Path("runs/x.ipynb"), "decided", (decided,), (), orders=(build.ticket_record(),)
    )


def hours() -> Any:
    return hour_calendar(
        Month(2026, 1), [build.new_york()], [past()], anchor=Anchor.CLOCK, now=NOW,
        grace=dt.timedelta(), since=None,
    )  # fmt: skip


def compared() -> Comparison:
    one = JournalledDecision(
        token="NYSE:KO", con_id=1, decision="HOLD", reasons=(BAD,), average=None, quantity="1",
        close=None, value=None, bar_end=None,
    )  # fmt: skip
    return Comparison((past(), past()), differences([one], []))


def watched() -> Watched:
    told = WatchedRow(row=row(), bar=None, refreshed_at=NOW, trouble=BAD)
    return Watched(account="main", minute=3, due=NOW, refreshed_at=NOW, rows=(told,))


def desk() -> WiredDesk:
    nothing: Any = SimpleNamespace()
    return WiredDesk(nothing, build.account(), nothing, RUN)


def sheet() -> AssignmentSheet:
    found = Assignment.parse("NYSE:KO", "sma", "20", "1d")
    return AssignmentSheet({found.token: found}, (f"line 3: {BAD}",))


def memory() -> Past:
    proof = build.certificate()
    told = Precedent(
        run_id="r1", decided_at=NOW, con_id=1, label="SMA 50 1H", decision=Decision.EXIT,
        reasons=(BAD,), start=proof.slot.start, end=proof.slot.end, parts=2, fetched_at=NOW,
        close=9.0, average=10.0, bars_used=50, seed_weight=0.0, price_basis="TRADES",
    )  # fmt: skip
    return Past((told,))


def holding() -> Holding:
    key = SeriesKey(265598, BarSize.D1)
    return Holding(Figures(key, 250, NOW, NOW, NOW, 1, 0), build.instrument().token, None)


def prospect() -> Prospect:
    readings = (
        Reading(average, timeframe, 9.5 if average.length in {5, 10} else None, 12, 0.0)
        for average, timeframe in ALL_CHOICES
    )
    return Prospect({Timeframe.H1: 10.0}, tuple(readings), problem=BAD)


def study() -> Study:
    nothing = CompletedBars(None, empty_bars(), BAD)
    return Study(History(nothing, nothing), prospect().readings)


OBJECTS: dict[str, tuple[Any, str]] = {
    "desk": (desk, "live"),
    "decision": (decision, "NASDAQ:AAPL"),
    "decision of nobody": (lambda: decision(None), "NASDAQ:AAPL"),
    "download": (download, "12 bars fetched"),
    "reconciliation": (reconciliation, "UNEXPLAINED"),
    "ticket list": (lambda: [build.ticket_record()], "NASDAQ:AAPL"),
    "tickets": (lambda: (build.ticket_record(), build.ticket_record()), "NASDAQ:AAPL"),
    "positions": (lambda: (build.position(),), "NASDAQ:AAPL"),
    "sheet": (sheet, "SMA 20"),
    "watched": (watched, "NASDAQ:AAPL"),
    "watched row": (lambda: watched().rows[0], "NASDAQ:AAPL"),
    "row": (row, "NASDAQ:AAPL"),
    "rows": (lambda: (row(), row()), "NASDAQ:AAPL"),
    "run": (past, "failed"),
    "runs": (lambda: (past(), past()), "2 failed"),
    "result": (result, "NYSE:KO"),
    "hours": (hours, "2026-01"),
    "comparison": (compared, "NYSE:KO"),
    "signal": (lambda: row().signal, "NASDAQ:AAPL"),
    "position": (build.position, "NASDAQ:AAPL"),
    "snapshot": (build.snapshot, "2026-01-28"),
    "past of a position": (memory, "EXIT"),
    "run header": (lambda: RUN, "simulated"),
    "standing": (lambda: build.standing("it rains"), "it rains"),
    "token": (lambda: build.instrument().token, "NASDAQ:AAPL"),
    "instrument": (build.instrument, "NASDAQ:AAPL"),
    "assignment": (build.assignment, "SMA 50 1H"),
    "account": (build.account, "main"),
    "series": (holding, "NASDAQ:AAPL 1 day"),
    "coverage": (
        lambda: {holding(): [SessionCoverage(NOW.date(), 13, 12, 0)] * 250},
        "NASDAQ:AAPL",
    ),
    "series list": (lambda: [holding(), holding()], "NASDAQ:AAPL 1 day"),
    "prospect": (prospect, "SMA 1H"),
    "prospects": (lambda: dict.fromkeys(range(5), prospect()), "8 of 28 averages"),
    "study": (study, "SMA 1D"),
    "studies": (lambda: dict.fromkeys(range(3), study()), "0 bars 1H"),
    "book": (lambda: CsvAssignments(Path("a.csv")), "draft, load"),
    "audit": (lambda: AuditReport((Finding("run row 1", BAD),), 3, 1), "run row 1"),
}


@pytest.fixture(scope="module")
def shown() -> Any:
    """What a notebook makes of an object: its forms by their kinds."""
    formatter = DisplayFormatter()
    shell = SimpleNamespace(display_formatter=formatter)
    assert show_richly(shell)
    assert show_richly(shell)
    return lambda found: formatter.format(found)[0]


@pytest.mark.parametrize("name", OBJECTS)
def test_what_a_person_meets_has_html_and_plain_text_beside_it(name: str, shown: Any) -> None:
    make, says = OBJECTS[name]
    forms = shown(make())
    assert says in forms["text/html"]
    assert BAD not in forms["text/html"], "what comes from outside is text, not markup"
    assert forms["text/plain"]
    assert "object at 0x" not in forms["text/plain"]
    for text in forms.values():
        assert build.NUMBER not in text


@pytest.mark.parametrize("name", OBJECTS)
def test_its_plain_text_is_read_at_a_glance(name: str, shown: Any) -> None:
    assert len(shown(OBJECTS[name][0]())["text/plain"]) < 500


def test_the_gateways_of_the_settings_are_shown_with_the_one_that_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: Any
) -> None:
    (tmp_path / "sellkit.toml").write_text(SETTINGS)
    monkeypatch.setenv("SELLKIT_CONFIG", str(tmp_path / "sellkit.toml"))
    monkeypatch.delenv("SELLKIT_PROFILE", raising=False)
    forms = shown(gateways())
    lines = forms["text/plain"].splitlines()
    assert [each.endswith("chosen: yes") for each in lines] == [False, True, False]
    assert "paper" in forms["text/html"]


@pytest.mark.parametrize("name", ["decision", "desk"])
def test_what_was_done_in_a_mode_says_in_which(name: str, shown: Any) -> None:
    forms = shown(OBJECTS[name][0]())
    assert RUN.mode in forms["text/plain"]
    assert f"<b>{RUN.mode}</b>" in forms["text/html"]


def test_settings_are_told_with_accounts_by_their_aliases(tmp_path: Path, shown: Any) -> None:
    path = tmp_path / "sellkit.toml"
    path.write_text(SETTINGS)
    forms = shown(load(Overrides(config=str(path))))
    assert "<dt>named accounts</dt><dd>main</dd>" in forms["text/html"]
    assert "named accounts: main" in forms["text/plain"]
    assert build.NUMBER not in str(forms)


@pytest.mark.parametrize("found", [(), [1, 2], (1, "a"), {}, {1: 2}, [build.position(), 3], "text"])
def test_what_is_not_sellkits_is_left_to_the_notebook(found: Any, shown: Any) -> None:
    forms = shown(found)
    assert "text/html" not in forms
    assert forms["text/plain"] == repr(found) or found[1:] == [3]


def test_without_a_notebook_there_is_nobody_to_teach() -> None:
    assert not show_richly()


def test_the_tab_key_offers_no_private_name(tmp_path: Path) -> None:
    path = tmp_path / "sellkit.toml"
    path.write_text(SETTINGS)
    with open_runs(overrides=Overrides(config=str(path))) as runs:
        for found in (desk(), runs):
            assert not [each for each in dir(found) if each.startswith("_")]
        assert {"find", "compare", "hours"} <= set(dir(runs))
    assert {"decide", "submit", "heading"} <= set(dir(desk()))
