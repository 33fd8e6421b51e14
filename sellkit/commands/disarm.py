"""`sellkit disarm`: orders are only prepared again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.errors import JournalError

if TYPE_CHECKING:
    import argparse

HELP = "end the arming of the account named with --account, or of every one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has no flags of its own."""


def run(args: argparse.Namespace) -> int:
    """Remove the records; there may be none. 1 when it is done and the journal has no row of it."""
    from sellkit.wiring.stopping import disarm, note_disarm

    chosen = overrides(args)
    found = disarm(chosen, is_every=chosen.account is None)
    print(f"disarmed: {', '.join(found)}" if found else "nothing was armed")
    try:
        note_disarm(chosen, found)
    except JournalError as error:
        raise JournalError(f"it is disarmed, and not journalled, because {error}") from error
    return 0
