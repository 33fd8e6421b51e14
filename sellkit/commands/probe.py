"""`sellkit probe`: what documents leave open about this very gateway, asked of it and kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.core.probing import ProbeRecord

HELP = "ask this gateway what live mode has to know of it, and keep the answers; it only reads"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument(
        "--wait", action="store_true", help="wait for a half-hour's end: when is its bar final?"
    )
    parser.add_argument(
        "--order",
        action="store_true",
        help="on a paper account: order one share far below the market, reconnect, cancel it",
    )
    parser.add_argument(
        "--instrument", default="", metavar="TOKEN", help="whose bars to ask for (ARCA:SPY)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Print a line for each question; 1 when the probe was not passed."""
    if args.no_rth:
        raise ConfigError("a probe is about regular trading hours: leave --no-rth out")

    from sellkit.present.probed import print_probe
    from sellkit.wiring import terminal_progress
    from sellkit.wiring.probing import probe

    record = probe(
        overrides(args),
        terminal_progress(),
        instrument=args.instrument,
        is_patient=args.wait,
        places_order=args.order,
    )
    if args.json:
        print(_json(record))
    else:
        print_probe(record)
    return 0 if record.is_passed else 1


def _json(record: ProbeRecord) -> str:
    findings = [
        {
            "question": each.question,
            "outcome": each.outcome,
            "answer": each.answer,
            "follows": each.follows,
            "at": each.at.isoformat(),
            "figures": dict(each.figures),
        }
        for each in record.findings
    ]
    gateway = record.gateway
    told = {
        "is_passed": record.is_passed,
        "gateway": gateway.kind,
        "address": gateway.address,
        "account": gateway.account,
        "server_version": gateway.server_version,
        "ended_at": record.ended_at.isoformat(),
        "findings": findings,
    }
    return json.dumps(told, indent=2)
