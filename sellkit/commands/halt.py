"""`sellkit halt`: nothing is sent any more, by any process, until a person resumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.errors import ConfigError, JournalError

if TYPE_CHECKING:
    import argparse

HELP = "stop every process from sending orders, at once, until `sellkit resume`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("--reason", default="no reason given", metavar="TEXT", help="why")


def run(args: argparse.Namespace) -> int:
    """Halt; nobody is asked, and orders that are in the market stay there."""
    from sellkit.wiring.stopping import halt, halt_without_settings, note_halt

    chosen = overrides(args)
    try:
        found, trouble = halt(chosen, args.reason), None
    except ConfigError as error:  # a halt is not to wait until the settings are mended
        found, trouble = halt_without_settings(chosen, args.reason), error
    print(found)
    print("Orders that are in the market already stay there: cancel them in TWS if they shall not.")
    if trouble is not None:
        raise ConfigError(f"it is halted, and not journalled, because {trouble}")
    try:
        note_halt(chosen, args.reason)
    except JournalError as error:
        raise JournalError(f"it is halted, and not journalled, because {error}") from error
    return 0
