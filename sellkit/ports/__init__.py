"""What sellkit asks of the outside.

Each port has one adapter under `sellkit.adapters` and one fake in the tests, and both pass the same
contract. Every method blocks and has a time-out of its own; none returns an empty result for a
question that was not answered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sellkit.ports.assignment_book import AssignmentBook, AssignmentSheet
from sellkit.ports.bar_store import BarStore
from sellkit.ports.remembrance import Remembrance

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from sellkit.core.alerts import Alert
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.pacing import Usage
    from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind
    from sellkit.core.precedent import Precedent
    from sellkit.core.protection import Resting
    from sellkit.core.quotes import Quote
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.core.tickets import TicketRecord
    from sellkit.core.windows import BarRequest


__all__ = [
    "AssignmentBook",
    "AssignmentSheet",
    "BarStore",
    "Broker",
    "Clock",
    "Journal",
    "NotebookRunner",
    "Progress",
    "RunHeader",
    "SignalLog",
]


class Clock(Protocol):
    """The time by which sellkit lives."""

    def now(self) -> dt.datetime:
        """The present, aware UTC."""
        ...

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        """Return once `now()` has reached `instant`, or so many real seconds have passed.

        Some clocks run at another speed than real time, or stand still.
        """
        ...


class Broker(Protocol):
    """The gateway, for reading; while it is not ready every question raises `NotConnected`."""

    @property
    def standing(self) -> Standing:
        """Whether what it tells may be decided on, and over which connection."""
        ...

    @property
    def kind(self) -> GatewayKind:
        """Simulated, paper or live, as the connection showed it."""
        ...

    @property
    def account_numbers(self) -> tuple[str, ...]:
        """The accounts that this login manages."""
        ...

    def server_time(self) -> dt.datetime:
        """The gateway's clock, aware UTC, to the second."""
        ...

    def snapshot(self, account: Account) -> AccountSnapshot:
        """Positions and open orders of all clients, each list complete to its end marker.

        A contract that the gateway cannot tell any more is the `problem` of its instrument.

        Raises
        ------
        RequestTimedOut
            An end marker did not come.
        """
        ...

    def find(self, token: Token) -> Instrument:
        """The stock or ETF that a token names.

        Raises
        ------
        UnknownInstrument
            None, or more than one.
        """
        ...

    def bars(self, request: BarRequest) -> pd.DataFrame:
        """One answer of historical bars as a bar frame, at least one bar, its prices unchecked.

        Raises
        ------
        NoBars, AnsweredElsewhere
            The source has none for this window, and said so; or another process was told them.
        RequestTimedOut, PacingViolation, RequestRejected
            It did not answer, or answered with another error.
        InvalidBars
            It answered with what is no bar at all; impossible prices are told as they came.
        """
        ...

    def quotes(self, instruments: Sequence[Instrument]) -> Mapping[int, Quote]:
        """By contract, what the market shows of it now, and whether the account sees it live.

        It never fails: whatever keeps prices from being live is the `trouble` of a quote, a lost
        connection as well. Nothing stays subscribed.
        """
        ...

    def seconds_for(self, requests: int) -> float:
        """About how long so many requests for bars take within the budget."""
        ...

    def usage(self) -> Usage:
        """How much of the budget of requests is used, by all who draw from it."""
        ...

    def close(self) -> None:
        """End the connection and its thread; a second call does nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """What a run is, known before it does anything."""

    run_id: str
    started_at: dt.datetime
    as_of: dt.datetime
    mode: str
    profile: str
    account: str
    gateway: GatewayKind
    version: str


class Journal(Remembrance, Protocol):
    """Facts, appended and never changed."""

    def begin(self, header: RunHeader) -> None:
        """Open a run; JournalError when the journal holds one of this id, or cannot be written."""
        ...

    def record_decision(
        self,
        run_id: str,
        snapshot: AccountSnapshot,
        standing: Standing,
        rows: Sequence[SnapshotRow],
    ) -> None:
        """All that a run saw and decided, or nothing of it: snapshot, standing and rows."""
        ...

    def record_snapshot(self, run_id: str, snapshot: AccountSnapshot) -> None:
        """The positions and open orders that the run saw."""
        ...

    def record_standing(self, run_id: str, standing: Standing) -> None:
        """How the connection stood for the decisions of the run."""
        ...

    def record_rows(self, run_id: str, rows: Sequence[SnapshotRow]) -> None:
        """Every decision, and the ticket with its complete order and verdict where there is one."""
        ...

    def record_timing(self, run_id: str, at: dt.datetime, parts: Mapping[str, object]) -> None:
        """How long the parts of a run took, in real seconds by name."""
        ...

    def timings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The parts of a run's time; one at most."""
        ...

    def finish(self, run_id: str, finished_at: dt.datetime, outcome: str) -> None:
        """Close a run: `decided`, `undecided` or `failed: ...`."""
        ...

    def runs(self) -> tuple[Mapping[str, object], ...]:
        """Every run, oldest first, with its outcome or None."""
        ...

    def decisions(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The decisions of a run, in the order recorded."""
        ...

    def precedents(self, account: str, since: dt.datetime) -> tuple[Precedent, ...]:
        """Every EXIT and HOLD on a bar that ended at `since` or later, oldest first.

        `account` is its alias. A journal that is not there yet holds none, and is not made.
        """
        ...

    def standings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """How the connection stood for the decisions of a run; one at most."""
        ...

    def tickets(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The tickets of a run, each with its order as a mapping."""
        ...

    def quotes(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """What the market showed of the instruments of a run's exits."""
        ...

    def retellings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The bars of a run that had been decided on before and are told differently since."""
        ...

    def deferrals(self, account: str, since: dt.datetime) -> Mapping[str, dt.datetime]:
        """By ticket id, the opening at `since` or later that a ticket was deferred to, aware UTC.

        `account` is its alias.
        """
        ...

    def resting(self, account: Account) -> tuple[Resting, ...]:
        """The open orders of an account as the latest recorded snapshot of it has them."""
        ...

    def open_alerts(self) -> tuple[Mapping[str, object], ...]:
        """The alerts that are not over, oldest first: `number`, `at`, `source`, `kind`, `text`."""
        ...

    def renew_alerts(
        self, at: dt.datetime, over: Sequence[int], told: Sequence[tuple[str, Alert]]
    ) -> None:
        """Let alerts end, by their numbers, and others begin, each with its source; in one."""
        ...

    def record_event(
        self, kind: str, at: dt.datetime, text: str, details: Mapping[str, object]
    ) -> None:
        """What a person, or sellkit, did beside a run: `arm`, `disarm`, `halt`, `resume`, ..."""
        ...

    def events(self, kind: str) -> tuple[Mapping[str, object], ...]:
        """Those of a kind, oldest first: `at`, `text`, `details`."""
        ...

    def close(self) -> None:
        """End the use of the file."""
        ...


class SignalLog(Protocol):
    """One plain line for each run and position."""

    def append(
        self, run_id: str, rows: Sequence[SnapshotRow], sent: Sequence[TicketRecord] = ()
    ) -> None:
        """Add the rows' lines at the end, each with what was sent for its position."""
        ...


class Progress(Protocol):
    """How far long work has come."""

    def start(self, label: str, total: int) -> None:
        """Begin a piece of work of `total` steps."""
        ...

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        """Some steps are done; `of` names what they belonged to."""
        ...

    def stop(self) -> None:
        """The work has ended, well or not."""
        ...


class NotebookRunner(Protocol):
    """Executes a notebook and keeps what it showed."""

    def run(self, notebook: Path, output: Path, parameters: Mapping[str, object]) -> Path:
        """Execute and keep the notebook, also one that failed.

        Raises
        ------
        ConfigError
            The notebook has no such parameter.
        RunFailed
            A cell raised, the kernel died or the run was interrupted.
        """
        ...
