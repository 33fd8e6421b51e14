"""A halt by two clicks."""

from __future__ import annotations

import pytest

from sellkit.core.arming import Halt
from sellkit.errors import ConfigError
from sellkit.present.panels.halting import CONFIRM_SECONDS, HaltButton
from tests.present.live_desk import HALT


class Scene:
    """A button, the clock that it goes by, and what it did and said."""

    def __init__(self, trouble: Exception | None = None, unwritten: str = "") -> None:
        self.time = 100.0
        self.reasons: list[str] = []
        self.said: list[str] = []
        self._trouble, self._unwritten = trouble, unwritten
        self.button = HaltButton(self._halt, self.said.append, lambda: self.time)

    @property
    def text(self) -> str:
        return str(self.button.widget.description)

    def click(self) -> None:
        self.button.widget.click()

    def _halt(self, reason: str) -> tuple[Halt, str]:
        if self._trouble is not None:
            raise self._trouble
        self.reasons.append(reason)
        return HALT, self._unwritten


def test_one_click_asks_and_halts_nothing() -> None:
    scene = Scene()
    scene.click()
    assert scene.reasons == []
    assert scene.text == "Click again within 5 s to halt"


def test_the_second_click_halts_with_its_reason() -> None:
    scene = Scene()
    scene.click()
    scene.time += CONFIRM_SECONDS
    scene.click()
    assert scene.reasons == ["by the Halt button of the live desk"]
    assert scene.text == "Halted"
    assert scene.button.widget.disabled
    assert scene.said[-1] == "Halted."


def test_a_second_click_that_comes_late_asks_again() -> None:
    scene = Scene()
    scene.click()
    scene.time += CONFIRM_SECONDS + 0.1
    scene.click()
    assert scene.reasons == []
    scene.click()
    assert len(scene.reasons) == 1


def test_a_first_click_is_forgotten_aloud() -> None:
    scene = Scene()
    scene.click()
    scene.button.look(None)
    assert scene.text == "Click again within 5 s to halt"
    scene.time += CONFIRM_SECONDS + 0.1
    scene.button.look(None)
    assert scene.text == "Halt ..."
    assert scene.said[-1] == "Not halted: the second click did not come."


def test_a_halt_by_somebody_else_is_shown_and_its_end_too() -> None:
    scene = Scene()
    scene.button.look(HALT)
    assert (scene.text, scene.button.widget.disabled) == ("Halted", True)
    scene.click()
    scene.click()
    assert scene.reasons == []
    scene.button.look(None)
    assert (scene.text, scene.button.widget.disabled) == ("Halt ...", False)
    assert scene.said == ["The halt has ended."]


@pytest.mark.parametrize("trouble", [ConfigError("the disk is full"), OSError("the disk is full")])
def test_a_halt_that_failed_says_so_loudly_and_what_to_do(trouble: Exception) -> None:
    scene = Scene(trouble)
    scene.click()
    scene.click()
    assert scene.said[-1] == "NOT HALTED: the disk is full. Halt in a terminal: sellkit halt"
    assert (scene.text, scene.button.widget.disabled) == ("Halt ...", False)


def test_a_halt_that_could_not_be_journalled_holds_and_says_so() -> None:
    scene = Scene(unwritten="the journal is damaged")
    scene.click()
    scene.click()
    assert scene.text == "Halted"
    assert scene.said[-1] == f"{HALT}, but not journalled: the journal is damaged"
