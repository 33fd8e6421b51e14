"""Appends rows to the journal's tables, each with its link of the chain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sellkit.adapters import journal_chain
from sellkit.adapters.journal_head import Head

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

_JSON: Final = ("reasons", "order", "details", "before", "lists", "verbatim")
_as_text: Final = json.JSONEncoder(default=str).encode


class Pen:
    """Appends within one transaction, and chains each row; made by `JournalFile.appending`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._head = last_link(database) or Head(0, journal_chain.BEGINNING)
        self.appended = 0

    @property
    def head(self) -> Head:
        """The last link so far."""
        return self._head

    def append(self, table: str, facts: Mapping[str, object]) -> None:
        """Add a row to one of the journal's own tables."""
        row = self._database.execute(_insertion(table, facts), _written(facts)).lastrowid
        self._chain(table, "rowid = ?", row)

    def append_all(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Add rows with the same columns, which the database numbers; in few steps."""
        if not rows:
            return
        before = self._database.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]  # noqa: S608
        written = [_written(each) for each in rows]
        self._database.executemany(_insertion(table, rows[0]), written)
        self._chain(table, "rowid > ?", before or 0)

    def chain_all(self, table: str) -> None:
        """Chain every row of a table."""
        self._chain(table, "rowid > ?", 0)

    def _chain(self, table: str, which: str, number: int | None) -> None:
        """Chain rows as they are stored by now, in their order."""
        query = f"SELECT rowid AS chained_row, * FROM {table} WHERE {which} ORDER BY rowid"  # noqa: S608
        links = []
        for found in self._database.execute(query, (number,)):
            facts = dict(found)
            row, place = facts.pop("chained_row"), self._head.number + 1
            self._head = Head(place, journal_chain.link(self._head.hash, table, row, facts))
            links.append((place, table, row, self._head.hash))
        self._database.executemany("INSERT INTO chain VALUES (?, ?, ?, ?)", links)
        self.appended += len(links)

    def ask(self, query: str, *values: object) -> tuple[dict[str, object], ...]:
        """The rows of a query, as within this transaction."""
        return tuple(plain(each) for each in self._database.execute(query, values))


def plain(row: sqlite3.Row) -> dict[str, object]:
    """A row as it is told: without its number, and with what was written as JSON unfolded."""
    facts = {name: row[name] for name in row.keys() if name != "id"}  # noqa: SIM118  (not a dict)
    return {n: json.loads(v) if n in _JSON and v is not None else v for n, v in facts.items()}


def _insertion(table: str, facts: Mapping[str, object]) -> str:
    """Table and columns are this package's own names; values travel apart."""
    columns = ", ".join(f'"{name}"' for name in facts)
    marks = ", ".join(f":{name}" for name in facts)
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608


def _written(facts: Mapping[str, object]) -> dict[str, object]:
    return {n: _as_text(v) if n in _JSON else v for n, v in facts.items()}


def last_link(database: sqlite3.Connection) -> Head | None:
    """The end of the chain; None while it has no link."""
    last = database.execute("SELECT id, hash FROM chain ORDER BY id DESC LIMIT 1").fetchone()
    return None if last is None else Head(*last)
