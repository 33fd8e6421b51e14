"""`sellkit watchdog`: says when a schedule is late in a session, and when it is back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides
from sellkit.commands.installing import add_install_flags, install
from sellkit.errors import ConfigError, SellkitError

if TYPE_CHECKING:
    import argparse

    from sellkit.config import Settings
    from sellkit.wiring.heartbeat import Looked

HELP = "tell a person when the schedule is late in a session; asks no gateway"
_BETWEEN_SECONDS: Final = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("install",),
        help="write a systemd user unit that looks once, and a timer that has it look",
    )
    parser.add_argument("--once", action="store_true", help="look once and end, for a timer")
    add_install_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Look every minute until interrupted; with `--once` 0 when all is well, 1 when it is late."""
    from sellkit.config import load
    from sellkit.wiring.log import open_log

    if args.action == "install":
        return _install(args)
    if args.print or args.yes:
        raise ConfigError("--print and --yes are for `sellkit watchdog install`")
    settings = load(overrides(args))
    try:
        open_log(settings)
    except ConfigError as error:  # what stops the log may have stopped the schedule as well
        if not settings.file.alerts.channels:
            raise
        print(f"sellkit watchdog: {error}", file=sys.stderr)
    if not settings.file.alerts.channels:
        print(
            "sellkit watchdog: there is no channel in [alerts.channels]: nobody but who reads this "
            "hears of it",
            file=sys.stderr,
        )
    return _once(settings) if args.once else _always(settings)


def _install(args: argparse.Namespace) -> int:
    from sellkit.wiring.service import plan_watchdog

    if args.once:
        raise ConfigError("--once is what the unit does by itself: `sellkit watchdog install`")
    units = plan_watchdog(overrides(args))
    if not install(units, is_print=args.print, is_agreed=args.yes):
        return 0
    print("the alerts' addresses stand in ~/.config/sellkit/environment, as the schedule's do")
    return 0


def _once(settings: Settings) -> int:
    from sellkit.wiring.heartbeat import look

    found = look(settings)
    print(_in_words(found))
    return 1 if found.late else 0


def _always(settings: Settings) -> int:
    """Nothing that goes wrong in one look may end it."""
    from threading import Event

    from sellkit.wiring.heartbeat import look, remembering

    said, memory = "", remembering(settings)
    while True:
        try:
            words = _in_words(look(settings, memory))
        except SellkitError as error:
            words = f"cannot look: {error}"
        if words != said:
            print(words, flush=True)
        said = words
        Event().wait(_BETWEEN_SECONDS)


def _in_words(found: Looked) -> str:
    beat = found.beat
    if found.late is not None:
        return f"LATE: {found.late.text}"
    if beat is None:
        return "no heartbeat yet, and no run is late"
    last = "no run yet"
    if beat.last_due is not None:
        last = f"the last run was that of {beat.last_due:%Y-%m-%d %H:%M} UTC, {beat.outcome}"
    following = f"; the next is due {beat.next_due:%Y-%m-%d %H:%M} UTC" if beat.next_due else ""
    return f"all is well: {last}{following}"
