"""What an operator looks up in a notebook: what going live lacks, and what to do about alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import REMEDIES, Level, level
from sellkit.core.checks import Grade
from sellkit.wiring.gateways import profile_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.checks import Check

    Records = Sequence[Mapping[str, object]]

_LATE: Final = {
    "alert": "the schedule is late",
    "level": str(Level.CRITICAL),
    "what to do": (
        "nobody decides on the positions meanwhile: see that the machine is awake and that "
        "`sellkit schedule` runs on it"
    ),
    "what ends it": "it ends when a run is heard of: then the schedule is back",
}
"""Of `sellkit watchdog`, which keeps no alert in the journal."""

_ASKS_IT: Final = "`sellkit doctor` asks it"


def checklist(profile: str = "") -> Records:
    """What this machine knows of a profile before live mode; no gateway is asked.

    Parameters
    ----------
    profile
        Name of a profile in the settings; empty takes the one chosen for the notebooks, and else
        the settings' own choice.

    Returns
    -------
    sequence of mappings
        `what`, `how it stands`, and what is `to do`, empty where it is ready.

    Raises
    ------
    ConfigError
        The settings cannot be used.
    """
    from sellkit.config import Overrides, load
    from sellkit.wiring.doctor import examine
    from sellkit.wiring.modes import switches_of

    chosen = Overrides(profile=profile_for(profile, None) or None)
    found = [(each.name, each.state, each.trouble or "") for each in switches_of(load(chosen))]
    found += [
        (each.name, each.said, _ASKS_IT if _is_unasked(each) else each.remedy)
        for each in examine(chosen, is_offline=True)
    ]
    return [{"what": what, "how it stands": state, "to do": todo} for what, state, todo in found]


def _is_unasked(check: Check) -> bool:
    """Whether only the gateway could tell."""
    return check.name in ("gateway", "clock") and check.grade is not Grade.WELL


def remedies() -> Records:
    """What to do about each kind of alert, and about the watchdog's, the loud ones first.

    Returns
    -------
    sequence of mappings
        `alert`, its `level`, `what to do`, and `what ends it`.
    """
    loudness = {"critical": 0, "warning": 1, "info": 2}
    found = [
        {
            "alert": str(kind),
            "level": str(level(kind, "")),
            "what to do": todo,
            "what ends it": str(ending),
        }
        for kind, (todo, ending) in REMEDIES.items()
    ]
    return sorted([_LATE, *found], key=lambda each: loudness[each["level"]])
