"""A recorded run out of the journal's tables, with all that its decisions rested on but bars."""

from __future__ import annotations

from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters import decision_facts
from sellkit.adapters.journal_facts import moment
from sellkit.core.assignments import Assignment
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import Account, AccountSnapshot, Position
from sellkit.core.retraced import RecordedRun
from sellkit.core.signals import Decision
from sellkit.core.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.adapters.journal_file import JournalFile
    from sellkit.core.precedent import Precedent

    Row = Mapping[str, Any]

_DECIDED: Final = "SELECT * FROM decision WHERE run_id = ? ORDER BY id"
_HELD: Final = "SELECT * FROM position_seen WHERE run_id = ? ORDER BY id"
_SEEN: Final = "SELECT * FROM snapshot_seen WHERE run_id = ? ORDER BY id"
_STOOD: Final = "SELECT * FROM standing_seen WHERE run_id = ? ORDER BY id"
_RETOLD: Final = "SELECT * FROM retelling WHERE run_id = ?"
_BEFORE: Final = """
    SELECT * FROM decision WHERE account = ? AND bar_end >= ? AND decision IN ('EXIT', 'HOLD')
    ORDER BY id"""
_UNUSABLE: Final = "its row of assignments cannot be used"


class JournalRecordings:
    """What runs had before them, and what they decided; made by `SqliteJournal`, as its
    `recordings`.

    Raises
    ------
    JournalError
        From every method, as those of the journal.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def recorded(self, run_id: str) -> RecordedRun | None:
        """A run with its positions, its assignments and its decisions; None without decisions."""
        rows: Sequence[Row] = self._file.read(_DECIDED, run_id)
        seen, stood = (self._file.read(each, run_id) for each in (_SEEN, _STOOD))
        if not rows or not seen or not stood:
            return None
        taken_at = moment(str(seen[-1]["taken_at"]))
        told = [each["fetched_at"] for each in rows if each["fetched_at"] is not None]
        told += [each["told_at"] for each in self._file.read(_RETOLD, run_id)]
        standing = _standing(stood[-1])
        account = Account(str(seen[-1]["account"]), "")
        held = tuple(_position(each, account) for each in self._file.read(_HELD, run_id))
        unusable = (each for each in rows if _is_unusable(each))
        return RecordedRun(
            run_id=run_id,
            as_of=moment(str(rows[0]["as_of"])),
            known_at=max([taken_at, *(moment(str(each)) for each in told)]),
            snapshot=AccountSnapshot(account, taken_at, held, (), standing.epoch),
            standing=standing,
            assignments={each.token: each for each in map(_assignment, rows) if each is not None},
            incomplete=frozenset(Token.parse(str(each["ticker"])) for each in unusable),
            problems={each["con_id"]: each["reasons"][-1] for each in rows if _has_problem(each)},
            precedents=self._precedents(run_id, rows),
            rows=[{name: each[name] for name in each if name != "id"} for each in rows],
        )

    def _precedents(self, run_id: str, rows: Sequence[Row]) -> tuple[Precedent, ...]:
        ends = [str(each["bar_end"]) for each in rows if each["bar_end"] is not None]
        if not ends:
            return ()
        found = self._file.read(_BEFORE, rows[0]["account"], min(ends))
        before = takewhile(lambda each: each["run_id"] != run_id, found)
        return tuple(decision_facts.precedent(each) for each in before)


def _standing(row: Row) -> Standing:
    known = (row["epoch"], bool(row["is_ready"]), row["reason"])
    return Standing(*known, moment(row["since"]))


def _position(row: Row, account: Account) -> Position:
    token = Token.parse(row["ticker"])
    kind = {"security_type": row["security_type"], "currency": row["currency"]}
    cost = None if row["average_cost"] is None else Decimal(row["average_cost"])
    instrument = Instrument(row["con_id"], token, **kind)
    return Position(account, instrument, Decimal(row["quantity"]), cost)


def _assignment(row: Row) -> Assignment | None:
    if row["ma_type"] is None:
        return None
    words = (row["ticker"], row["ma_type"], str(row["ma_length"]), row["timeframe"])
    return Assignment.parse(*words)


def _is_unusable(row: Row) -> bool:
    return row["ma_type"] is None and str(row["reasons"][0]).startswith(_UNUSABLE)


def _has_problem(row: Row) -> bool:
    """Whether the last of its reasons is what the gateway answered at that time."""
    return row["decision"] == Decision.UNDECIDED and len(row["reasons"]) > 1
