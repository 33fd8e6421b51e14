"""The panel to assign averages, with real widgets and a desk of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sellkit.core.assignments import Assignment
from sellkit.core.instrument import Token
from sellkit.core.portfolio import Position
from sellkit.errors import ConfigError
from sellkit.ports import AssignmentSheet
from sellkit.present import panels
from tests import build

MSFT = "NASDAQ:MSFT"
GONE = "NYSE:GE"


class FakeDesk:
    """A desk that keeps what it is given; `failing` tokens cannot be written."""

    def __init__(self, positions: Sequence[Position], assigned: Sequence[Assignment]) -> None:
        self._positions = positions
        self._sheet = AssignmentSheet({each.token: each for each in assigned})
        self.written: list[Assignment] = []
        self.failing: set[Token] = set()

    def positions(self) -> Sequence[Position]:
        return self._positions

    def sheet(self) -> AssignmentSheet:
        return self._sheet

    def assign(self, assignment: Assignment) -> None:
        if assignment.token in self.failing:
            raise ConfigError("the file cannot be written:\ndisk full")
        self.written.append(assignment)


@pytest.fixture
def desk() -> FakeDesk:
    """Apple assigned, Microsoft not, and an assignment whose position is gone."""
    held = [build.position(), build.position(MSFT, con_id=2)]
    return FakeDesk(held, [build.assignment("SMA 50 1H"), build.assignment("EMA 20 1D", GONE)])


def _choosers(panel: Any) -> dict[str, Any]:
    lines = [child for child in panel.children if hasattr(child, "children")]
    return {line.children[0].description: line.children[0] for line in lines}


def _save(panel: Any) -> str:
    button, status = panel.children[-2:]
    button.click()
    text: str = status.value
    return text


def test_a_line_stands_for_each_position_and_each_assignment_left_over(desk: FakeDesk) -> None:
    choosers = _choosers(panels.assign(desk))
    assert list(choosers) == [build.AAPL, MSFT, GONE]
    assert choosers[build.AAPL].value == "SMA 50 1H"
    assert choosers[MSFT].value == "choose an average"
    assert choosers[GONE].value == "EMA 20 1D"


def test_each_line_offers_the_28_choices(desk: FakeDesk) -> None:
    options = _choosers(panels.assign(desk))[MSFT].options
    assert len(options) == 1 + 28
    assert "EMA 200 1D" in options


def test_saving_writes_only_what_was_changed_and_says_so(desk: FakeDesk) -> None:
    panel = panels.assign(desk)
    _choosers(panel)[MSFT].value = "EMA 20 1D"
    said = _save(panel)
    assert desk.written == [build.assignment("EMA 20 1D", MSFT)]
    assert "Saved NASDAQ:MSFT EMA 20 1D." in said
    assert "AAPL" not in said


def test_a_line_without_an_average_is_named_as_incomplete(desk: FakeDesk) -> None:
    said = _save(panels.assign(desk))
    assert "NASDAQ:MSFT is incomplete" in said
    assert not desk.written


def test_taking_an_average_away_writes_nothing_and_the_former_stays(desk: FakeDesk) -> None:
    panel = panels.assign(desk)
    _choosers(panel)[build.AAPL].value = "choose an average"
    assert "NASDAQ:AAPL is incomplete: choose an average; SMA 50 1H stays." in _save(panel)
    assert not desk.written


def test_saving_twice_writes_once(desk: FakeDesk) -> None:
    panel = panels.assign(desk)
    _choosers(panel)[MSFT].value = "SMA 5 1H"
    _save(panel)
    assert "Nothing was changed" in _save(panel)
    assert len(desk.written) == 1


def test_a_line_that_cannot_be_written_says_why_in_one_line_and_the_others_are_saved(
    desk: FakeDesk,
) -> None:
    desk.failing = {Token.parse(build.AAPL)}
    panel = panels.assign(desk)
    _choosers(panel)[build.AAPL].value = "SMA 5 1H"
    _choosers(panel)[MSFT].value = "SMA 5 1H"
    said = _save(panel)
    assert "NASDAQ:AAPL SMA 5 1H was not saved: the file cannot be written: disk full" in said
    assert "\n" not in said
    assert desk.written == [build.assignment("SMA 5 1H", MSFT)]


def test_what_failed_is_tried_again_by_the_next_save(desk: FakeDesk) -> None:
    desk.failing = {Token.parse(MSFT)}
    panel = panels.assign(desk)
    _choosers(panel)[MSFT].value = "SMA 5 1H"
    _save(panel)
    desk.failing = set()
    assert "Saved NASDAQ:MSFT" in _save(panel)


def test_an_option_or_a_short_cannot_be_assigned_though_its_stock_can() -> None:
    held = [
        build.position(),
        build.position(con_id=2, security_type="OPT"),
        build.position(MSFT, quantity="-5", con_id=3),
    ]
    desk = FakeDesk(held, [build.assignment("SMA 50 1H")])
    panel = panels.assign(desk)
    lines = [child.children[0] for child in panel.children if hasattr(child, "children")]
    assert [(line.disabled, line.value) for line in lines] == [
        (False, "SMA 50 1H"),
        (True, "never decided"),
        (True, "never decided"),
    ]
    assert "Nothing was changed" in _save(panel)


def test_the_status_is_announced_to_screen_readers(desk: FakeDesk) -> None:
    assert panels.assign(desk).children[-1].value.startswith('<div role="status">')


def test_rows_that_cannot_be_read_are_told_at_the_start() -> None:
    desk = FakeDesk([], [])
    desk._sheet = AssignmentSheet({}, ("line 3: length 51 is not one of <the choices>",))
    assert "line 3: length 51 is not one of &lt;the choices&gt;" in (
        panels.assign(desk).children[-1].value
    )


def test_a_row_that_somebody_began_has_a_line_and_no_average() -> None:
    desk = FakeDesk([], [])
    desk._sheet = AssignmentSheet({}, ("line 2: no length",), frozenset({Token.parse(GONE)}))
    panel = panels.assign(desk)
    assert _choosers(panel)[GONE].value == "choose an average"
    assert "NYSE:GE is incomplete" in _save(panel)
