"""A run of sellkit in a process of its own, which waits after one of its steps to be killed.

Started by `python -m tests.faults.child PORT FOLDER CLIENT MOMENT STEP`; it says `ready` and the
id of Apple's ticket, if it knows it, when it has come so far. A step of `LIVE` makes it a live run,
for which somebody has armed the account before.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.operate.desk import Desk
from tests.faults.desk import PACING, StageClock, dry_options, journal_at, laid_out, steps
from tests.faults.live import Armoury, Sent, carried_out

LIVE: Final = {
    "recorded live": ("book", "intend", "before"),
    "intended": ("book", "intend", "after"),
    "claimed": ("book", "claim", "after"),
    "sent": ("route", "submit", "after"),
}
"""Of each step of a live run: the port, its method, and on which side of it the run waits."""


class Waiting:
    """What stands at a port, which waits before or behind one of its methods to be killed."""

    def __init__(self, held: Any, method: str, side: str) -> None:
        self._held, self._method, self._side = held, method, side

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._held, name)
        return self._waiting(found) if name == self._method else found

    def _waiting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*words: Any, **named: Any) -> Any:
            if self._side == "before":
                wait()
            given = call(*words, **named)
            wait()
            return given

        return called


def wait(*tickets: str) -> None:
    """Say that the step is reached, and wait for the end."""
    print("ready", *tickets, flush=True)
    sys.stdin.read()


def main(words: Sequence[str]) -> None:
    """Run until the step, say so, and wait."""
    port, folder, client_id, moment, last = words
    now = dt.datetime.fromisoformat(moment)
    place, is_live = Path(folder), last in LIVE
    with (
        closing(SqliteJournal(journal_at(place))) as journal,
        closing(
            IbBroker.connect(
                host="127.0.0.1",
                port=int(port),
                client_id=int(client_id),
                clock=StageClock(lambda: now),
                pacing=PACING,
                sends_orders=is_live,
            )
        ) as broker,
    ):
        run_id = f"{last}{client_id}"
        armoury = Armoury(place) if is_live else None
        desk = laid_out(place, broker, journal, run_id, dry_options(), armoury=armoury)
        if is_live:
            carried_out(waiting(desk, last), Sent(), lambda _decision: None)
            return
        for step, decision in steps(desk):
            if step != last:
                continue
            rows = () if decision is None else decision.exits
            wait(*[row.verdict.ticket.ticket_id for row in rows if row.verdict is not None])


def waiting(desk: Desk, step: str) -> Desk:
    """A desk that may send, and waits at a step."""
    port, method, side = LIVE[step]
    live = desk.parts.live
    assert live is not None
    if port == "book":
        live = replace(live, tickets=Waiting(live.tickets, method, side))
    else:
        live = replace(live, route=Waiting(live.route, method, side))
    return replace(desk, parts=replace(desk.parts, live=live))


if __name__ == "__main__":
    main(sys.argv[1:])
