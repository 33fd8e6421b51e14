"""`sellkit health`: whether bars, runs, tickets, budget and disk are well; the exit code tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "say whether bars, runs, tickets, budget and disk are well; asks no gateway"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("--json", action="store_true", help="as JSON, with the figures")


def run(args: argparse.Namespace) -> int:
    """Print a line for each; 0 while nothing is critical, 1, 4 or 5 as the gravest of it."""
    from sellkit.core.checks import exit_code
    from sellkit.present.checked import check_lines, checks_as_json
    from sellkit.wiring.vitals import health

    found = health(overrides(args))
    if args.json:
        print(json.dumps(checks_as_json(found), indent=2))
    else:
        print("\n".join(check_lines(found)))
    return exit_code(found)
