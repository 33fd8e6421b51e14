"""Chains the journal's rows: each row's hash holds the one before, so none can be changed alone.

A chain keeps no secret: who rewrites every later hash goes unseen, but for the head that lies
beside the journal and the backups. It finds what was edited, removed, inserted or mixed up.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from sellkit.adapters.journal_schema import CHAINED, RETIRED
from sellkit.core.custody import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Ask = Callable[..., Iterator[Mapping[str, object]]]

BEGINNING: Final = "0" * 64
_GONE: Final = "the chain names a table that the journal has not"
_in_order: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_REMEDY: Final = "keep this file, and restore the last backup that `sellkit audit verify` passes"


def link(before: str, table: str, row: int, facts: Mapping[str, object]) -> str:
    """The hash of a row as it is stored; columns without a value are left out.

    So a column that a later version adds does not change the hashes of earlier rows.
    """
    told = {name: value for name, value in facts.items() if value is not None}
    text = _in_order([before, table, row, told])
    return hashlib.sha256(text.encode()).hexdigest()


def flaws(ask: Ask) -> Iterator[Finding]:
    """Every row that is not as it was written, every one that is gone, and every one too many.

    Parameters
    ----------
    ask
        Runs a query within one read transaction, and yields its rows by column.
    """
    before, number = BEGINNING, 0
    held = _held(ask)
    for each in ask("SELECT * FROM chain ORDER BY id"):
        number += 1
        if each["id"] != number:
            yield Finding(f"chain {number}", f"a link of the chain was removed: {_REMEDY}")
            number = int(str(each["id"]))
        table, row = str(each["of_table"]), int(str(each["of_row"]))
        flaw = _flaw(ask, before, table, row, str(each["hash"])) if table in held else _GONE
        if flaw is not None:
            yield Finding(f"{table} row {row}", f"{flaw}: {_REMEDY}")
        before = str(each["hash"])
    yield from _strangers(ask, held)


def _held(ask: Ask) -> tuple[str, ...]:
    """The tables whose rows are chained, in this journal."""
    there = {each["name"] for each in ask("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return tuple(table for table in (*CHAINED, *RETIRED) if table in there)


def _flaw(ask: Ask, before: str, table: str, row: int, told: str) -> str | None:
    query = f"SELECT rowid AS chained_row, * FROM {table} WHERE rowid = ?"  # noqa: S608  (own names)
    found = next(iter(ask(query, row)), None)
    if found is None:
        return "the row was removed"
    facts = {name: value for name, value in found.items() if name != "chained_row"}
    return None if link(before, table, row, facts) == told else "the row was edited, or its link"


def _strangers(ask: Ask, held: Iterable[str]) -> Iterator[Finding]:
    for table in held:
        query = (
            f"SELECT rowid AS stranger FROM {table} WHERE rowid NOT IN "  # noqa: S608  (own names)
            "(SELECT of_row FROM chain WHERE of_table = ?)"
        )
        for each in ask(query, table):
            what = f"the row was not written by sellkit: {_REMEDY}"
            yield Finding(f"{table} row {each['stranger']}", what)
