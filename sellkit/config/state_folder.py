"""Where lies what belongs to a person on a machine: switches and leases, and units of services."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The system's place for what a program remembers of a person, and sellkit's folder in it.

    Elsewhere than on Windows and macOS it follows the XDG base directories (version 0.8).
    """
    home = Path.home()
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "sellkit"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "sellkit"
    named = Path(environment.get("XDG_STATE_HOME") or "")
    return (named if named.is_absolute() else home / ".local" / "state") / "sellkit"


def unit_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where systemd looks for a person's own units, as systemd.unit(5) says."""
    named = Path(environment.get("XDG_CONFIG_HOME") or "")
    return (named if named.is_absolute() else Path.home() / ".config") / "systemd" / "user"
