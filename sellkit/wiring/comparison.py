"""Two runs of a profile as notebooks show them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.core.past_runs import PastRun
    from sellkit.core.run_difference import Difference


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two runs, and what they decided differently; fewer than two where there are not so many."""

    runs: tuple[PastRun, ...]
    differences: tuple[Difference, ...]

    def __repr__(self) -> str:
        from sellkit.present.runs.comparison import comparison_table

        return repr(comparison_table(self.runs, self.differences))

    def _repr_html_(self) -> str:
        from sellkit.present.runs.comparison import comparison_table

        return comparison_table(self.runs, self.differences).markup
