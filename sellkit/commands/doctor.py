"""`sellkit doctor`: what is wrong with this machine, these files and this gateway, and the cure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "look for what is wrong with machine, packages, files and gateway, and say how to mend it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("--offline", action="store_true", help="ask no gateway")
    parser.add_argument("--json", action="store_true", help="as JSON, with the figures")


def run(args: argparse.Namespace) -> int:
    """Print a line for each check, with what to do below it; 1 when something is critical."""
    from sellkit.core.checks import exit_code
    from sellkit.present.checked import check_lines, checks_as_json
    from sellkit.wiring.doctor import examine

    found = tuple(examine(overrides(args), is_offline=args.offline))
    if args.json:
        print(json.dumps(checks_as_json(found), indent=2))
    else:
        print("\n".join(check_lines(found)))
    return exit_code(found)
