"""What a schedule fires, what it lets pass, and what became of each slot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sellkit.core.schedule import Due, SlotKind

if TYPE_CHECKING:
    from collections.abc import Sequence

SOUND_CODES: Final = (0, 4, 5)
"""The exit codes of a run that came to its end."""

ATTEMPTS: Final = 3
"""So often a slot is begun at most, each time only where the one before cannot have judged it."""

_APART: Final = dt.timedelta(seconds=10)
"""The run goes by the gateway's time: it must not think that it is too soon to judge."""


class SlotOutcome(StrEnum):
    """How the run of a slot ended.

    Attributes
    ----------
    RAN
        It came to its end; its own verdict says more.
    FAILED
        It ended early, by itself.
    OVERRAN
        It took too long and was ended.
    INTERRUPTED
        It was ended together with the schedule.
    LOST
        It was begun under a former schedule, and is gone without an end that is known.
    UNBEGUN
        It was to begin when the former schedule ended, and never did.
    """

    RAN = "ran"
    FAILED = "failed"
    OVERRAN = "overran"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    UNBEGUN = "never began"


@dataclass(frozen=True, slots=True)
class Timing:
    """How a schedule keeps its slots.

    Attributes
    ----------
    lead
        How long before an hour's end its run begins, to wait for that end itself; nothing for runs
        that begin `delay` after it.
    delay
        How long after an hour's end, or an opening, a run that did not begin ahead begins.
    grace
        How late a slot may be begun.
    timeout_seconds
        How long a run may take, in real seconds.
    """

    lead: dt.timedelta
    delay: dt.timedelta
    grace: dt.timedelta
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class SlotEnd:
    """The end of a slot's run.

    Attributes
    ----------
    outcome
        How it ended.
    exit_code
        Of its process; None where nobody knows it.
    notebook
        Where the executed notebook is kept, from the profile's folder on; None where there is none.
    """

    outcome: SlotOutcome
    exit_code: int | None = None
    notebook: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as the journal has it: begun, or missed.

    Attributes
    ----------
    number
        By which its end is told.
    due
        What was due.
    attempt
        1, or more where an earlier one could not judge it.
    at
        When it was begun, or found missed; aware UTC.
    reason
        Why it was missed, or begun again; "" for the usual.
    run_id
        Of its run; None for one that was missed.
    end
        How its run ended; None while it has not.
    ended_at
        When; aware UTC.
    """

    number: int
    due: Due
    attempt: int
    at: dt.datetime
    reason: str = ""
    run_id: str | None = None
    end: SlotEnd | None = None
    ended_at: dt.datetime | None = None

    @property
    def is_missed(self) -> bool:
        """Whether there was no run for it."""
        return self.run_id is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about an entry's slots that have come.

    Attributes
    ----------
    missed
        Those that are let pass, oldest first.
    due
        The one to begin, at once or at `begin`.
    begin
        When; aware UTC.
    """

    missed: tuple[Due, ...] = ()
    due: Due | None = None
    begin: dt.datetime | None = None


def begin_of(due: Due, now: dt.datetime, timing: Timing) -> dt.datetime:
    """When the run of a slot begins; one that is not ahead any more waits until bars are final."""
    if due.kind is SlotKind.NOTEBOOK:
        return due.at
    if due.kind is SlotKind.BEFORE_CLOSE:
        return due.at + _APART
    if due.kind is SlotKind.OPENING or not timing.lead or now >= due.at:
        return due.at + timing.delay
    return due.at - timing.lead


def plan(come: Sequence[Due], now: dt.datetime, timing: Timing) -> Plan:
    """What to do about the slots of one entry that were not begun, of which the newest counts.

    Parameters
    ----------
    come
        In order; the last of them may be ahead, and those before it have come.
    now
        Aware UTC.
    """
    started = [each for each in come if begin_of(each, now, timing) <= now or each.at <= now]
    ahead = [each for each in come if each not in started]
    if not started:
        following = ahead[0] if ahead else None
        return Plan((), following, begin_of(following, now, timing) if following else None)
    *older, newest = started
    if now - newest.at > timing.grace:
        return Plan(tuple(started))
    return Plan(tuple(older), newest, begin_of(newest, now, timing))


def owed(slot: Slot, timing: Timing) -> str:
    """Why a slot is to be begun once more; "" when it is not.

    A run that failed before its hour ended judged nothing, and one that never began did nothing.
    """
    if slot.end is None or slot.ended_at is None or slot.attempt >= ATTEMPTS:
        return ""
    if slot.end.outcome is SlotOutcome.UNBEGUN:
        return "the former schedule ended before its run began"
    is_ahead = begin_of(slot.due, slot.at, timing) < slot.due.at and slot.ended_at < slot.due.at
    if slot.end.outcome is SlotOutcome.FAILED and is_ahead and slot.attempt == 1:
        return "its run failed before the hour had ended"
    return ""
