"""What a person has chosen and not yet saved, and how to take it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.core.assignments import Assignment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sellkit.core.assignments import MovingAverage, Timeframe
    from sellkit.core.instrument import Token
    from sellkit.ports import AssignmentSheet

    Choice = tuple[MovingAverage, Timeframe]


@dataclass(frozen=True, slots=True)
class Difference:
    """An assignment that two readings of the file tell differently; None is none."""

    token: Token
    was: Choice | None
    now: Choice | None


@dataclass(slots=True)
class Draft:
    """Choices over what is saved.

    Attributes
    ----------
    held
        The tokens of the positions that may be assigned, in the order of the rows.
    shown
        The tokens of all positions.
    sheet
        The file as it was read last.
    chosen
        What was chosen in place of it, by token.
    """

    held: tuple[Token, ...]
    shown: frozenset[Token]
    sheet: AssignmentSheet
    chosen: dict[Token, Choice] = field(default_factory=dict)
    _history: list[dict[Token, Choice | None]] = field(default_factory=list)
    _goes_on: bool = False

    @property
    def left_over(self) -> tuple[Token, ...]:
        """The tokens that the file has, or that were chosen for, whose positions are gone."""
        named = self.sheet.assignments.keys() | self.sheet.incomplete | self.chosen.keys()
        return tuple(sorted(named - self.shown))

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Everything that may be assigned, in the order of the rows."""
        return (*self.held, *self.left_over)

    def saved(self, token: Token) -> Choice | None:
        """What the file says."""
        return _choice(self.sheet, token)

    def choice(self, token: Token) -> Choice | None:
        """What was chosen; what the file says where nothing was."""
        return self.chosen.get(token) or self.saved(token)

    @property
    def changes(self) -> tuple[Assignment, ...]:
        """What differs from the file."""
        return tuple(Assignment(token, *self.chosen[token]) for token in self._in_order())

    @property
    def incomplete(self) -> tuple[Token, ...]:
        """The tokens that have no average, neither saved nor chosen."""
        return tuple(token for token in self.tokens if self.choice(token) is None)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._history)

    def choose(self, tokens: Iterable[Token], choice: Choice) -> tuple[Token, ...]:
        """Choose one average for some tokens, in one step; gives those that had another.

        A row that is changed again at once, as arrow keys in a selector do, makes one step of it.
        """
        moved = tuple(each for each in tokens if self.choice(each) != choice)
        if moved:
            step = {each: self.choice(each) for each in moved}
            if not (self._goes_on and len(step) == 1 and self._history[-1].keys() == step.keys()):
                self._history.append(step)
            self._goes_on = True
            self._put(dict.fromkeys(moved, choice))
        return moved

    def undo(self) -> tuple[Token, ...]:
        """Take the last step back; gives the tokens that it had changed."""
        self._goes_on = False
        if not self._history:
            return ()
        former = self._history.pop()
        self._put(former)
        return tuple(former)

    def read(self, sheet: AssignmentSheet) -> None:
        """Go by another reading of the file; what was chosen stays chosen where it differs."""
        self.sheet = sheet
        self._goes_on = False
        self._put(dict(self.chosen))
        # What had no average cannot go back to none: the file has no way of saying so.
        saved = {token for token in self.tokens if self.saved(token) is not None}
        steps = (
            {token: each for token, each in step.items() if each is not None or token not in saved}
            for step in self._history
        )
        self._history = [step for step in steps if step]

    def drop(self) -> None:
        """Forget everything chosen, and the steps."""
        self.chosen.clear()
        self._history.clear()
        self._goes_on = False

    def _put(self, choices: Mapping[Token, Choice | None]) -> None:
        for token, choice in choices.items():
            if choice is None or choice == self.saved(token):
                self.chosen.pop(token, None)
            else:
                self.chosen[token] = choice

    def _in_order(self) -> list[Token]:
        return [token for token in self.tokens if token in self.chosen]


def differences(was: AssignmentSheet, now: AssignmentSheet) -> tuple[Difference, ...]:
    """What one reading of the file says otherwise than another, by token."""
    tokens = sorted(was.assignments.keys() | now.assignments.keys())
    found = (Difference(token, _choice(was, token), _choice(now, token)) for token in tokens)
    return tuple(each for each in found if each.was != each.now)


def _choice(sheet: AssignmentSheet, token: Token) -> Choice | None:
    found = sheet.assignments.get(token)
    return None if found is None else (found.average, found.timeframe)
