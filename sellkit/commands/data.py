"""`sellkit data`: look after the stored bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "look after the stored bars: rebuild removes them and downloads anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("action", choices=("rebuild",), help="rebuild: remove all and start anew")
    parser.add_argument(
        "--all-positions", action="store_true", help="download for unassigned positions, too"
    )


def run(args: argparse.Namespace) -> int:
    """Remove the bars and the averages of the profile, and fetch them anew.

    The connection comes first: without a gateway nothing is removed.
    """
    from sellkit.wiring import open_emptied_desk, terminal_progress

    with open_emptied_desk(
        overrides(args), all_positions=args.all_positions, progress=terminal_progress()
    ) as desk:
        report = desk.bring_up_to_date()
    print(report)
    return 4 if report.problems else 0
