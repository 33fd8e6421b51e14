"""A fault being played: the gateway with its scenario, and the real sellkit before it.

Everything happens on the gateway's virtual clock, which stands still unless a test moves it. It
begins a minute before 11:00 in New York on Wednesday 2026-01-28, in the middle of a session.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ib_insync import IB

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import Alert
from sellkit.core.portfolio import Account
from sellkit.errors import SellkitError
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.desk import Desk
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.corporate_actions import CorporateAction
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.prices import Prices
from sellkit.simgateway.reception import Received
from sellkit.simgateway.scenario import Scenario
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.faults.catalogue import scenario_files
from tests.faults.desk import (
    ALIASES,
    NUMBER,
    PACING,
    MovingClock,
    Ran,
    StageClock,
    book_at,
    decided,
    dry_options,
    journal_at,
    laid_out,
)
from tests.faults.fault import Fault
from tests.faults.live import Armoury, Sent, carried_out

BEFORE = dt.datetime(2026, 1, 28, 15, 59, tzinfo=dt.UTC)
TURN = dt.datetime(2026, 1, 28, 16, 0, 20, tzinfo=dt.UTC)
PLAIN = 90
"""From this client id on it is not sellkit that speaks, but the test."""

SECONDS = 10.0


class Ears(logging.Handler):
    """Keeps what sellkit logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def events(self, least: int = logging.INFO) -> list[str]:
        """The events from a level on, oldest first."""
        return [each.getMessage() for each in self.records if each.levelno >= least]


@dataclass(repr=False)
class Play:
    """The stage of one fault.

    Attributes
    ----------
    clock, gateway, control
        Of the gateway that runs now.
    gateways
        Every gateway there was, oldest first.
    folder
        Where this sellkit keeps everything.
    ran
        Its runs.
    alerts
        What the connection wanted a person to know.
    clears
        Each time that it said that no alert is open: how many there had been.
    ears
        What was logged.
    splits
        Those that a test added to the scenario's.
    was_killed
        A run was meant to be killed, and may lie open in the journal.
    """

    fault: Fault
    folder: Path
    stack: ExitStack
    note: Callable[[str, object], None]
    market: Callable[[Scenario], Prices] | None = None
    gateways: list[Gateway] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    clears: list[int] = field(default_factory=list)
    ears: Ears = field(default_factory=Ears)
    splits: list[CorporateAction] = field(default_factory=list)
    was_killed: bool = False

    def __post_init__(self) -> None:
        self.scenario = load_scenario(scenario_files()[self.fault.number])
        self.clock = VirtualClock(BEFORE, 0)
        self._stage: ExitStack | None = None
        self.book = book_at(self.folder)
        self.armoury = Armoury(self.folder)
        self.begin()

    # --- the gateway ----------------------------------------------------------------------------

    @property
    def gateway(self) -> Gateway:
        return self.gateways[-1]

    def begin(self, port: int = 0) -> None:
        """Start the gateway, afresh if there was one before."""
        self.end()
        stage = ExitStack()
        market = None if self.market is None else self.market(self.scenario)
        running = serve(self.scenario, clock=self.clock, market=market, port=port, control_port=0)
        self.gateways.append(stage.enter_context(running))
        assert self.gateway.control is not None
        self.control = stage.enter_context(Control(self.gateway.control.address))
        self._stage = stage

    def end(self) -> None:
        """Stop the gateway."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def go_to(self, moment: dt.datetime) -> None:
        """Go to a moment, and let happen what is due then; the day to begin on may be earlier."""
        if moment < self.clock.now():
            self.clock.set(moment)
        self.control.set_clock(moment)

    def turn(self, *, fall: tuple[str, ...] = (), rise: tuple[str, ...] = ()) -> None:
        """Move prices a minute before the hour ends, and go to twenty seconds after its end."""
        for symbol in fall:
            self.control.move_price(symbol, 0.9)
        for symbol in rise:
            self.control.move_price(symbol, 1.05)
        self.go_to(TURN)

    def heard(self, name: str) -> list[Received]:
        """The messages of a kind that came from sellkit."""
        return [
            each
            for each in list(self.gateway.requests)  # it grows meanwhile
            if each.name == name and (each.client_id is None or each.client_id < PLAIN)
        ]

    def asked(self, name: str) -> int:
        """How many messages of a kind came from sellkit."""
        return len(self.heard(name))

    # --- sellkit --------------------------------------------------------------------------------

    def connect(self, client_id: int = 1, **changes: Any) -> IbBroker:
        """Sellkit's connection; it is closed when the play ends."""
        usual: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.gateway.port,
            "client_id": client_id,
            "clock": StageClock(self.clock.now),
            "pacing": PACING,
            "connect_timeout_seconds": SECONDS,
            "request_timeout_seconds": SECONDS,
        }
        broker = IbBroker.connect(**(usual | changes))
        self.stack.callback(broker.close)
        return broker

    def waiting(self) -> IbBroker:
        """A connection whose clock goes on when sellkit waits; it is closed when the play ends."""
        return self.connect(clock=MovingClock(self.clock.now, self.go_to))

    def split(self, con_id: int, symbol: str, ratio: Fraction, at: dt.datetime) -> None:
        """Let a contract split at a moment to come."""
        self.splits.append(CorporateAction(at=at, con_id=con_id, ratio=ratio))
        told = f"{ratio.numerator}:{ratio.denominator}"
        self.control.corporate_action(symbol, split=told, at=at)

    @property
    def journal_path(self) -> Path:
        return journal_at(self.folder)

    def store(self) -> ParquetBarStore:
        """The bars on disk."""
        return ParquetBarStore(self.folder / "data")

    def run(self, broker: IbBroker | None = None, *, number: str = NUMBER, **changes: Any) -> Ran:
        """An hourly run: bars, decisions, journal. Every assigned average is `SMA 20 1H`.

        Without a broker it has a connection of its own. What the gateway or the data do to it is
        kept, not raised.
        """
        return self._run(decided, None, broker, number, changes)

    def run_live(
        self,
        broker: IbBroker | None = None,
        *,
        number: str = NUMBER,
        between: Callable[[HourlyDecision], None] = lambda _decision: None,
        speed: float = 0,
        **changes: Any,
    ) -> Ran:
        """The same, armed: what every gate lets pass is sent and followed to its end.

        Parameters
        ----------
        between
            What happens between decision and orders.
        speed
            Virtual seconds in a real one, from then on until the run has ended.
        """
        sent = Sent()
        self.armoury.arm(Account(ALIASES[number], number), self.clock.now())

        def then(decision: HourlyDecision) -> None:
            between(decision)
            self.clock.set_speed(speed)

        try:
            return self._run(
                lambda desk: carried_out(desk, sent, then), sent, broker, number, changes
            )
        finally:
            self.clock.set_speed(0)

    def _run(
        self,
        work: Callable[[Desk], HourlyDecision],
        sent: Sent | None,
        broker: IbBroker | None,
        number: str,
        changes: dict[str, Any],
    ) -> Ran:
        run_id = f"{len(self.ran) + 1:08x}"
        chosen = dry_options(**changes)
        was_ready: bool | None = None
        decision: HourlyDecision | None = None
        failure: SellkitError | None = None
        with closing(SqliteJournal(self.journal_path)) as journal:
            try:
                with ExitStack() as stack:
                    used = broker or self.connect(sends_orders=sent is not None)
                    if broker is None:
                        stack.callback(used.close)
                    was_ready = used.standing.is_ready
                    armoury = None if sent is None else self.armoury
                    layout = (self.folder, used, journal, run_id, chosen, number, armoury)
                    desk = laid_out(*layout)
                    stack.callback(_give_back, desk)
                    decision = work(desk)
            except SellkitError as error:
                failure = error
                if any(each["run_id"] == run_id for each in journal.runs()):
                    journal.finish(run_id, self.clock.now(), f"failed: {error}")
        ran = Ran(run_id, chosen, decision, failure, was_ready, sent)
        self.ran.append(ran)
        return ran

    # --- somebody else --------------------------------------------------------------------------

    def plain(self, use: Callable[[IB], Awaitable[None]], client_id: int = PLAIN) -> None:
        """Let a plain client of the library connect, do something, and leave."""

        async def session() -> None:
            ib = IB()
            host, port = self.gateway.host, self.gateway.port
            async with asyncio.timeout(SECONDS):
                await ib.connectAsync(host, port, clientId=client_id, timeout=SECONDS)
                try:
                    await use(ib)
                finally:
                    ib.disconnect()

        asyncio.run(session())

    # --- the outcome ----------------------------------------------------------------------------

    def seen(self, *what: object) -> None:
        """Say, for the table of the drill, what was seen."""
        self.note("seen", "; ".join(str(each) for each in what))

    def not_built(self, missing: str) -> NoReturn:
        """End a play that sellkit cannot finish yet; the invariants hold all the same."""
        from tests.faults.invariants import check

        check(self)
        pytest.fail(f"not built yet: {missing}", pytrace=False)


def _give_back(desk: Desk) -> None:
    if desk.parts.live is not None:
        desk.parts.live.close()


@contextmanager
def playing(
    fault: Fault,
    folder: Path,
    note: Callable[[str, object], None] = lambda _name, _value: None,
    market: Callable[[Scenario], Prices] | None = None,
) -> Iterator[Play]:
    """Set the stage, and clear it whatever happens."""
    logger = logging.getLogger("sellkit")
    before = logger.level
    with ExitStack() as stack:
        play = Play(fault, folder, stack, note, market)
        stack.callback(play.end)
        logger.addHandler(play.ears)
        logger.setLevel(logging.INFO)
        stack.callback(logger.setLevel, before)
        stack.callback(logger.removeHandler, play.ears)
        yield play


def until(is_so: Callable[[], object], seconds: float = 2 * SECONDS) -> None:
    """Wait for what another thread is going to bring."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come"
        pause.wait(0.005)


def free_port() -> int:
    """A port on which nothing listens at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
