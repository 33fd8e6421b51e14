"""The adapters that a desk works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.operate.speech import alarm

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.alerts import AlertKind
    from sellkit.operate.live import Live
    from sellkit.ports import (
        AssignmentBook,
        BarStore,
        Broker,
        Clock,
        Journal,
        Progress,
        SignalLog,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The adapters behind a desk's ports; `live` is what sends, and absent in a dry run.

    `alarm` tells a person.
    """

    broker: Broker
    clock: Clock
    store: BarStore
    book: AssignmentBook
    journal: Journal
    signal_log: SignalLog
    progress: Progress
    live: Live | None = None
    alarm: Callable[[AlertKind, str], None] = alarm
