"""Says what became of slots: to the heartbeat, and to a person where no run says it itself."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import AlertKind
from sellkit.core.firing import SlotOutcome
from sellkit.core.schedule import HOURLY
from sellkit.errors import JournalError
from sellkit.wiring.courier import say_failed
from sellkit.wiring.heartbeat import slot_over
from sellkit.wiring.parts import open_journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sellkit.config import Settings
    from sellkit.core.firing import Slot, SlotEnd
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
    except Exception as error:
        say_failed(settings, f"the schedule has ended, and nothing is run any more: {error}")
        raise


def say_ended(settings: Settings, slot: Slot) -> None:
    """A slot whose run has ended; that a run of the hour failed it has told itself, if it could.

    Parameters
    ----------
    settings
        The profile's.
    """
    end, due = slot.end, slot.due
    if end is None:
        return
    run_id = slot.run_id or ""
    if due.entry == HOURLY:
        said = _VERDICTS.get(-1 if end.exit_code is None else end.exit_code, str(end.outcome))
        slot_over(settings, due=due.at, outcome=said, run_id=run_id)
    if end.outcome is SlotOutcome.RAN:
        return
    if end.outcome is SlotOutcome.FAILED and _is_told(settings, run_id):
        return
    kept = f"its notebook is {end.notebook}" if end.notebook else "it left no notebook"
    say_failed(
        settings,
        f"the run {run_id} of {due.entry} for {due.at:%Y-%m-%d %H:%M} UTC {_words(end)}; {kept}",
    )


def _is_told(settings: Settings, run_id: str) -> bool:
    """Whether the run has raised an alert about its failure; one that was killed could not."""
    try:
        with closing(open_journal(settings)) as journal:
            return any(_is_failure(each, run_id) for each in journal.open_alerts())
    except JournalError:
        return False


def _is_failure(alert: Mapping[str, object], run_id: str) -> bool:
    return alert["kind"] == AlertKind.RUN_FAILED and run_id in str(alert["text"])


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


def _words(end: SlotEnd) -> str:
    match end.outcome, end.exit_code:
        case SlotOutcome.OVERRAN, _:
            return "took longer than schedule.timeout_seconds and was ended"
        case SlotOutcome.INTERRUPTED, _:
            return "was ended together with the schedule"
        case SlotOutcome.LOST, _:
            return "is gone, and nobody knows how it ended: `sellkit reconcile`"
        case SlotOutcome.FAILED, int(code) if code < 0:
            return f"was killed by signal {-code}: `sellkit reconcile`"
        case SlotOutcome.FAILED, int(code):
            return f"failed with exit code {code}: `sellkit config show` and the log may tell why"
    return str(end.outcome)
