"""`sellkit reconcile`: the journal held against the gateway, side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "hold the journal of orders against the gateway, and settle what can be settled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its one flag."""
    parser.add_argument(
        "--wait",
        action="store_true",
        help="where an order's fate stays open, look once more a minute later: both looks together "
        "can prove that the gateway never had it",
    )


def run(args: argparse.Namespace) -> int:
    """Print both sides; 0 when all is explained and settled, 1 when a person has to look."""
    from sellkit.config import load
    from sellkit.operate.second_look import look_twice
    from sellkit.present.alerts import about_orders, alert_line, alert_lines
    from sellkit.present.reconciled import reconciled
    from sellkit.wiring import open_alerts, open_reconciling_desk
    from sellkit.wiring.alerts import end_seen_alerts

    chosen = overrides(args)
    settings = load(chosen)
    before = about_orders(open_alerts(settings))
    with open_reconciling_desk(chosen) as desk:
        twice = partial(look_twice, desk.reconcile, desk.parts.clock)
        found = twice() if args.wait else desk.reconcile()
    if found is None:
        return 0
    for line in reconciled(found.lines, found.tickets):
        print(line)
    if found.is_settled:
        end_seen_alerts(settings)
    left = about_orders(open_alerts(settings))
    for alert in before:
        if alert not in left:
            print(f"over: {alert_line(alert)}")
    for line in alert_lines(left):
        print(line)
    return 0 if found.is_settled else 1
