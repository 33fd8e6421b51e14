"""Where a control channel is and what opens it, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "gateway-control.json"

_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """Where a control channel listens, and its token."""

    host: str
    port: int
    token: str


def write_address(path: Path, address: ControlAddress) -> None:
    """Write the file anew, readable and writable by its owner alone.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The mode is that of the new file from its first moment on; a name in use is refused.
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(address), file)
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(
            f"the control file {path} cannot be written: {error.strerror or error}; "
            "give another --control-file"
        ) from error


def read_address(path: Path) -> ControlAddress:
    """What the file says.

    Raises
    ------
    ConfigError
        There is none, it is no such file, or others may read it.
    """
    try:
        mode = path.stat().st_mode
        values = json.loads(path.read_text(encoding="utf-8"))
        address = ControlAddress(str(values["host"]), int(values["port"]), str(values["token"]))
    except OSError as error:
        raise ConfigError(
            f"the control file {path} cannot be read: {error.strerror or error}; start the gateway "
            "with --control-port, or give its --control-file"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} is no control file of a gateway") from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(f"others may read the control file {path}; start the gateway anew")
    return address


def remove_address(path: Path, address: ControlAddress) -> None:
    """Remove the file, unless another gateway has written its own there since."""
    with suppress(ConfigError, OSError):
        if read_address(path) == address:
            path.unlink()
