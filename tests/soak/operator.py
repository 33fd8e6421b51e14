"""What sellkit does in each minute: the real steps over the real adapters."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.returning import Returning
from sellkit.adapters.pacing_ledger import PacingLedger
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.bars import BarSize
from sellkit.core.instrument import Instrument
from sellkit.core.pacing import PacingRules
from sellkit.core.portfolio import Account, GatewayKind, Origin
from sellkit.errors import NotConnected, SellkitError
from sellkit.operate.desk import Desk
from sellkit.operate.download import DownloadReport
from sellkit.operate.options import DeskOptions
from tests.faults.desk import (
    ALIASES,
    NUMBER,
    MovingClock,
    decided,
    dry_options,
    journal_at,
    laid_out,
)
from tests.soak.places import LISTED, Place

OWNER = Origin(GatewayKind.SIMULATED, "main", "0123456789ab")
LAG = dt.timedelta(seconds=15)
SECONDS = 1.0
"""What an answer may take in real time; one that takes longer ends in an error with a name."""

QUICK = Returning(
    first_delay_seconds=0.05,
    longest_delay_seconds=0.5,
    probe_seconds=0.5,
    probe_timeout_seconds=1.0,
    settle_seconds=0.05,
    cut_off_seconds=3.0,
    competing_seconds=0.5,
)
RULES = PacingRules(
    identical_gap_seconds=0,
    requests_per_second=1000,
    burst=100,
    backoff_seconds=0.01,
    max_backoff_seconds=0.05,
    recovery_seconds=10,
)
WIDEST = 100, 400
"""Calendar days of days, and hours: from there on history begins anew with little."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done in a minute, and how it ended.

    Attributes
    ----------
    error
        One of sellkit's own, or None.
    problems
        Of single instruments.
    """

    name: str
    error: SellkitError | None = None
    problems: int = 0


class Operator:
    """A sellkit that stays connected, and does something in each minute.

    Parameters
    ----------
    port
        Of the gateway.
    folder
        Where everything lies.
    told
        The gateway's time.
    go_to
        Lets time go on to a moment that sellkit waits for.
    client_id
        Of the connection that stays; the hourly runs have the next one.
    """

    def __init__(
        self,
        port: int,
        folder: Path,
        told: Callable[[], dt.datetime],
        go_to: Callable[[dt.datetime], None],
        client_id: int = 1,
    ) -> None:
        self._port = port
        self._folder = folder
        self._told, self._go_to = told, go_to
        self._client_id = client_id
        self._days, self._hours = 30, 30
        self.store = ParquetBarStore(folder / "data")
        self.runs: list[str] = []

    def begin(self) -> None:
        """Connect for good."""
        self.store.claim(OWNER)
        self.broker = self._connected(self._client_id)
        self.broker.wait_until_ready(60.0)

    def start_anew(self) -> None:
        """Connect anew: one that was told of too many messages stays slow for good."""
        self.close()
        self.begin()

    def close(self) -> None:
        """End the connection."""
        self.broker.close()

    @property
    def options(self) -> DeskOptions:
        """What is asked of the desk at the moment."""
        return dry_options(
            history_days=self._days,
            history_hours=self._hours,
            concurrency=4,
            lag=LAG,
            late_bars=dt.timedelta(seconds=40),
            all_positions=True,
        )

    def act(self, chance: random.Random, run_id: str | None, aimed: Place | None) -> Deed:
        """One action: the hourly run, or bars in one of three ways, rather of what is aimed at."""
        if run_id is not None:
            return Deed("hourly run", self.hourly(run_id))
        name = chance.choice(["refresh", "further back", "anew", "anew"])
        try:
            if name == "further back":
                self._reach_back(chance)
            elif name == "anew":
                self._drop((aimed or chance.choice(LISTED)).con_id)
            return Deed(name, None, len(self.refresh().problems))
        except SellkitError as error:
            return Deed(name, error)

    def refresh(self) -> DownloadReport:
        """Bring the bars of all positions up to date."""
        with closing(SqliteJournal(journal_at(self._folder))) as journal:
            desk = laid_out(self._folder, self.broker, journal, "refresh", self.options)
            desk.parts = replace(desk.parts, store=self.store)
            return desk.bring_up_to_date()

    def hourly(self, run_id: str) -> SellkitError | None:
        """A whole run over a connection of its own, as the scheduler starts it."""
        try:
            with closing(SqliteJournal(journal_at(self._folder))) as journal:
                self.runs.append(run_id)
                return self._run(journal, run_id)
        except SellkitError as error:
            return error

    def held(self) -> tuple[Instrument, ...]:
        """What is held, asked anew."""
        snapshot = self.broker.snapshot(Account(ALIASES[NUMBER], NUMBER))
        return tuple(each.instrument for each in snapshot.positions)

    def came_back(self, seconds: float) -> bool:
        """Whether the connection is ready within some time."""
        try:
            self.broker.wait_until_ready(seconds)
        except NotConnected:
            return False
        return True

    def _run(self, journal: SqliteJournal, run_id: str) -> SellkitError | None:
        try:
            with ExitStack() as stack:
                broker = stack.enter_context(self._connected(self._client_id + 1))
                broker.wait_until_ready(3.0)
                desk = laid_out(self._folder, broker, journal, run_id, self.options)
                self._claimed(desk)
                decided(desk)
        except SellkitError as error:
            if any(each["run_id"] == run_id for each in journal.runs()):
                journal.finish(run_id, self._told(), f"failed: {error}")
            return error
        return None

    def _claimed(self, desk: Desk) -> None:
        desk.parts.store.claim(OWNER)

    def _reach_back(self, chance: random.Random) -> None:
        self._days += chance.randint(1, 9)
        self._hours += chance.randint(1, 40)
        if self._days > WIDEST[0] or self._hours > WIDEST[1]:
            self._days, self._hours = 30, 30
            for place in LISTED:
                self._drop(place.con_id)

    def _drop(self, con_id: int) -> None:
        for size in (BarSize.D1, BarSize.M30):
            self.store.drop(self.options.key(con_id, size))

    def _connected(self, client_id: int) -> IbBroker:
        ledger = PacingLedger(self._folder / "pacing.sqlite", f"127.0.0.1:{self._port}", RULES)
        return IbBroker.connect(
            host="127.0.0.1",
            port=self._port,
            client_id=client_id,
            clock=MovingClock(self._told, self._go_to),
            connect_timeout_seconds=5.0,
            request_timeout_seconds=SECONDS,
            pacing=RULES,
            ledger=ledger,
            returning=QUICK,
        )
