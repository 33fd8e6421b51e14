"""Logging, configured once: events with fields to one JSON file, warnings to the terminal.

Modules log with `logging.getLogger(__name__)`, the event's name first and the fields in `extra`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

# Libraries whose lines belong into the file, not on the terminal. The gateway's client is not among
# them: its adapter forwards what matters, without the account numbers that stand in its lines.
_LIBRARIES: Final = ("papermill", "nbclient", "asyncio")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, run id and the event's own fields."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

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
        return json.dumps(event, default=str)


class OneLine(logging.Formatter):
    """For a person: level, event and fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of text."""
        items = vars(record).items()
        shown = (f"{name}={value}" for name, value in items if name not in _STANDARD)
        return " ".join([f"{record.levelname.lower()}: {record.getMessage()}", *shown])


def configure(folder: Path, run_id: str = "", *, is_quiet: bool = False) -> None:
    """Send sellkit's events to `folder/sellkit.jsonl`, and errors to standard error, too.

    Calling it again replaces what it set up before.

    Parameters
    ----------
    is_quiet
        Nothing to standard error: the terminal holds a picture that lines would tear.

    Raises
    ------
    ConfigError
        The folder cannot be written to.
    """
    path = folder / "sellkit.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        to_file = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"the log {path} cannot be written: {error.strerror}; give another --log-dir"
        ) from error
    to_file.setFormatter(JsonLines(run_id))
    to_person = logging.StreamHandler(sys.stderr)
    to_person.setFormatter(OneLine())
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
