"""`sellkit replay`: the assigned averages on history, or recorded runs judged again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides
from sellkit.core.counting import counted
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.research.alternatives import Alternatives
    from sellkit.research.replayed import Replay
    from sellkit.wiring.replaying import ReplayBench

HELP = "the assigned averages on the stored history: every exit, and what became of it"
_INTERRUPTED: Final = 130
_OF_HISTORY: Final = (
    *("begin", "end", "token", "reenter", "commission", "spread_bp", "csv", "no_alternatives"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--from", dest="begin", metavar="DATE", help="first day, UTC")
    parser.add_argument("--to", dest="end", metavar="DATE", help="last day; the present without it")
    parser.add_argument(
        "--token", action="append", metavar="TOKEN", help="only this position; may be repeated"
    )
    parser.add_argument(
        "--reenter", action="store_true", help="buy again after a close strictly above the average"
    )
    parser.add_argument("--commission", type=float, metavar="X", help="of a share; 0.005 without")
    parser.add_argument(
        "--spread-bp", type=float, metavar="X", help="the spread, in 1/10,000 of the price; 2"
    )
    parser.add_argument("--no-alternatives", action="store_true", help="leave out the other 27")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="all of it as JSON")
    form.add_argument("--csv", action="store_true", help="the exits as CSV")
    parser.add_argument("--out", metavar="FILE", help="write to a file, .json or .csv")
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--run", metavar="RUN", help="judge a recorded run again: an id, or `last`; 1 if it differs"
    )
    again.add_argument("--recorded", metavar="DATE", help="the same of all runs of a day, UTC")


def run(args: argparse.Namespace) -> int:
    """Replay history, or recorded runs. Nothing is changed, and no gateway is asked."""
    if args.run is not None or args.recorded is not None:
        return _recorded(args)
    _check_file(args)
    from sellkit.wiring import terminal_progress
    from sellkit.wiring.replaying import Asked, bench, day_of

    asked = Asked(
        begin=day_of(args.begin or "", "--from"),
        end=day_of(args.end or "", "--to"),
        tokens=args.token or (),
        reenters=args.reenter,
        commission=args.commission,
        spread_bp=args.spread_bp,
    )
    found = bench(overrides(args), asked)
    replaying, code = found.replaying(), 0
    try:
        replaying.run(terminal_progress())
    except KeyboardInterrupt:
        done = f"{len(replaying.done)} of {counted(len(found.subjects), 'position')}"
        print(f"sellkit replay: interrupted after {done}", file=sys.stderr)
        code = _INTERRUPTED
    replay = replaying.result()
    _tell(replay, None if code or args.no_alternatives else _others(found), args)
    return code


def _others(found: ReplayBench) -> Alternatives:
    from sellkit.wiring import terminal_progress

    return found.alternatives(terminal_progress())


def _tell(replay: Replay, others: Alternatives | None, args: argparse.Namespace) -> None:
    from sellkit.present.replayed import print_replay
    from sellkit.present.replayed_records import exits_csv, to_json

    path = None if args.out is None else Path(args.out)
    is_json = args.json or (path is not None and path.suffix == ".json")
    is_csv = args.csv or (path is not None and path.suffix == ".csv")
    text = to_json(replay, others) + "\n" if is_json else exits_csv(replay) if is_csv else None
    if text is None or path is not None:
        print_replay(replay, others)
    if path is not None and text is not None:
        from sellkit.adapters.durable_file import replace, writing

        with writing(path.parent, "choose another place for --out"):
            replace(path, text.encode())
        print(f"written to {path}")
    elif text is not None:
        sys.stdout.write(text)


def _check_file(args: argparse.Namespace) -> None:
    if args.out is None:
        return
    path = Path(args.out)
    if path.suffix not in (".json", ".csv") and not (args.json or args.csv):
        raise ConfigError(f"--out {args.out}: name it .json or .csv, or say --json or --csv")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"--out {args.out}: there is no folder {path.absolute().parent}")


def _recorded(args: argparse.Namespace) -> int:
    given = [each for each in _OF_HISTORY if getattr(args, each) not in (None, False)]
    if given or args.json or args.out:
        raise ConfigError("--run and --recorded judge recorded runs again, and take no other flag")
    from sellkit.config import load
    from sellkit.core.retraced import Likeness
    from sellkit.wiring import terminal_progress
    from sellkit.wiring.replaying import day_of
    from sellkit.wiring.retracing import retrace

    day = day_of(args.recorded or "", "--recorded")
    if args.recorded is not None and day is None:
        raise ConfigError("--recorded needs a day: write it as 2026-01-31")
    settings = load(overrides(args))
    runs = retrace(settings, terminal_progress(), run=args.run or "", day=day)
    for each in runs:
        print(each)
    return int(any(each.likeness is Likeness.DIFFERENT for each in runs))
