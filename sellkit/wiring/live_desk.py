"""What a live desk shows beside its positions, and its halt."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError, JournalError, NoCalendar
from sellkit.wiring.alerts import open_alerts
from sellkit.wiring.modes import switches_of
from sellkit.wiring.parts import desk_options, open_journal
from sellkit.wiring.runs import scheduled_calendars

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.config import Overrides, Settings
    from sellkit.core.arming import Halt
    from sellkit.core.portfolio import Account
    from sellkit.core.tickets import TicketRecord
    from sellkit.present.panels.state import DeskState


def state_of(settings: Settings, account: Account, now: dt.datetime) -> DeskState:
    """How everything stands at a moment that no gateway is asked for; nothing is changed.

    Raises
    ------
    ConfigError, JournalError
        The assignments or the journal cannot be read.
    """
    from sellkit.present.panels.state import DeskState
    from sellkit.wiring.live import open_halt

    found = [each for each in switches_of(settings, now) if each.name != "halt"]
    lacks = tuple(f"{each.name}: {each.trouble}" for each in found if each.trouble)
    halt = open_halt(settings).halt()
    return DeskState(
        halt=halt,
        arming=next((each.state for each in found if each.name == "arming"), "not armed"),
        is_armed=not lacks and halt is None,
        lacks=lacks,
        tickets=_unsettled(settings, account),
        alerts=open_alerts(settings),
        next_decision=_next_decision(settings, now),
    )


def halt_at_once(chosen: Overrides, reason: str) -> tuple[Halt, str]:
    """Halt as `sellkit halt` does; the halt in force, and why it is not journalled, or ""."""
    from sellkit.wiring.stopping import halt, halt_without_settings, note_halt

    try:
        found = halt(chosen, reason)
    except ConfigError as error:  # a halt is not to wait until the settings are mended
        return halt_without_settings(chosen, reason), str(error)
    try:
        note_halt(chosen, reason)
    except JournalError as error:
        return found, str(error)
    return found, ""


def _unsettled(settings: Settings, account: Account) -> tuple[TicketRecord, ...]:
    if not (settings.data_dir / "journal.sqlite").exists():
        return ()
    with closing(open_journal(settings)) as journal:
        return journal.book.unsettled(account.alias)


def _next_decision(settings: Settings, now: dt.datetime) -> dt.datetime | None:
    from sellkit.core.schedule import Timetable, next_due

    options = desk_options(settings)
    try:
        calendars = tuple(scheduled_calendars(settings))
        return next_due(Timetable(calendars, options.anchor, options.limits.early), now).at
    except NoCalendar:
        return None
