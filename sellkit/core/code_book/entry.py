"""What one code of Interactive Brokers means, in two sentences for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.core.reports import Meaning


@dataclass(frozen=True, slots=True)
class Entry:
    """One code.

    Attributes
    ----------
    meaning
        What sellkit concludes from it.
    says
        What it says, in one sentence.
    do
        What to do, in one sentence.
    """

    meaning: Meaning
    says: str
    do: str

    def __str__(self) -> str:
        return f"{self.says} {self.do}"
