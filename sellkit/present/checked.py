"""Checks as a person reads them, and as a program does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.checks import Grade, exit_code
from sellkit.core.counting import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sellkit.core.checks import Check

_MARKS: Final = {Grade.WELL: "ok", Grade.NOTED: "--", Grade.WARNING: "!", Grade.CRITICAL: "!!"}


def check_lines(checks: Sequence[Check]) -> Iterator[str]:
    """A line for each check, with what to do below it, and what follows at the end."""
    width = max((len(each.name) for each in checks), default=0)
    for each in checks:
        yield f"{_MARKS[each.grade]:<2}  {each.name:<{width}}  {each.said}"
        if each.remedy:
            yield f"{'':<{width + 6}}-> {each.remedy}"
    grave = sum(each.grade is Grade.CRITICAL for each in checks)
    warnings = sum(each.grade is Grade.WARNING for each in checks)
    told = [f"{grave} critical"] if grave else []
    told += [counted(warnings, "warning")] if warnings else []
    yield ", ".join(told) or "all well"


def checks_as_json(checks: Sequence[Check]) -> dict[str, object]:
    """The same for `json.dumps`."""
    return {
        "is_well": exit_code(checks) == 0,
        "exit_code": exit_code(checks),
        "checks": [
            {
                "name": each.name,
                "grade": str(each.grade),
                "said": each.said,
                "remedy": each.remedy,
                "figures": dict(each.figures),
            }
            for each in checks
        ],
    }
