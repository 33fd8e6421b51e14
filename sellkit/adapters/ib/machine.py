"""The connection as a pure machine: events in, new state and commands out.

It never waits, asks or looks at a clock; `sellkit.adapters.ib.connection` does that for it. For any
sequence of events, ready means: a link is open, the gateway has Interactive Brokers and answered
the latest probe, no farm is broken, no session competes, and the lists of this epoch were read to
their ends since the last interruption and the last message that could not be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib import moves
from sellkit.adapters.ib.happenings import Answer
from sellkit.adapters.ib.moves import Step
from sellkit.adapters.ib.notice_rules import on_told
from sellkit.adapters.ib.quiet import quietly
from sellkit.adapters.ib.readiness import UNLINKED, Rules, Stage, State, why_not
from sellkit.core.alerts import AlertKind
from sellkit.core.portfolio import GatewayKind

if TYPE_CHECKING:
    from sellkit.adapters.ib.happenings import Command, Event


def step(state: State, event: Event, rules: Rules, upkeep: str = "") -> Step:
    """The state after an event, and what is to be done, in order.

    Parameters
    ----------
    upkeep
        What is done to the gateway just now, by plan: a loss is then nothing to tell a person.
    """
    if _is_late(state, event):
        return state, ()
    after, commands = _HANDLERS[type(event)](state, event, rules)
    after, commands = quietly(after, commands, upkeep, is_ready=not why_not(after, rules))
    said = set(after.alerts)
    kept: list[Command] = []
    for command in commands:
        if isinstance(command, have.Say):
            if command.kind in said:
                continue
            said.add(command.kind)
        kept.append(command)
    if why_not(state, rules) and not why_not(after, rules):
        said.clear()
        kept.append(have.Clear())
    return replace(after, alerts=frozenset(said)), tuple(kept)


_AWAITED: Final[dict[type, set[type]]] = {
    have.Waited: {have.Wait, have.BackOff},
    have.Probed: {have.Probe},
    have.Synced: {have.Sync},
    have.Tried: {have.Try},
    have.Opened: {have.Dial},
    have.Refused: {have.Dial},
}


def _is_late(state: State, event: Event) -> bool:
    if state.stage is Stage.ENDED:
        return True
    awaited = _AWAITED.get(type(event))
    if awaited is not None and state.awaits not in awaited:
        return True
    match event:
        case have.Waited(turn) | have.Probed(turn) | have.Synced(turn) | have.Tried(turn):
            return turn != state.turn
        case have.Closed():
            return False
        case _:
            return event.link != state.link or state.stage in UNLINKED


# --- events about waits and questions -------------------------------------------------------------


def _on_waited(state: State, _event: have.Waited, rules: Rules) -> Step:
    match state.stage:
        case Stage.RESTING:
            return _dial(state, rules)
        case Stage.SETTLING | Stage.RETRYING:
            return moves.begin(state, Stage.PROBING, have.Probe, state.reason)
        case Stage.STANDING | Stage.CUT:
            return moves.begin(state, state.stage, have.Probe, state.reason)
        case _:
            return state, ()


def _dial(state: State, rules: Rules) -> Step:
    fresh = replace(
        state,
        stage=Stage.DIALLING,
        link=state.link + 1,
        turn=state.turn + 1,
        awaits=have.Dial,
        reason=state.reason if state.failures else f"{rules.address} is being connected to",
        upstream="",
        farms=frozenset(),
        competing="",
        read_only="",
        unread=False,
        probes=0,
        breaches=0,
    )
    return fresh, (have.Dial(fresh.turn, fresh.link, fresh.rate),)


def _on_probed(state: State, event: have.Probed, rules: Rules) -> Step:
    if not event.is_answered:
        return _on_silence(state, rules)
    match state.stage:
        case Stage.PROBING:
            return moves.sync(state, state.reason)
        case Stage.CUT:
            return moves.watch(replace(state, probes=0), Stage.CUT, rules)
        case Stage.STANDING:
            return _on_well(state, rules)
        case _:
            return state, ()


def _on_well(state: State, rules: Rules) -> Step:
    if not state.competing:
        return moves.watch(replace(state, failures=0, probes=0), Stage.STANDING, rules)
    probes = state.probes + 1
    if probes < rules.returning.competing_probes:
        return moves.watch(replace(state, probes=probes), Stage.STANDING, rules)
    # No notice may ever tell that the other session has ended, and the lists carry no market data.
    return moves.begin(state, Stage.TRYING, have.Try, state.competing)


def _on_silence(state: State, rules: Rules) -> Step:
    probes = state.probes + 1
    if state.stage is Stage.CUT and probes < rules.returning.silent_probes:
        return moves.watch(replace(state, probes=probes), Stage.CUT, rules)
    reason = (
        f"the gateway on {rules.address} did not answer within "
        f"{rules.returning.probe_timeout_seconds:g} s though its socket is open"
    )
    return moves.drop(state, rules, reason, AlertKind.SILENT)


def _on_synced(state: State, event: have.Synced, rules: Rules) -> Step:
    if event.answer is Answer.NONE:
        # What was asked on this link may still be answered, and would end the next question early.
        return moves.drop(state, rules, event.problem, AlertKind.NOT_SYNCED)
    if event.answer is Answer.DOUBTFUL and state.read_only:
        # Only a new link is known not to be the one that refused.
        return moves.drop(state, rules, event.problem, AlertKind.READ_ONLY, at_once=event.problem)
    if event.answer is Answer.DOUBTFUL:
        after, commands = moves.retry(state, event.problem)
        kind = AlertKind.UNREADABLE if state.unread else AlertKind.NOT_SYNCED
        return after, (have.Say(kind, event.problem), *commands)
    if state.unread:
        return moves.retry(state, moves.unread(rules))
    return moves.watch(replace(state, probes=0), Stage.STANDING, rules)


def _on_tried(state: State, event: have.Tried, rules: Rules) -> Step:
    if event.has_data:
        return moves.sync(replace(state, competing=""), state.competing)
    return moves.watch(replace(state, probes=0), Stage.STANDING, rules)


# --- events about the link ------------------------------------------------------------------------


def _on_opened(state: State, event: have.Opened, rules: Rules) -> Step:
    identity = (event.accounts, event.kind)
    problem = _stranger(state, event, rules)
    if problem:
        after, commands = moves.end(state, problem)
        return after, (have.Say(AlertKind.OTHER_GATEWAY, problem), *commands)
    is_fresh = state.epoch == 0 and state.failures == 0
    now = replace(state, epoch=state.epoch + 1, identity=identity)
    if now.upstream:
        return moves.watch(now, Stage.CUT, rules)
    if now.unread:
        return moves.retry(now, moves.unread(rules))
    if now.epoch == 1 and rules.trusts_start:
        return moves.watch(now, Stage.STANDING, rules)
    reason = f"positions and open orders are being read from {rules.address}"
    return moves.sync(now, reason) if is_fresh else moves.settle(now, rules, reason)


def _stranger(state: State, event: have.Opened, rules: Rules) -> str:
    expected = rules.expected
    # A simulated gateway stands in for a paper one; nothing stands in for a live one.
    is_stand_in = expected is GatewayKind.PAPER and event.kind is GatewayKind.SIMULATED
    if expected is not None and event.kind is not expected and not is_stand_in:
        return (
            f"the gateway on {rules.address} is {event.kind} and the profile expects {expected}; "
            "check --port and the profile"
        )
    if state.identity is None or state.identity == (event.accounts, event.kind):
        return ""
    before, kind = state.identity
    what = f"is {event.kind} and was {kind}" if kind is not event.kind else ""
    what = what or f"manages other accounts ({len(event.accounts)}) than before ({len(before)})"
    return (
        f"the gateway on {rules.address} {what}; nothing is done there until sellkit is started "
        "anew: check who is logged in"
    )


def _on_refused(state: State, event: have.Refused, rules: Rules) -> Step:
    if not event.is_silent:
        return moves.drop(state, rules, event.reason, AlertKind.UNREACHABLE)
    return moves.drop(
        state,
        rules,
        f"{event.reason}; the weekly login may be due",
        AlertKind.SILENT,
    )


def _on_lost(state: State, event: have.Lost, rules: Rules) -> Step:
    return moves.drop(state, rules, event.reason, AlertKind.UNREACHABLE)


def _on_unread(state: State, _event: have.Unread, rules: Rules) -> Step:
    reason = moves.unread(rules)
    say = have.Say(AlertKind.UNREADABLE, reason)
    now = replace(state, unread=True)
    if now.stage not in (Stage.STANDING, Stage.TRYING):
        return now, (say,)  # the lists are still to be read, or are being read in vain
    after, commands = moves.retry(now, reason)
    return after, (say, *commands)


def _on_unanswered(state: State, event: have.Unanswered, rules: Rules) -> Step:
    if not rules.is_lasting:
        return state, ()  # whoever asked has been told
    return moves.drop(state, rules, event.what, AlertKind.NOT_SYNCED)


def _on_closed(state: State, event: have.Closed, rules: Rules) -> Step:
    return moves.end(state, event.reason)


_HANDLERS: Final[dict[type, Callable[[State, Any, Rules], Step]]] = {
    have.Waited: _on_waited,
    have.Probed: _on_probed,
    have.Synced: _on_synced,
    have.Tried: _on_tried,
    have.Opened: _on_opened,
    have.Refused: _on_refused,
    have.Lost: _on_lost,
    have.Unread: _on_unread,
    have.Unanswered: _on_unanswered,
    have.Closed: _on_closed,
    have.Told: on_told,
}
