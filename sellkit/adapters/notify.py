"""Sends messages by apprise, or into a file; where they go is a secret that is never repeated."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sellkit.adapters.secret_address import without_secrets
from sellkit.core.alerts import Level
from sellkit.errors import ConfigError, NotTold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sellkit.core.outbox import Message

FILE: Final = "file:"
MISSING: Final = "apprise is not installed: `pip install 'sellkit[alerts]'`"
_TYPES: Final = {Level.INFO: "info", Level.WARNING: "warning", Level.CRITICAL: "failure"}


class UrlNotifier:
    """The `Notifier` of channels that are addresses.

    A `file:` address appends a line of JSON for each message; all others are apprise's.

    Parameters
    ----------
    urls
        The address of each channel; "" where none is set.
    folder
        That a `file:` address without a folder lies in.
    """

    def __init__(self, urls: Mapping[str, str], folder: Path) -> None:
        self._urls = dict(urls)
        self._folder = folder

    def tell(self, channel: str, message: Message) -> None:
        """Send a message; when this returns, the channel has taken it.

        Raises
        ------
        NotTold
            It has not, or nobody knows; the error repeats no part of the address.
        """
        url = self._urls.get(channel, "")
        if not url:
            raise NotTold(f"the channel {channel} has no address: set {variable(channel)}")
        if url.startswith(FILE):
            self._append(channel, url, message)
            return
        reasons = _send(channel, url, message)
        if reasons is not None:
            told = without_secrets("; ".join(reasons), [url])
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
            raise ConfigError(f"the channel {channel} has no address: set {variable(channel)}")
        if url.startswith(FILE):
            return
        try:
            import apprise  # noqa: PLC0415  (an extra, and slow to load)
        except ImportError:
            raise ConfigError(f"the channel {channel} cannot be used: {MISSING}") from None
        with _heard():
            is_known = apprise.Apprise().add(url)
        if not is_known:
            raise ConfigError(
                f"the address in {variable(channel)} is none that apprise knows: see the README's "
                "section on alerts for the forms"
            )

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
        is_taken = post.notify(
            body=message.body,
            title=message.title,
            notify_type=apprise.NotifyType(_TYPES[message.level]),
            body_format=apprise.NotifyFormat.TEXT,
        )
    return None if is_taken else said


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise says meanwhile, which holds addresses: it reaches no log of this process."""
    said: list[str] = []
    logger = logging.getLogger("apprise")
    handler = _Listener(said)
    logger.addHandler(handler)
    former, logger.propagate = logger.propagate, False
    try:
        yield said
    finally:
        logger.propagate = former
        logger.removeHandler(handler)


class _Listener(logging.Handler):
    """Keeps what is said of warnings and worse."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._said.append(record.getMessage())
