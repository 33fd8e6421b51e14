"""What became of a run whose process is over, and that its books are closed."""

from __future__ import annotations

import pytest

from sellkit.core.firing import Slot, SlotOutcome
from sellkit.core.portfolio import GatewayKind
from sellkit.core.schedule import HOURLY, Due, SlotKind
from sellkit.operate.concluding import Concluding
from sellkit.ports import RunHeader
from tests.build import NOW
from tests.fakes_schedule import FakeFolder
from tests.fakes_store import MemoryJournal

SLOT = Slot(1, Due(HOURLY, SlotKind.HOUR, NOW), 1, NOW, "", "r1")
RUN = RunHeader(
    run_id="r1",
    started_at=NOW,
    as_of=NOW,
    mode="DRY RUN",
    profile="demo",
    account="main",
    gateway=GatewayKind.SIMULATED,
    version="0.1.0",
)
O = SlotOutcome  # noqa: E741  (a column of a table)


class Books:
    """A journal and a folder, in which the run got as far as a word says."""

    def __init__(self, so_far: str) -> None:
        self.journal, self.folder = MemoryJournal(), FakeFolder()
        self.noted: list[tuple[str, str]] = []
        if so_far in {"open", "decided", "failed: a cell"}:
            self.journal.begin(RUN)
        if so_far in {"decided", "failed: a cell"}:
            self.journal.finish("r1", NOW, so_far)
        shown = {"a failed notebook": "cell 1: ValueError", "a notebook": ""}
        if so_far != "nothing":
            self.folder.left["r1"] = shown.get(so_far)

    def conclude(self, code: int | None, ended_as: SlotOutcome | None = None) -> SlotOutcome:
        note = Concluding(self.journal, self.folder, lambda *told: self.noted.append(told))
        return note.end_of(SLOT, code, ended_as, NOW).outcome

    @property
    def outcome(self) -> object:
        return next((each["outcome"] for each in self.journal.runs()), None)


@pytest.mark.parametrize(
    ("so_far", "code", "ended_as", "outcome"),
    [
        ("decided", 0, None, O.RAN),
        ("decided", 4, None, O.RAN),
        ("decided", 5, None, O.RAN),
        ("decided", 0, O.OVERRAN, O.RAN),
        ("failed: a cell", 1, None, O.FAILED),
        ("open", -9, None, O.FAILED),
        ("nothing", 2, None, O.FAILED),
        ("open", 130, O.OVERRAN, O.OVERRAN),
        ("open", -9, O.OVERRAN, O.OVERRAN),
        ("open", 130, O.INTERRUPTED, O.INTERRUPTED),
        ("decided", None, None, O.RAN),
        ("failed: a cell", None, None, O.FAILED),
        ("open", None, None, O.LOST),
        ("a trace", None, None, O.LOST),
        ("a notebook", None, None, O.RAN),
        ("a failed notebook", None, None, O.FAILED),
        ("nothing", None, None, O.UNBEGUN),
    ],
)
def test_how_a_run_ended_is_known_by_its_code_or_by_what_it_left(
    so_far: str, code: int | None, ended_as: SlotOutcome | None, outcome: SlotOutcome
) -> None:
    assert Books(so_far).conclude(code, ended_as) is outcome


@pytest.mark.parametrize(("code", "ended_as"), [(-9, O.OVERRAN), (-9, None), (None, None)])
def test_a_run_that_could_not_say_that_it_ended_is_closed_in_the_journal(
    code: int | None, ended_as: SlotOutcome | None
) -> None:
    books = Books("open")
    books.conclude(code, ended_as)
    assert str(books.outcome).startswith("failed: ")


def test_what_a_run_said_itself_stays() -> None:
    books = Books("failed: a cell")
    books.conclude(130, O.OVERRAN)
    assert books.outcome == "failed: a cell"


def test_the_notebook_that_is_kept_is_noted_and_says_why_it_is_short() -> None:
    books = Books("open")
    books.conclude(-9, O.OVERRAN)
    assert books.noted == [("r1", "runs/r1.ipynb")]
    ((run_id, why),) = books.folder.kept
    assert run_id == "r1"
    assert "schedule.timeout_seconds" in why


def test_of_a_run_that_never_began_nothing_is_noted() -> None:
    books = Books("nothing")
    books.conclude(None)
    assert (books.noted, books.outcome) == ([], None)
