"""Logging, configured once: events with fields to one JSON file, warnings to the terminal.

Modules log with `logging.getLogger(__name__)`, the event's name first and the fields in `extra`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.core.redaction import Redaction
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "sellkit.jsonl"
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

# Libraries whose lines belong into the file, not on the terminal. The gateway's client is not among
# them: its adapter forwards what matters, without the account numbers that stand in its lines.
_LIBRARIES: Final = ("papermill", "nbclient", "asyncio")


class Lines(Protocol):
    """Where lines go, several processes' at once."""

    def append(self, data: bytes) -> None:
        """Add whole lines at the end, or raise OSError."""
        ...


class PlainFile:
    """Lines in one file that only grows.

    Parameters
    ----------
    path
        Made by the first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, data: bytes) -> None:
        """Add whole lines at the end."""
        with self._path.open("ab", buffering=0) as file:
            file.write(data)


class LineHandler(logging.Handler):
    """Writes each record as one line, at once."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record; one that cannot be written is told on standard error."""
        try:
            self._lines.append(f"{self.format(record)}\n".encode())
        except (OSError, ValueError, TypeError):
            self.handleError(record)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, run id and the event's own fields."""

    def __init__(self, run_id: str, hide: Callable[[str], str] = str) -> None:
        super().__init__()
        self._run_id = run_id
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        when = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        event: dict[str, object] = {
            "timestamp": when,
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            "run_id": self._run_id,
        }
        event |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return self._hide(json.dumps(event, default=str))


class OneLine(logging.Formatter):
    """For a person: level, event and fields."""

    def __init__(self, hide: Callable[[str], str] = str) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of text."""
        items = vars(record).items()
        shown = (f"{name}={value}" for name, value in items if name not in _STANDARD)
        return self._hide(" ".join([f"{record.levelname.lower()}: {record.getMessage()}", *shown]))


def configure(
    folder: Path,
    run_id: str = "",
    *,
    is_quiet: bool = False,
    lines: Lines | None = None,
    hide: Callable[[str], str] | None = None,
) -> None:
    """Send sellkit's events to `folder/sellkit.jsonl`, and errors to standard error, too.

    Calling it again replaces what it set up before.

    Parameters
    ----------
    is_quiet
        Nothing to standard error: the terminal holds a picture that lines would tear.
    lines
        Where they go instead of a plain file.
    hide
        What takes account numbers and secrets out of a line; left out, what looks like a number.

    Raises
    ------
    ConfigError
        The folder cannot be written to.
    """
    path = folder / NAME
    hide = hide or Redaction()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise ConfigError(
            f"the log {path} cannot be written: {error.strerror}; give another --log-dir"
        ) from error
    to_file = LineHandler(lines or PlainFile(path))
    to_file.setFormatter(JsonLines(run_id, hide))
    to_person = logging.StreamHandler(sys.stderr)
    to_person.setFormatter(OneLine(hide))
    to_person.setLevel(logging.ERROR)
    _replace("sellkit", [to_file] if is_quiet else [to_file, to_person], logging.INFO)
    for name in _LIBRARIES:
        _replace(name, [to_file], logging.WARNING)


def _replace(name: str, handlers: list[logging.Handler], level: int) -> None:
    logger = logging.getLogger(name)
    kept = set(handlers)
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        if old not in kept:
            old.close()
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
