"""Sends messages by apprise, or into a file; where they go is a secret that is never repeated."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sellkit.adapters.desktop import show
from sellkit.adapters.secret_address import without_secrets
from sellkit.core.alerts import Level
from sellkit.errors import ConfigError, NotTold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sellkit.core.message import Message

FILE: Final = "file:"
_DESKTOPS: Final = ("desktop:", "desktop://")
_OF_SYSTEM: Final = {"darwin": "macosx://", "win32": "windows://"}
"""How apprise reaches the desktop; on Linux that needs what no package index has ready."""

MISSING: Final = "apprise is not installed: `pip install 'sellkit[alerts]'`"
_TYPES: Final = {Level.INFO: "info", Level.WARNING: "warning", Level.CRITICAL: "failure"}


class UrlNotifier:
    """The `Notifier` of channels that are addresses.

    A `file:` address appends a line of JSON for each message, and `desktop:` shows it on this
    machine's screen; all others are apprise's.

    Parameters
    ----------
    urls
        The address of each channel; "" where none is set.
    folder
        That a `file:` address without a folder lies in.
    troubles
        Why the addresses of some channels could not be read, in words without any secret.
    """

    def __init__(
        self, urls: Mapping[str, str], folder: Path, troubles: Mapping[str, str] | None = None
    ) -> None:
        self._urls = dict(urls)
        self._folder = folder
        self._troubles = dict(troubles or {})

    def tell(self, channel: str, message: Message) -> None:
        """Send a message; when this returns, the channel has taken it.

        Raises
        ------
        NotTold
            It has not, or nobody knows; the error repeats no part of the address.
        """
        url = self._urls.get(channel, "")
        if not url:
            raise NotTold(self._lacking(channel))
        if url.startswith(FILE):
            self._append(channel, url, message)
            return
        if url in _DESKTOPS and sys.platform not in _OF_SYSTEM:
            show(message)
            return
        url = _OF_SYSTEM.get(sys.platform, url) if url in _DESKTOPS else url
        reasons = _send(channel, url, message)
        if reasons is not None:
            told = without_secrets("; ".join(reasons), [url, *self._urls.values()])
            raise NotTold(f"the channel {channel} did not take it: {told or 'no reason is given'}")

    def check(self, channel: str) -> None:
        """See that a channel's address can be used; nothing is sent.

        Raises
        ------
        ConfigError
            It is not set, or none that apprise knows, or apprise is not installed.
        """
        url = self._urls.get(channel, "")
        if not url:
            raise ConfigError(self._lacking(channel))
        if url.startswith(FILE) or url in _DESKTOPS:
            return
        try:
            import apprise  # noqa: PLC0415  (an extra, and slow to load)
        except ImportError:
            raise ConfigError(f"the channel {channel} cannot be used: {MISSING}") from None
        with _heard():
            is_known = apprise.Apprise().add(url)
        if not is_known:
            raise ConfigError(
                f"the address in {variable(channel)} is none that apprise knows, or it lacks what "
                "it needs for it: see the README's section on alerts for the forms"
            )

    def _lacking(self, channel: str) -> str:
        trouble = self._troubles.get(channel) or f"set {variable(channel)}"
        return f"the channel {channel} has no address: {trouble}"

    def _append(self, channel: str, url: str, message: Message) -> None:
        path = self._folder / Path(unquote(url.removeprefix(FILE).removeprefix("//")))
        line = json.dumps(
            {
                "level": str(message.level),
                "title": message.title,
                "body": message.body,
                "alerts": [each.number for each in message.alerts],
            }
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise NotTold(
                f"the file of the channel {channel} cannot be written: {reason}"
            ) from None


def variable(channel: str) -> str:
    """The name of the variable, or file among the secrets, that holds a channel's address."""
    return f"SELLKIT_ALERT_{channel.upper()}"


def _send(channel: str, url: str, message: Message) -> list[str] | None:
    """Send by apprise; None when it was taken, else what the library said."""
    try:
        import apprise  # noqa: PLC0415  (an extra, and slow to load)
    except ImportError:
        raise NotTold(f"the channel {channel} cannot be used: {MISSING}") from None
    with _heard() as said:
        post = apprise.Apprise()
        if not post.add(url):
            return ["its address is none that apprise knows"]
        for each in post:
            # What is too long for a provider goes in parts; the address may say otherwise.
            vars(each).setdefault("overflow_mode", apprise.OverflowMode.SPLIT)
        try:
            is_taken = post.notify(
                body=message.body,
                title=message.title,
                notify_type=apprise.NotifyType(_TYPES[message.level]),
                body_format=apprise.NotifyFormat.TEXT,
            )
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            return [type(error).__name__]  # of one of its many plugins; the text may hold anything
    return None if is_taken else said


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise says meanwhile, on whichever thread.

    Its lines hold addresses, and so do those of what it sends by: from now on they reach no log of
    this process. Not only meanwhile, as another thread may still be sending.
    """
    said: list[str] = []
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    handler = _Listener(said)
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


class _Listener(logging.Handler):
    """Keeps what is said of warnings and worse."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._said.append(record.getMessage())
