"""The heartbeat of a schedule, and what a watchdog has said, each as a small file."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters import durable_file
from sellkit.core.heartbeat import Heartbeat, Late
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CERTAIN: Final = {"at", "due"}
_TIMES: Final = _CERTAIN | {"last_due", "next_due"}
_REMEDY: Final = "allow sellkit to write there"


class HeartbeatFile:
    """`heartbeat.json` in a profile's folder: whole at every instant.

    Parameters
    ----------
    folder
        The profile's.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "heartbeat.json"

    def read(self) -> Heartbeat | None:
        """The last one; None when there is none, or none that can be read."""
        found = _read(self.path)
        try:
            return None if found is None else Heartbeat(**_known(found, Heartbeat))
        except (TypeError, ValueError):
            return None

    def beat(self, said: Mapping[str, Any]) -> Heartbeat:
        """Write it anew, with what was said before in the place of what is not said now.

        Raises
        ------
        ConfigError
            The folder cannot be written to.
        """
        with self._alone():
            former = self.read()
            beat = Heartbeat(**said) if former is None else replace(former, **said)
            durable_file.replace(self.path, _written(asdict(beat)))
        return beat

    @contextmanager
    def _alone(self) -> Iterator[None]:
        folder = self.path.parent
        with durable_file.writing(folder, _REMEDY):
            durable_file.make_folder(folder)
            with durable_file.locked(self.path.with_name(".heartbeat.lock")):
                yield


class WatchdogFile:
    """`watchdog.json` in a profile's folder: what is late, and who was told of it.

    A disk that is full or broken may be what stops a schedule, and then it must not silence the
    watchdog: what cannot be written is remembered by this object alone, and `trouble` says so.

    Parameters
    ----------
    folder
        The profile's.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "watchdog.json"
        self.trouble: ConfigError | None = None
        self._unwritten: tuple[Late | None, Mapping[str, str]] | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Only one watchdog looks at a time, where the folder can be written to.

        Raises
        ------
        ConfigError
            Another one looks for too long.
        """
        self.trouble = None
        with ExitStack() as stack:
            try:
                durable_file.make_folder(self.path.parent)
                stack.enter_context(durable_file.locked(self.path.with_name(".watchdog.lock")))
            except OSError as error:
                self._fail(error)
            yield

    def read(self) -> tuple[Late | None, Mapping[str, str]]:
        """What was found to be late, and by channel how far telling of it came."""
        if self._unwritten is not None:
            return self._unwritten
        found = _read(self.path) or {}
        try:
            late = found.get("late")
            told = {str(name): str(each) for name, each in dict(found.get("told", {})).items()}
            return (None if late is None else Late(**_known(late, Late))), told
        except (TypeError, ValueError, AttributeError):
            return None, {}

    def write(self, late: Late | None, told: Mapping[str, str]) -> None:
        """Keep it; on the disk when this returns, unless there is `trouble`."""
        known = None if late is None else asdict(late)
        try:
            durable_file.replace(self.path, _written({"late": known, "told": dict(told)}))
        except OSError as error:
            self._fail(error)
            self._unwritten = late, dict(told)
        else:
            self._unwritten = None

    def _fail(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        self.trouble = ConfigError(f"{self.path.parent} cannot be written ({reason}): {_REMEDY}")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # as good as none: that is an alarm as well
        return None
    return found if isinstance(found, dict) else None


def _known(found: Mapping[str, Any], kind: type[Heartbeat | Late]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: _value(name, value) for name, value in found.items() if name in names}


def _value(name: str, value: object) -> object:
    if name not in _TIMES or (value is None and name not in _CERTAIN):
        return value
    at = dt.datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError(f"{name} is of no zone")
    return at


def _written(facts: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(facts, indent=1, default=lambda each: each.isoformat())}\n".encode()
