"""What `install` has in common: a unit is shown first, and written when a person wants that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from sellkit.adapters.systemd_unit import SystemdUnit


def add_install_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `install` may be told."""
    parser.add_argument("--print", action="store_true", help="for install: only show the unit")
    parser.add_argument("--yes", action="store_true", help="for install: write without asking")


def install(units: Sequence[SystemdUnit], *, is_print: bool, is_agreed: bool) -> bool:
    """Show units, and write them where that is wanted; whether they were.

    Parameters
    ----------
    units
        The last of them is the one to be enabled.
    is_print
        Only show them.
    is_agreed
        Do not ask.

    Raises
    ------
    ConfigError
        Nobody is there to ask, or they cannot be written.
    """
    from sellkit.wiring.service import write_unit

    print("\n".join(each.text for each in units), end="", flush=True)
    paths = " and ".join(str(each.path) for each in units)
    if is_print:
        return False
    if not is_agreed and not _agrees(f"Write this to {paths}? [y/N] "):
        print("nothing was written")
        return False
    for each in units:
        write_unit(each)
    print(f"written to {paths}; next:")
    print(f"  systemctl --user daemon-reload && systemctl --user enable --now {units[-1].name}")
    print("  loginctl enable-linger    # it goes on when you are logged out")
    return True


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to ask: --yes writes without asking, --print only shows")
    return input(question).strip().lower() in {"y", "yes"}
