"""What is not told a person while a gateway is away by plan, and is when it stays away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.adapters.ib import happenings as have
from sellkit.core.alerts import AlertKind

if TYPE_CHECKING:
    from sellkit.adapters.ib.happenings import Command
    from sellkit.adapters.ib.moves import Step
    from sellkit.adapters.ib.readiness import State

_OF_A_LOSS: Final = frozenset(
    {
        AlertKind.UPSTREAM_LOST,
        AlertKind.FARM_BROKEN,
        AlertKind.UNREACHABLE,
        AlertKind.SILENT,
        AlertKind.NOT_SYNCED,
    }
)
"""All else, another gateway behind the port for instance, is no part of a restart."""


def quietly(state: State, commands: tuple[Command, ...], upkeep: str, *, is_ready: bool) -> Step:
    """Hold back what a plan explains, and say it once the plan is over and the gateway is not back.

    Parameters
    ----------
    upkeep
        What is under way; "" when nothing is.
    is_ready
        Whether the connection is ready in this state.
    """
    if is_ready:
        return replace(state, held_back=(), upkeep=""), commands
    if not upkeep:
        late = tuple(_late(each, state.upkeep) for each in state.held_back)
        return replace(state, held_back=(), upkeep=""), (*commands, *late)
    held = {
        each.kind: each
        for each in commands
        if isinstance(each, have.Say) and each.kind in _OF_A_LOSS
    }
    kept = tuple(
        each for each in commands if not (isinstance(each, have.Say) and each.kind in held)
    )
    former = tuple(each for each in state.held_back if each.kind not in held)
    return replace(state, held_back=(*former, *held.values()), upkeep=upkeep), kept


def _late(said: have.Say, upkeep: str) -> have.Say:
    return have.Say(said.kind, f"{said.text}; it began during {upkeep}, which is over")
