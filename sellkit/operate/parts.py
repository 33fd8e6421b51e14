"""The adapters that a desk works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.operate.live import Live
    from sellkit.ports import AssignmentBook, BarStore, Broker, Clock, Journal, Progress, SignalLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The adapters behind a desk's ports; `live` is what sends, and absent in a dry run."""

    broker: Broker
    clock: Clock
    store: BarStore
    book: AssignmentBook
    journal: Journal
    signal_log: SignalLog
    progress: Progress
    live: Live | None = None
