"""What every `AssignmentBook` does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.core.assignments import ALL_CHOICES, Assignment
from sellkit.core.instrument import Token
from sellkit.errors import ChangedMeanwhile
from sellkit.ports import AssignmentBook
from tests import build
from tests.fakes_store import MemoryAssignmentBook

TOKENS = [Token.parse(text) for text in ("NASDAQ:AAPL", "NYSE:BRK.B", "ARCA:SPY", "IBIS:SAP")]
assignments = st.builds(
    lambda token, choice: Assignment(token, *choice),
    st.sampled_from(TOKENS),
    st.sampled_from(ALL_CHOICES),
)


def make(kind: str, folder: Path) -> AssignmentBook:
    if kind == "memory":
        return MemoryAssignmentBook(path=folder / "assigned_ma.csv")
    return CsvAssignments(folder / "config" / "assigned_ma.csv")


@pytest.fixture(params=["memory", "csv"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> AssignmentBook:
    return make(request.param, tmp_path)


def test_a_book_never_written_is_empty(book: AssignmentBook) -> None:
    assert book.load().assignments == {}
    assert book.load().problems == ()


def test_what_was_saved_is_loaded(book: AssignmentBook) -> None:
    given_ = build.assignment("EMA 200 1D")
    book.save(given_)
    assert book.load().assignments == {given_.token: given_}


def test_a_second_assignment_takes_the_place_of_the_first(book: AssignmentBook) -> None:
    book.save(build.assignment("SMA 50 1H"))
    book.save(build.assignment("EMA 20 1D"))
    assert list(book.load().assignments.values()) == [build.assignment("EMA 20 1D")]
    assert book.load().problems == ()


def test_assignments_of_other_tokens_stay(book: AssignmentBook) -> None:
    for token in TOKENS:
        book.save(build.assignment("SMA 50 1H", str(token)))
    book.save(build.assignment("EMA 5 1D", str(TOKENS[1])))
    labels = [each.label for each in book.load().assignments.values()]
    assert labels == ["SMA 50 1H", "EMA 5 1D", "SMA 50 1H", "SMA 50 1H"]


def test_the_book_says_where_it_is(book: AssignmentBook) -> None:
    assert book.path.name == "assigned_ma.csv"


def test_a_draft_writes_nothing_and_tells_what_would_stand(book: AssignmentBook) -> None:
    book.save(build.assignment("SMA 50 1H"))
    edit = book.draft([build.assignment("EMA 20 1D"), build.assignment("SMA 5 1H", "ARCA:SPY")])
    assert [each.label for each in book.load().assignments.values()] == ["SMA 50 1H"]
    assert edit.before != edit.after
    book.write(edit)
    assert [each.label for each in book.load().assignments.values()] == ["EMA 20 1D", "SMA 5 1H"]
    assert book.draft([]).before == edit.after


def test_what_was_worked_out_on_another_content_is_not_written(book: AssignmentBook) -> None:
    edit = book.draft([build.assignment("EMA 20 1D")])
    other = build.assignment("SMA 5 1H", "ARCA:SPY")
    book.save(other)
    with pytest.raises(ChangedMeanwhile):
        book.write(edit)
    assert list(book.load().assignments.values()) == [other]


def test_the_version_is_another_after_each_change_and_the_same_without_one(
    book: AssignmentBook,
) -> None:
    before = book.load().version
    book.save(build.assignment("SMA 50 1H"))
    after = book.load().version
    assert before == ""
    assert after != before
    assert book.load().version == after


@pytest.mark.parametrize("kind", ["memory", "csv"])
@given(saved=st.lists(assignments, max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_last_word_on_each_token_stands(
    kind: str, saved: list[Assignment], tmp_path_factory: pytest.TempPathFactory
) -> None:
    book = make(kind, tmp_path_factory.mktemp("book"))
    for each in saved:
        book.save(each)
    sheet = book.load()
    assert sheet.assignments == {each.token: each for each in saved}
    assert sheet.problems == ()
