"""The assigned averages in a CSV file that people edit, too."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.assignment_table import AssignmentTable, parse, with_assignments
from sellkit.errors import ChangedMeanwhile, ConfigError
from sellkit.ports import AssignmentEdit, AssignmentSheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sellkit.core.assignments import Assignment

_REMEDY: Final = "allow writing there, or keep the assignments elsewhere; nothing was changed"


class CsvAssignments:
    """The `AssignmentBook` in one CSV file: `ticker,type,length,timeframe`.

    The older three columns (all hourly), a missing header, a byte order mark, any line ending,
    semicolons or tabs between the fields, and Excel's first line `sep=;` are read, too, and kept
    when a row is written.

    Parameters
    ----------
    path
        The file; it and its folder are made by the first `save`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # What was read last, and the sheet that it is.
        self._known: tuple[bytes, AssignmentSheet] | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def load(self) -> AssignmentSheet:
        """Every row; an absent file is an empty sheet.

        A token with more than one row is unassigned, whatever the rows say: each is a problem.
        """
        data, known = self._read(), self._known
        if known is None or known[0] != data:
            known = self._known = (data, self._sheet(data))
        return known[1]

    def _sheet(self, data: bytes) -> AssignmentSheet:
        rows = self._table(data).rows
        count = Counter(row.token for row in rows if row.token is not None)
        assignments = {}
        problems = []
        for row in rows:
            place = f"{self._path.name} line {row.index + 1}"
            if row.problem is not None:
                mend = f"assign {row.token}" if row.token else "correct or remove the line"
                joint = ", or " if row.is_doubted else "; "
                problems.append(f"{place}: {row.problem}{joint}{mend}")
            elif row.token is not None and count[row.token] > 1:
                where = ", ".join(str(r.index + 1) for r in rows if r.token == row.token)
                problems.append(f"{place}: {row.token} stands on lines {where}; keep one of them")
            elif row.assignment is not None:
                assignments[row.assignment.token] = row.assignment
        named = {row.token for row in rows if row.token is not None}
        incomplete = frozenset(named - set(assignments))
        version = hashlib.sha256(data).hexdigest() if data else ""
        return AssignmentSheet(assignments, tuple(problems), incomplete, version)

    def save(self, assignment: Assignment) -> None:
        """Write one assignment in place of the token's rows; every other line stays as it is.

        The file is read afresh under a lock, so what another process wrote meanwhile is kept.

        Raises
        ------
        ConfigError
            The file cannot be read as a table, or not be written; it is as it was.
        """
        with self._locked():
            text = with_assignments(self._table(self._read()), [assignment])
            durable_file.replace(self._path, text.encode())

    def draft(self, assignments: Sequence[Assignment]) -> AssignmentEdit:
        """Work out what `write` would make of the file; nothing is written.

        Raises
        ------
        ConfigError
            The file cannot be read as a table.
        """
        table = self._table(self._read())
        after = with_assignments(table, assignments)
        return AssignmentEdit(self._path, tuple(assignments), table.text(), after)

    def write(self, edit: AssignmentEdit) -> None:
        """Write what was worked out, all of it or nothing.

        Raises
        ------
        ChangedMeanwhile
            The file is not what it was worked out on; it stays as it is.
        ConfigError
            It cannot be written; it is as it was.
        """
        with self._locked():
            if self._read() != edit.before.encode():
                raise ChangedMeanwhile(
                    f"{self._path} has been changed since; nothing was written: look at it again"
                )
            durable_file.replace(self._path, edit.after.encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        folder = self._path.parent
        with durable_file.writing(folder, _REMEDY):
            durable_file.make_folder(folder)
            with durable_file.locked(folder / f".{self._path.name}.lock"):
                yield

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error

    def _table(self, data: bytes) -> AssignmentTable:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            why = f"byte {error.start + 1} is not UTF-8; save it as CSV UTF-8"
            raise self._unreadable(why) from error
        if "\0" in text:
            raise self._unreadable("it is not text; save it as CSV UTF-8")
        try:
            return parse(text)
        except ConfigError as error:
            raise self._unreadable(str(error)) from error

    def _unreadable(self, why: str) -> ConfigError:
        return ConfigError(f"{self._path} cannot be read as a table: {why}; nothing was changed")
