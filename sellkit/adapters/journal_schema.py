"""The journal's tables. Every one is append only: triggers refuse to change or remove a row."""

from __future__ import annotations

from typing import Final

from sellkit.adapters.ticket_schema import COLUMNS as _TICKETS
from sellkit.adapters.ticket_schema import INDEXES as _TICKET_INDEXES
from sellkit.adapters.ticket_schema import UNIQUE as _UNIQUE_OF_TICKETS

VERSION: Final = 8
CHAINED_SINCE: Final = 5
"""The first version that chained its rows."""

_RUN: Final = "run_id TEXT NOT NULL REFERENCES run (run_id)"

# Prices and quantities of orders are text, so no digit is lost; times are ISO UTC text. Numbers
# that the rule compared are REAL: SQLite keeps a float64 as it is.
_COLUMNS: Final = {
    "run": """
        run_id TEXT PRIMARY KEY NOT NULL, started_at TEXT NOT NULL, as_of TEXT NOT NULL,
        mode TEXT NOT NULL, profile TEXT NOT NULL, account TEXT NOT NULL, gateway TEXT NOT NULL,
        version TEXT NOT NULL""",
    "run_end": """
        run_id TEXT PRIMARY KEY NOT NULL REFERENCES run (run_id), finished_at TEXT NOT NULL,
        outcome TEXT NOT NULL""",
    "snapshot_seen": f"""
        id INTEGER PRIMARY KEY, {_RUN}, taken_at TEXT NOT NULL, account TEXT NOT NULL,
        positions INTEGER NOT NULL, open_orders INTEGER NOT NULL""",
    "position_seen": f"""
        id INTEGER PRIMARY KEY, {_RUN}, taken_at TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, ticker TEXT NOT NULL, security_type TEXT NOT NULL,
        currency TEXT NOT NULL, quantity TEXT NOT NULL, average_cost TEXT""",
    "order_seen": f"""
        id INTEGER PRIMARY KEY, {_RUN}, taken_at TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
        perm_id TEXT NOT NULL, reference TEXT NOT NULL, side TEXT NOT NULL,
        order_type TEXT NOT NULL, quantity TEXT NOT NULL, remaining TEXT NOT NULL,
        limit_price TEXT, stop_price TEXT, time_in_force TEXT NOT NULL, status TEXT NOT NULL""",
    "decision": f"""
        id INTEGER PRIMARY KEY, {_RUN}, as_of TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, ticker TEXT NOT NULL, quantity TEXT NOT NULL, average_cost TEXT,
        last_close REAL, ma_type TEXT, ma_length INTEGER, timeframe TEXT, decision TEXT NOT NULL,
        reasons TEXT NOT NULL, bar_start TEXT, bar_end TEXT, session_date TEXT, session_open TEXT,
        session_close TEXT, parts_due INTEGER, parts INTEGER, fetched_at TEXT, close REAL,
        average REAL, bars_used INTEGER, seed_weight REAL, price_basis TEXT""",
    "ticket": f"""
        id INTEGER PRIMARY KEY, {_RUN}, ticket_id TEXT NOT NULL, attempt INTEGER NOT NULL,
        reference TEXT NOT NULL, account TEXT NOT NULL, con_id INTEGER NOT NULL,
        ticker TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL, fraction TEXT NOT NULL,
        "order" TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('prepared', 'approved', 'withheld', 'deferred')),
        reasons TEXT NOT NULL, deferred_until TEXT""",
    "alert": """
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
        text TEXT NOT NULL""",
    "standing_seen": f"""
        id INTEGER PRIMARY KEY, {_RUN}, epoch INTEGER NOT NULL, is_ready INTEGER NOT NULL,
        reason TEXT NOT NULL, since TEXT NOT NULL""",
    "retelling": f"""
        id INTEGER PRIMARY KEY, {_RUN}, con_id INTEGER NOT NULL, ticker TEXT NOT NULL,
        bar_start TEXT NOT NULL, bar_end TEXT NOT NULL, decided_in TEXT NOT NULL,
        decided_at TEXT NOT NULL, decision TEXT NOT NULL, decision_now TEXT NOT NULL,
        close REAL NOT NULL, close_now REAL NOT NULL, average REAL NOT NULL,
        average_now REAL NOT NULL, told_at TEXT NOT NULL""",
    "quote_seen": f"""
        id INTEGER PRIMARY KEY, {_RUN}, con_id INTEGER NOT NULL, ticker TEXT NOT NULL,
        asked_at TEXT NOT NULL, bid TEXT, ask TEXT, last TEXT, trouble TEXT""",
    "alert_end": """
        id INTEGER PRIMARY KEY REFERENCES alert (id), at TEXT NOT NULL""",
    # An attempt of 0 and below says from when on the slots of an entry count.
    "slot": """
        id INTEGER PRIMARY KEY, entry TEXT NOT NULL, due TEXT NOT NULL, attempt INTEGER NOT NULL,
        kind TEXT NOT NULL, what TEXT NOT NULL CHECK (what IN ('watched', 'begun', 'missed')),
        at TEXT NOT NULL, reason TEXT NOT NULL, run_id TEXT, UNIQUE (entry, due, attempt)""",
    "slot_end": """
        id INTEGER PRIMARY KEY REFERENCES slot (id), at TEXT NOT NULL, outcome TEXT NOT NULL,
        exit_code INTEGER, notebook TEXT""",
    # Of a channel that joined, the newest alert there was, and as the reason the level that it
    # wants from there on; of all others, which alert it is about.
    "delivery": """
        id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, channel TEXT NOT NULL,
        what TEXT NOT NULL
            CHECK (what IN ('joined', 'begun', 'told', 'failed', 'repeat')),
        at TEXT NOT NULL, reason TEXT NOT NULL""",
    "noticed": """
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, of_table TEXT NOT NULL,
        up_to INTEGER NOT NULL""",
    # A row for each row of every other table, in the order in which they were written.
    "chain": """
        id INTEGER PRIMARY KEY, of_table TEXT NOT NULL, of_row INTEGER NOT NULL,
        hash TEXT NOT NULL""",
    **_TICKETS,
}
# The tables that each version added to those of the version before it.
_ADDED: Final = {
    1: (
        *("run", "run_end", "snapshot_seen", "position_seen", "order_seen", "decision"),
        "ticket",
    ),
    2: ("alert", "alert_end"),
    3: ("standing_seen",),
    4: ("retelling", "quote_seen"),
    5: ("chain", *_TICKETS),
    8: ("delivery", "noticed", "slot", "slot_end"),
}
# What a version holds otherwise than the ones before it: made anew, row by row, ids and all.
_REMADE: Final = {7: ("ticket",)}
# What else a version brought.
_BESIDE: Final = {
    4: ("CREATE INDEX decision_of_bar ON decision (bar_end)",),
    5: (*_TICKET_INDEXES, "CREATE UNIQUE INDEX chained ON chain (of_table, of_row)"),
    8: (
        "CREATE INDEX delivery_of_alert ON delivery (alert, channel)",
        "CREATE INDEX delivery_of_channel ON delivery (channel, what)",
    ),
}
# The columns that a version added to a table of an earlier one. Each may be without a value, as it
# is in the rows from before, so that their hashes hold.
_WIDENED: Final = {
    6: {"ticket_round": "since TEXT"},
}
_OF_NO_RUN: Final = {
    *("alert", "alert_end", "delivery", "noticed", "slot", "slot_end", "chain"),
    *_TICKETS,
}
_UNIQUE: Final = {**_UNIQUE_OF_TICKETS, "slot": (("entry", "due", "attempt"),)}

CHAINED: Final = tuple(table for table in _COLUMNS if table != "chain")
"""Every table whose rows are chained."""

RETIRED: Final = ("switch",)
"""Tables that journals of earlier versions hold and nothing writes to; their rows stay chained."""

CARRIED: Final = (
    """SELECT at, what AS kind, 'by ' || "by" AS text, details FROM switch ORDER BY id""",
    "event",
)
"""The rows of a retired table that stand in another one since, and in which; those read stay."""
CARRIED_SINCE: Final = 7


def statements(version: int = 0) -> tuple[str, ...]:
    """What makes a journal of an earlier version one of this, in order; 0 is an empty database."""
    later = range(version + 1, VERSION + 1)
    added = {table: number for number, tables in _ADDED.items() for table in tables}
    fresh = [table for table, number in added.items() if number > version]
    made = [each for table in fresh for each in _making(table)]
    made += [
        f"ALTER TABLE {table} ADD COLUMN {column}"
        for number in later
        for table, column in _WIDENED.get(number, {}).items()
        if table not in fresh  # one that is made now has it already
    ]
    made += [each for number in later for each in _BESIDE.get(number, ())]
    if version:
        made += [
            each
            for number in later
            for table in _REMADE.get(number, ())
            for each in _remaking(table)
        ]
    return (*made, f"PRAGMA user_version = {VERSION}")


def _remaking(table: str) -> list[str]:
    make, *beside = _making(table)
    return [
        f"ALTER TABLE {table} RENAME TO {table}_former",
        make,
        f"INSERT INTO {table} SELECT * FROM {table}_former",  # noqa: S608  (own names)
        f"DROP TABLE {table}_former",
        *beside,
    ]


def _making(table: str) -> list[str]:
    key = "run_id" if table in {"run", "run_end"} else "id"
    made = [f"CREATE TABLE {table} ({_COLUMNS[table]})"]
    if key == "id" and table not in _OF_NO_RUN:
        made.append(f"CREATE INDEX {table}_of_run ON {table} (run_id)")
    refuse = "BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END"
    for act in ("UPDATE", "DELETE"):
        made.append(f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {refuse}")
    # REPLACE INTO removes the former row without asking the trigger on DELETE.
    same = [f"{key} = NEW.{key}"]
    same += [
        " AND ".join(f"{name} = NEW.{name}" for name in names) for names in _UNIQUE.get(table, ())
    ]
    held = " OR ".join(f"({each})" for each in same) if len(same) > 1 else same[0]
    twice = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {held})"  # noqa: S608
    made.append(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {twice} "
        f"BEGIN SELECT RAISE (ABORT, 'the journal holds this {table} already'); END"
    )
    return made
