"""The channels that alerts go out over: what leads there, how each stands, and a test of it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.adapters.notify import UrlNotifier
    from sellkit.config import Settings
    from sellkit.core.outbox import Channel

FAILED: Final = "it FAILED the last time"


def channels(settings: Settings) -> tuple[Channel, ...]:
    """The channels of the settings, in their order."""
    from sellkit.core.outbox import Channel

    return tuple(Channel(alias, level) for alias, level in settings.file.alerts.channels.items())


def open_notifier(settings: Settings) -> UrlNotifier:
    """What sends, with the addresses in this process's reach; one that is amiss stops no other."""
    from sellkit.adapters.notify import UrlNotifier, variable
    from sellkit.config.secret import read_secret

    urls: dict[str, str] = {}
    troubles: dict[str, str] = {}
    for alias in settings.file.alerts.channels:
        try:
            urls[alias] = read_secret(variable(alias)) or ""
        except ConfigError as error:
            troubles[alias] = str(error)
    return UrlNotifier(urls, settings.data_dir, troubles)


def speaker(settings: Settings) -> str:
    """Who speaks in a message: several profiles may use the same channel."""
    return f"sellkit {settings.profile}"


def try_channel(settings: Settings, channel: str) -> None:
    """Send a message that says that it is a test, at once.

    Raises
    ------
    ConfigError
        The channel's address is not set, or none that can be used.
    NotTold
        It did not take the message.
    """
    from sellkit.core.alerts import Level
    from sellkit.core.message import Message

    notifier = open_notifier(settings)
    notifier.check(channel)
    level = settings.file.alerts.channels[channel]
    body = f"This is a test of the channel {channel}: it tells what is {level} or louder."
    notifier.tell(channel, Message(Level.INFO, f"{speaker(settings)}: a test", body))


def failing_channels(settings: Settings) -> list[str]:
    """A line for each channel that failed the last time."""
    return [each for each in channel_lines(settings) if FAILED in each]


def channel_lines(settings: Settings) -> Iterator[str]:
    """How each channel stands: what waits, and why it failed the last time."""
    from sellkit.wiring.parts import open_journal

    path = settings.data_dir / "journal.sqlite"
    with closing(open_journal(settings)) as journal:
        for channel in channels(settings):
            outbox, alias = journal.outbox, channel.alias
            is_there = path.exists()
            waiting = outbox.waiting(alias) if is_there and outbox.has_joined(alias) else ()
            loud = [each for each in waiting if each.level.is_at_least(channel.level)]
            trouble = outbox.trouble(alias)
            told = f"channel {alias} ({channel.level} or louder): {len(loud)} not told yet"
            yield f"{told}; {FAILED}: {trouble}" if trouble else told


def every_alert(settings: Settings) -> Iterator[str]:
    """Every alert of the journal in a line, oldest first, with what became of it."""
    from sellkit.wiring.parts import open_journal

    with closing(open_journal(settings)) as journal:
        for each in journal.outbox.all():
            state = "over" if each["over_at"] else "open"
            told = f"; told over {each['told']}" if each["told"] else ""
            at = f"{dt.datetime.fromisoformat(str(each['at'])):%Y-%m-%d %H:%M:%S} UTC"
            yield f"#{each['number']} {at}, {each['kind']}, {state}{told}: {each['text']}"
