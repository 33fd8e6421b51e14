"""The moves that several events lead to: each enters a stage with something new under way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib.readiness import Rules, Stage, State
from sellkit.core.counting import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.adapters.ib.happenings import Command
    from sellkit.core.alerts import AlertKind

Step = tuple[State, tuple["Command", ...]]


def begin(state: State, stage: Stage, command: Callable[[int], Command], reason: str = "") -> Step:
    """Enter a stage; what is under way ends, and something new begins."""
    begun = command(state.turn + 1)
    now = replace(state, stage=stage, turn=state.turn + 1, awaits=type(begun), reason=reason)
    return now, (begun,)


def watch(state: State, stage: Stage, rules: Rules, reason: str = "") -> Step:
    """Leave the gateway alone until the next probe is due."""
    seconds = rules.returning.probe_seconds
    return begin(state, stage, lambda turn: have.Wait(turn, seconds), reason)


def settle(state: State, rules: Rules, reason: str) -> Step:
    seconds = rules.returning.settle_seconds
    return begin(state, Stage.SETTLING, lambda turn: have.Wait(turn, seconds), reason)


def sync(state: State, reason: str) -> Step:
    """Read the lists; what is told from here on counts, also against an answer on its way."""
    asked = replace(state, unread=False, probes=0)
    return begin(asked, Stage.SYNCING, have.Sync, reason)


def retry(state: State, reason: str) -> Step:
    """Ask for the lists anew, some time later."""
    failed = replace(state, failures=state.failures + 1)
    return begin(failed, Stage.RETRYING, lambda turn: have.BackOff(turn, failed.failures), reason)


def drop(state: State, rules: Rules, reason: str, kind: AlertKind, *, at_once: str = "") -> Step:
    """Give up the link; `kind` is what a person hears of after too many failures."""
    close = have.Close(state.link)
    if not rules.is_lasting:
        return end(state, reason)
    failures = state.failures + 1
    after, commands = begin(
        replace(state, failures=failures),
        Stage.RESTING,
        lambda turn: have.BackOff(turn, failures),
        reason,
    )
    said: tuple[Command, ...] = ()
    if at_once:
        said = (have.Say(kind, at_once),)
    elif failures >= rules.returning.alert_after:
        said = (have.Say(kind, f"{reason} (tried {counted(failures, 'time')})"),)
    return after, (close, *said, *commands)


def end(state: State, reason: str) -> Step:
    return replace(state, stage=Stage.ENDED, reason=reason), (have.Close(state.link),)


def unread(rules: Rules) -> str:
    return (
        f"a message from {rules.address} could not be read, so what it tells may be incomplete; "
        "positions and open orders are read anew, see the log"
    )
