"""From a draft to the file: shown before it is written, and never over somebody else's change."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.core.counting import counted
from sellkit.errors import ChangedMeanwhile
from sellkit.present.panels.draft import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sellkit.core.assignments import Assignment, MovingAverage, Timeframe
    from sellkit.core.instrument import Token
    from sellkit.ports import AssignmentEdit, AssignmentSheet
    from sellkit.present.panels.draft import Difference, Draft

    Choice = tuple[MovingAverage, Timeframe]

_NAMED: Final = 6
"""Of more tokens than this a sentence names the first and counts the rest."""


class AssignmentDesk(Protocol):
    """What is asked of a desk for the file of assignments."""

    def sheet(self) -> AssignmentSheet:
        """The assignments as they stand on disk."""
        ...

    def draft(self, assignments: Sequence[Assignment]) -> AssignmentEdit:
        """What writing some assignments would make of the file."""
        ...

    def write(self, edit: AssignmentEdit) -> None:
        """Write a drafted change; ChangedMeanwhile when the file is another by now."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an act, in lines for a person."""

    lines: tuple[str, ...]
    is_bad: bool = False


@dataclass(slots=True)
class Filing:
    """Brings what was chosen to the file.

    Attributes
    ----------
    draft
        What is chosen and not saved.
    edit
        The change that waits to be confirmed, or None.
    theirs
        The file as somebody else left it while there were choices here, or None: nothing is
        written before a person has chosen how to go on.
    """

    desk: AssignmentDesk
    draft: Draft
    edit: AssignmentEdit | None = None
    theirs: AssignmentSheet | None = None

    def choose(self, tokens: Iterable[Token], choice: Choice) -> Said:
        """Choose one average for some tokens."""
        moved = self.draft.choose(tokens, choice)
        self.edit = None
        if not moved:
            return Said(("They have that average already.",))
        return self.look() or Said((f"{_label(choice)} for {named(moved)}; not saved yet.",))

    def undo(self) -> Said:
        """Take the last step back."""
        undone = self.draft.undo()
        self.edit = None
        said = f"Taken back: {named(undone)}." if undone else "There is nothing to undo."
        return self.look() or Said((said,))

    def save(self) -> Said:
        """Show what would be written; refuse while a row has no average."""
        self.edit = None
        if (seen := self.look()) is not None:
            return seen
        if missing := self.draft.incomplete:
            rows = counted(len(missing), "row")
            return Said((f"Not saved: {rows} without an average: {named(missing)}.",), is_bad=True)
        changes = self.draft.changes
        if not changes:
            return Said(("Nothing is changed, so nothing was written.",))
        self.edit = self.desk.draft(changes)
        return Said((f"{counted(len(changes), 'change')} to confirm; nothing is written yet.",))

    def confirm(self) -> Said:
        """Write what was shown, and nothing else."""
        edit, self.edit = self.edit, None
        if edit is None or edit.assignments != self.draft.changes:
            return Said(("What was shown is not what is chosen now: save again.",), is_bad=True)
        try:
            self.desk.write(edit)
        except ChangedMeanwhile as error:
            return self.look() or Said((str(error),), is_bad=True)
        own, before = {each.token for each in edit.assignments}, self.draft.sheet
        self.draft.read(self.desk.sheet())
        others = [d for d in differences(before, self.draft.sheet) if d.token not in own]
        told = f"Saved {counted(len(own), 'assignment')} to {edit.path.name}: {named(own)}."
        return Said((told, *(f"Changed elsewhere: {in_words(each)}" for each in others)))

    def cancel(self) -> Said:
        """Leave the file alone."""
        self.edit = None
        return Said(("Nothing was written; your changes are still here.",))

    def look(self) -> Said | None:
        """Read the file again; what there is to say of it, or None when it is as it was.

        Somebody else's change is taken over where nothing was chosen here; else it waits for
        `meet`.
        """
        sheet = self.desk.sheet()
        if self.theirs is None and sheet.version == self.draft.sheet.version:
            return None
        found = differences(self.draft.sheet, sheet)
        if found and self.draft.changes:
            self.edit, self.theirs = None, sheet
            return Said(("Somebody else changed the file: choose how to go on.",), is_bad=True)
        self.theirs = None
        self.draft.read(sheet)
        if not found:
            return None
        return Said(("The file was changed elsewhere, and is shown as it is now:", *_each(found)))

    def meet(self, *, keep: bool) -> Said:
        """Go by the file as somebody else left it, with or without what was chosen here."""
        seen, sheet = self.theirs, self.desk.sheet()
        if seen is None or sheet.version != seen.version:
            return self.look() or Said(("There is nothing to choose any more.",))
        self.theirs = None
        if not keep:
            self.draft.drop()
        self.draft.read(sheet)
        if keep:
            return Said(("Your changes are kept over the file as it is now; not saved yet.",))
        return Said(("Your changes are dropped; this is the file as it is now.",))

    def preview(self) -> list[tuple[str, str]]:
        """The change that waits, line by line: `+`, `-` or a blank, and the line of the file."""
        if self.edit is None:
            return []
        texts = self.edit.before.splitlines(), self.edit.after.splitlines()
        compared = list(difflib.unified_diff(*texts, n=1, lineterm=""))[2:]
        return [("…", "") if each[0] == "@" else (each[0], each[1:]) for each in compared]

    def conflict(self) -> list[str]:
        """What somebody else changed while there were choices here."""
        if self.theirs is None:
            return []
        found = differences(self.draft.sheet, self.theirs)
        return [self._met(each) for each in found]

    def _met(self, found: Difference) -> str:
        own = self.draft.chosen.get(found.token)
        return in_words(found) + (f" You chose {_label(own)}." if own else "")


def in_words(found: Difference) -> str:
    """`NYSE:XOM was SMA 20 1D and is now EMA 50 1D.`"""
    was, now = ("none" if each is None else _label(each) for each in (found.was, found.now))
    return f"{found.token} was {was} and is now {now}."


def named(tokens: Collection[Token]) -> str:
    """The tokens, or of many the first and how many more."""
    ordered = list(tokens)
    shown = ", ".join(str(each) for each in ordered[:_NAMED])
    more = len(ordered) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _each(found: Iterable[Difference]) -> tuple[str, ...]:
    return tuple(in_words(each) for each in found)


def _label(choice: Choice) -> str:
    return f"{choice[0]} {choice[1]}"
