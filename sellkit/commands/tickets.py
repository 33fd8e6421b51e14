"""`sellkit tickets`: the tickets on their way through the market, and a person's word on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.core.resolving import MEANINGS, WORDS
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.core.tickets import TicketRecord

HELP = "list the tickets that are not settled and today's, or settle an UNCERTAIN one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "resolve"),
        default="list",
        help="list, which is the usual; resolve: say what became of an UNCERTAIN ticket",
    )
    parser.add_argument("ticket", nargs="?", help="for resolve: its id or its reference")
    told = "; ".join(f"{word}: {what}" for word, what in MEANINGS.items())
    parser.add_argument(
        "--as", dest="outcome", choices=tuple(WORDS), help=f"for resolve, what became of it; {told}"
    )
    parser.add_argument(
        "--reason", metavar="TEXT", help="for resolve: how you know, for the journal"
    )


def run(args: argparse.Namespace) -> int:
    """Print the tickets, or append a step; no gateway is asked."""
    from sellkit.config import load
    from sellkit.wiring.evidence import listed_tickets, resolve_ticket

    settings = load(overrides(args))
    if args.action == "resolve":
        if args.ticket is None or args.outcome is None or not (args.reason or "").strip():
            outcomes = "|".join(WORDS)
            raise ConfigError(
                f"resolve needs all of these: sellkit tickets resolve ID --as {outcomes} "
                "--reason TEXT"
            )
        print(resolve_ticket(settings, args.ticket, args.outcome, args.reason))
        return 0
    if args.ticket or args.outcome or args.reason:
        raise ConfigError("a ticket, --as and --reason are for `sellkit tickets resolve` alone")
    found = listed_tickets(settings)
    for each in found:
        print(ticket_line(each))
    if not found:
        print("no ticket is unsettled, and none began today")
    return 0


def ticket_line(record: TicketRecord) -> str:
    """A ticket in one line: where it stands and why, and what was executed of it."""
    stopped = f"; cancelled for it: {', '.join(record.stopped)}" if record.stopped else ""
    return (
        f"{record.at:%Y-%m-%d %H:%M:%S} UTC  {record.reference}  {record.account}  "
        f"{record.ticker}  {record.side} {record.quantity}, {record.filled} executed  "
        f"{record.state}: {record.cause}{stopped}"
    )
