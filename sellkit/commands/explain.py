"""`sellkit explain`: what one of Interactive Brokers' codes means, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

HELP = "say what one of Interactive Brokers' message codes means, and what to do"
FLAGS: dict[str, str] = {}  # it asks no gateway and reads no settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own argument."""
    parser.add_argument("code", metavar="CODE", help="the number of a message, as 10349")


def run(args: argparse.Namespace) -> int:
    """Print both sentences.

    Raises
    ------
    ConfigError
        It is no number, or none that the book has; the error tells what is known of it.
    """
    from sellkit.core.code_book import explained, is_listed

    if not args.code.isdecimal():
        raise ConfigError(f"{args.code!r} is no code: give its number, as in `sellkit explain 201`")
    code = int(args.code)
    if not is_listed(code):
        raise ConfigError(explained(code))
    print(explained(code))
    return 0
