"""`sellkit schedule`: runs the hour at each hour end of the exchanges' sessions, and more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.commands.installing import add_install_flags, install
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    import datetime as dt

    from sellkit.core.firing import Slot

HELP = "run at each hour end of the exchanges' sessions, at openings with deferred tickets, by cron"
_ACTIONS = {
    "next": "what is due next",
    "history": "what was begun and what was missed, and how each run ended",
    "fire": "run the notebook of one entry now, by hand",
    "install": "write a systemd user unit that runs the schedule and starts it again",
}
_COUNT = 10
_CODES = {
    1: "failed",
    2: "input or settings",
    3: "the gateway",
    4: "positions undecided",
    5: "the fate of an order is open",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", nargs="?", choices=tuple(_ACTIONS), help=told)
    parser.add_argument("entry", nargs="?", help="for fire: a name in [schedule.entries]")
    often = parser.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="wait for the next slot, run it, end")
    often.add_argument("--loop", action="store_true", help="go on until interrupted")
    parser.add_argument(
        "--live", action="store_true", help="send orders, where the account is armed at that time"
    )
    parser.add_argument(
        "-n", type=int, metavar="N", dest="count", help=f"for next and history; {_COUNT} without it"
    )
    parser.add_argument("--json", action="store_true", help="for next and history: as JSON")
    parser.add_argument("--run-id", default="", metavar="ID", help="for fire: eight hex digits")
    add_install_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Wait and run, or tell; with `--once` the run's own exit code."""
    _check(args)
    if args.action == "next":
        return _next(args)
    if args.action == "history":
        return _history(args)
    if args.action == "fire":
        return _fire(args)
    if args.action == "install":
        return _install(args)
    from sellkit.wiring.schedule import run_schedule

    last = run_schedule(
        overrides(args), is_live=args.live, rounds=1 if args.once else None, announce=_announce
    )
    return _code(last)


def _code(last: Slot | None) -> int:
    """The exit code of a slot's run; of one that was taken over nobody knows more than its end."""
    from sellkit.core.firing import SlotOutcome

    if last is None or last.end is None:
        return 1
    has_run = last.end.outcome is SlotOutcome.RAN
    return last.end.exit_code if last.end.exit_code is not None else int(not has_run)


def _check(args: argparse.Namespace) -> None:
    is_run = args.once or args.loop
    if bool(args.action) == is_run:
        actions = ", ".join(_ACTIONS)
        raise ConfigError(f"say one of these: --once, --loop, {actions}")
    if args.live and not is_run and args.action != "install":
        raise ConfigError("--live is for --once, --loop and install")
    if (args.print or args.yes) and args.action != "install":
        raise ConfigError("--print and --yes are for `sellkit schedule install`")
    if (args.entry or args.run_id) and args.action != "fire":
        raise ConfigError("an entry and --run-id are for `sellkit schedule fire`")
    if args.action == "fire" and not args.entry:
        raise ConfigError("name the entry: `sellkit schedule fire NAME`")
    if (args.json or args.count is not None) and args.action not in {"next", "history"}:
        raise ConfigError("-n and --json are for `sellkit schedule next` and `history`")
    if args.count is not None and args.count < 1:
        raise ConfigError(f"-n {args.count} is below 1")


def _announce(when: dt.datetime) -> None:
    print(f"next run at {when:%Y-%m-%d %H:%M:%S} UTC", flush=True)


def _next(args: argparse.Namespace) -> int:
    from sellkit.wiring.schedule import upcoming

    found, calendar = upcoming(overrides(args), args.count or _COUNT)
    if args.json:
        told = [
            {
                "entry": due.entry,
                "kind": str(due.kind),
                "due": due.at.isoformat(),
                "begins": begin.isoformat(),
            }
            for due, begin in found
        ]
        print(json.dumps(told, indent=1))
        return 0
    for due, begin in found:
        local = calendar.local(due.at)
        print(
            f"{due.at:%Y-%m-%d %H:%M} UTC  {local:%a %H:%M %Z}  {due.entry:<12}  {due.kind}, "
            f"begins {begin:%H:%M:%S}"
        )
    return 0


def _history(args: argparse.Namespace) -> int:
    from sellkit.wiring.schedule import past_slots

    found = past_slots(overrides(args), args.count or _COUNT)
    if args.json:
        print(json.dumps([_as_json(each) for each in found], indent=1))
        return 0
    for each in found:
        print(_line(each))
    if not found:
        print("no slot was begun or missed yet")
    return 0


def _as_json(slot: Slot) -> dict[str, object]:
    end = slot.end
    return {
        "entry": slot.due.entry,
        "kind": str(slot.due.kind),
        "due": slot.due.at.isoformat(),
        "attempt": slot.attempt,
        "what": "missed" if slot.is_missed else "begun",
        "at": slot.at.isoformat(),
        "reason": slot.reason,
        "run_id": slot.run_id,
        "outcome": None if end is None else str(end.outcome),
        "exit_code": None if end is None else end.exit_code,
        "ended_at": None if slot.ended_at is None else slot.ended_at.isoformat(),
        "notebook": None if end is None else end.notebook,
    }


def _line(slot: Slot) -> str:
    begun = f"{slot.due.at:%Y-%m-%d %H:%M} UTC  {slot.due.entry:<12}  {slot.due.kind}"
    if slot.is_missed:
        return f"{begun}: MISSED, {slot.reason}"
    again = f", attempt {slot.attempt} ({slot.reason})" if slot.attempt > 1 else ""
    if slot.end is None:
        return f"{begun}: run {slot.run_id}{again} has not ended"
    code = "" if slot.end.exit_code is None else f", exit code {_code_in_words(slot.end.exit_code)}"
    where = f"; {slot.end.notebook}" if slot.end.notebook else ""
    return f"{begun}: run {slot.run_id}{again} {slot.end.outcome}{code}{where}"


def _code_in_words(code: int) -> str:
    return f"{code} ({_CODES[code]})" if code in _CODES else str(code)


def _fire(args: argparse.Namespace) -> int:
    from sellkit.wiring.further import run_further

    print(f"kept in {run_further(overrides(args), args.entry, args.run_id)}")
    return 0


def _install(args: argparse.Namespace) -> int:
    from sellkit.wiring.service import plan_unit

    unit = plan_unit(overrides(args), is_live=args.live)
    if install([unit], is_print=args.print, is_agreed=args.yes):
        print("  sellkit watchdog install    # tells when the schedule itself is silent")
    return 0
