"""What a probe found: a line for each question, the answer, and what follows from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Group
from rich.text import Text

from sellkit.core.probing import VALIDITY, Outcome, Question
from sellkit.present.fitted import empty_table, open_console, print_plainly

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sellkit.core.probing import Finding, ProbeRecord

_MARKS: Final = {
    Outcome.GOOD: Text("good", style="green"),
    Outcome.NOTED: Text("note", style="yellow"),
    Outcome.BAD: Text("BAD", style="bold white on red"),
}
_MEANT: Final = {
    Question.HOURS: "hour anchor",
    Question.DAYS: 'duration "31 D"',
    Question.MONTH: 'duration "1 M"',
    Question.YEAR: 'duration "1 Y"',
    Question.FINAL: "bar is final",
}


def print_probe(record: ProbeRecord, *, stream: TextIO | None = None) -> None:
    """Print a probe; standard output unless told otherwise, plain text into a pipe."""
    out = stream or sys.stdout
    print_plainly(probe_table(record), open_console(out), out)


def probe_table(record: ProbeRecord) -> RenderableType:
    """The probe, with its verdict at the end."""
    gateway, ended = record.gateway, f"{record.ended_at:%Y-%m-%d %H:%M} UTC"
    heading = (
        f"probe of the {gateway.kind} gateway at {gateway.address}, account {gateway.account}, "
        f"{ended}"
    )
    table = empty_table(gap=2)
    table.add_column("", no_wrap=True)
    table.add_column("question", no_wrap=True)
    table.add_column("answer", overflow="fold", ratio=1)
    table.add_column("what follows", overflow="fold", ratio=1)
    for each in record.findings:
        table.add_row(_MARKS[each.outcome], _question(each), _answer(each, record), each.follows)
    return Group(Text(heading, style="bold"), Text(""), table, Text(""), _verdict(record))


def _question(finding: Finding) -> str:
    return _MEANT.get(finding.question, str(finding.question))


def _answer(finding: Finding, record: ProbeRecord) -> str:
    """With its date where an earlier probe gave it."""
    if finding.at >= record.began_at:
        return finding.answer
    return f"{finding.answer} (found {finding.at:%Y-%m-%d %H:%M} UTC)"


def _verdict(record: ProbeRecord) -> Text:
    if record.is_passed:
        days = VALIDITY.days
        text = f"passed: live mode may rest on this gateway for {days} days"
        return Text(text, style="bold green")
    failed = ", ".join(_question(each) for each in record.failed)
    return Text(f"not passed, for: {failed}", style="bold red")
