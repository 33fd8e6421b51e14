"""The outcomes of a drill as a table of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from tests.faults.catalogue import COUNT, FAULTS
from tests.faults.outcome import Outcome

HEADINGS = ("no", "what is done", "expected", "seen", "result", "seconds")
_NARROWEST, _WIDEST = 80, 200
_FIXED = (2, 9, 7)
_GAP = "  "


def table(outcomes: Iterable[Outcome], width: int) -> str:
    """One row for each outcome, wrapped to a width in characters."""
    usable = min(max(width, _NARROWEST), _WIDEST) - sum(_FIXED) - 5 * len(_GAP)
    wide = usable // 3
    widths = (_FIXED[0], wide, wide, usable - 2 * wide, _FIXED[1], _FIXED[2])
    lines = [_line(HEADINGS, widths), _line(["-" * each for each in widths], widths)]
    for each in outcomes:
        fault = FAULTS[each.number]
        cells = (
            *(str(each.number), fault.done, fault.expected, each.told()),
            *(each.result, f"{each.seconds:.2f}"),
        )
        wrapped = [textwrap.wrap(cell, w) for cell, w in zip(cells, widths, strict=True)]
        lines += [_line(row, widths) for row in zip_longest(*wrapped, fillvalue="")]
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many of them pass."""
    counts = {
        word: sum(each.result == word for each in outcomes)
        for word in ("pass", "not built", "FAIL")
    }
    told = f"{counts['pass']} of {len(outcomes)} pass"
    told += "" if len(outcomes) == COUNT else f" (there are {COUNT})"
    if counts["not built"]:
        told += f", {counts['not built']} are not built yet"
    if counts["FAIL"]:
        told += f", {counts['FAIL']} FAIL"
    return f"{told}; {sum(each.seconds for each in outcomes):.1f} seconds"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
    aligned[0], aligned[-1] = f"{cells[0]:>{widths[0]}}", f"{cells[-1]:>{widths[-1]}}"
    return _GAP.join(aligned).rstrip()
