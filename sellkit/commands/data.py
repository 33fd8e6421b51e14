"""`sellkit data`: look after the stored bars."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.core.counting import counted
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.operate.holdings import Holding
    from sellkit.ports import BarStore

HELP = "look after the stored bars: list, coverage, verify, export, repair, rebuild"
_ACTIONS = {
    "list": "what is stored, series by series",
    "coverage": "how complete it is, and where the latest hole lies",
    "verify": "read every file and check it; 1 when something is wrong",
    "export": "write series as CSV or parquet files into a folder (--to)",
    "repair": "put damaged files aside, fetch what is missing, fold what was added in pieces",
    "rebuild": "remove all and start anew",
}
_WORDS = re.compile(r"[A-Za-z0-9.]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", choices=tuple(_ACTIONS), help=told)
    parser.add_argument(
        "ticker", nargs="*", help="for list, coverage and export: only these; none takes all"
    )
    parser.add_argument("--to", metavar="FOLDER", help="for export: where the files are written")
    parser.add_argument(
        "--form", choices=("csv", "parquet"), default="csv", help="for export; csv without it"
    )
    parser.add_argument(
        "--all-positions", action="store_true", help="download for unassigned positions, too"
    )


def run(args: argparse.Namespace) -> int:
    """Do one of them. Only repair and rebuild need the gateway; the others change nothing."""
    if args.action in ("repair", "rebuild"):
        return _fetch(args, is_emptied=args.action == "rebuild")
    from sellkit.wiring.parts import open_store

    store = open_store(overrides(args))
    if args.action == "verify":
        return _verify(store)
    found = _chosen(store, args.ticker)
    if args.action == "export":
        return _export(store, found, args)
    if args.action == "list":
        from sellkit.present.stored import print_holdings

        print_holdings(found)
        return 0
    return _coverage(store, found, args)


def _fetch(args: argparse.Namespace, *, is_emptied: bool) -> int:
    """The connection comes first: without a gateway nothing is removed."""
    from sellkit.wiring import open_desk, open_emptied_desk, terminal_progress

    progress = terminal_progress()
    if is_emptied:
        desk = open_emptied_desk(
            overrides(args), all_positions=args.all_positions, progress=progress
        )
    else:
        desk = open_desk(
            overrides=overrides(args), all_positions=args.all_positions, progress=progress
        )
    with desk:
        for moved in desk.parts.store.mend():
            print(f"{moved.where}: {moved.what}")
        report = desk.bring_up_to_date()
        folded = desk.parts.store.compact()
        findings = desk.parts.store.verify()
    print(report)
    print(f"{counted(folded, 'piece')} folded; {_checked(len(findings))}")
    for finding in findings:
        print(f"{finding.where}: {finding.what}", file=sys.stderr)
    return 4 if report.problems else int(bool(findings))


def _verify(store: BarStore) -> int:
    findings = store.verify()
    for finding in findings:
        print(f"{finding.where}: {finding.what}")
    if findings:
        print(f"{_checked(len(findings))}; `sellkit data repair` puts such files aside")
        return 1
    print(f"{len(store.figures())} series read: {_checked(0)}")
    if put_aside := len(store.quarantined()):
        print(f"{counted(put_aside, 'bar')} in quarantine: such prices cannot be")
    return 0


def _checked(findings: int) -> str:
    return "all well" if not findings else counted(findings, "finding")


def _chosen(store: BarStore, tickers: list[str]) -> list[Holding]:
    from sellkit.operate.holdings import chosen, holdings

    found = holdings(store)
    if not found:
        raise ConfigError("no bars are stored yet; `sellkit status` downloads them")
    kept = chosen(found, tickers)
    known = {each.label.upper() for each in kept}
    unknown = [ticker for ticker in tickers if ticker.strip().upper() not in known]
    if unknown:
        labels = ", ".join(sorted({each.label for each in found}))
        raise ConfigError(f"no bars of {', '.join(unknown)} are stored; stored are {labels}")
    return kept


def _coverage(store: BarStore, found: list[Holding], args: argparse.Namespace) -> int:
    from sellkit.operate.holdings import coverage
    from sellkit.present.stored import print_coverage
    from sellkit.wiring.parts import present_of

    now, lag = present_of(overrides(args), found)
    print_coverage({each: coverage(store, each, now, lag) for each in found})
    return 0


def _export(store: BarStore, found: list[Holding], args: argparse.Namespace) -> int:
    if not args.to:
        raise ConfigError("export needs to know where: sellkit data export --to FOLDER")
    from sellkit.adapters.bar_store.exporting import export
    from sellkit.operate.holdings import titles

    folder = Path(args.to)
    for each, title in titles(found).items():
        size = str(each.key.bar_size)
        name = "_".join(_WORDS.findall(title.replace(size, size.replace(" ", ""))))
        print(export(store.read(each.key), folder / f"{name}.{args.form}"))
    return 0
