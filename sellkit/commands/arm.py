"""`sellkit arm`: allow orders for one account, by a person at a terminal."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.wiring.switching import PlannedArming

HELP = "allow orders for one account, up to a time and an amount; asks a person at a terminal"

_WORDS: Final = (
    *("amber", "anchor", "birch", "candle", "cedar", "copper", "eagle", "ember", "falcon"),
    *("garnet", "harbor", "island", "jasper", "kettle", "lantern", "maple", "meadow", "nickel"),
    *("orchard", "pebble", "quartz", "raven", "saddle", "timber", "umber", "velvet", "willow"),
)
_SHOWN_WORDS: Final = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument(
        "--until", default="", metavar="TIME", help="with its zone, or 6h or 2d; 5 days at most"
    )
    parser.add_argument(
        "--max-notional", default="", metavar="N", help="how much may be sold altogether"
    )
    parser.add_argument(
        "--move",
        action="store_true",
        help="let this profile send for the account where another profile did",
    )


def run(args: argparse.Namespace) -> int:
    """Show what is armed and what is not, ask for the account and a phrase, write the record."""
    require_terminal("arming takes a person who types the account: an unattended run never arms")

    if not (args.until and args.max_notional):
        raise ConfigError("say how far: --until TIME and --max-notional N, as 6h and 50000")

    from sellkit.wiring.switching import plan_arming

    plan = plan_arming(overrides(args), args.until, args.max_notional, is_moved=args.move)
    print(_in_words(plan))
    expect(plan.account.number, f"the number of the account {plan.account}")
    phrase = " ".join(secrets.choice(_WORDS) for _ in range(_SHOWN_WORDS))
    print(f"To arm, type: {phrase}")
    expect(phrase, "the phrase")
    plan.carry_out()
    print(
        f"{plan.account} is armed until {plan.arming.until:%Y-%m-%d %H:%M} UTC; "
        "`sellkit disarm` ends it, `sellkit halt` stops everything"
    )
    return 0


def require_terminal(why: str) -> None:
    """Refuse where nobody can be asked.

    Raises
    ------
    ConfigError
        Input or output is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(f"this is no terminal: {why}")


def expect(wanted: str, what: str) -> None:
    """Ask for a text.

    Raises
    ------
    ConfigError
        Another one was typed, or the input ended.
    """
    try:
        typed = input(f"{what}: ")
    except EOFError:
        typed = ""
    if " ".join(typed.split()) != wanted:
        raise ConfigError(f"what was typed is not {what}; nothing was changed")


def _in_words(plan: PlannedArming) -> str:
    arming = plan.arming
    lines = [
        f"Orders would be sent for {arming.account} at the {arming.gateway} gateway of the profile "
        f"{arming.profile},",
        f"until {arming.until:%Y-%m-%d %H:%M} UTC, for {arming.max_notional:,f} altogether.",
        *([] if plan.moved is None else [plan.moved]),
        "It does not cover:",
        *(f"  - {each}" for each in plan.not_covered),
    ]
    return "\n".join(lines)
