"""Past runs as tables, lines, a calendar, pages and a panel."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sellkit.core.bars import Anchor
from sellkit.core.month import Month
from sellkit.core.past_runs import JournalledRun, KeptNotebook, PastRun, RunVerdict, judge
from sellkit.core.run_difference import JournalledDecision, differences
from sellkit.core.run_filter import RunFilter
from sellkit.core.run_hours import HourCalendar, hour_calendar
from sellkit.operate.review import Beside
from sellkit.present import runs as present
from sellkit.present.runs.columns import duration
from sellkit.present.runs.comparison import headline, lines, to_record
from sellkit.present.runs.hours import print_hours
from sellkit.present.runs.hours import to_record as hours_record
from sellkit.present.runs.one import beside_lines
from sellkit.present.runs.one import lines as run_lines
from sellkit.present.runs.site import index_page, page_of, run_page, stamp_of
from sellkit.present.runs.table import print_runs, to_json
from tests.build import NOW, new_york, utc

PATH = "runs/2026-01-28/200020Z_aaaa0001.ipynb"
EVIL = "<script>alert(1)</script>"


def run(**changes: Any) -> PastRun:
    """A run that decided two positions, and sold one."""
    usual: dict[str, Any] = {
        "run_id": "aaaa0001",
        "started_at": NOW,
        "as_of": NOW,
        "judged_at": NOW,
        "finished_at": NOW + dt.timedelta(seconds=63),
        "outcome": "decided",
        "mode": "LIVE",
        "profile": "paper",
        "account": "main",
        "gateway": "paper",
        "version": "0.1.0",
        "decisions": {"HOLD": 1, "EXIT": 1},
        "tickets": {"prepared": 1},
        "sent": 1,
        "tokens": frozenset({"NASDAQ:AAPL"}),
        "path": PATH,
        "sha256": "ab" * 32,
    }
    kept = KeptNotebook(path=PATH, sha256="ab" * 32, size=87_000, cells=9)
    return judge(JournalledRun(**{**usual, **changes}), kept)


FAILED = run(run_id="bbbb0002", outcome=f"failed: cell 4: Oops: {EVIL}; the notebook is kept: x")


def decided(word: str = "HOLD", con_id: int = 1, why: str = "so") -> JournalledDecision:
    return JournalledDecision(
        token=f"NYSE:{con_id}",
        con_id=con_id,
        decision=word,
        reasons=(why,),
        average=None,
        quantity="100",
        close=1.5,
        value=2.5,
        bar_end=NOW,
    )


def month(*told: PastRun) -> HourCalendar:
    return hour_calendar(
        Month(2026, 1),
        [new_york()],
        told,
        anchor=Anchor.CLOCK,
        now=utc("2026-01-29 18:00"),
        grace=dt.timedelta(minutes=15),
        since=utc("2026-01-28 19:00"),
    )


# --- the table ------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_run_with_everything_that_is_asked_of_it() -> None:
    page = present.runs_table([run(), FAILED], "runs of paper")._repr_html_()
    assert page.count("<tr>") == 3
    for text in ("2026-01-28 20:00", "aaaa0001", "LIVE", "decided", "1 prepared, 1 sent"):
        assert text in page
    assert "1 min 3 s" in page
    assert ">87<" in page
    assert EVIL not in page
    assert "cell 4: Oops: &lt;script" in page
    assert "notebook is kept" not in page


def test_the_table_says_how_many_of_each_verdict_there_are() -> None:
    assert repr(present.runs_table([run(), FAILED, FAILED])) == "runs: 3 runs: 1 decided, 2 failed"
    assert "no such run" in present.runs_table([])._repr_html_()


def test_a_pipe_gets_one_line_for_each_run() -> None:
    out = io.StringIO()
    print_runs([run(), FAILED], out)
    assert len(out.getvalue().splitlines()) == 4


def test_machines_get_plain_values_with_null_for_what_is_unknown() -> None:
    told = json.loads(to_json([run(), run(path=None, sha256=None, started_at=None)]))
    assert told[0]["seconds"] == 63
    assert told[0]["decisions"] == {"HOLD": 1, "EXIT": 1}
    assert (told[1]["started_at"], told[1]["verdict"]) == (None, "failed")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s")]
)
def test_a_duration_is_told_in_minutes_and_seconds(seconds: float, text: str) -> None:
    assert duration(dt.timedelta(seconds=seconds)) == text
    assert duration(None) == "-"


# --- one run, and two -----------------------------------------------------------------------------


def test_one_run_is_shown_with_its_reasons_its_hash_and_its_decisions() -> None:
    shown = present.run_sheet(FAILED, [decided("EXIT", why=EVIL)])
    assert EVIL not in shown.markup
    assert "as journalled" in shown.markup
    assert repr(shown).splitlines()[0] == "run bbbb0002: failed"
    assert run_lines(run(sha256="cd"))[1] == "  its executed notebook was changed after the run"


def test_what_a_run_knew_beside_its_decisions_is_told_in_lines() -> None:
    since = "2026-01-28T20:00:00+00:00"
    standing = {"is_ready": 0, "reason": "the lists are not told", "since": since}
    asked = {"ticker": "NYSE:KO", "asked_at": since, "bid": "9.9", "ask": None, "last": "10"}
    retold = {"ticker": "NYSE:KO", "bar_end": since, "decided_in": "aaaa0001"}
    retold |= {"decision": "EXIT", "decision_now": "HOLD"}
    closes = {"close": 9.5, "close_now": 10.5}
    found = Beside((standing,), ({**asked, "trouble": "late"},), ({**retold, **closes},))
    assert beside_lines(found) == [
        "connection not ready: the lists are not told, since 2026-01-28 20:00:00 UTC",
        "market NYSE:KO: bid 9.9, last 10; late, asked 2026-01-28 20:00:00 UTC",
        "told anew NYSE:KO, bar to 2026-01-28 20:00:00 UTC: close 9.5 and EXIT in run "
        "aaaa0001, now 10.5, by which it would be HOLD",
    ]
    assert beside_lines(Beside((), (), ())) == []


def test_two_runs_are_told_with_both_reasons() -> None:
    found = differences([decided("HOLD", why="above")], [decided("EXIT", why="below"), decided()])
    runs = (run(), FAILED)
    told = lines(runs, differences([decided(why="above")], [decided("EXIT", why="below")]))
    assert told[0] == "1 decision differs between aaaa0001 and bbbb0002"
    assert told[2].endswith("HOLD      unassigned: above")
    assert told[3].endswith("EXIT      unassigned: below")
    page = present.comparison_table(runs, found).markup
    assert headline(runs, found) in page
    assert to_record(runs, found)["second"] == "bbbb0002"


def test_runs_that_agree_or_are_not_two_say_so() -> None:
    assert "decided alike" in repr(present.comparison_table((run(), FAILED), ()))
    assert "two runs are needed" in repr(present.comparison_table((run(),), ()))


# --- hours ----------------------------------------------------------------------------------------


def test_the_calendar_has_a_day_in_each_row_and_says_what_is_missing_in_words_and_red() -> None:
    found = month(run())
    page = present.hours_table(found).markup
    assert page.count("<tr>") == 1 + 22
    assert page.count(">MISSING<") == len(found.missing) == 1 + 1 + 3
    assert re.search(r"background:#b3261e[^>]*>MISSING<", page)
    assert "decided 1↓" in page
    assert "closed" in page, "New Year's Day and Martin Luther King's"
    assert page.count('href="') == 0


def test_an_hour_leads_to_the_page_of_its_run() -> None:
    page = present.hours_table(month(run()), page_of).markup
    assert page.count('href="2026-01-28/200020Z_aaaa0001.html"') == 1


def test_the_calendar_prints_a_line_for_each_day() -> None:
    out = io.StringIO()
    print_hours(month(run(), FAILED), out)
    told = out.getvalue().splitlines()
    assert told[0] == "2026-01, hours of XNYS: 5 missing, 1 judged"
    assert len(told) == 2 + 22
    assert "Thu 01  closed" in told
    assert max(map(len, told)) <= 80


def test_machines_get_every_hour_with_its_state() -> None:
    told = hours_record(month(run()))
    assert len(told["missing"]) == 5  # type: ignore[arg-type]
    assert len(told["hours"]) == 20 * 7  # type: ignore[arg-type]


# --- pages ----------------------------------------------------------------------------------------


def test_the_index_links_each_run_by_a_relative_path_and_asks_for_nothing() -> None:
    by_hand = replace(run(run_id="cccc0003", path=None, sha256=None), notebook=None)
    page = index_page("paper", [run(), by_hand], [month(run())], "now")
    links = re.findall(r'href="([^"]+)"', page)
    assert set(links) == {"2026-01-28/200020Z_aaaa0001.html"}
    assert not re.search(r"(src|href)=\"(https?:)?//|url\(|@import", page)
    assert page.count("<tr data-day") == 2


def test_the_script_of_the_index_is_the_one_that_its_policy_allows() -> None:
    page = index_page("paper", [run()], [], "now")
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_the_page_of_a_notebook_runs_no_script_and_leads_back() -> None:
    page = run_page(FAILED, EVIL, stamp_of(FAILED))
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in page
    assert "script-src" not in page
    assert 'href="../index.html"' in page
    assert page.endswith(f"{stamp_of(FAILED)}\n")


def test_a_page_is_made_anew_when_the_notebook_or_the_verdict_is_another() -> None:
    assert stamp_of(run()) == stamp_of(run())
    assert stamp_of(run()) != stamp_of(run(outcome="undecided"))
    assert stamp_of(run()) != stamp_of(run(sha256="cd"))


# --- the panel ------------------------------------------------------------------------------------


class Past:
    """Two runs of January, and one of February."""

    profile = "paper"

    def __init__(self) -> None:
        later = NOW + dt.timedelta(days=10)
        self.all = [run(run_id="cccc0003", judged_at=later, mode="DRY RUN"), FAILED, run()]
        self.problem: Exception | None = None

    def find(self, wanted: RunFilter | None = None) -> Sequence[PastRun]:
        if self.problem is not None:
            raise self.problem
        chosen = wanted or RunFilter()
        found = [each for each in self.all if chosen.takes(each.facts)]
        return [each for each in found if chosen.verdict in (None, each.verdict)]

    def months(self) -> Sequence[Month]:
        return [Month(2026, 2), Month(2026, 1)]

    def decisions(self, run: PastRun) -> Sequence[JournalledDecision]:
        return [decided("EXIT", why=f"of {run.facts.run_id}")]


def parts(past: Past) -> dict[str, Any]:
    """The widgets of a panel by their names."""
    line, status, table, chooser, one = present.browse(past).children
    named = {each.description: each for each in line.children}
    return {**named, "status": status, "table": table, "show run": chooser, "one": one}


def test_the_panel_begins_with_the_latest_month_and_filters_by_what_is_chosen() -> None:
    shown = parts(Past())
    assert shown["month"].value == "2026-02"
    assert "cccc0003" in shown["table"].value
    shown["month"].value = "any"
    assert "3 runs" in shown["status"].value
    shown["verdict"].value = "failed"
    assert "bbbb0002" in shown["table"].value
    assert "aaaa0001" not in shown["table"].value
    shown["verdict"].value, shown["mode"].value = "any", "DRY RUN"
    assert "1 run:" in shown["status"].value
    shown["mode"].value, shown["token"].value = "any", "MSFT"
    assert "no such run" in shown["status"].value
    assert shown["table"].value == ""


def test_the_panel_shows_one_run_whole_and_none_after_another_choice() -> None:
    shown = parts(Past())
    shown["month"].value = "2026-01"
    shown["show run"].value = "bbbb0002"
    assert "of bbbb0002" in shown["one"].value
    shown["month"].value = "2026-02"
    assert shown["one"].value == ""


def test_an_error_is_shown_in_the_panels_own_line() -> None:
    past = Past()
    shown = parts(past)
    past.problem = ValueError("the journal\nwent <away>")
    shown["month"].value = "any"
    assert shown["status"].value == '<div role="status">the journal went &lt;away&gt;</div>'


def test_every_control_has_a_name() -> None:
    assert all(name for name in parts(Past()))
    assert RunVerdict.FAILED in list(parts(Past())["verdict"].options)
