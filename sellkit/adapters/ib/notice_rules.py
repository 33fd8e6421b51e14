"""What follows from each of the gateway's notices; the table stands at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib import moves
from sellkit.adapters.ib.moves import Step
from sellkit.adapters.ib.notices import (
    DATA_LOST,
    MARKET_DATA_WELL,
    Notice,
    farm_of,
    in_use,
    notice_of,
)
from sellkit.adapters.ib.readiness import SLOWEST, Rules, Stage, State
from sellkit.core.alerts import AlertKind

if TYPE_CHECKING:
    from sellkit.adapters.ib.happenings import Command

_BREACHES: Final = 3
"""Messages too many after which the gateway ends a session."""


def on_told(state: State, event: have.Told, rules: Rules) -> Step:
    """Take in what the gateway says unasked; what is in no table changes nothing."""
    notice = notice_of(event.code, event.text)
    return (state, ()) if notice is None else _RULES[notice](state, event, rules)


def _said(event: have.Told) -> str:
    return f"{event.code}: {event.text}"


def _on_upstream_lost(state: State, event: have.Told, rules: Rules) -> Step:
    said = _said(event)
    text = f"the gateway on {rules.address} has lost Interactive Brokers ({said})"
    say = have.Say(AlertKind.UPSTREAM_LOST, text)
    now = replace(state, upstream=said)
    if state.stage in (Stage.DIALLING, Stage.CUT):
        return now, (say,)
    after, commands = moves.watch(replace(now, probes=0), Stage.CUT, rules)
    return after, (say, *commands)


def _on_upstream_back(state: State, event: have.Told, rules: Rules) -> Step:
    lost: tuple[Command, ...] = ()
    if event.code == DATA_LOST:
        lost = (have.CountSubscriptionsLost(),)
    now = replace(state, upstream="", competing="", probes=0)
    if state.stage is Stage.DIALLING:
        return replace(now, failures=max(now.failures, 1)), lost  # so that it settles first
    reason = f"the gateway on {rules.address} has Interactive Brokers back and settles"
    after, commands = moves.settle(now, rules, reason)
    return after, (*lost, *commands)


def _on_farm_broken(state: State, event: have.Told, rules: Rules) -> Step:
    farm = farm_of(event.code, event.text)
    text = (
        f"a farm of the gateway on {rules.address} is broken: {farm} ({_said(event)}); "
        "nothing is decided until the gateway says that it is well"
    )
    return replace(state, farms=state.farms | {farm}), (have.Say(AlertKind.FARM_BROKEN, text),)


def _on_farm_well(state: State, event: have.Told, _rules: Rules) -> Step:
    now = replace(state, farms=state.farms - {farm_of(event.code, event.text)})
    if event.code != MARKET_DATA_WELL or not state.competing:
        return now, ()  # what sleeps, or other data, tell nothing of who has the market data
    now = replace(now, competing="")
    if state.stage not in (Stage.STANDING, Stage.TRYING):
        return now, ()  # the lists are still to be read, or are being read
    return moves.sync(now, state.competing)


def _on_competing(state: State, event: have.Told, rules: Rules) -> Step:
    text = state.competing or (  # the same words, so that it shows since when
        f"another session of the same login has the market data ({_said(event)}); "
        f"{rules.address} is left as it is until they come back"
    )
    say = have.Say(AlertKind.COMPETING_SESSION, text)
    now = replace(state, competing=text, probes=0)
    if state.stage is not Stage.TRYING:
        return now, (say,)
    after, commands = moves.watch(now, Stage.STANDING, rules)
    return after, (say, *commands)


def _on_read_only(state: State, event: have.Told, rules: Rules) -> Step:
    text = (
        f"the gateway on {rules.address} is read-only and refused a request ({_said(event)}); "
        "set it otherwise: nothing is decided before it was connected to anew"
    )
    return replace(state, read_only=text), (have.Say(AlertKind.READ_ONLY, text),)


def _on_port_changed(state: State, event: have.Told, rules: Rules) -> Step:
    text = (
        f"the gateway on {rules.address} moved to another port ({_said(event)}); "
        "it is not followed: give --port, or set the gateway back"
    )
    return moves.drop(state, rules, text, AlertKind.PORT_CHANGED, at_once=text)


def _on_client_id(state: State, _event: have.Told, rules: Rules) -> Step:
    reason = in_use(rules.client_id, rules.address, sends_orders=rules.sends_orders)
    return moves.drop(state, rules, reason, AlertKind.CLIENT_ID_IN_USE)


def _on_too_many(state: State, event: have.Told, rules: Rules) -> Step:
    now = replace(state, rate=max(state.rate // 2, SLOWEST), breaches=state.breaches + 1)
    text = f"{rules.address} got too many messages ({_said(event)}); fewer are sent from now on"
    say = have.Say(AlertKind.TOO_MANY_MESSAGES, text)
    if now.breaches < _BREACHES:
        return now, (have.Throttle(now.rate), say)
    after, commands = moves.drop(now, rules, text, AlertKind.TOO_MANY_MESSAGES)
    return after, (say, *commands)


def _on_link_gone(state: State, event: have.Told, rules: Rules) -> Step:
    reason = f"the connection to {rules.address} is no use ({_said(event)})"
    return moves.drop(state, rules, reason, AlertKind.UNREACHABLE)


_RULES: Final[dict[Notice, Callable[[State, have.Told, Rules], Step]]] = {
    Notice.UPSTREAM_LOST: _on_upstream_lost,
    Notice.UPSTREAM_BACK: _on_upstream_back,
    Notice.FARM_BROKEN: _on_farm_broken,
    Notice.FARM_WELL: _on_farm_well,
    Notice.COMPETING_SESSION: _on_competing,
    Notice.READ_ONLY: _on_read_only,
    Notice.PORT_CHANGED: _on_port_changed,
    Notice.CLIENT_ID_IN_USE: _on_client_id,
    Notice.TOO_MANY_MESSAGES: _on_too_many,
    Notice.LINK_GONE: _on_link_gone,
}
