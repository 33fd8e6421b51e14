"""`sellkit resume`: end a halt, by a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.arm import expect, require_terminal
from sellkit.commands.flags import overrides
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

HELP = "end a halt; asks a person at a terminal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("--reason", default="", metavar="TEXT", help="what was found out")


def run(args: argparse.Namespace) -> int:
    """Show the halt, ask, and end it."""
    from sellkit.wiring.stopping import current_halt, resume

    found = current_halt(overrides(args))
    if found is None:
        print("nothing is halted")
        return 0
    if not args.reason:
        raise ConfigError(f"{found}; say with --reason TEXT what was found out")
    require_terminal("to resume takes a person who has looked at what happened")
    print(found)
    expect("resume", "the word resume")
    resume(overrides(args), args.reason)
    print("resumed: what is armed may send again")
    return 0
