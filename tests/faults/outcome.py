"""What became of a fault, and which faults are meant."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.catalogue import FAULTS

NOT_BUILT = "not built yet: "
"""How the failure of a test begins that waits for a part of sellkit."""


@dataclass
class Outcome:
    """What became of one fault.

    Attributes
    ----------
    tests
        How many tests bear its number.
    problems
        Why tests failed, but for those that say what is not built.
    missing
        What is not built.
    seen
        What the tests saw.
    reports
        The long text of each failure.
    """

    number: int
    tests: int = 0
    seconds: float = 0.0
    seen: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    @property
    def passes(self) -> bool:
        """Whether there is a test, and every one passed."""
        return bool(self.tests) and not (self.problems or self.missing)

    @property
    def result(self) -> str:
        """`pass`, `not built` or `FAIL`."""
        if self.passes:
            return "pass"
        return "not built" if self.tests and not self.problems else "FAIL"

    def told(self) -> str:
        """What the table says was seen."""
        if not self.tests:
            return "no test bears this number"
        told = [*self.problems, *(f"{NOT_BUILT}{each}" for each in self.missing), *self.seen]
        return "; ".join(told) or "as expected"


def chosen(text: str) -> frozenset[int]:
    """The numbers that `43` or `1-19` or `3,5,20-35` names; all for an empty text.

    Raises
    ------
    ValueError
        It is written otherwise, or there is no such fault.
    """
    found: set[int] = set()
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise ValueError(f"{part!r} is no number; write 43, or 1-19, or 3,5,20-35")
        found |= set(range(int(first), int(last or first) + 1))
    if not text.strip():
        return frozenset(FAULTS)
    if unknown := found - FAULTS.keys():
        raise ValueError(f"there is no fault {min(unknown)}; they go from 1 to {max(FAULTS)}")
    if not found:
        raise ValueError(f"{text!r} names no fault")
    return frozenset(found)
