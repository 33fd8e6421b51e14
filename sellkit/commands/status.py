"""`sellkit status`: the table of positions, averages and what would become of each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "show every position with its averages, its signal and what would become of it now"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("--all", action="store_true", help="all 28 averages, not one family")
    parser.add_argument(
        "--all-positions", action="store_true", help="download for unassigned positions, too"
    )
    parser.add_argument("--as-of", default="", metavar="TIME", help="a past moment, with its zone")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV")


def run(args: argparse.Namespace) -> int:
    """Print the table; 4 when some positions are UNDECIDED."""
    from sellkit.config import load
    from sellkit.present import tables, terminal
    from sellkit.present.alerts import alert_lines
    from sellkit.wiring import open_alerts, open_desk, terminal_progress
    from sellkit.wiring.channels import failing_channels

    # Before anything is connected: what they are about may be that nothing can be.
    settings = load(overrides(args))
    for line in (*alert_lines(open_alerts(settings)), *failing_channels(settings)):
        print(line, file=sys.stderr)
    with open_desk(
        as_of=args.as_of,
        overrides=overrides(args),
        all_positions=args.all_positions,
        progress=terminal_progress(),
    ) as desk:
        desk.bring_up_to_date()
        decision = desk.decide()
        heading = desk.heading()
    if args.json:
        print(tables.to_json(decision.rows, heading, all_averages=args.all))
    elif args.csv:
        print(tables.to_csv(decision.rows, heading, all_averages=args.all), end="")
    else:
        terminal.print_status(decision.rows, heading, all_averages=args.all)
    return 4 if decision.undecided else 0
