"""The real sellkit as the faults find it: every adapter, over a folder of its own."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.signal_log import JsonLinesSignalLog
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.assignments import parse_choice
from sellkit.core.pacing import PacingRules
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.errors import SellkitError
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.desk import Desk
from sellkit.operate.options import DeskOptions
from sellkit.operate.parts import Parts
from sellkit.ports import RunHeader
from tests.build import limits
from tests.faults.live import Armoury, Sent
from tests.operate.workplace import CountingProgress, options

NUMBER = "DU0000001"
ALIASES = {NUMBER: "main", "DU0000002": "second"}
AVERAGE = "SMA 20 1H"
PACING = PacingRules(
    identical_gap_seconds=0, requests_per_second=1000, burst=100, backoff_seconds=0.01
)


@dataclass(frozen=True, slots=True, repr=False)
class Ran:
    """A run of sellkit, and what came of it.

    Attributes
    ----------
    decision, error
        One of the two.
    was_ready
        Whether the connection said that it was ready as the run began; None where there was none.
    sent
        What a live run sent; None of a dry run.
    """

    run_id: str
    options: DeskOptions
    decision: HourlyDecision | None
    error: SellkitError | None
    was_ready: bool | None
    sent: Sent | None = None

    def words(self) -> dict[str, str]:
        """By symbol: the decision, and of an exit what the gates made of it."""
        if self.decision is None:
            return {}
        return {
            row.position.instrument.token.symbol: " ".join(
                [str(row.signal.decision), *([type(row.verdict).__name__] if row.verdict else [])]
            )
            for row in self.decision.rows
        }

    def reasons(self, symbol: str) -> str:
        """Why a position was judged as it was, and why its ticket is withheld."""
        assert self.decision is not None, self.error
        rows = self.decision.rows
        row = next(each for each in rows if each.position.instrument.token.symbol == symbol)
        return "; ".join([*row.signal.reasons, *getattr(row.verdict, "reasons", ())])

    def ticket(self, symbol: str) -> str:
        """The id of a position's ticket."""
        assert self.decision is not None, self.error
        for row in self.decision.rows:
            if row.position.instrument.token.symbol == symbol and row.verdict is not None:
                return row.verdict.ticket.ticket_id
        raise KeyError(f"{symbol} has no ticket")


class StageClock:
    """A clock of sellkit's that shows what another one shows, so that a jump is known at once."""

    def __init__(self, told: Callable[[], dt.datetime]) -> None:
        self.now = told

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        raise NotImplementedError(f"nobody sleeps until {instant} on a clock that a test moves")


class MovingClock(StageClock):
    """As `StageClock`, and whoever sleeps on it moves the other clock on."""

    def __init__(
        self, told: Callable[[], dt.datetime], go_to: Callable[[dt.datetime], None]
    ) -> None:
        super().__init__(told)
        self._go_to = go_to

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        self._go_to(instant)


def dry_options(**changes: Any) -> DeskOptions:
    """How the desk works: little history, so that a play is short."""
    usual = limits(
        max_shares=Decimal(10_000),
        max_notional=Decimal(1_000_000),
        max_bar_age=dt.timedelta(minutes=10),
    )
    default = parse_choice(AVERAGE)
    return options(**({"limits": usual, "default_assignment": default} | changes))


def book_at(folder: Path) -> CsvAssignments:
    """The assignments of a folder."""
    return CsvAssignments(folder / "assigned_ma.csv")


def journal_at(folder: Path) -> Path:
    """The journal of a folder."""
    return folder / "data" / "journal.sqlite"


def laid_out(
    folder: Path,
    broker: IbBroker,
    journal: SqliteJournal,
    run_id: str,
    chosen: DeskOptions,
    number: str = NUMBER,
    armoury: Armoury | None = None,
) -> Desk:
    """A desk for one run; with an armoury one that may send."""
    parts = Parts(
        broker=broker,
        clock=broker.clock,
        store=ParquetBarStore(folder / "data"),
        book=book_at(folder),
        journal=journal,
        signal_log=JsonLinesSignalLog(folder / "data" / "logs" / "signals.jsonl"),
        progress=CountingProgress(),
    )
    now, account = broker.clock.now(), Account(ALIASES[number], number)
    if armoury is not None:
        chosen = replace(chosen, limits=armoury.limits(chosen.limits))
        live = armoury.live(broker, journal, account, chosen.limits)
        parts = replace(parts, live=live, alarm=live.alarm)
    header = RunHeader(
        run_id=run_id,
        started_at=now,
        as_of=now,
        mode="DRY RUN" if armoury is None else "LIVE",
        profile="demo",
        account=account.alias,
        gateway=GatewayKind.SIMULATED,
        version="0",
    )
    return Desk(parts, account, chosen, header)


def steps(desk: Desk) -> Iterator[tuple[str, HourlyDecision | None]]:
    """The steps of a run, each named once it is done."""
    desk.begin()
    yield "begun", None
    desk.apply_default()
    desk.bring_up_to_date()
    yield "fetched", None
    decision = desk.decide()
    yield "decided", decision
    yield "recorded", desk.record(decision)


def decided(desk: Desk) -> HourlyDecision:
    """A whole run, and what it decided."""
    *_, (_, decision) = steps(desk)
    assert decision is not None
    return decision
