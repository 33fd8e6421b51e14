"""What writes to the journal in another process."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.instrument import Token
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import DuplicateTicket
from sellkit.ports import RunHeader
from tests import build, ticketing
from tests.adapters.processes import PROCESSES
from tests.ticketing import S, after

RUN = RunHeader(
    run_id="r1",
    started_at=build.NOW,
    as_of=build.NOW,
    mode="live",
    profile="demo",
    account="main",
    gateway=GatewayKind.SIMULATED,
    version="0.1.0",
)
STEPS = 6
"""What is appended of each ticket: intent, a cancel, the claim, a fill, and two more states."""


def begin_run(path: Path, header: RunHeader) -> None:
    """Open a run in a journal that may not exist yet."""
    journal = SqliteJournal(path)
    journal.begin(header)
    journal.close()


def claim_at_once(path: Path, start: Barrier, won: Connection) -> None:
    """Claim the usual ticket and another of the same position, once all are ready."""
    with closing(SqliteJournal(path)) as journal:
        mine = []
        for ticket in (ticketing.TICKET, ticketing.of_earlier_bar()):
            journal.book.intend("r1", ticket, after(1))
        start.wait()
        for ticket in (ticketing.TICKET, ticketing.of_earlier_bar()):
            try:
                mine.append(ticketing.claim(journal.book, ticket).reference)
            except DuplicateTicket:
                continue
        won.send(mine)
    won.close()


def numbered(number: int) -> OrderTicket:
    """The ticket of one of many positions."""
    held = build.position(con_id=number)
    token = Token("NASDAQ", f"T{number}")
    held = replace(held, instrument=replace(held.instrument, token=token))
    return build.ticket(held)


def write_tickets_forever(path: Path, first: int, told: Connection) -> None:
    """Carry ticket after ticket through its steps, telling each step once it is on the disk."""
    with closing(SqliteJournal(path)) as journal:
        if not journal.runs():
            journal.begin(RUN)
        number = first
        while True:
            _carry(journal, number, told)
            number += 1


def _carry(journal: SqliteJournal, number: int, told: Connection) -> None:
    book, ticket = journal.book, numbered(number)
    reference = ticket.reference
    fill = replace(ticketing.fill(f"{number}.01", reference=reference, perm=str(number)))
    steps = (
        lambda: book.intend("r1", ticket, after(1)),
        lambda: book.note_cancel(reference, build.open_order(con_id=number), after(1), "asked"),
        lambda: ticketing.claim(book, ticket),
        lambda: book.note_fills((replace(fill, con_id=number),)),
        lambda: book.step(reference, S.FILLED, after(4), "executed", perm_id=str(number)),
        lambda: book.step(reference, S.DONE, after(5), "nothing is left"),
    )
    for done, step in enumerate(steps, start=1):
        told.send((number, done - 1, True))
        step()
        told.send((number, done, False))


def kill_tickets(path: Path, kills: int, seed: int) -> int:
    """Kill such a writer so many times; how many tickets came through. AssertionError on a loss."""
    chance = random.Random(seed)
    first = 1
    for _ in range(kills):
        reached, begun = _killed(path, first, chance)
        with closing(SqliteJournal(path)) as journal:
            assert journal.evidence.flaws() == ()
            assert journal.evidence.doubt() is None
            _check(journal, reached, begun)
            first = 1 + len(journal.evidence.intents())
    return first - 1


def _check(journal: SqliteJournal, reached: tuple[int, int], begun: tuple[int, int]) -> None:
    for number in range(1, reached[0] + 1):
        done = _done(journal, numbered(number).reference)
        if number < reached[0]:
            assert done >= 1, f"ticket {number} is lost"
        else:
            assert reached[1] <= done <= begun[1], (number, reached, begun, done)


def _done(journal: SqliteJournal, reference: str) -> int:
    record = journal.book.ticket(reference)
    if record is None:
        return 0
    by_state = {S.INTENT: 1, S.SUBMITTING: 3, S.FILLED: 5, S.DONE: 6}
    done = by_state[record.state]
    claims = [each for each in journal.evidence.claims() if each["reference"] == reference]
    assert (done >= 3) == (record.claimed_at is not None) == bool(claims)
    if record.state is S.INTENT:
        return done + len(record.stopped)
    return done + (record.state is S.SUBMITTING and record.filled > 0)


def _killed(
    path: Path, first: int, chance: random.Random
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of the last ticket, how many steps were acknowledged, and how many were begun."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    writer = PROCESSES.Process(target=write_tickets_forever, args=(path, first, theirs))
    writer.start()
    theirs.close()
    heard = [ours.recv() for _ in range(chance.randint(1, 24))]
    writer.join(timeout=chance.uniform(0, 0.01))
    writer.kill()
    writer.join()
    while ours.poll():
        try:
            heard.append(ours.recv())
        except EOFError:
            break
    ours.close()
    writer.close()
    number, step, is_beginning = heard[-1]
    return (number, step), (number, step + is_beginning)
