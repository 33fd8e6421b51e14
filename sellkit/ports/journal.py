"""The journal of runs, decisions and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sellkit.ports.remembrance import Remembrance

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sellkit.core.alerts import Alert
    from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind
    from sellkit.core.precedent import Precedent
    from sellkit.core.protection import Resting
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing


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
        """All that a run saw and decided, or nothing of it.

        Positions and open orders, how the connection stood, and every decision, with the ticket,
        its complete order and its verdict where there is one.
        """
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
        """Let alerts end, by their numbers, and others begin, each with its source; in one.

        What tells of something that has happened is over at once.
        """
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
