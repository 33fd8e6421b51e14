"""`sellkit gateway ctl`: steers a simulated gateway that runs with a control channel."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sellkit.errors import ConfigError

HELP = "steer a running gateway that was started with --control-port"

ACTIONS = (
    *("inject", "clear", "clock", "price", "corporate_action", "rate"),
    *("drop", "sessions", "record", "state"),
    *("halt", "resume", "correct_bar", "bars", "market_data", "bust"),
)
_DETAILS = """
actions:
  inject KEY=VALUE ...     put a fault rule in force, written as in a scenario; without message
                           and at it strikes at once:
                             inject do=drop message=positionEnd nth=1
                             inject do=sequence steps='[{"code": 1100}, {"after": 5, "code": 1102}]'
  clear                    take every rule out of force
  clock                    what the gateway's clock shows
  clock set=TIME           go to a time; New York's without a zone
  clock advance=SECONDS    step ahead
  clock speed=N            virtual seconds in a real one, 0 to 3600
  price symbol=AAPL factor=0.9   multiply made-up prices from now on, or by its local symbol the
                                 stated price of an option or a future
  corporate_action symbol=NVDA split=4:1 [symbol_change=NVDX] [new_conId=N] [at=TIME]
                           split a stock or rename a contract, now or at a time
  rate currency=EUR dollars=1.2   what one unit of a currency is worth from now on
  halt symbol=AAPL [kind=volatility] [from=TIME] [until=TIME]    nothing trades in it
  resume symbol=AAPL       let it trade again
  correct_bar symbol=AAPL bar_end=TIME factor=0.99 [at=TIME]     another close from now on
  bars [final_after_seconds=8] [until_final=provisional]         when a bar is final
  market_data subscription=delayed [symbol=AAPL | exchange=NYSE] who may see what
  market_data competing=true                                     10197, until it is false
  bust [symbol=AAPL]       10225 for bars that are kept up to date
  drop                     reset the connection of every client
  sessions                 the clients that are connected
  record [last=N]          the latest messages that clients sent (100)
  state                    everything that the gateway holds

The answer is JSON. `sellkit gateway reference faults` has the keys of a rule, `reference ctl` an
example of each action, here and from Python.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form's own arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _DETAILS
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument(
        "arguments",
        nargs="*",
        default=[],  # without it argparse calls them required when the action is missing
        metavar="KEY=VALUE",
        help="what the action needs, see below",
    )
    parser.add_argument(
        "--control-file",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="the file that the gateway wrote (default: data/gateway-control.json)",
    )


def run(args: argparse.Namespace) -> int:
    """Ask the gateway, and print its answer as JSON.

    Raises
    ------
    ConfigError
        An argument is no KEY=VALUE, the control file cannot be used, or the gateway refuses.
    NotConnected
        The gateway is gone.
    """
    arguments = dict(_pair(word) for word in args.arguments)

    from sellkit.simgateway.control import Control

    with Control.of_file(control_file(args)) as control:
        if args.action == "inject":
            answer = control.ask("inject", rule=arguments)
        else:
            answer = control.ask(args.action, **arguments)
    print(json.dumps(answer, indent=2))
    return 0


def control_file(args: argparse.Namespace) -> Path:
    """Where the gateway's address and token are."""
    from sellkit.simgateway.control_file import FILE_NAME

    chosen: Path | None = args.control_file
    return chosen or Path(getattr(args, "data_dir", None) or "data") / FILE_NAME


def _pair(word: str) -> tuple[str, object]:
    """A key and its value; what reads as JSON is that, anything else a text."""
    key, equals, text = word.partition("=")
    if not (key and equals):
        raise ConfigError(f"{word!r} must be KEY=VALUE, as advance=60")
    if key in ("action", "token"):
        raise ConfigError(f"{key!r} is not for you to give")
    try:
        return key, json.loads(text)
    except ValueError:
        return key, text
