"""`sellkit demo`: one hourly run on a simulated gateway, from nothing to decisions."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.commands.run import print_result
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from sellkit.config import Overrides
    from sellkit.simgateway.gateway import Gateway

HELP = "show one hourly run on a simulated gateway; needs no account and touches only data/demo"

# A Wednesday, twenty seconds after 11:00 in New York: the bar from 10:00 to 11:00 has just closed.
MOMENT: Final = dt.datetime(2026, 6, 10, 15, 0, 20, tzinfo=dt.UTC)

FIRST_LINE: Final = "# Made by `sellkit demo`, anew each time.\n"
SETTINGS: Final = (
    FIRST_LINE
    + """\
profile = "demo"

[accounts]
demo = "DU0000001"

[assignments]
default = "SMA 20 1H"

[bars]
late_seconds = 0.0 # the clock stands still: a bar that is missing does not come

[paths]
data = {data}

[profiles.demo]
port = {port}
clock = "broker"
assignments = {assignments}
"""
)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """The command has no flags of its own."""


def run(args: argparse.Namespace) -> int:
    """Start a gateway, run the hour, show table and decisions, stop everything."""
    from sellkit.simgateway.clock import VirtualClock
    from sellkit.simgateway.scenario_file import load_scenario
    from sellkit.simgateway.server import serve

    folder = _fresh_folder(Path(args.data_dir or "data").resolve() / "demo")
    here = Path(__file__).parent
    scenario = shutil.copy(here / "demo_scenario.toml", folder / "scenario.toml")
    shutil.copy(here / "demo_assigned_ma.csv", folder / "assigned_ma.csv")
    with serve(
        load_scenario(Path(scenario)),
        clock=VirtualClock(MOMENT),
        host=args.host or "127.0.0.1",
        port=args.port or 0,
    ) as gateway:
        print(
            f"simulated gateway on {gateway.host}:{gateway.port}, time {MOMENT:%Y-%m-%d %H:%M} UTC"
        )
        _show(_settings(args, folder, gateway))
        print(f"orders that the gateway received: {len(gateway.exchange.placed_orders)}")
    return 0


def _show(chosen: Overrides) -> None:
    from sellkit.present import terminal
    from sellkit.wiring import open_desk, run_notebook, terminal_progress

    result = run_notebook(chosen)
    with open_desk(overrides=chosen, progress=terminal_progress()) as desk:
        desk.bring_up_to_date()
        decision = desk.decide()
        terminal.print_status(decision.rows, desk.heading())
    print_result(result)


def _settings(args: argparse.Namespace, folder: Path, gateway: Gateway) -> Overrides:
    """Everything that says where and who is set, so that no variable can lead out of the demo."""
    from dataclasses import replace  # slow to load, and every `--help` reads this module

    from sellkit.commands.flags import overrides

    path = folder / "sellkit.toml"
    text = SETTINGS.format(
        data=json.dumps(str(folder.parent)),
        port=gateway.port,
        assignments=json.dumps(str(folder / "assigned_ma.csv")),
    )
    path.write_text(text, encoding="utf-8")
    return replace(
        overrides(args),
        config=str(path),
        profile="demo",
        host=gateway.host,
        port=gateway.port,
        account="demo",
        data_dir=str(folder.parent),
        log_dir=args.log_dir or str(folder / "logs"),
    )


def _fresh_folder(folder: Path) -> Path:
    """An empty folder for the demo; what a simulated gateway and its runs left there is removed.

    Raises
    ------
    ConfigError
        The folder holds something else, or cannot be written to.
    """
    try:
        if folder.is_dir() and any(folder.iterdir()) and not _is_simulated(folder):
            raise ConfigError(
                f"{folder} holds data of a real gateway, or something that no demo made; move it "
                "away, or give another --data-dir"
            )
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"the demo cannot write to {folder}: {reason}; give another --data-dir"
        ) from error
    return folder


def _is_simulated(folder: Path) -> bool:
    """Whether the stamp says so, or, when a demo ended before there was one, its settings do."""
    from sellkit.adapters.origin_stamp import OriginStamp
    from sellkit.core.portfolio import GatewayKind

    stamp, settings = OriginStamp(folder), folder / "sellkit.toml"
    if stamp.exists():
        origin = stamp.read()
        return origin is not None and origin.gateway is GatewayKind.SIMULATED
    return settings.is_file() and settings.read_bytes().startswith(FIRST_LINE.encode())
