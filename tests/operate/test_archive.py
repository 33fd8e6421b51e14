"""Months that are over are archived one by one, and the audit finds them where they lie then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.kept_notebooks import KeptNotebooks
from sellkit.adapters.month_archive import MonthArchives
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.month import Month
from sellkit.core.past_runs import PastRun, RunVerdict
from sellkit.core.run_filter import RunFilter
from sellkit.errors import ConfigError
from sellkit.operate.archive import ARCHIVED, archive
from sellkit.operate.audit import verify
from sellkit.operate.review import named, of_run, reviewed
from tests.build import NOW, utc
from tests.fakes import SilentProgress
from tests.past import Profile, cell, error, notebook

FEBRUARY = Month(2026, 2)
LATER = utc("2026-02-03 15:00")


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """Two runs of January and one of February; the second one's chart failed."""
    made = Profile(tmp_path)
    made.add(NOW, ["EXIT", "HOLD"])
    made.add(NOW + dt.timedelta(hours=1), ["HOLD"], content=notebook(cell(), cell("x", 2, error())))
    made.add(LATER, ["HOLD", "UNDECIDED"], outcome="undecided", mode="LIVE")
    return made


@pytest.fixture
def journal(profile: Profile) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(profile.folder / "journal.sqlite")) as made:
        yield made


def runs(journal: SqliteJournal, folder: Path, wanted: RunFilter | None = None) -> list[PastRun]:
    with KeptNotebooks(folder) as kept:
        return list(reviewed(journal.past_runs.all(), kept, wanted or RunFilter()))


def findings(journal: SqliteJournal, folder: Path) -> tuple[object, ...]:
    with KeptNotebooks(folder) as kept:
        hashes, problems = kept.hashes()
    return (*verify(journal.evidence, hashes), *problems)


def archived(journal: SqliteJournal, folder: Path, now: dt.datetime = LATER) -> list[str]:
    done = archive(MonthArchives(folder), journal.evidence, FEBRUARY, now, SilentProgress())
    return [str(each) for each in done]


def test_an_archived_month_passes_the_audit_and_its_runs_keep_their_verdicts(
    profile: Profile, journal: SqliteJournal
) -> None:
    before = runs(journal, profile.folder)
    assert archived(journal, profile.folder) == ["2026-01: 2 notebooks in runs/2026-01.zip"]
    assert findings(journal, profile.folder) == ()
    after = runs(journal, profile.folder)
    assert [each.verdict for each in after] == [each.verdict for each in before]
    assert [each.notebook and each.notebook.archive for each in after] == [
        None,
        "runs/2026-01.zip",
        "runs/2026-01.zip",
    ]


def test_the_journal_says_what_was_archived_and_a_second_call_does_nothing(
    profile: Profile, journal: SqliteJournal
) -> None:
    archived(journal, profile.folder)
    assert archived(journal, profile.folder) == []
    (told,) = journal.evidence.events(ARCHIVED)
    assert told["details"] == {
        "month": "2026-01",
        "archive": "runs/2026-01.zip",
        "notebooks": 2,
    }


def test_a_month_that_is_not_over_is_refused(profile: Profile, journal: SqliteJournal) -> None:
    with pytest.raises(ConfigError, match="2026-01, which is not over"):
        archived(journal, profile.folder, NOW)
    assert not list(profile.folder.glob("runs/*.zip"))


def test_a_notebook_that_was_changed_is_found_after_it_was_archived_as_before(
    profile: Profile, journal: SqliteJournal
) -> None:
    path = str(runs(journal, profile.folder)[-1].facts.path)
    profile.write(path, notebook(cell("2 + 2")))
    before = findings(journal, profile.folder)
    assert len(before) == 1
    archived(journal, profile.folder)
    assert findings(journal, profile.folder) == before
    assert runs(journal, profile.folder)[-1].verdict is RunVerdict.ALTERED


def test_an_archive_that_was_removed_is_found_run_by_run(
    profile: Profile, journal: SqliteJournal
) -> None:
    archived(journal, profile.folder)
    (profile.folder / "runs" / "2026-01.zip").unlink()
    assert len(findings(journal, profile.folder)) == 2


def test_the_verdict_comes_from_the_cells_although_the_journal_says_decided(
    profile: Profile, journal: SqliteJournal
) -> None:
    found = runs(journal, profile.folder)
    assert [each.verdict for each in found] == [
        RunVerdict.UNDECIDED,
        RunVerdict.FAILED,
        RunVerdict.DECIDED,
    ]
    assert found[1].reasons == ("cell 2: NotConnected: the gateway went away",)
    assert (found[2].signals, found[2].facts.tickets) == (1, {})


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (RunFilter(last=2), ["00000003", "00000002"]),
        (RunFilter(mode="LIVE"), ["00000003"]),
        (RunFilter(token="MSFT"), ["00000003", "00000001"]),
        (RunFilter(verdict=RunVerdict.FAILED, last=5), ["00000002"]),
        (RunFilter(until=NOW.date()), ["00000002", "00000001"]),
    ],
)
def test_the_runs_that_are_wanted_come_the_latest_first(
    profile: Profile, journal: SqliteJournal, wanted: RunFilter, ids: list[str]
) -> None:
    assert [each.facts.run_id for each in runs(journal, profile.folder, wanted)] == ids


def test_a_run_that_never_reached_the_journal_is_listed_as_failed(
    profile: Profile, journal: SqliteJournal
) -> None:
    path = "runs/2026-02-04/150000Z_ffff.ipynb"
    profile.write(path, notebook(cell("x", 1, error())))
    with KeptNotebooks(profile.folder) as kept:
        found = kept.look(path)
    assert found is not None
    at = LATER + dt.timedelta(days=1)
    journal.evidence.record_notebook("ffff", path, found.sha256, at)
    latest = runs(journal, profile.folder)[0]
    assert (latest.facts.run_id, latest.verdict) == ("ffff", RunVerdict.FAILED)
    assert latest.facts.moment == at


def test_a_run_is_named_by_its_id_its_beginning_or_as_the_last(journal: SqliteJournal) -> None:
    told = journal.past_runs.all()
    assert named(told, "00000002") is told[1]
    assert named(told, "last") is told[-1]
    assert named(told[:1], "0000") is told[0]
    for name, says in (("0000", "any of 3"), ("abc", "no run 'abc'"), ("", "no run")):
        with pytest.raises(ConfigError, match=says):
            named(told, name)


def test_findings_of_one_run_are_told_apart_from_those_of_others(
    profile: Profile, journal: SqliteJournal
) -> None:
    for each in runs(journal, profile.folder)[1:]:
        profile.write(str(each.facts.path), b"{}")
    told = verify(journal.evidence, _hashes(profile))
    own, others = of_run(told, journal.past_runs.places("00000001"), "00000001")
    assert [each.where for each in own] == ["runs/2026-01-28/200020Z_00000001.ipynb"]
    assert others == 1


def test_the_places_of_a_run_are_its_rows_its_notebook_and_its_tickets(
    journal: SqliteJournal,
) -> None:
    places = journal.past_runs.places("00000001")
    assert places == {
        "run row 1",
        "run_end row 1",
        "snapshot_seen row 1",
        "standing_seen row 1",
        "decision row 1",
        "decision row 2",
        "notebook_kept row 1",
        "runs/2026-01-28/200020Z_00000001.ipynb",
    }


def _hashes(profile: Profile) -> dict[str, str]:
    with KeptNotebooks(profile.folder) as kept:
        return kept.hashes()[0]
