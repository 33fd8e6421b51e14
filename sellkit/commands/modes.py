"""`sellkit modes`: every switch, and what would be allowed now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides

if TYPE_CHECKING:
    import argparse

HELP = "show every switch of live mode and what would be allowed now; asks no gateway"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has no flags of its own."""


def run(args: argparse.Namespace) -> int:
    """Print a line for each, then what follows."""
    from sellkit.wiring.modes import switches

    found = switches(overrides(args))
    width = max(len(each.name) for each in found)
    for each in found:
        print(f"{each.name:<{width}}  {each.state}{f' ({each.trouble})' if each.trouble else ''}")
    for each in found:
        if each.place is not None:
            there = "" if each.place.exists() else ", which is not there"
            print(f"{'file':<{width}}  {each.name}: {each.place}{there}")
    print(f"{'dry run':<{width}}  allowed: it never sends")
    troubles = [each.name for each in found if each.trouble]
    if troubles:
        print(f"{'live':<{width}}  refused, for: {', '.join(troubles)}")
    else:
        print(
            f"{'live':<{width}}  allowed as far as this machine can tell; the gateway, its probe "
            "and clock, and every gate are asked for each order"
        )
    return 0
