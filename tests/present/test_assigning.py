"""The panel to assign averages: a real widget without a browser, over a file in memory."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from sellkit.core.assignments import Assignment, Timeframe
from sellkit.core.instrument import Token
from sellkit.core.market_time import UTC
from sellkit.core.portfolio import Position
from sellkit.core.prospect import Prospect
from sellkit.errors import ConfigError
from sellkit.ports import AssignmentEdit, AssignmentSheet
from sellkit.present import panels
from sellkit.present.heading import Heading
from sellkit.present.panels.assigning import AssignPanel
from tests import build
from tests.fakes_store import MemoryAssignmentBook

AAPL, MSFT, GONE = build.AAPL, "NASDAQ:MSFT", "NYSE:GE"


class FakeDesk:
    """A desk over a book in memory; `trouble` is what writing fails with."""

    def __init__(self, held: Sequence[Position], book: MemoryAssignmentBook) -> None:
        self._held, self.book = held, book
        self.told: dict[int, Prospect] = {}
        self.tracked: list[str] = []
        self.trouble: Exception | None = None

    def heading(self) -> Heading:
        return Heading(
            mode="DRY RUN",
            profile="demo",
            account="main",
            gateway="simulated",
            as_of=dt.datetime(2026, 1, 28, 20, tzinfo=UTC),
            zone_exchange="NYSE",
        )

    def known_positions(self) -> Sequence[Position]:
        return self._held

    def prospects(self) -> Mapping[int, Prospect]:
        return self.told

    def tracks(self, position: Position) -> np.ndarray:
        self.tracked.append(str(position.instrument.token))
        return np.linspace(0.0, 0.01 * np.arange(1, 29), 4, axis=1)

    def sheet(self) -> AssignmentSheet:
        return self.book.load()

    def draft(self, assignments: Sequence[Assignment]) -> AssignmentEdit:
        return self.book.draft(assignments)

    def write(self, edit: AssignmentEdit) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.book.write(edit)


@pytest.fixture
def desk() -> FakeDesk:
    """Apple assigned, Microsoft not, and an assignment whose position is gone."""
    held = [build.position(), build.position(MSFT, con_id=2)]
    given = [build.assignment("SMA 50 1H"), build.assignment("EMA 20 1D", GONE)]
    return FakeDesk(held, MemoryAssignmentBook(given))


class Hand:
    """Works the panel as its script in the browser does."""

    def __init__(self, desk: FakeDesk) -> None:
        self.panel = AssignPanel.of(desk)
        self.view = self.panel.view
        self._number = 0

    def do(self, what: str, **more: Any) -> str:
        """Send a message; gives what the status says then."""
        self._number += 1
        self.panel.hear({"do": what, "number": self._number, **more})
        assert self.view.state["answers"] == self._number
        return self.said

    def choose(self, choice: str, *tokens: str) -> str:
        return self.do("choose", rows=[self.tokens.index(each) for each in tokens], choice=choice)

    @property
    def tokens(self) -> list[str]:
        return [row["token"] for row in self.view.rows]

    @property
    def chosen(self) -> dict[str, str]:
        return dict(zip(self.tokens, self.view.state["chosen"], strict=True))

    @property
    def said(self) -> str:
        return "\n".join(self.view.said["lines"])


def test_a_line_stands_for_each_position_and_each_assignment_left_over(desk: FakeDesk) -> None:
    hand = Hand(desk)
    assert hand.chosen == {AAPL: "SMA 50 1H", MSFT: "", GONE: "EMA 20 1D"}
    assert [row["note"] for row in hand.view.rows] == ["", "", "no position now"]
    assert len(hand.view.choices) == 28
    assert "EMA 200 1D" in hand.view.choices


def test_the_public_call_gives_the_widget(desk: FakeDesk) -> None:
    assert panels.assign(desk).rows == Hand(desk).view.rows


def test_the_mode_stands_over_the_panel_and_no_account_number(desk: FakeDesk) -> None:
    heading = Hand(desk).view.heading
    assert heading["mode"] == "DRY RUN"
    assert heading["colour"] == desk.heading().colour
    assert "account main" in heading["conditions"]
    assert build.NUMBER not in str(heading)


def test_each_average_has_its_value_its_distance_and_why_its_history_is_too_short(
    desk: FakeDesk,
) -> None:
    warm = build.reading("SMA 50 1H", 102.0)
    warming = build.reading("EMA 50 1H", 4.5, seed=0.25)
    short = build.reading("SMA 200 1D", None, seed=1.0)
    desk.told = {265598: Prospect({Timeframe.H1: 100.0}, (warm, warming, short), 0.001)}
    row = Hand(desk).view.rows[0]
    assert row["averages"][0] == ["102.00", pytest.approx(2.0), ""]
    assert row["averages"][1] == ["4.5000", pytest.approx(-95.5), "seed weighs 25.0%"]
    assert row["averages"][2] == ["-", None, "12 of 200 bars"]
    assert (row["size"], row["cost"], row["close"]) == ("100", "90.00", "100.00")


def test_nothing_is_written_before_what_was_shown_is_confirmed(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("EMA 20 1D", MSFT)
    assert hand.do("save") == "1 change to confirm; nothing is written yet."
    assert hand.view.ask["kind"] == "preview"
    assert hand.view.ask["lines"][-1] == ("+", "NASDAQ:MSFT EMA 20 1D")
    assert desk.book.saved == []
    assert "Saved 1 assignment to assigned_ma.csv: NASDAQ:MSFT." in hand.do("confirm")
    assert desk.book.saved == [build.assignment("EMA 20 1D", MSFT)]
    assert hand.view.ask == {}
    assert hand.view.state["changes"] == 0


def test_what_is_cancelled_is_not_written_and_stays_chosen(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("EMA 20 1D", MSFT)
    hand.do("save")
    hand.do("cancel")
    assert hand.view.ask == {}
    assert hand.chosen[MSFT] == "EMA 20 1D"
    assert "save again" in hand.do("confirm")
    assert desk.book.saved == []


def test_a_choice_made_while_the_preview_is_open_takes_the_preview_away(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("EMA 20 1D", MSFT)
    hand.do("save")
    hand.choose("EMA 50 1D", MSFT)
    assert hand.view.ask == {}
    assert "save again" in hand.do("confirm")
    assert desk.book.saved == []


def test_saving_is_refused_while_a_row_has_no_average_and_says_which(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("EMA 20 1D", AAPL)
    assert hand.do("save") == "Not saved: 1 row without an average: NASDAQ:MSFT."
    assert hand.view.said["bad"] is True
    assert hand.view.ask == {}


def test_of_many_rows_without_an_average_the_first_are_named_and_the_rest_counted() -> None:
    held = [build.position(f"NYSE:A{n}", con_id=n) for n in range(8)]
    said = Hand(FakeDesk(held, MemoryAssignmentBook())).do("save")
    assert said.startswith("Not saved: 8 rows without an average: NYSE:A0, NYSE:A1,")
    assert said.endswith("NYSE:A5 and 2 more.")


def test_saving_what_is_not_changed_writes_nothing(desk: FakeDesk) -> None:
    desk.book.save(build.assignment("SMA 5 1H", MSFT))
    hand = Hand(desk)
    assert "nothing was written" in hand.do("save")
    assert len(desk.book.saved) == 1


def test_many_rows_are_set_in_one_step_and_undone_in_one(desk: FakeDesk) -> None:
    hand = Hand(desk)
    assert "NASDAQ:AAPL, NASDAQ:MSFT" in hand.choose("SMA 5 1D", AAPL, MSFT)
    assert hand.view.state["changes"] == 2
    hand.do("undo")
    assert hand.chosen == {AAPL: "SMA 50 1H", MSFT: "", GONE: "EMA 20 1D"}
    assert hand.view.state["canUndo"] is False
    assert hand.do("undo") == "There is nothing to undo."


def test_one_row_changed_again_and_again_is_one_step(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", GONE)
    for choice in ("EMA 5 1H", "EMA 10 1H", "EMA 100 1H"):
        hand.choose(choice, AAPL)
    hand.do("undo")
    assert hand.chosen[AAPL] == "SMA 50 1H"
    assert hand.chosen[GONE] == "SMA 5 1D"


def test_undo_after_a_save_chooses_what_was_before_where_there_was_anything(
    desk: FakeDesk,
) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", MSFT)
    hand.choose("SMA 5 1D", AAPL)
    hand.do("save")
    hand.do("confirm")
    hand.do("undo")
    assert hand.chosen[AAPL] == "SMA 50 1H"
    assert hand.view.state["changes"] == 1
    assert hand.view.state["canUndo"] is False  # the file cannot say that Microsoft has none


def test_choosing_what_is_saved_is_no_change(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", AAPL)
    hand.choose("SMA 50 1H", AAPL)
    assert hand.view.state["changes"] == 0


def test_a_change_elsewhere_is_taken_over_and_told_when_nothing_was_chosen_here(
    desk: FakeDesk,
) -> None:
    hand = Hand(desk)
    desk.book.save(build.assignment("SMA 5 1D"))
    desk.book.save(build.assignment("SMA 5 1D", "NYSE:KO"))
    said = hand.do("look")
    assert "NASDAQ:AAPL was SMA 50 1H and is now SMA 5 1D." in said
    assert "NYSE:KO was none and is now SMA 5 1D." in said
    assert hand.chosen[AAPL] == "SMA 5 1D"
    assert hand.tokens[-1] == "NYSE:KO"


def test_a_look_at_an_unchanged_file_leaves_the_status(desk: FakeDesk) -> None:
    hand = Hand(desk)
    before = hand.choose("SMA 5 1D", MSFT)
    assert hand.do("look") == before


@pytest.mark.parametrize("act", ["look", "save", "undo"])
def test_a_change_elsewhere_waits_for_a_person_when_something_was_chosen_here(
    act: str, desk: FakeDesk
) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", AAPL)
    hand.choose("SMA 5 1D", MSFT)
    desk.book.save(build.assignment("EMA 5 1D"))
    assert "Somebody else changed the file" in hand.do(act)
    assert hand.view.ask == {
        "kind": "conflict",
        "lines": ["NASDAQ:AAPL was SMA 50 1H and is now EMA 5 1D. You chose SMA 5 1D."],
    }
    hand.do("confirm")
    assert desk.book.assignments[Token.parse(AAPL)] == build.assignment("EMA 5 1D")


def test_a_change_between_preview_and_confirmation_is_not_overwritten(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", AAPL, MSFT)
    hand.do("save")
    desk.book.save(build.assignment("EMA 5 1D"))
    assert "Somebody else changed the file" in hand.do("confirm")
    assert desk.book.assignments[Token.parse(AAPL)] == build.assignment("EMA 5 1D")
    assert hand.view.ask["kind"] == "conflict"


def _in_conflict(desk: FakeDesk) -> Hand:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", AAPL, MSFT)
    desk.book.save(build.assignment("EMA 5 1D"))
    hand.do("look")
    return hand


def test_kept_changes_go_over_the_file_as_it_is_after_another_preview(desk: FakeDesk) -> None:
    hand = _in_conflict(desk)
    assert "kept" in hand.do("keep")
    assert hand.view.state["saved"][0] == "EMA 5 1D"
    assert hand.chosen[AAPL] == "SMA 5 1D"
    hand.do("save")
    assert ("-", "NASDAQ:AAPL EMA 5 1D") in hand.view.ask["lines"]
    hand.do("confirm")
    assert desk.book.assignments[Token.parse(AAPL)] == build.assignment("SMA 5 1D")


def test_a_row_removed_elsewhere_is_written_again_when_its_change_is_kept(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1D", GONE, MSFT)
    del desk.book.assignments[Token.parse(GONE)]
    hand.do("look")
    assert "NYSE:GE was EMA 20 1D and is now none." in hand.view.ask["lines"][0]
    hand.do("keep")
    assert hand.chosen[GONE] == "SMA 5 1D"
    hand.do("save")
    hand.do("confirm")
    assert desk.book.assignments[Token.parse(GONE)] == build.assignment("SMA 5 1D", GONE)


def test_reloading_drops_the_changes_and_shows_the_file(desk: FakeDesk) -> None:
    hand = _in_conflict(desk)
    assert "dropped" in hand.do("reload")
    assert hand.chosen[AAPL] == "EMA 5 1D"
    assert hand.chosen[MSFT] == ""
    assert hand.view.ask == {}


@pytest.mark.parametrize("answer", ["keep", "reload"])
def test_a_second_change_elsewhere_is_shown_before_the_first_is_settled(
    answer: str, desk: FakeDesk
) -> None:
    hand = _in_conflict(desk)
    desk.book.save(build.assignment("EMA 10 1D"))
    assert "Somebody else changed the file" in hand.do(answer)
    assert "is now EMA 10 1D" in hand.view.ask["lines"][0]


def test_what_fails_is_said_in_the_status_in_one_line_and_stays_chosen(desk: FakeDesk) -> None:
    hand = Hand(desk)
    hand.choose("SMA 5 1H", MSFT)
    hand.do("save")
    desk.trouble = ConfigError("the file cannot be written:\ndisk full")
    assert hand.do("confirm") == "That did not work: the file cannot be written: disk full"
    assert hand.view.said["bad"] is True
    assert hand.chosen[MSFT] == "SMA 5 1H"
    desk.trouble = None
    hand.do("save")
    assert "Saved" in hand.do("confirm")


def test_a_message_that_means_nothing_is_said_in_the_status(desk: FakeDesk) -> None:
    assert "did not work" in Hand(desk).do("dance")
    assert "did not work" in Hand(desk).choose("SMA 51 1H", MSFT)


def test_an_option_or_a_short_cannot_be_assigned_though_its_stock_can() -> None:
    held = [
        build.position(),
        build.position(con_id=2, security_type="OPT"),
        build.position(MSFT, quantity="-5", con_id=3),
    ]
    hand = Hand(FakeDesk(held, MemoryAssignmentBook([build.assignment("SMA 50 1H")])))
    assert [(row["open"], row["note"]) for row in hand.view.rows] == [
        (True, ""),
        (False, "OPT, never decided"),
        (False, "short, never decided"),
    ]
    hand.do("choose", rows=[1, 2], choice="SMA 5 1H")
    assert hand.view.state["changes"] == 0
    assert "nothing was written" in hand.do("save")


def test_rows_that_cannot_be_read_are_told_at_the_start() -> None:
    book = MemoryAssignmentBook(problems=["line 3: length 51 is not one of the choices"])
    hand = Hand(FakeDesk([], book))
    assert hand.said == "line 3: length 51 is not one of the choices"
    assert hand.view.said["bad"] is True


def test_a_row_that_somebody_began_has_a_line_and_no_average() -> None:
    book = MemoryAssignmentBook(incomplete=[Token.parse(GONE)])
    hand = Hand(FakeDesk([], book))
    assert hand.chosen == {GONE: ""}
    assert "1 row without an average: NYSE:GE" in hand.do("save")


def test_without_anywidget_one_line_says_what_to_install(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    shown = panels.assign(desk)
    assert 'pip install "sellkit[lab]"' in repr(shown)
    assert 'role="alert"' in shown._repr_html_()


def test_how_the_choices_did_is_worked_out_for_the_rows_that_somebody_looks_at(
    desk: FakeDesk,
) -> None:
    hand = Hand(desk)
    before = hand.said
    assert hand.do("spark", rows=[hand.tokens.index(MSFT), hand.tokens.index(GONE)]) == before
    assert desk.tracked == [MSFT]
    assert list(hand.view.sparks) == [MSFT]
    lines = hand.view.sparks[MSFT]
    assert len(lines) == 28
    assert lines[27] == "▁▃▆█ +28.00 %"
    hand.do("spark", rows=[hand.tokens.index(AAPL)])
    assert set(hand.view.sparks) == {AAPL, MSFT}
