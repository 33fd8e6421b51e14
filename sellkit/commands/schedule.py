"""`sellkit schedule`: fires the hourly run at each hour end of the exchanges' sessions."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.commands.run import print_result
from sellkit.errors import SellkitError

if TYPE_CHECKING:
    import argparse

    from sellkit.config import Overrides

HELP = "run at each hour end of the exchanges' sessions, once or until interrupted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    often = parser.add_mutually_exclusive_group(required=True)
    often.add_argument("--once", action="store_true", help="wait for the next hour end, run, end")
    often.add_argument("--loop", action="store_true", help="go on until interrupted")


def run(args: argparse.Namespace) -> int:
    """Wait and run; with `--once` the run's own exit code."""
    from sellkit.config import load
    from sellkit.core.market_time import calendar_for
    from sellkit.logs import configure
    from sellkit.operate.scheduler import run_on_schedule
    from sellkit.wiring import open_clock, scheduled_exchanges
    from sellkit.wiring.parts import keep_budget

    chosen = overrides(args)
    settings = load(chosen)
    configure(settings.log_dir)
    codes: list[int] = []
    with open_clock(settings) as clock:
        run_on_schedule(
            clock,
            lambda: [
                calendar_for(each, extended=not settings.file.history.rth)
                for each in scheduled_exchanges(settings)
            ],
            settings.file.bars.hour_anchor,
            dt.timedelta(seconds=settings.file.schedule.delay_seconds),
            lambda _due: codes.append(_fire(chosen)),
            announce=lambda when: print(f"next run at {when:%Y-%m-%d %H:%M:%S} UTC", flush=True),
            prepare=lambda: keep_budget(settings),
            rounds=1 if args.once else None,
        )
    return codes[-1]


def _fire(chosen: Overrides) -> int:
    """One run; its failure is said and must not end the schedule."""
    from sellkit.wiring import run_notebook

    try:
        result = run_notebook(chosen, is_scheduled=True)
    except SellkitError as error:
        print(f"sellkit schedule: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    print_result(result)
    return result.exit_code
