"""`sellkit gateway`: a simulated IB Gateway to try everything on, without an account."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.commands import gateway_ctl, gateway_reference
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.commands import Command
    from sellkit.simgateway.clock import Clock
    from sellkit.simgateway.gateway import Gateway

NAME = "gateway"
HELP = "run a simulated IB Gateway on this machine, with made-up or replayed prices"

_DEFAULT_HOST = "127.0.0.1"
# Not IB Gateway's own ports, so that a real one can run beside it; the demo profile knows it.
_DEFAULT_PORT = 4012

FLAGS = {
    "--host": f"where to listen, on this machine only (default: {_DEFAULT_HOST})",
    "--port": f"port to listen on, 0 for a free one (default: {_DEFAULT_PORT})",
}

_FORMS: dict[str, Command] = {"ctl": gateway_ctl, "reference": gateway_reference}

_USAGE = """%(prog)s [--port N] [--scenario FILE] [--at TIME] [--speed N] ...
       %(prog)s ctl ACTION [KEY=VALUE ...]
       %(prog)s reference [SECTION]"""
_DETAILS = """
Any client of the TWS API connects to it: ib_insync, ib_async, Interactive Brokers' own ibapi.
It runs until Ctrl-C, and says in one line when it is ready.

examples:
  sellkit gateway                                        a small portfolio at the present time
  sellkit gateway --at 2025-11-28T12:59:30 --speed 60    a half day's close, sixty times as fast
  sellkit gateway --scenario mine.toml --control-port 0  your own state and faults, to be steered
  sellkit gateway ctl drop                               from elsewhere: reset every connection
  sellkit gateway reference faults                       which faults a scenario can play
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags; `--host` and `--port` are there already."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _DETAILS
    parser.add_argument(
        "--scenario",
        type=Path,
        metavar="FILE",
        help="TOML or JSON file with accounts, positions, symbols, orders, habits and faults; "
        "`sellkit gateway reference` explains its keys (default: a small portfolio)",
    )
    parser.add_argument(
        "--bars",
        action="append",
        default=[],
        metavar="SIZE=DIR",
        help="replay the SYMBOL.parquet files of a folder, as 30m=DIR or 1d=DIR; may be repeated "
        "(default: prices are made up)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="of the made-up prices (default: the scenario's, or 1)",
    )
    _add_clock(parser)
    _add_control(parser)
    _add_forms(parser)


def _add_clock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clock",
        choices=("wall", "virtual"),
        help="whose time the gateway tells (default: wall; virtual with --at or --speed)",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="start of the virtual clock, as 2025-11-28T13:00:05; New York time without a zone "
        "(default: now)",
    )
    parser.add_argument(
        "--speed",
        type=float,
        metavar="N",
        help="virtual seconds in a real one; 0 stands still (default: 1)",
    )


def _add_control(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--control-port",
        type=int,
        metavar="N",
        help="also listen for `sellkit gateway ctl` on this port, 0 for a free one (default: no)",
    )
    parser.add_argument(
        "--control-file",
        type=Path,
        metavar="FILE",
        help="where the control port and its token are written, for nobody else to read "
        "(default: data/gateway-control.json)",
    )


def _add_forms(parser: argparse.ArgumentParser) -> None:
    forms = parser.add_subparsers(dest="form", metavar="FORM", title="other forms")
    for name, form in _FORMS.items():
        sub = forms.add_parser(name, help=form.HELP, description=form.HELP, allow_abbrev=False)
        form.add_arguments(sub)
    # Not before: the forms take their own usage from it.
    parser.usage = _USAGE


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Raises
    ------
    ConfigError
        A flag or the scenario cannot be used, or the port is in use.
    DataError
        The folders to replay cannot be read, or the time lies outside the calendars.
    """
    if args.form is not None:
        return _FORMS[args.form].run(args)
    replay = _replay(args.bars)

    from sellkit.core.market_time import calendar_for
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.market import Market
    from sellkit.simgateway.scenario_file import load_scenario

    clock = _clock(args)
    scenario = load_scenario(args.scenario)
    market = Market.of(scenario, args.seed, replay)
    for exchange in {listing.exchange for listing in scenario.listings()}:
        # Else a time that no calendar reaches would show in the middle of a client's request.
        calendar_for(exchange).on(clock.now().date())
    gateway = Gateway(
        scenario,
        market=market,
        clock=clock,
        host=args.host or _DEFAULT_HOST,
        port=_DEFAULT_PORT if args.port is None else args.port,
        control_port=args.control_port,
    )
    _serve(gateway, gateway_ctl.control_file(args))
    return 0


def _serve(gateway: Gateway, control_file: Path) -> None:
    from sellkit.simgateway.control_file import remove_address, write_address
    from sellkit.simgateway.server import serve_forever

    def on_ready(gateway: Gateway) -> None:
        if gateway.control is not None:
            write_address(control_file, gateway.control.address)
        _say_ready(gateway, control_file)

    try:
        serve_forever(gateway, on_ready)
    finally:
        if gateway.control is not None:
            remove_address(control_file, gateway.control.address)


def _replay(bars: list[str]) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for item in bars:
        size, equals, folder = item.partition("=")
        if not (size and equals and folder):
            raise ConfigError(f"--bars {item!r} must be a bar size and a folder, as 30m=DIR")
        if size in folders:
            raise ConfigError(f"--bars gives two folders for {size}")
        if not Path(folder).is_dir():
            raise ConfigError(f"--bars {item!r}: there is no folder {folder}")
        folders[size] = Path(folder)
    return folders


def _clock(args: argparse.Namespace) -> Clock:
    from sellkit.simgateway.clock import VirtualClock, WallClock, parse_instant

    is_set = args.at is not None or args.speed is not None
    if args.clock == "wall" and is_set:
        raise ConfigError("--at and --speed set a virtual clock; leave out --clock wall")
    if args.clock != "virtual" and not is_set:
        return WallClock()
    start = WallClock().now() if args.at is None else parse_instant(args.at)
    return VirtualClock(start, 1.0 if args.speed is None else args.speed)


def _say_ready(gateway: Gateway, control_file: Path) -> None:
    from sellkit.simgateway.clock import stamp

    now = stamp(gateway.clock.now())
    control = ""
    if gateway.control is not None:
        address = gateway.control.address
        control = f", control {address.host}:{address.port} with the token in {control_file}"
    print(
        f"simulated gateway ready: {gateway.host}:{gateway.port}, account {gateway.account}, "
        f"clock {now} ({gateway.clock.describe()}){control}",
        flush=True,
    )
