"""A run of sellkit in a process of its own, which waits after one of its steps to be killed.

Started by `python -m tests.faults.child PORT FOLDER CLIENT MOMENT STEP`; it says `ready` and the
id of Apple's ticket, if it knows it, when it has come so far.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from tests.faults.desk import PACING, StageClock, dry_options, journal_at, laid_out, steps


def main(words: Sequence[str]) -> None:
    """Run until the step, say so, and wait."""
    port, folder, client_id, moment, last = words
    now = dt.datetime.fromisoformat(moment)
    place = Path(folder)
    with (
        closing(SqliteJournal(journal_at(place))) as journal,
        closing(
            IbBroker.connect(
                host="127.0.0.1",
                port=int(port),
                client_id=int(client_id),
                clock=StageClock(lambda: now),
                pacing=PACING,
            )
        ) as broker,
    ):
        run_id = f"{last}{client_id}"
        for step, decision in steps(laid_out(place, broker, journal, run_id, dry_options())):
            if step != last:
                continue
            rows = () if decision is None else decision.exits
            tickets = [row.verdict.ticket.ticket_id for row in rows if row.verdict is not None]
            print("ready", *tickets, flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
