"""`sellkit assign`: give a position its moving average, by arguments or by a numbered list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.core.counting import counted
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sellkit.core.assignments import Assignment, MovingAverage, Timeframe
    from sellkit.core.instrument import Token
    from sellkit.operate.desk import Desk

HELP = "assign a moving average: TICKER TYPE LENGTH TIMEFRAME, or choose for each that lacks one"
USUAL = "SMA 50 1H"
_FIELDS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "assignment",
        nargs="*",
        metavar="WORD",
        help="ticker, type, length and timeframe: NASDAQ:AAPL SMA 50 1H; none asks for each "
        "position that lacks an assignment",
    )
    parser.add_argument(
        "--unchecked",
        action="store_true",
        help="do not ask the gateway whether it knows the ticker",
    )


def run(args: argparse.Namespace) -> int:
    """Assign one, or ask for all that lack one."""
    words = args.assignment
    if words and len(words) != _FIELDS:
        raise ConfigError(
            f"{counted(len(words), 'word')} cannot be an assignment; write ticker, type, length "
            "and timeframe: sellkit assign NASDAQ:AAPL SMA 50 1H"
        )
    return _assign_one(args) if words else _assign_missing(args)


def _assign_one(args: argparse.Namespace) -> int:
    from sellkit.config import load
    from sellkit.core.assignments import Assignment
    from sellkit.wiring import open_book, open_desk

    assignment = Assignment.parse(*args.assignment)
    chosen = overrides(args)
    book = open_book(load(chosen))
    former = book.load().assignments.get(assignment.token)
    if not args.unchecked:
        with open_desk(overrides=chosen) as desk:
            desk.find(assignment.token)
    book.save(assignment)
    was = f" (was {former.label})" if former else ""
    print(f"{assignment}{was}, written to {book.path}")
    return 0


def _assign_missing(args: argparse.Namespace) -> int:
    from sellkit.config import load
    from sellkit.core.assignments import Assignment, parse_choice
    from sellkit.wiring import open_desk

    chosen = overrides(args)
    usual = parse_choice(load(chosen).file.assignments.default or USUAL)
    with open_desk(overrides=chosen) as desk:
        tokens = _lacking(desk)
        if not tokens:
            print("every position has its average")
            return 0
        print("\n".join(_numbered()))
        for place, token in enumerate(tokens, 1):
            average, timeframe = _ask(token, usual, len(tokens) - place)
            _save(desk, Assignment(token, average, timeframe))
    return 0


def _lacking(desk: Desk) -> list[Token]:
    assigned = desk.sheet().assignments
    return sorted(
        each.instrument.token
        for each in desk.positions()
        if each.instrument.is_decided
        and each.quantity > 0
        and each.instrument.token not in assigned
    )


def _save(desk: Desk, assignment: Assignment) -> None:
    desk.assign(assignment)
    print(f"{assignment}, written to {desk.parts.book.path}")


def choices() -> list[tuple[MovingAverage, Timeframe]]:
    """The 28 choices in the order of the list: SMA and EMA side by side, hours before days."""
    from sellkit.core.assignments import LENGTHS, MaKind, MovingAverage, Timeframe

    return [
        (MovingAverage(kind, length), timeframe)
        for timeframe in Timeframe
        for length in LENGTHS
        for kind in MaKind
    ]


def _numbered() -> Iterator[str]:
    labels = [
        f"{number:>3}  {average.kind} {average.length:>3} {timeframe}"
        for number, (average, timeframe) in enumerate(choices(), 1)
    ]
    for left, right in zip(labels[::2], labels[1::2], strict=True):
        yield f"{left}     {right}"


def _ask(
    token: Token, usual: tuple[MovingAverage, Timeframe], left: int
) -> tuple[MovingAverage, Timeframe]:
    offered = choices()
    number = offered.index(usual) + 1
    while True:
        try:
            text = input(f"{token} [{number}: {usual[0]} {usual[1]}]: ").strip()
        except EOFError:
            raise ConfigError(
                f"the input ended at {token}, {left} more to go; what was chosen before is saved"
            ) from None
        if not text:
            return usual
        if text.isdecimal() and 1 <= int(text) <= len(offered):
            return offered[int(text) - 1]
        print(f"{text!r} is not a number from 1 to {len(offered)}")
