"""The slots of a schedule in the journal's file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters.journal_facts import instant
from sellkit.core.firing import Slot, SlotEnd, SlotOutcome
from sellkit.core.schedule import Due, SlotKind
from sellkit.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.adapters.journal_file import JournalFile
    from sellkit.adapters.journal_pen import Pen

MOST_MISSED: Final = 500
"""So many slots missed at once are told one by one, the newest; of older ones how many."""

_SLOTS: Final = """
    SELECT slot.id AS number, slot.*, slot_end.at AS ended_at, outcome, exit_code, notebook
    FROM slot LEFT JOIN slot_end ON slot_end.id = slot.id WHERE what <> 'watched'"""
_UNENDED: Final = f"{_SLOTS} AND what = 'begun' AND outcome IS NULL ORDER BY slot.id"
_LATEST: Final = f"{_SLOTS} AND entry = ? ORDER BY due DESC, attempt DESC LIMIT 1"
_MISSED: Final = f"{_SLOTS} AND what = 'missed' AND entry = ? ORDER BY slot.id"
_LAST: Final = f"{_SLOTS} ORDER BY slot.id DESC LIMIT ?"
_WATCHED: Final = """
    SELECT id AS number, due, reason FROM slot WHERE entry = ? AND what = 'watched'
    ORDER BY id DESC LIMIT 1"""
_LATEST_SINCE: Final = "SELECT max(due) AS due FROM slot WHERE entry = ? AND id >= ?"
_KNOWN: Final = "SELECT 1 FROM slot WHERE entry = ? AND due = ? AND attempt = ?"
_OPENINGS: Final = "SELECT DISTINCT deferred_until FROM ticket WHERE deferred_until IS NOT NULL"
_NUMBER: Final = "SELECT max(id) AS number FROM slot"


class JournalSlots:
    """The `SlotBook` in the journal's file; made by `SqliteJournal`, as its `slots`.

    Raises
    ------
    JournalError
        From every method, as those of the journal.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def watch(self, entry: str, definition: str, at: dt.datetime) -> dt.datetime:
        """From when on the slots of an entry count; kept where it is new or defined otherwise."""
        with self._file.appending(is_head_synced=True) as pen:
            for each in pen.ask(_WATCHED, entry):
                if each["reason"] == definition:
                    (latest,) = pen.ask(_LATEST_SINCE, entry, each["number"])
                    return _moment(latest["due"])
            facts = _facts(Due(entry, SlotKind.HOUR, at), at, "watched", definition)
            pen.append("slot", {**facts, "attempt": _watch_number(pen, entry, at)})
        return at

    def begin(self, due: Due, attempt: int, at: dt.datetime, run_id: str, reason: str = "") -> int:
        """Claim an attempt of a slot; its number."""
        with self._file.appending(is_head_synced=True) as pen:
            if pen.ask(_KNOWN, due.entry, instant(due.at), attempt):
                raise JournalError(
                    f"the slot of {due.entry} at {due.at:%Y-%m-%d %H:%M} UTC was begun or missed "
                    "already, by another process: `sellkit schedule history` tells"
                )
            facts = _facts(due, at, "begun", reason)
            pen.append("slot", {**facts, "attempt": attempt, "run_id": run_id})
            (found,) = pen.ask(_NUMBER)
        return int(str(found["number"]))

    def miss(self, dues: Sequence[Due], at: dt.datetime, reason: str) -> None:
        """Record slots that were let pass; of very many the oldest stands for those after it."""
        if not dues:
            return
        with self._file.appending(is_head_synced=True) as pen:
            new = [each for each in dues if not pen.ask(_KNOWN, each.entry, instant(each.at), 1)]
            older, newest = new[:-MOST_MISSED], new[-MOST_MISSED:]
            told = [(each, reason) for each in newest]
            if older:
                last = f"{older[-1].at:%Y-%m-%d %H:%M} UTC"
                told.insert(0, (older[0], f"the first of {len(older)}, up to {last}: {reason}"))
            rows = [{**_facts(each, at, "missed", why), "attempt": 1} for each, why in told]
            pen.append_all("slot", rows)

    def end(self, number: int, at: dt.datetime, end: SlotEnd) -> None:
        """How the run of a slot that was begun ended."""
        facts = {
            "id": number,
            "at": instant(at),
            "outcome": str(end.outcome),
            "exit_code": end.exit_code,
            "notebook": end.notebook,
        }
        with self._file.appending(is_head_synced=True) as pen:
            pen.append("slot_end", facts)

    def unended(self) -> tuple[Slot, ...]:
        """Those begun whose end is not told, oldest first."""
        return self._slots(_UNENDED)

    def latest(self, entry: str) -> Slot | None:
        """The latest slot of an entry, in its last attempt."""
        return next(iter(self._slots(_LATEST, entry)), None)

    def history(self, count: int) -> tuple[Slot, ...]:
        """The last ones told, oldest first; a journal that is not there yet holds none."""
        return self._slots(_LAST, count)[::-1]

    def missed(self, entry: str) -> tuple[Slot, ...]:
        """Every slot of an entry that was let pass, as it was found."""
        return self._slots(_MISSED, entry)

    def openings(self) -> frozenset[dt.datetime]:
        """The openings that tickets were deferred to, past ones as well."""
        if not self._file.path.exists():
            return frozenset()
        rows = self._file.read(_OPENINGS)
        return frozenset(_moment(each["deferred_until"]) for each in rows)

    def _slots(self, query: str, *values: object) -> tuple[Slot, ...]:
        if not self._file.path.exists():
            return ()
        return tuple(_slot(each) for each in self._file.read(query, *values))


def _watch_number(pen: Pen, entry: str, at: dt.datetime) -> int:
    """Below every attempt, so that it never stands in the way of one at the same moment."""
    number = 0
    while pen.ask(_KNOWN, entry, instant(at), number):
        number -= 1
    return number


def _facts(due: Due, at: dt.datetime, what: str, reason: str) -> dict[str, object]:
    return {
        "entry": due.entry,
        "due": instant(due.at),
        "kind": str(due.kind),
        "what": what,
        "at": instant(at),
        "reason": reason,
    }


def _slot(row: Mapping[str, Any]) -> Slot:
    end = None
    if row["outcome"] is not None:
        end = SlotEnd(SlotOutcome(row["outcome"]), row["exit_code"], row["notebook"])
    return Slot(
        number=row["number"],
        due=Due(row["entry"], SlotKind(row["kind"]), _moment(row["due"])),
        attempt=row["attempt"],
        at=_moment(row["at"]),
        reason=row["reason"],
        run_id=row["run_id"],
        end=end,
        ended_at=None if row["ended_at"] is None else _moment(row["ended_at"]),
    )


def _moment(text: object) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))
