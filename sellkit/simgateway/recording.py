"""Every message in both directions, kept in memory and, on demand, in a file of JSON lines.

A line is `{"time": ..., "direction": "in", "clientId": 1, "name": "placeOrder", "fields": [...]}`;
`in` is what a client sent, `out` what it was sent, after the faults. Of a frame that was cut the
bytes stand there as `"bytes"`, in hexadecimal.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from sellkit.errors import ConfigError
from sellkit.simgateway.framing import LENGTH_BYTES, BadFrame, split
from sellkit.simgateway.kinds import Direction, kind_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path
    from typing import TextIO

_REMEMBERED: Final = 100_000

Line = dict[str, Any]


class Recorder:
    """Records messages while it is on.

    Parameters
    ----------
    now
        The gateway's clock.

    Attributes
    ----------
    is_on
        Whether messages are recorded.
    path
        The file that is written; None without one.
    """

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self.is_on = False
        self.path: Path | None = None
        self._now = now
        self._file: TextIO | None = None
        self._lines: deque[Line] = deque(maxlen=_REMEMBERED)

    def begin(self, path: Path | None = None) -> None:
        """Record from now on, behind what a file holds already.

        Raises
        ------
        ConfigError
            The file cannot be written.
        """
        self.end()
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                raise ConfigError(
                    f"the record {path} cannot be written: {error.strerror or error}; give "
                    "another file"
                ) from error
        self.path = path
        self.is_on = True

    def end(self) -> None:
        """Record nothing more; what was recorded can still be asked for."""
        self.is_on = False
        if self._file is not None:
            self._file.close()
        self._file, self.path = None, None

    def latest(self, count: int) -> list[Line]:
        """The latest messages, oldest first."""
        return list(self._lines)[-count:]

    def sent(self, client_id: int | None, frame: bytes) -> None:
        """Record a frame that goes to a client."""
        try:
            values = split(frame[LENGTH_BYTES:])
        except (BadFrame, UnicodeDecodeError):
            values = ()
        is_whole = len(frame) - LENGTH_BYTES == int.from_bytes(frame[:LENGTH_BYTES], "big")
        if is_whole and values:
            name = kind_of(Direction.OUT, values)
            self._note(Direction.OUT, client_id, {"name": name, "fields": list(values)})
        else:
            self._note(Direction.OUT, client_id, {"name": "cut", "bytes": frame.hex()})

    def came(self, client_id: int | None, name: str, values: tuple[str, ...]) -> None:
        """Record a message of a client."""
        self._note(Direction.IN, client_id, {"name": name, "fields": list(values)})

    def _note(self, direction: Direction, client_id: int | None, what: Line) -> None:
        time = self._now().isoformat()
        line = {"time": time, "direction": direction.value, "clientId": client_id, **what}
        self._lines.append(line)
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line) + "\n")
        except OSError:
            # A full disk ends the file, not the gateway.
            self._file, self.path = None, None
