"""What was looked at, how it stands, and what a person does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

DONE: Final = 0
FAILED: Final = 1
UNDECIDED: Final = 4
UNCERTAIN: Final = 5


class Grade(StrEnum):
    """How something stands, the best first.

    Attributes
    ----------
    WELL
        As it should be.
    NOTED
        Something to know, or that could not be asked.
    WARNING
        Nothing fails for it yet.
    CRITICAL
        Something fails for it, or will today.
    """

    WELL = "well"
    NOTED = "noted"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name
        What.
    grade
        How it stands.
    said
        What was found, in words; no account number and no secret.
    remedy
        What to do; "" exactly where nothing is to be done.
    figures
        The numbers behind it, for a program: texts, numbers, lists and mappings of them, None.
    code
        The exit code that it calls for when it is critical.
    """

    name: str
    grade: Grade
    said: str
    remedy: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)
    code: int = FAILED


Figures = Mapping[str, object]


def well(name: str, said: str, figures: Figures | None = None) -> Check:
    """As it should be."""
    return Check(name, Grade.WELL, said, figures=figures or {})


def noted(name: str, said: str, remedy: str = "", figures: Figures | None = None) -> Check:
    """Something to know."""
    return Check(name, Grade.NOTED, said, remedy, figures or {})


def warning(name: str, said: str, remedy: str, figures: Figures | None = None) -> Check:
    """Something that will fail one day."""
    return Check(name, Grade.WARNING, said, remedy, figures or {})


def critical(
    name: str, said: str, remedy: str, figures: Figures | None = None, *, code: int = FAILED
) -> Check:
    """Something that fails."""
    return Check(name, Grade.CRITICAL, said, remedy, figures or {}, code)


def exit_code(checks: Iterable[Check]) -> int:
    """What a command ends with: 0 while nothing is critical, else the gravest code called for.

    An order whose fate is open comes before everything, then what failed, then what is undecided.
    """
    codes = {each.code for each in checks if each.grade is Grade.CRITICAL}
    return next((each for each in (UNCERTAIN, FAILED, UNDECIDED) if each in codes), DONE)
