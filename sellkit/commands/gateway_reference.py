"""`sellkit gateway reference`: prints the reference of scenarios and control."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

HELP = "print the reference: every key of a scenario and every action of ctl, with examples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form's own argument."""
    parser.add_argument(
        "section",
        nargs="?",
        metavar="SECTION",
        help="only one part of it: top, the name of a table as faults, or ctl (default: all)",
    )


def run(args: argparse.Namespace) -> int:
    """Print it as Markdown.

    Raises
    ------
    ConfigError
        There is no such section.
    """
    from sellkit.simgateway.reference import reference

    print(reference(args.section), end="")
    return 0
