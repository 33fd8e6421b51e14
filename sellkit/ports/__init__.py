"""What sellkit asks of the outside.

Each port has one adapter under `sellkit.adapters` and one fake in the tests, and both pass the same
contract. Every method blocks and has a time-out of its own; none returns an empty result for a
question that was not answered.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from sellkit.ports.assignment_book import AssignmentBook, AssignmentEdit, AssignmentSheet
from sellkit.ports.bar_store import BarStore
from sellkit.ports.journal import Journal, RunHeader

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.pacing import Usage
    from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind
    from sellkit.core.quotes import Quote
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.core.tickets import TicketRecord
    from sellkit.core.windows import BarRequest


__all__ = [
    "AssignmentBook",
    "AssignmentEdit",
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
