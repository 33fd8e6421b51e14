"""`sellkit config show`: every setting, what holds, and where that comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "show every setting with its value, where that comes from, and the variable that sets it"
_ACTIONS: Final = {"show": "print a line for each setting; asks no gateway, tells no secret"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", choices=tuple(_ACTIONS), help=told)
    parser.add_argument(
        "--changed",
        action="store_true",
        help="only what differs from its default, or a variable or flag says",
    )
    parser.add_argument("--json", action="store_true", help="as JSON, with the variables' names")


def run(args: argparse.Namespace) -> int:
    """Print what holds; 2 when the settings cannot be used."""
    from sellkit.config.origins import told_settings

    found = [each for each in told_settings(overrides(args)) if each.is_changed or not args.changed]
    if args.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
        return 0
    width = max((len(each.key) for each in found), default=0)
    room = min(max((len(each.value) for each in found), default=0), 28)
    for each in found:
        print(f"{each.key:<{width}}  {each.value:<{room}}  {each.origin}")
    return 0
