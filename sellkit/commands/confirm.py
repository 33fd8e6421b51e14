"""`sellkit confirm`: decides afresh, and lets pass what a run withheld because it was many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.commands.run import print_result

if TYPE_CHECKING:
    import argparse

HELP = "run live once more, with the exits of RUN that were withheld because many signalled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("run_id", metavar="RUN", help="the run whose many exits you looked at")


def run(args: argparse.Namespace) -> int:
    """Execute the notebook live; every other gate holds as always."""
    from sellkit.wiring import check_confirmable, run_notebook

    chosen = overrides(args)
    check_confirmable(chosen, args.run_id)
    result = run_notebook(chosen, is_live=True, confirms=args.run_id)
    print_result(result)
    return result.exit_code
