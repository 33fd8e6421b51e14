"""`sellkit runs`: every run that was kept, what it came to, and what it looks like."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.commands.flags import overrides
from sellkit.core.counting import counted
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sellkit.core.run_filter import RunFilter
    from sellkit.wiring.past_runs import PastRuns

HELP = "look back at the runs: list, show, open, compare, calendar, html, verify, archive"
_ACTIONS: Final = {
    "list": "each run with its verdict",
    "show": "all that is known of RUN",
    "open": "the path of RUN's executed notebook; in a terminal with JupyterLab it opens a copy",
    "compare": "in which decisions two runs differ, with both reasons; the last two without RUN",
    "calendar": "the hours of a month that were due, and which are missing",
    "html": "an index and a page for each notebook, which open without a network",
    "verify": "whether RUN's notebook, rows, tickets and links are as they were written; 1 if not",
    "archive": "pack the notebooks of the months before --before, and remove them after",
}
_VERDICTS: Final = ("altered", "uncertain", "failed", "unfinished", "undecided", "decided")
_LAST: Final = 40
_FORMED: Final = ("list", "show", "compare", "calendar")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", choices=tuple(_ACTIONS), nargs="?", default="list", help=told)
    parser.add_argument("run", nargs="*", help="an id, the beginning of one, or `last`")
    parser.add_argument("--json", action="store_true", help="as JSON")
    chosen = parser.add_argument_group("which runs, for list")
    chosen.add_argument("--month", metavar="YYYY-MM", help="of this month; also for calendar")
    chosen.add_argument("--since", metavar="DAY", help="from this day on, UTC")
    chosen.add_argument("--until", metavar="DAY", help="up to this day, UTC")
    chosen.add_argument("--mode", choices=("dry", "live"), help="dry runs, or those that may send")
    chosen.add_argument("--verdict", choices=_VERDICTS, help="with this verdict")
    chosen.add_argument("--token", help="that judged this position; a symbol will do")
    chosen.add_argument(
        "--last",
        type=int,
        metavar="N",
        help=f"at most so many, the latest; without it {_LAST}, as JSON all",
    )
    chosen.add_argument("--all", action="store_true", help="every one")
    parser.add_argument("--to", metavar="FOLDER", help="for html: where; the profile's own pages")
    parser.add_argument(
        "--before", metavar="YYYY-MM", help="for archive: the first month that stays as it is"
    )


def run(args: argparse.Namespace) -> int:
    """Do one of them. Only archive changes anything; no gateway is asked."""
    _check(args)
    from sellkit.wiring import open_runs

    acts: dict[str, Callable[[PastRuns, argparse.Namespace], int]] = {
        "list": _list,
        "show": _show,
        "open": _open,
        "compare": _compare,
        "calendar": _calendar,
        "html": _html,
        "verify": _verify,
        "archive": _archive,
    }
    with open_runs(overrides=overrides(args)) as past:
        return acts[args.action](past, args)


def _check(args: argparse.Namespace) -> None:
    """Refuse what the chosen action takes no notice of.

    Raises
    ------
    ConfigError
        A flag or a run is missing, or there is one too many.
    """
    action, named = args.action, len(args.run)
    wanted = {"show": (1,), "open": (1,), "verify": (1,), "compare": (0, 2)}.get(action, (0,))
    if named not in wanted:
        many = "two runs, or none" if wanted == (0, 2) else f"{wanted[0] or 'no'} run"
        raise ConfigError(f"`sellkit runs {action}` takes {many}, and was given {named}")
    flags = {
        "--json": (args.json, _FORMED),
        "--month": (args.month, ("list", "calendar")),
        "--to": (args.to, ("html",)),
        "--before": (args.before, ("archive",)),
        **{
            f"--{name}": (getattr(args, name), ("list",))
            for name in ("since", "until", "mode", "verdict", "token", "last", "all")
        },
    }
    for flag, (value, actions) in flags.items():
        if value not in (None, False) and action not in actions:
            raise ConfigError(f"{flag} is for `sellkit runs {'` and `'.join(actions)}` alone")
    if action == "archive" and not args.before:
        raise ConfigError("say which month stays: sellkit runs archive --before 2026-06")
    if args.last is not None and args.last < 1:
        raise ConfigError(f"--last {args.last} shows nothing; write 1 or more")


def _list(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.present.runs.table import print_runs, tally, to_json

    wanted = _filter(args)
    found = past.find(wanted)
    if args.json:
        print(to_json(found))
        return 0
    if found:
        print_runs(found)
    print(tally(found) if found else _nothing(past))
    if wanted.last is not None and len(found) == wanted.last and args.last is None:
        print(f"the last {_LAST}; --all shows every one")
    return 0


def _nothing(past: PastRuns) -> str:
    if past.months():
        return "no run is like that"
    return f"no run of profile {past.profile} yet; `sellkit run` makes one"


def _filter(args: argparse.Namespace) -> RunFilter:
    from sellkit.core.past_runs import RunVerdict
    from sellkit.core.run_filter import RunFilter, days
    from sellkit.wiring.laying import DRY_RUN, LIVE

    since, until = days(args.month, args.since, args.until)
    is_open = since is None and until is None and not args.all and not args.json
    return RunFilter(
        since=since,
        until=until,
        mode={"dry": DRY_RUN, "live": LIVE}.get(args.mode),
        account=args.account,
        verdict=None if args.verdict is None else RunVerdict(args.verdict),
        token=args.token,
        last=args.last or (_LAST if is_open else None),
    )


def _show(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.present.runs.columns import record
    from sellkit.present.runs.one import beside_lines, decision_record, lines

    found = past.one(args.run[0])
    decisions, beside = past.decisions(found), past.beside(found)
    if args.json:
        told = {**record(found), "positions": [decision_record(each) for each in decisions]}
        told |= asdict(beside)
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join([*lines(found, decisions), *beside_lines(beside)]))
    return 0


def _open(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.commands.opening import open_notebook

    return open_notebook(past, past.one(args.run[0]))


def _compare(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.present.runs.comparison import lines, to_record

    found = past.compare(*args.run)
    if len(found.runs) < 2:
        raise ConfigError("there are no two runs that judged positions yet, so none to compare")
    if args.json:
        print(json.dumps(to_record(found.runs, found.differences), indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(found.runs, found.differences)))
    return 0


def _calendar(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.present.runs.hours import print_hours, to_record

    found = past.hours(args.month or "")
    if args.json:
        print(json.dumps(to_record(found), indent=2))
    else:
        print_hours(found)
    return 0


def _html(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.wiring import terminal_progress
    from sellkit.wiring.run_pages import PAGES, write_pages

    folder = Path(args.to) if args.to else past.settings.data_dir / PAGES
    if not past.months():
        raise ConfigError(_nothing(past))
    index, written = write_pages(past, folder, terminal_progress())
    print(f"{index}: the index; {counted(written, 'page')} of notebooks written, the others stay")
    return 0


def _verify(past: PastRuns, args: argparse.Namespace) -> int:
    found, findings, others = past.verify(args.run[0])
    for each in findings:
        print(f"{each.where}: {each.what}")
    told = counted(len(findings), "finding") if findings else "as it was written"
    print(f"run {found.facts.run_id}: {told}; its verdict is {found.verdict}")
    if others:
        print(
            f"{counted(others, 'finding')} elsewhere: `sellkit audit verify` names each",
            file=sys.stderr,
        )
    return int(bool(findings or others))


def _archive(past: PastRuns, args: argparse.Namespace) -> int:
    from sellkit.core.month import Month
    from sellkit.wiring import terminal_progress

    before = Month.parse(args.before)
    done = past.archive(before, terminal_progress())
    for each in done:
        print(each)
    if not done:
        print(f"no month before {before} has notebooks that lie as files")
    return 0
