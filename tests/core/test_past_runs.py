"""The verdict on a run rests on the journal, its cells and its hash, and on nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sellkit.core.past_runs import JournalledRun, KeptNotebook, RunVerdict, is_sound, judge
from sellkit.core.run_filter import RunFilter, days
from sellkit.errors import ConfigError
from tests.build import NOW

V = RunVerdict
USUAL: dict[str, Any] = {
    "run_id": "r1",
    "started_at": NOW,
    "as_of": NOW,
    "finished_at": NOW + dt.timedelta(seconds=9),
    "outcome": "decided",
    "mode": "DRY RUN",
    "account": "main",
    "decisions": {"HOLD": 2},
    "tokens": frozenset({"NASDAQ:AAPL", "NYSE:BRK B"}),
    "path": "runs/2026-01-28/200020Z_r1.ipynb",
    "sha256": "ab",
}


def facts(**changes: Any) -> JournalledRun:
    return JournalledRun(**{**USUAL, **changes})


def kept(**changes: Any) -> KeptNotebook:
    usual = {"path": USUAL["path"], "sha256": "ab", "size": 10, "cells": 3}
    return KeptNotebook(**{**usual, **changes})


def verdict(told: JournalledRun, notebook: KeptNotebook | None) -> tuple[RunVerdict, int]:
    found = judge(told, notebook)
    return found.verdict, len(found.reasons)


def test_a_run_that_came_to_its_end_and_is_as_it_was_kept_is_what_the_journal_says() -> None:
    assert verdict(facts(), kept()) == (V.DECIDED, 0)
    undecided = judge(facts(outcome="undecided", decisions={"HOLD": 5, "UNDECIDED": 3}), kept())
    assert (undecided.verdict, undecided.reasons) == (V.UNDECIDED, ("3 of 8 positions undecided",))


@pytest.mark.parametrize(
    ("changes", "has_judged"),
    [
        ({}, True),
        ({"decisions": {}}, True),  # an account without a position
        ({"outcome": "failed: NotConnected", "decisions": {}}, False),
        ({"outcome": "failed: JournalError"}, True),
        ({"outcome": None}, True),
        ({"outcome": None, "decisions": {}}, False),
    ],
)
def test_a_run_has_judged_where_it_tells_the_positions(
    changes: dict[str, Any], has_judged: bool
) -> None:
    assert facts(**changes).has_judged is has_judged


def test_a_run_by_hand_has_no_notebook_and_that_is_nothing_against_it() -> None:
    assert verdict(facts(path=None, sha256=None), None) == (V.DECIDED, 0)


@pytest.mark.parametrize(
    ("told", "notebook", "expected"),
    [
        (facts(), kept(sha256="cd"), V.ALTERED),
        (facts(), None, V.ALTERED),
        (facts(outcome="uncertain"), kept(), V.UNCERTAIN),
        (facts(outcome="failed: cell 4: NotConnected: gone"), kept(), V.FAILED),
        (facts(), kept(failure="cell 11: ValueError: no chart"), V.FAILED),
        (facts(outcome=None, finished_at=None), kept(), V.UNFINISHED),
        (JournalledRun(run_id="r1", path="runs/x", sha256="ab"), kept(), V.FAILED),
    ],
)
def test_what_speaks_against_a_run_is_its_verdict(
    told: JournalledRun, notebook: KeptNotebook | None, expected: RunVerdict
) -> None:
    found = judge(told, notebook)
    assert found.verdict is expected
    assert found.reasons
    assert is_sound(found.verdict) is False


def test_the_gravest_is_the_verdict_and_every_other_stays_among_the_reasons() -> None:
    found = judge(facts(outcome="uncertain"), kept(sha256="cd", failure="cell 9: KeyError: x"))
    assert found.verdict is V.ALTERED
    assert [words in each for words, each in zip(("changed", "fate", "cell 9"), found.reasons,
                                                 strict=True)] == [True] * 3  # fmt: skip


def test_the_time_of_a_run_is_when_it_judged() -> None:
    later = NOW + dt.timedelta(minutes=1)
    assert facts(judged_at=later).moment == later
    assert facts().moment == NOW
    assert facts().took == dt.timedelta(seconds=9)
    assert facts(finished_at=None).took is None


@pytest.mark.parametrize(
    ("wanted", "is_taken"),
    [
        ({}, True),
        ({"since": NOW.date(), "until": NOW.date()}, True),
        ({"since": NOW.date() + dt.timedelta(days=1)}, False),
        ({"until": NOW.date() - dt.timedelta(days=1)}, False),
        ({"mode": "LIVE"}, False),
        ({"account": "main"}, True),
        ({"account": "other"}, False),
        ({"token": "aapl"}, True),
        ({"token": "NASDAQ:AAPL"}, True),
        ({"token": "NYSE:AAPL"}, False),
        ({"token": "AAP"}, False),
    ],
)
def test_a_filter_takes_a_run_by_day_mode_and_token(wanted: dict[str, Any], is_taken: bool) -> None:
    assert RunFilter(**wanted).takes(facts()) is is_taken


def test_a_run_of_no_known_time_is_in_no_range_of_days() -> None:
    assert RunFilter().takes(JournalledRun(run_id="r1"))
    assert not RunFilter(since=NOW.date()).takes(JournalledRun(run_id="r1"))


def test_days_are_those_of_a_month_or_named_one_by_one() -> None:
    assert days("2026-02", None, None) == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert days(None, "2026-02-03", None) == (dt.date(2026, 2, 3), None)
    assert days(None, None, None) == (None, None)


@pytest.mark.parametrize(
    "texts",
    [
        ("2026-13", None, None),
        ("2026-6", None, None),
        ("june", None, None),
        ("2026-06", "2026-06-01", None),
        (None, "yesterday", None),
        (None, "2026-06-02", "2026-06-01"),
        (None, None, "2026-06-31"),
    ],
)
def test_what_names_no_days_is_refused_in_one_line(texts: tuple[str | None, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        days(*texts)
    assert "\n" not in str(caught.value)
