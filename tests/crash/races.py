"""Two processes that close one position, and a stop that fills while it is cancelled."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.scenario import Holding, OrderKind, RestingOrder, Scenario, Security
from sellkit.simgateway.server import serve
from tests import build
from tests.adapters.processes import PROCESSES
from tests.crash.racers import Racer, Word, race
from tests.crash.runs import Hands, LoudArmoury
from tests.crash.verdict import books, unfinished, unsafe
from tests.crash.world import (
    ACCOUNT,
    PATIENCE,
    SPEED,
    TOO_OLD,
    Child,
    World,
    address,
    world,
)
from tests.faults.desk import NUMBER

BATCH = 10
"""So many positions to a gateway."""

FIRST = 1001
HELD, PRICE, STOP = Decimal(30), 100.0, Decimal(60)
LONGEST_CANCEL, LONGEST_WAIT = 6.0, 0.5
"""Virtual seconds that a cancel takes at most, and real ones before a stop is triggered."""


class Racers:
    """Processes that wait for a word."""

    def __init__(self, found: World, count: int) -> None:
        hands = Hands(found.clock.now(), time.monotonic(), found.clock.speed)
        self.start = PROCESSES.Barrier(count + 1)
        self._ends = []
        self._processes = []
        for number in range(1, count + 1):
            ours, theirs = PROCESSES.Pipe()
            racer = Racer(found.folder, found.gateway.port, number, hands)
            process = PROCESSES.Process(target=race, args=(racer, theirs, self.start), daemon=True)
            process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)
        self.answers()

    def tell(self, *words: Word) -> None:
        """Tell each of them its word; they begin when the barrier opens."""
        for end, word in zip(self._ends, words, strict=True):
            end.send(word)

    def answers(self) -> list[object]:
        """What each of them says."""
        assert all(each.poll(PATIENCE) for each in self._ends), "a racer does not answer"
        return [each.recv() for each in self._ends]

    def close(self) -> None:
        """Let them end."""
        for end in self._ends:
            end.send(None)
        for process, end in zip(self._processes, self._ends, strict=True):
            process.join(PATIENCE)
            process.kill()
            process.join()
            process.close()
            end.close()


def told_twice(rounds: int, seed: int) -> list[str]:
    """Two processes close each position at once; whatever was wrong.

    Every other time each has a lease of its own, so that the journal alone stands between them.
    """
    chance = random.Random(seed)
    problems: list[str] = []
    for first in range(0, rounds, BATCH):
        count = min(BATCH, rounds - first)
        with _market(count, with_stops=False) as found:
            with _racing(found, 2) as racers:
                for con_id in _con_ids(count):
                    problems += _one_order_of_two(found, racers, con_id, chance.random() < 0.5)
            problems += _wrong(found)
    return problems


def _one_order_of_two(found: World, racers: Racers, con_id: int, is_shared: bool) -> list[str]:
    names = ("state", "state") if is_shared else ("one", "other")
    racers.tell(*(Word(con_id, found.folder / name) for name in names))
    racers.start.wait(PATIENCE)
    said = racers.answers()
    placed = _placed(found, con_id)
    told = "one lease" if is_shared else "two leases"
    return [] if placed == 1 else [f"{con_id}, {told}: {placed} orders; {said}"]


def whole_runs(same_client: bool) -> list[str]:
    """Two processes play the whole hour at once, from connecting on; whatever was wrong."""
    with world() as found:
        found.clock.set_speed(SPEED)
        children = [Child(found), Child(found, client_id=1 if same_client else 2)]
        ends = [each.end() for each in children]
        problems = unsafe(books(found.gateway, found.folder))
        found.go_to(TOO_OLD)
        return problems + _wrong(found) + [str(each) for each in ends if each is None]


def stops_that_fill(rounds: int, seed: int) -> tuple[list[str], int]:
    """A stop fills at some moment while it is cancelled for a close; what was wrong, and how often
    it filled.
    """
    chance = random.Random(seed)
    problems: list[str] = []
    fills = 0
    for first in range(0, rounds, BATCH):
        count = min(BATCH, rounds - first)
        with _market(count, with_stops=True) as found:
            with _racing(found, 1) as racers:
                for con_id in _con_ids(count):
                    _trigger_meanwhile(found, racers, con_id, chance)
            found.gateway.terminal.set_habits(cancel_after_seconds=0)
            problems += _wrong(found)
            fills += sum(
                each.placed_at is None and each.filled > 0
                for each in books(found.gateway, found.folder).orders
            )
    return problems, fills


def _trigger_meanwhile(found: World, racers: Racers, con_id: int, chance: random.Random) -> None:
    seconds = chance.choice([0.0, chance.uniform(0, LONGEST_CANCEL)])
    found.gateway.terminal.set_habits(cancel_after_seconds=seconds)
    racers.tell(Word(con_id, found.folder / "state"))
    racers.start.wait(PATIENCE)
    threading.Event().wait(chance.uniform(0, LONGEST_WAIT))
    if chance.random() < 0.25:
        found.control.set_price(_symbol(con_id), float(STOP) - 5, con_id=con_id)
    else:
        _fill_stop(found, con_id)
    racers.answers()


def _fill_stop(found: World, con_id: int) -> None:
    """Fill it at once, and not at the gateway's next look at prices; it may be gone by now."""
    for order in found.gateway.exchange.book.on_contract(con_id):
        if order.placed_at is None:
            with suppress(ConfigError):
                found.control.fill(order.perm_id)


def _wrong(found: World) -> list[str]:
    """What must not be, once a later run has looked at what the last race left."""
    found.runs = len(_con_ids(BATCH))
    told = found.run(work="reconcile")
    assert told is not None
    assert not told.error, told.error
    last = books(found.gateway, found.folder)
    problems = [*unsafe(last), *unfinished(last)]
    return problems + ([f"told: {each}" for each in last.alarms] if problems else [])


def _placed(found: World, con_id: int) -> int:
    placed = books(found.gateway, found.folder).placed
    return sum(each.terms.security.con_id == con_id for each in placed)


@contextmanager
def _racing(found: World, count: int) -> Iterator[Racers]:
    racers = Racers(found, count)
    try:
        yield racers
    finally:
        racers.close()


@contextmanager
def _market(count: int, *, with_stops: bool) -> Iterator[World]:
    clock = VirtualClock(build.NOW, SPEED)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        scenario = _scenario(count, with_stops=with_stops)
        gateway = stack.enter_context(serve(scenario, clock=clock, control_port=0))
        control = stack.enter_context(Control(address(gateway)))
        LoudArmoury(folder).arm(ACCOUNT, clock.now())
        yield World(folder, gateway, clock, control)


def _scenario(count: int, *, with_stops: bool) -> Scenario:
    listed = [
        Security(
            con_id=con_id,
            symbol=_symbol(con_id),
            primary_exchange="NASDAQ",
            start_price=PRICE,
            listed=build.DAY.replace(day=5),
        )
        for con_id in _con_ids(count)
    ]
    stops = [
        RestingOrder(
            account=NUMBER,
            security=security,
            kind=OrderKind.OWN,
            client_id=1,
            action="SELL",
            quantity=HELD,
            order_type="STP",
            aux_price=STOP,
            reference=f"SK1-{security.con_id:012x}-1",
        )
        for security in listed
    ]
    return Scenario(
        accounts=(NUMBER,),
        margin_accounts=frozenset({NUMBER}),
        holdings=tuple(Holding(NUMBER, each, HELD, Decimal(50)) for each in listed),
        orders=tuple(stops) if with_stops else (),
        habits=OrderHabits(fill_size=None),
    )


def _con_ids(count: int) -> range:
    return range(FIRST, FIRST + count)


def _symbol(con_id: int) -> str:
    return f"R{con_id}"
