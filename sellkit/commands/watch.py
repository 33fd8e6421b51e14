"""`sellkit watch`: positions, stops, averages and signals, refreshed at each minute's beginning."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.core.counting import counted
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.operate.watch import Watch

HELP = "watch positions, stops, averages and signals, refreshed at each minute's beginning"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    parser.add_argument("--minutes", type=int, metavar="N", help="end after N minutes")
    parser.add_argument("--json", action="store_true", help="one line of JSON a minute")


def run(args: argparse.Namespace) -> int:
    """Show a table until interrupted, which is no failure, or for so many minutes."""
    if args.minutes is not None and args.minutes < 1:
        raise ConfigError(f"--minutes {args.minutes} is not 1 or more")

    from sellkit.config import load
    from sellkit.present.live import is_screen, view_of
    from sellkit.wiring.courier import telling
    from sellkit.wiring.watch import open_watch

    is_quiet = not args.json and is_screen(sys.stdout)
    with (
        open_watch(overrides=overrides(args), is_quiet=is_quiet) as watch,
        telling(load(overrides(args))),
    ):
        try:
            now = watch.clock.reckoned
            with view_of(sys.stdout, watch.heading, now, as_json=args.json) as view:
                watch.run(view.show, args.minutes)
        except KeyboardInterrupt:
            print(f"sellkit watch: {_ended(watch.engine)}", file=sys.stderr)
    return 0


def _ended(engine: Watch) -> str:
    if engine.latest is None:
        return "ended before the first minute was shown"
    return f"ended after {counted(engine.minutes, 'minute')}, {engine.latest.skipped} skipped"
