"""Processes that raise and tell alerts, killed at any moment: none is lost or repeated unsaid."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from sellkit.adapters.notify import UrlNotifier
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import ORDERS, Alert, AlertKind, Level
from sellkit.core.message import AGAIN
from sellkit.core.outbox import Channel
from sellkit.operate.courier import Courier
from tests import ticketing
from tests.adapters.journal_writers import RUN, numbered
from tests.adapters.processes import PROCESSES
from tests.build import NOW
from tests.ticketing import after

CHANNEL = Channel("file", Level.INFO)
TOLD = "told.jsonl"


def courier_of(journal: SqliteJournal, folder: Path, url: str) -> Courier:
    return Courier(
        outbox=journal.outbox,
        notifier=UrlNotifier({CHANNEL.alias: url}, folder),
        channels=[CHANNEL],
        name="sellkit",
        now=lambda: dt.datetime.now(dt.UTC),
    )


def tell_forever(folder: Path, url: str, first: int, heard: Connection) -> None:
    """Raise an alert, execute an order and tell of both, again and again."""
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        if not journal.runs():
            journal.begin(RUN)
        courier, number = courier_of(journal, folder, url), first
        courier.deliver()  # the channel joins before anything happens
        while True:
            heard.send(number)
            text = f"NYSE:KO: SK1-{number}-1 is unclear"
            alert = Alert(AlertKind.ORDER_UNCERTAIN, text, NOW)
            journal.renew_alerts(NOW, (), [(ORDERS, alert)])
            courier.deliver()
            _execute(journal, number)
            courier.deliver(is_last=True)
            number += 1


def _execute(journal: SqliteJournal, number: int) -> None:
    ticket = numbered(number)
    journal.book.intend("r1", ticket, after(1))
    ticketing.claim(journal.book, ticket)
    fill = ticketing.fill(f"{number}.01", reference=ticket.reference, perm=str(number))
    journal.book.note_fills((replace(fill, con_id=number),))


def kill_tellers(folder: Path, kills: int, seed: int, url: str = f"file:{TOLD}") -> Counter[int]:
    """Kill such a process so many times, tell the rest; how often each alert was told.

    AssertionError where one was lost, or told again without saying so.
    """
    chance, first = random.Random(seed), 1
    for _ in range(kills):
        first = 1 + _killed(folder, url, first, chance)
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        courier_of(journal, folder, url).deliver(is_last=True)
        assert journal.evidence.flaws() == ()
        assert journal.outbox.waiting(CHANNEL.alias) == ()
        alerts = journal.outbox.all()
        fills = journal.book.fills
        executed = [
            each["reference"]
            for each in journal.evidence.intents()
            if fills(str(each["reference"]))
        ]
    assert Counter(each["source"] for each in alerts if each["kind"] == "fill") == Counter(executed)
    if not url.startswith("file:"):
        return Counter(int(each["number"]) for each in alerts)
    return check((folder / TOLD).read_text(encoding="utf-8").splitlines(), len(alerts))


def check(lines: list[str], raised: int) -> Counter[int]:
    """How often each alert was told by messages, each a line of JSON."""
    told: Counter[int] = Counter()
    marked: Counter[int] = Counter()
    for line in lines:
        message = json.loads(line)
        shown = str(message.get("body") or message.get("message")).splitlines()
        for each in shown:
            if each.startswith("#"):
                number = int(each[1:].split()[0])
                told[number] += 1
                marked[number] += AGAIN in each
    assert set(told) == set(range(1, raised + 1)), "an alert was lost"
    twice = {number: told[number] - marked[number] for number in told}
    assert set(twice.values()) <= {0, 1}, "an alert was told again without saying so"
    return told


def _killed(folder: Path, url: str, first: int, chance: random.Random) -> int:
    """The last alert that was begun."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    teller = PROCESSES.Process(target=tell_forever, args=(folder, url, first, theirs))
    teller.start()
    theirs.close()
    last = [ours.recv() for _ in range(chance.randint(1, 3))][-1]
    threading.Event().wait(chance.random() * 0.03)
    teller.kill()
    teller.join()
    try:
        while True:
            last = ours.recv()
    except EOFError:
        ours.close()
    return int(last)
