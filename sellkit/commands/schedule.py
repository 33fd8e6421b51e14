"""`sellkit schedule`: fires the hourly run at each hour end of the exchanges' sessions."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides
from sellkit.commands.run import print_result
from sellkit.errors import SellkitError

if TYPE_CHECKING:
    import argparse

    from sellkit.config import Overrides, Settings

_OUTCOMES: Final = {0: "decided", 4: "undecided", 5: "uncertain"}

HELP = "run at each hour end of the exchanges' sessions, once or until interrupted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    often = parser.add_mutually_exclusive_group(required=True)
    often.add_argument("--once", action="store_true", help="wait for the next hour end, run, end")
    often.add_argument("--loop", action="store_true", help="go on until interrupted")
    parser.add_argument(
        "--live", action="store_true", help="send orders, where the account is armed at that time"
    )


def run(args: argparse.Namespace) -> int:
    """Wait and run; with `--once` the run's own exit code."""
    from sellkit.config import load
    from sellkit.core.limits import AtClose
    from sellkit.operate.scheduler import fire_ahead, run_on_schedule
    from sellkit.wiring import open_clock, scheduled_calendars
    from sellkit.wiring.courier import telling
    from sellkit.wiring.heartbeat import after_slot, beating
    from sellkit.wiring.log import open_log
    from sellkit.wiring.parts import desk_options, keep_budget

    chosen = overrides(args)
    settings = load(chosen)
    open_log(settings)
    codes: list[int] = []
    delay = dt.timedelta(seconds=settings.file.schedule.delay_seconds)

    def fire(*, prepare: bool) -> int:
        return _fire(chosen, is_live=args.live, prepare=prepare)

    def slot(due: dt.datetime) -> None:
        codes.append(fire_ahead(due, clock, delay, fire))
        after_slot(settings, due=due, outcome=_OUTCOMES.get(codes[-1], "failed"))

    with telling(settings), beating(settings), open_clock(settings) as clock:
        run_on_schedule(
            clock,
            lambda: scheduled_calendars(settings),
            settings.file.bars.hour_anchor,
            delay,
            slot,
            announce=lambda when: _announce(settings, when),
            prepare=lambda: keep_budget(settings),
            rounds=1 if args.once else None,
            lead=_lead(settings),
            at_openings=settings.file.orders.at_close is AtClose.NEXT_OPEN,
            early=desk_options(settings).limits.early,
        )
    return codes[-1]


def _announce(settings: Settings, when: dt.datetime) -> None:
    from sellkit.wiring.heartbeat import say_next

    print(f"next run at {when:%Y-%m-%d %H:%M:%S} UTC", flush=True)
    say_next(settings, when)


def _lead(settings: Settings) -> dt.timedelta:
    """How long ahead a run begins; on a gateway's time, of any speed, a lead would mean nothing."""
    is_own = settings.connection.clock == "system"
    return dt.timedelta(seconds=settings.file.schedule.lead_seconds if is_own else 0)


def _fire(chosen: Overrides, *, is_live: bool, prepare: bool) -> int:
    """One run; its failure is said and must not end the schedule."""
    from sellkit.wiring import run_notebook

    try:
        result = run_notebook(chosen, is_scheduled=True, is_live=is_live, prepare=prepare)
    except SellkitError as error:
        print(f"sellkit schedule: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    print_result(result)
    return result.exit_code
