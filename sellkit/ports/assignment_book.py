"""What sellkit asks of the place where assignments are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sellkit.core.counting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Token


@dataclass(frozen=True, slots=True, repr=False)
class AssignmentSheet:
    """The assignments as they stand on disk.

    Attributes
    ----------
    assignments
        By token.
    problems
        One line for each row that cannot be used, with its line number; such rows stay in the file.
    incomplete
        Tokens that such a row names: no default is put in place of what a person began to write.
    version
        Another one whenever anything in the file is another; empty for an absent file.
    """

    assignments: Mapping[Token, Assignment]
    problems: tuple[str, ...] = ()
    incomplete: frozenset[Token] = frozenset()
    version: str = ""

    def __repr__(self) -> str:
        known = counted(len(self.assignments), "assignment")
        told = [f"{known}, {counted(len(self.problems), 'problem')}"]
        return "\n".join([*told, *map(str, self.assignments.values()), *self.problems])


@dataclass(frozen=True, slots=True)
class AssignmentEdit:
    """A change to the file that nobody has written yet.

    Attributes
    ----------
    path
        The file.
    assignments
        What is to be written.
    before, after
        The whole text of the file, as it stands and as it would stand.
    """

    path: Path
    assignments: tuple[Assignment, ...]
    before: str
    after: str


class AssignmentBook(Protocol):
    """The assigned averages on disk."""

    @property
    def path(self) -> Path:
        """Where they are kept."""
        ...

    def load(self) -> AssignmentSheet:
        """Every row; an absent file is an empty sheet, and one that is no table a ConfigError."""
        ...

    def save(self, assignment: Assignment) -> None:
        """Write one assignment in place of the token's former row; every other row stays."""
        ...

    def draft(self, assignments: Sequence[Assignment]) -> AssignmentEdit:
        """Work out what `write` would make of the file; nothing is written."""
        ...

    def write(self, edit: AssignmentEdit) -> None:
        """Write what was worked out, all of it or nothing.

        Raises
        ------
        ChangedMeanwhile
            The file is not what it was worked out on; it stays as it is.
        """
        ...
