"""Past runs: as a table, one by one, side by side, as a month of hours, and as pages to keep."""

from sellkit.present.runs.browser import browse
from sellkit.present.runs.comparison import comparison_table
from sellkit.present.runs.hours import hours_table
from sellkit.present.runs.one import run_sheet
from sellkit.present.runs.table import runs_table

__all__ = ["browse", "comparison_table", "hours_table", "run_sheet", "runs_table"]


def __dir__() -> list[str]:
    return list(__all__)
