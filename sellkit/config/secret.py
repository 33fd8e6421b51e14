"""Secrets: from the environment, the service manager, or a folder that only its owner can read.

A secret is read where it is used and stands in no setting. Of `SELLKIT_LIVE_SECRET` the file is
called `live_secret`; so for each other one.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER: Final = "SELLKIT_SECRETS_DIR"
"""The variable that names another folder than the usual one."""
SERVICE: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd lays what a unit's `LoadCredential=` names (systemd.exec, Credentials)."""

_PREFIX: Final = "SELLKIT_"
_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9_]*")
_OF_ENVIRONMENT: Final = re.compile(r"SELLKIT_(LIVE_SECRET|ALERT_[A-Z0-9_]+)")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE: Final = stat.S_IWGRP | stat.S_IWOTH
_LONGEST: Final = 65_536


def live_secret(environment: Mapping[str, str] = os.environ) -> str | None:
    """The value of `SELLKIT_LIVE_SECRET`, or of the file `live_secret`; None where neither is."""
    return read_secret("LIVE_SECRET", environment)


def read_secret(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """A secret by its name, without the blanks around it; None where there is none.

    The variable `SELLKIT_<NAME>` comes first, then the file `<name>` among the credentials of the
    service manager, then that in the secrets folder: `SELLKIT_SECRETS_DIR`, or else
    `~/.config/sellkit/secrets`.

    Parameters
    ----------
    name
        `LIVE_SECRET` or `ALERT_PHONE`, in capitals or not, with `SELLKIT_` before it or not.

    Raises
    ------
    ConfigError
        The name is none, or others could read or exchange the file; the secret is not told.
    """
    known = name.strip().upper().removeprefix(_PREFIX)
    if not _NAME.fullmatch(known):
        raise ConfigError(f"{name!r} is no name of a secret: write capitals, digits and _")
    told = environment.get(f"{_PREFIX}{known}", "").strip()
    if told:
        return told
    for folder in _folders(environment):
        text = folder.read(known.lower())
        if text:
            return text
    return None


def is_secret(variable: str) -> bool:
    """Whether a variable of this name holds a secret, and so is no setting."""
    return _OF_ENVIRONMENT.fullmatch(variable) is not None


def secrets_in_reach(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Every secret that this process could read: what no log may hold. A refused one is left out.

    Each line of a file counts by itself as well.
    """
    found = {text for name, text in environment.items() if _OF_ENVIRONMENT.fullmatch(name) and text}
    for folder in _folders(environment):
        found |= {text for _, text in folder.secrets()}
    lines = {line.strip() for text in found for line in text.splitlines()}
    return frozenset({each.strip() for each in found} | lines) - {""}


def secrets_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder for secrets, whether it is there or not."""
    named = environment.get(FOLDER, "").strip()
    if named:
        return Path(named).expanduser()
    base = Path(environment.get("XDG_CONFIG_HOME") or "")
    return (base if base.is_absolute() else Path.home() / ".config") / "sellkit" / "secrets"


def secret_places(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """By name where each secret is found first; nothing of what it is, and no refused one."""
    found = {
        name.removeprefix(_PREFIX).lower(): name
        for name, text in sorted(environment.items())
        if _OF_ENVIRONMENT.fullmatch(name) and text.strip()
    }
    for folder in _folders(environment):
        for name, _ in folder.secrets():
            found.setdefault(name, str(folder.path / name))
    return found


def secret_troubles(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Why secrets in the folders are refused, a sentence each."""
    found = []
    for folder in _folders(environment):
        for name in folder.names():
            try:
                folder.read(name)
            except ConfigError as error:
                found.append(str(error))
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of secrets; `is_managed` where the service manager guards it."""

    path: Path
    is_managed: bool

    def names(self) -> list[str]:
        try:
            return sorted(each.name for each in self.path.iterdir() if each.is_file())
        except OSError:
            return []

    def secrets(self) -> Iterator[tuple[str, str]]:
        """Each one that is not refused, by its name."""
        for name in self.names():
            with suppress(ConfigError):
                text = self.read(name)
                if text:
                    yield name, text

    def read(self, name: str) -> str | None:
        path = self.path / name
        try:
            with path.open("rb") as file:
                self._refuse_open(path, os.fstat(file.fileno()))
                text = file.read(_LONGEST).decode("utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = type(error).__name__ if isinstance(error, ValueError) else error.strerror
            raise ConfigError(f"the secret {path} cannot be read ({reason})") from None
        return text or None

    def _refuse_open(self, path: Path, found: os.stat_result) -> None:
        """See that nobody else can read the file, or put another one in its place."""
        if sys.platform == "win32":
            return  # its rights are no mode bits
        around = self.path.stat()
        # The system's own folder, as a container's /run/secrets, may be looked into by all.
        is_systems = self.is_managed or around.st_uid != os.getuid()
        if around.st_mode & (_WRITABLE if is_systems else _OTHERS):
            raise ConfigError(
                f"the folder {self.path} is open to others ({_mode(around)}), and what it holds "
                f"is secret: chmod 700 {self.path}"
            )
        # systemd lets a unit's user read by an access list, which shows as the group's bits.
        allowed = stat.S_IRGRP if self.is_managed else 0
        if found.st_mode & _OTHERS & ~allowed:
            raise ConfigError(
                f"the secret {path} can be read by others ({_mode(found)}): chmod 600 {path}"
            )


def _folders(environment: Mapping[str, str]) -> Iterator[_Folder]:
    managed = environment.get(SERVICE, "").strip()
    if managed:
        yield _Folder(Path(managed), is_managed=True)
    yield _Folder(secrets_folder(environment), is_managed=False)


def _mode(found: os.stat_result) -> str:
    return f"mode {stat.S_IMODE(found.st_mode):03o}"
