"""`make drill`: plays every fault and prints what came of each.

`python -m tests.faults.drill [NUMBERS]`; numbers as `43`, `1-19` or `3,5,20-35`. It ends with 0
only when every one that was chosen passes.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.outcome import Outcome, chosen
from tests.faults.reporter import Reporter
from tests.faults.table import summary, table

HERE = Path(__file__).parent
_WIDTH = 160
_BROKEN = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)


def played(only: frozenset[int], folder: Path = HERE) -> tuple[list[Outcome], bool]:
    """Play faults; what came of each, in order, and whether all was played to the end."""
    reporter = Reporter(only)
    code = pytest.main(
        [
            str(folder),
            *("-c", str(HERE.parents[1] / "pyproject.toml")),
            *("-p", "no:terminal", "-p", "no:cacheprovider"),
            *("-o", "addopts=", "--import-mode=importlib", "--strict-markers"),
        ],
        plugins=[reporter],
    )
    return list(reporter.outcomes.values()), code not in _BROKEN


def main(words: Sequence[str]) -> int:
    """Play the faults that the words name, all without any."""
    try:
        only = chosen(",".join(words))
    except ValueError as error:
        print(f"drill: {error}", file=sys.stderr)
        return 2
    outcomes, is_whole = played(only)
    for report in (each for outcome in outcomes for each in outcome.reports):
        print(f"{report}\n")
    print(table(outcomes, shutil.get_terminal_size((_WIDTH, 0)).columns))
    print(f"\n{summary(outcomes)}")
    if not is_whole:
        print("the drill broke off before its end", file=sys.stderr)
    return 0 if is_whole and all(each.passes for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
