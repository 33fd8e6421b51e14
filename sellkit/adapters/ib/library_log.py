"""What the libraries log: kept off the terminal, and brought to sellkit's log where it matters.

ib_insync logs each error that it also raises, and whole messages with account numbers in them. Here
its loggers get an end of their own: what nobody else would hear of goes on as a warning, without
the message's content; the rest stops.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

_LIBRARIES: Final = ("ib_insync", "eventkit")
_DECODER: Final = "ib_insync.Decoder"
_MESSAGE_ID: Final = re.compile(r"\['(\d+)'")
# The library does not say whose handler it was, so every connection of the process is told.
_told_of_failures: Final[set[Callable[[], None]]] = set()


class _Forwarder(logging.Handler):
    """Passes on undecodable messages, and errors that an event handler raised."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            return
        if record.name == _DECODER:
            logger.warning("message_unreadable", extra=_fields(record))
        elif record.name.startswith("eventkit"):
            logger.warning("event_handler_failed", extra=_fields(record))
            for tell in tuple(_told_of_failures):
                tell()


class _Notifier(logging.Handler):
    """Tells that a record came."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        logger.warning("message_unreadable", extra=_fields(record))
        self._tell()


def hear_libraries() -> None:
    """Take over the libraries' loggers; a second call does nothing."""
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.propagate = False
        if not any(isinstance(handler, _Forwarder) for handler in library.handlers):
            library.addHandler(_Forwarder())


def hear_failures(tell: Callable[[], None]) -> None:
    """Call this whenever an event handler failed, on the thread on which it did."""
    _told_of_failures.add(tell)


def ignore_failures(tell: Callable[[], None]) -> None:
    """Call this no more."""
    _told_of_failures.discard(tell)


def decoder_logger(tell: Callable[[], None]) -> logging.Logger:
    """A logger for one connection's decoder, which tells of each message that it cannot read."""
    private = logging.Logger(_DECODER, logging.ERROR)  # noqa: LOG001  no part of the tree: nobody else listens
    private.addHandler(_Notifier(tell))
    return private


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """The kind of error and of message, without the content: that may hold an account number."""
    error = record.exc_info[1] if record.exc_info else None
    found = _MESSAGE_ID.search(record.getMessage()) if record.name == _DECODER else None
    return {
        "library": record.name,
        "error": type(error).__name__ if error is not None else None,
        "message_id": int(found[1]) if found else None,
    }
