"""What follows a slot of the schedule, whether its run ended or it was let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import SCHEDULE, Alert, AlertKind
from sellkit.core.firing import SlotOutcome
from sellkit.wiring.alerts import AlertKeeper

if TYPE_CHECKING:
    from sellkit.config import Settings
    from sellkit.core.firing import Slot
    from sellkit.core.schedule import Due

_KINDS: Final = {
    SlotOutcome.OVERRAN: AlertKind.RUN_OVERRAN,
    SlotOutcome.LOST: AlertKind.RUN_LOST,
    SlotOutcome.UNBEGUN: AlertKind.RUN_LOST,
}


def after_slot(settings: Settings, slot: Slot | None = None, missed: tuple[Due, ...] = ()) -> None:
    """Let alerts of the schedule begin and end.

    Parameters
    ----------
    slot
        One whose run has ended.
    missed
        Those of one entry that were let pass.
    """
    if missed:
        last = missed[-1]
        at = f"{last.at:%Y-%m-%d %H:%M} UTC"
        told = at if len(missed) == 1 else f"{len(missed)} of them, the last one that of {at}"
        _keep(settings, AlertKind.SLOT_MISSED, last.entry, f"no run of {last.entry}: {told}")
    if slot is None or slot.end is None:
        return
    kind = _KINDS.get(slot.end.outcome)
    if kind is not None:
        text = (
            f"the run {slot.run_id} of {slot.due.entry} for {slot.due.at:%Y-%m-%d %H:%M} UTC "
            f"{slot.end.outcome}; {slot.end.notebook or 'it left no notebook'}"
        )
        _keep(settings, kind, slot.due.entry, text)
    elif slot.end.outcome is SlotOutcome.RAN:
        _keeper(settings, slot.due.entry).end()


def _keep(settings: Settings, kind: AlertKind, entry: str, text: str) -> None:
    from sellkit.adapters.clock import SystemClock

    _keeper(settings, entry).keep(Alert(kind, text, SystemClock().now()))


def _keeper(settings: Settings, entry: str) -> AlertKeeper:
    return AlertKeeper(settings.data_dir / "journal.sqlite", f"{SCHEDULE} {entry}")
