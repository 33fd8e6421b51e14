"""Says what became of slots: to the heartbeat, and to a person where no run says it itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.core.firing import SlotOutcome
from sellkit.core.schedule import HOURLY
from sellkit.errors import SellkitError
from sellkit.wiring.courier import say_failed
from sellkit.wiring.heartbeat import slot_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.config import Settings
    from sellkit.core.firing import Slot
    from sellkit.core.schedule import Due

_VERDICTS: Final = {0: "decided", 4: "undecided", 5: "uncertain"}
_MISSED: Final = "missed"


@contextmanager
def end_told(settings: Settings) -> Iterator[None]:
    """Around a schedule: an error that ends it is an alert, as the end of a calendar is.

    Parameters
    ----------
    settings
        The profile's.
    """
    try:
        yield
    except SellkitError as error:
        say_failed(settings, f"the schedule has ended, and nothing is run any more: {error}")
        raise


def say_ended(settings: Settings, slot: Slot) -> None:
    """A slot whose run has ended; of one of the hour that failed by itself that run has told.

    Parameters
    ----------
    settings
        The profile's.
    """
    end, due = slot.end, slot.due
    if end is None:
        return
    is_own_word = due.entry == HOURLY and end.outcome is SlotOutcome.FAILED
    failure = ""
    if end.outcome is not SlotOutcome.RAN and not is_own_word:
        kept = f"its notebook is {end.notebook}" if end.notebook else "it left no notebook"
        failure = (
            f"the run {slot.run_id} of {due.entry} for {due.at:%Y-%m-%d %H:%M} UTC "
            f"{_words(end.outcome)}; {kept}"
        )
    if due.entry == HOURLY:
        said = _VERDICTS.get(-1 if end.exit_code is None else end.exit_code, str(end.outcome))
        run_id = slot.run_id or ""
        slot_over(settings, due=due.at, outcome=said, run_id=run_id)
    if failure:
        say_failed(settings, failure)


def say_missed(settings: Settings, missed: tuple[Due, ...]) -> None:
    """Slots of one entry that were let pass.

    Parameters
    ----------
    settings
        The profile's.
    missed
        In order, one at least.
    """
    last = missed[-1]
    others = f" and {len(missed) - 1} before it" if len(missed) > 1 else ""
    failure = (
        f"there was no run of {last.entry} for {last.at:%Y-%m-%d %H:%M} UTC{others}: the schedule "
        "was not there in time, or was held up; `sellkit schedule history` tells why"
    )
    if last.entry == HOURLY:
        slot_over(settings, due=last.at, outcome=_MISSED)
    say_failed(settings, failure)


def _words(outcome: SlotOutcome) -> str:
    if outcome is SlotOutcome.OVERRAN:
        return "took longer than schedule.timeout_seconds and was ended"
    if outcome is SlotOutcome.INTERRUPTED:
        return "was ended together with the schedule"
    if outcome is SlotOutcome.LOST:
        return "is gone, and nobody knows how it ended: `sellkit reconcile`"
    return str(outcome)
