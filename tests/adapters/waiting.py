"""Waiting for what another thread does, and a connection quick enough for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.returning import Returning
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.pacing import PacingRules

PATIENCE = 20.0
RETURNING = Returning(
    first_delay_seconds=0.01,
    longest_delay_seconds=0.05,
    probe_seconds=0.05,
    probe_timeout_seconds=5.0,
    settle_seconds=0.01,
    alert_after=3,
)
RULES = PacingRules(identical_gap_seconds=0, backoff_seconds=0, requests_per_second=1000)


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Turn over until another thread has done its part."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        pause.wait(0.002)


@dataclass
class Heard:
    """What a connection told."""

    alerts: list[Alert] = field(default_factory=list)
    clears: int = 0
    losses: int = 0

    @property
    def kinds(self) -> list[AlertKind]:
        return [each.kind for each in self.alerts]

    def clear(self) -> None:
        self.clears += 1

    def lose(self) -> None:
        self.losses += 1


@contextmanager
def returning(port: int, heard: Heard | None = None, **changes: object) -> Iterator[IbBroker]:
    """A broker that comes back quickly."""
    heard = heard or Heard()
    usual: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "client_id": 7,
        "pacing": RULES,
        "returning": RETURNING,
        "connect_timeout_seconds": 5.0,
        "on_alert": heard.alerts.append,
        "on_clear": heard.clear,
        "on_subscriptions_lost": heard.lose,
    }
    with IbBroker.connect(**(usual | changes)) as broker:  # type: ignore[arg-type]
        yield broker


def until_not_ready(broker: IbBroker) -> str:
    """The reason, once there is one."""
    wait_until(lambda: not broker.standing.is_ready)
    return broker.standing.reason
