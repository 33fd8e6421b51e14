"""The command line: reads the arguments, calls one command, turns errors into a line and a code.

Exit codes: 0 decided (or done), 1 failed, 2 bad input, 3 the gateway, 4 some positions UNDECIDED,
5 the fate of an order is open.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn, cast

from sellkit import __version__
from sellkit.core.redaction import Redaction
from sellkit.errors import SellkitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from sellkit.commands import Command

COMMANDS: Final = (
    *("demo", "run", "status", "watch", "assign", "data", "gateway", "schedule"),
    *("arm", "disarm", "halt", "resume", "modes"),
    *("alerts", "watchdog"),
    *("tickets", "reconcile", "confirm", "audit", "runs", "replay", "explain", "probe"),
    *("config", "health", "doctor"),
)
INTERRUPTED: Final = 130


class _Parser(argparse.ArgumentParser):
    """One clear line for bad arguments instead of the usage text."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; loads nothing that a command needs to run."""
    parser = _Parser(
        prog="sellkit",
        description="Run one moving-average exit rule, safely.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sellkit {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name in COMMANDS:
        command = _command(name)
        sub = subparsers.add_parser(
            name,
            help=command.HELP,
            description=command.HELP,
            parents=[_common_flags(getattr(command, "FLAGS", None))],
            allow_abbrev=False,  # a mode that sends orders is written out or not meant
        )
        command.add_arguments(sub)
        sub.set_defaults(command=name)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = build_parser().parse_args(argv)
    # The bare name of an event, of a command that keeps no log, tells a person nothing.
    events = logging.getLogger("sellkit")
    if not events.handlers:
        events.addHandler(logging.NullHandler())
    # A service manager ends a program by SIGTERM: as with Ctrl-C, what was begun is brought to an
    # orderly end, the executed notebook kept.
    former = signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _command(args.command).run(args)
    except SellkitError as error:
        print(Redaction()(f"sellkit {args.command}: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"sellkit {args.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nobody is left to say it to
        return 1
    finally:
        signal.signal(signal.SIGTERM, former)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _command(name: str) -> Command:
    return cast("Command", importlib.import_module(f"sellkit.commands.{name}"))


def _common_flags(meanings: Mapping[str, str] | None = None) -> _Parser:
    """The flags that every command takes.

    Parameters
    ----------
    meanings
        What they mean to a command that passes over all others; help shows these alone.
    """
    common = _Parser(add_help=False)
    group = common.add_argument_group("common flags")
    group.add_argument("--config", metavar="FILE", help="settings file (config/sellkit.toml)")
    group.add_argument("--profile", metavar="NAME", help="profile in it: demo, paper, live")
    group.add_argument("--host", help="host of the gateway")
    group.add_argument("--port", type=int, help="port of the gateway")
    group.add_argument("--client-id", type=int, metavar="N", help="client id at the gateway")
    group.add_argument("--account", metavar="ALIAS", help="account, by its alias")
    group.add_argument("--data-dir", metavar="DIR", help="where profiles keep their data (data)")
    group.add_argument("--log-dir", metavar="DIR", help="where logs go (<data>/<profile>/logs)")
    group.add_argument("--concurrency", type=int, metavar="N", help="downloads at once, 1 to 32")
    group.add_argument(
        "--no-rth", action="store_true", help="bars of extended hours, not only regular ones"
    )
    if meanings is not None:
        for flag in common._actions:
            flag.help = meanings.get(flag.option_strings[0], argparse.SUPPRESS)
    return common
