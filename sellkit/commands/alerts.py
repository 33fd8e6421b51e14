"""`sellkit alerts`: what a person has to hear of, the channels, and a test of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.core.counting import counted
from sellkit.errors import ConfigError, SellkitError

if TYPE_CHECKING:
    import argparse

    from sellkit.config import Settings

HELP = "look after alerts: list, test the channels that tell them, deliver what waits"
_ACTIONS = {
    "list": "what is open, and how each channel stands",
    "test": "send a message over each channel, or over one; 1 when one does not take it",
    "deliver": "tell what has not been told, and end; for a timer",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", choices=tuple(_ACTIONS), help=told)
    parser.add_argument("channel", nargs="?", default="", help="for test: only this one")
    parser.add_argument("--all", action="store_true", help="for list: what is over, too")


def run(args: argparse.Namespace) -> int:
    """0, or 1 when a channel did not take what it was given."""
    from sellkit.config import load
    from sellkit.wiring.log import open_log

    if args.channel and args.action != "test":
        raise ConfigError(f"a channel is named for a test alone: {args.action} {args.channel}")
    settings = load(overrides(args))
    open_log(settings)
    if args.action == "list":
        return _list(settings, is_all=args.all)
    if args.action == "test":
        return _test(settings, args.channel)
    return _deliver(settings)


def _list(settings: Settings, *, is_all: bool) -> int:
    from sellkit.present.alerts import alert_lines
    from sellkit.wiring.alerts import open_alerts
    from sellkit.wiring.channels import channel_lines, every_alert

    if is_all:
        for line in every_alert(settings):
            print(line)
    else:
        found = list(alert_lines(open_alerts(settings)))
        for line in found or ["no alert is open"]:
            print(line)
    for line in channel_lines(settings):
        print(line)
    if not settings.file.alerts.channels:
        print(
            "no channel is set in [alerts.channels]: alerts go to the log and to `sellkit status`"
        )
    return 0


def _test(settings: Settings, only: str) -> int:
    from sellkit.wiring.channels import try_channel

    known = list(settings.file.alerts.channels)
    if not known:
        raise ConfigError(
            'no channel is set: [alerts.channels] takes a line as phone = "warning", and its '
            "address stands in SELLKIT_ALERT_PHONE"
        )
    if only and only not in known:
        raise ConfigError(f"there is no channel {only!r}; the settings have {', '.join(known)}")
    failed = 0
    for channel in [only] if only else known:
        try:
            try_channel(settings, channel)
        except SellkitError as error:
            failed = max(failed, error.exit_code)
            print(f"sellkit alerts: {error}", file=sys.stderr)
        else:
            print(f"{channel}: told; see that it arrived")
    return failed


def _deliver(settings: Settings) -> int:
    from sellkit.wiring.channels import channel_lines
    from sellkit.wiring.courier import deliver

    if not settings.file.alerts.channels:
        raise ConfigError("no channel is set in [alerts.channels]: there is nobody to tell")
    found = deliver(settings)
    if found.is_elsewhere:
        print("another process of this profile is telling them")
        return 0
    print(f"{counted(found.told, 'message')} told, {found.failed} failed")
    for line in channel_lines(settings):
        print(line)
    return 1 if found.failed else 0
