"""The journal's tables of tickets on their way through the market, and of a person's doings."""

from __future__ import annotations

from typing import Final

_REFERENCE: Final = "id INTEGER PRIMARY KEY, reference TEXT NOT NULL"

# As in the other tables, quantities and prices are text and times ISO UTC text. JSON is text, too.
COLUMNS: Final = {
    "ticket_intent": f"""
        {_REFERENCE}, run_id TEXT NOT NULL REFERENCES run (run_id), ticket_id TEXT NOT NULL,
        attempt INTEGER NOT NULL, account TEXT NOT NULL, con_id INTEGER NOT NULL,
        ticker TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL,
        position_before TEXT NOT NULL, notional TEXT, bar_end TEXT NOT NULL, at TEXT NOT NULL""",
    "ticket_step": f"""
        {_REFERENCE}, state TEXT NOT NULL, at TEXT NOT NULL, cause TEXT NOT NULL, perm_id TEXT,
        details TEXT NOT NULL""",
    "ticket_claim": f"""
        {_REFERENCE} UNIQUE, ticket_id TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL,
        order_id TEXT NOT NULL, client_id TEXT NOT NULL, epoch INTEGER NOT NULL,
        quantity TEXT NOT NULL, position_before TEXT NOT NULL, notional TEXT,
        "order" TEXT NOT NULL, before TEXT NOT NULL, UNIQUE (ticket_id, attempt)""",
    "ticket_cancel": f"""
        {_REFERENCE}, at TEXT NOT NULL, outcome TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
        perm_id TEXT NOT NULL, order_reference TEXT NOT NULL, side TEXT NOT NULL,
        order_type TEXT NOT NULL, quantity TEXT NOT NULL, remaining TEXT NOT NULL,
        limit_price TEXT, stop_price TEXT, time_in_force TEXT NOT NULL, status TEXT NOT NULL""",
    "ticket_round": f"""
        {_REFERENCE}, at TEXT NOT NULL, epoch INTEGER NOT NULL, doubt TEXT NOT NULL, since TEXT""",
    "fill": f"""
        {_REFERENCE}, account TEXT NOT NULL, exec_id TEXT NOT NULL, con_id INTEGER NOT NULL,
        perm_id TEXT NOT NULL, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
        side TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, at TEXT NOT NULL,
        UNIQUE (account, exec_id)""",
    "report_heard": """
        id INTEGER PRIMARY KEY, number INTEGER NOT NULL, at TEXT NOT NULL, epoch INTEGER NOT NULL,
        kind TEXT NOT NULL, order_id TEXT NOT NULL, client_id TEXT, perm_id TEXT, reference TEXT,
        con_id INTEGER, status TEXT, filled TEXT, remaining TEXT, code INTEGER,
        text TEXT NOT NULL, meaning TEXT, exec_id TEXT, verbatim TEXT NOT NULL""",
    "records_seen": """
        id INTEGER PRIMARY KEY, began_at TEXT NOT NULL, taken_at TEXT NOT NULL,
        epoch INTEGER NOT NULL, account TEXT NOT NULL, source TEXT NOT NULL,
        lists TEXT NOT NULL""",
    "event": """
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, account TEXT, run_id TEXT,
        text TEXT NOT NULL, details TEXT NOT NULL""",
    "notebook_kept": """
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, at TEXT NOT NULL, path TEXT NOT NULL,
        sha256 TEXT NOT NULL""",
}

# What else than its key a row has alone: a REPLACE INTO would push the former one out.
UNIQUE: Final = {
    "ticket_claim": (("reference",), ("ticket_id", "attempt")),
    "fill": (("account", "exec_id"),),
}

INDEXES: Final = (
    "CREATE INDEX ticket_intent_of_position ON ticket_intent (account, con_id)",
    *(
        f"CREATE INDEX {table}_of_ticket ON {table} (reference)"
        for table in ("ticket_intent", "ticket_step", "ticket_cancel", "ticket_round", "fill")
    ),
    "CREATE INDEX fill_of_order ON fill (perm_id)",
    "CREATE INDEX report_of_ticket ON report_heard (reference)",
    "CREATE INDEX event_of_kind ON event (kind)",
)
