"""Disarming, halting, resuming: what stops orders, carried out first and journalled then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.core.arming import Halt
from sellkit.wiring.acts import machine_now, note, who
from sellkit.wiring.live import open_halt
from sellkit.wiring.switching import named_account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.config import Overrides
    from sellkit.ports.switches import Switches


def disarm(chosen: Overrides, *, is_every: bool) -> tuple[str, ...]:
    """Remove the arming of the account, or every one; the aliases that were armed.

    It is not journalled yet: it has to hold where the journal cannot be written, too.
    """
    from sellkit.config import load

    settings = load(chosen)
    account = None if is_every else named_account(settings)
    return open_halt(settings).disarm(account)


def note_disarm(chosen: Overrides, aliases: Sequence[str]) -> None:
    """Journal that accounts were disarmed.

    Raises
    ------
    JournalError
        The journal cannot be written; they are disarmed all the same.
    """
    from sellkit.config import load

    settings = load(chosen)
    for alias in aliases:
        note(settings, machine_now(), "disarm", {"account": alias})


def halt(chosen: Overrides, reason: str) -> Halt:
    """Halt every process; the halt that is in force, which may be an earlier one.

    It is not journalled yet: it has to hold where the journal cannot be written, too.
    """
    from sellkit.config import load

    return _halted(open_halt(load(chosen)), reason)


def halt_without_settings(chosen: Overrides, reason: str) -> Halt:
    """As `halt`, where the settings cannot be used: in the folder that does not hang on them."""
    from sellkit.adapters.switch_files import SwitchFiles
    from sellkit.config import Overrides
    from sellkit.config.state_folder import state_folder

    named = chosen.over(Overrides.from_environment()).state_dir
    folder = state_folder() if named is None else Path(named).expanduser().absolute()
    return _halted(SwitchFiles(folder, None), reason)


def note_halt(chosen: Overrides, reason: str) -> None:
    """Journal a halt.

    Raises
    ------
    JournalError
        The journal cannot be written; the halt is in force all the same.
    """
    from sellkit.config import load

    settings = load(chosen)
    details = {"profile": settings.profile, "reason": reason}
    note(settings, machine_now(), "halt", details)


def current_halt(chosen: Overrides) -> Halt | None:
    """The halt that is in force."""
    from sellkit.config import load

    return open_halt(load(chosen)).halt()


def resume(chosen: Overrides, reason: str) -> None:
    """End the halt."""
    from sellkit.config import load

    settings = load(chosen)
    note(settings, machine_now(), "resume", {"profile": settings.profile, "reason": reason})
    open_halt(settings).clear_halt()


def _halted(switches: Switches, reason: str) -> Halt:
    wanted = Halt(machine_now(), f"a person ({who()})", reason)
    switches.set_halt(wanted)
    return switches.halt() or wanted
