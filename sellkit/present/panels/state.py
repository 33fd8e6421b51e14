"""What a live desk shows beside its positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.core.arming import Halt
    from sellkit.core.tickets import TicketRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskState:
    """How everything stands that no gateway is asked for.

    Attributes
    ----------
    halt
        The halt that is in force.
    arming
        Whether the account is armed, until when and for how much, in words.
    is_armed
        Whether a live run would send what every gate lets pass.
    lacks
        Why it would not, a line for each switch.
    tickets
        Every attempt that is not settled, oldest first.
    alerts
        Those that are not over, oldest first: `at`, `source`, `kind`, `text`.
    next_decision
        When the next hour ends that is decided on, aware UTC; None where no calendar tells.
    """

    halt: Halt | None = None
    arming: str = "not armed"
    is_armed: bool = False
    lacks: tuple[str, ...] = ()
    tickets: tuple[TicketRecord, ...] = ()
    alerts: tuple[Mapping[str, object], ...] = ()
    next_decision: dt.datetime | None = None
