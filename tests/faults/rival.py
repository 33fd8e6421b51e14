"""A live run of sellkit in a process of its own, which stops before its orders until it is told.

Started by `python -m tests.faults.rival PORT FOLDER CLIENT MOMENT`, in a folder in which somebody
has armed the account. It says `ready` once it has decided, reads a line, and says in which states
its tickets ended.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.operate.decision import HourlyDecision
from tests.faults.desk import PACING, StageClock, dry_options, journal_at, laid_out
from tests.faults.live import Armoury, Sent, carried_out


def main(words: Sequence[str]) -> None:
    """Run, and wait in the middle."""
    port, folder, client_id, moment = words
    now, place, sent = dt.datetime.fromisoformat(moment), Path(folder), Sent()
    with (
        closing(SqliteJournal(journal_at(place))) as journal,
        closing(
            IbBroker.connect(
                host="127.0.0.1",
                port=int(port),
                client_id=int(client_id),
                clock=StageClock(lambda: now),
                pacing=PACING,
                sends_orders=True,
            )
        ) as broker,
    ):
        parts = (place, broker, journal, f"rival{client_id}", dry_options())
        carried_out(laid_out(*parts, armoury=Armoury(place)), sent, _wait)
    print(*[each.state for each in sent.records], flush=True)


def _wait(_decision: HourlyDecision) -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1:])
