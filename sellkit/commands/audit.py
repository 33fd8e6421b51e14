"""`sellkit audit`: whether the journal and the executed notebooks are as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

HELP = "check the journal and the executed notebooks, or accept the journal as it is"
_ACTIONS: Final = {
    "verify": "name every row that was edited or removed, every notebook that was changed or has "
    "no run, every decision without its data; 1 when there is one",
    "accept": "take the journal for the present one after another was lost; needs --reason",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", choices=tuple(_ACTIONS), help=told)
    parser.add_argument("--reason", metavar="TEXT", help="for accept: why this is well")


def run(args: argparse.Namespace) -> int:
    """Print a line for each finding; no gateway is asked."""
    from sellkit.config import load
    from sellkit.wiring.evidence import accept_journal, audit

    settings = load(overrides(args))
    if args.action == "accept":
        if not (args.reason or "").strip():
            raise ConfigError("say why the journal may be relied on: --reason TEXT")
        doubt = accept_journal(settings, args.reason)
        print(f"accepted although {doubt}" if doubt else "accepted; nothing was wrong with it")
        return 0
    if args.reason:
        raise ConfigError("--reason is for `sellkit audit accept`; verify takes none")
    report = audit(settings)
    for finding in report.findings:
        print(f"{finding.where}: {finding.what}")
    print(report)
    return int(bool(report.findings))
