"""`sellkit disarm`: orders are only prepared again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "end the arming of the account named with --account, or of every one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has no flags of its own."""


def run(args: argparse.Namespace) -> int:
    """Remove the records; there may be none."""
    from sellkit.wiring.switching import disarm

    chosen = overrides(args)
    found = disarm(chosen, is_every=chosen.account is None)
    print(f"disarmed: {', '.join(found)}" if found else "nothing was armed")
    return 0
