"""Where each setting comes from: a default, a line of the file, a variable or a flag."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from sellkit.config import load
from sellkit.config.overrides import Overrides
from sellkit.config.schema import ProfileSettings, SettingsFile
from sellkit.config.secret import FOLDER, secret_places, secret_troubles, secrets_folder
from sellkit.config.variables import PREFIX, keys_of, said_by_variables, variable_of
from sellkit.core.redaction import abridged, is_number

if TYPE_CHECKING:
    from sellkit.config import Settings

DEFAULT: Final = "default"
_ACCOUNTS: Final = "accounts"
_FLAGS: Final = {"rth": "--no-rth"}
_OTHERS: Final = frozenset({FOLDER})

_NONE: Final = object()

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A setting, what holds, and who says so.

    Attributes
    ----------
    key
        Its name with its tables, `orders.max_shares`.
    value
        What holds, in words; account numbers abridged.
    origin
        `default`, a file with its line, a variable or a flag.
    variable
        The variable that would set it; None where only the short one does.
    is_changed
        Whether it holds another value than the default, or a variable or flag says it.
    """

    key: str
    value: str
    origin: str
    variable: str | None
    is_changed: bool = True


def told_settings(flags: Overrides) -> tuple[Told, ...]:
    """Every setting in the order of the schema, then the places and the secrets.

    Raises
    ------
    ConfigError
        The settings cannot be used.
    """
    settings = load(flags)
    said = _said(settings, flags)
    usual = _defaults(settings.file)
    found = []
    for path, value in keys_of(SettingsFile, settings.file):
        held, origin = _held(settings, path, value), said.get(path, DEFAULT)
        is_of_file = origin == DEFAULT or origin.startswith(f"{settings.source}:")
        is_changed = not is_of_file or value != usual.get(path, _NONE)
        told = (".".join(path), _in_words(path, held), origin, variable_of(path), is_changed)
        found.append(Told(*told))
    return (*found, *_places(settings, flags), *_secrets(), *_unknown())


def _defaults(file: SettingsFile) -> dict[KeyPath, object]:
    """What each key is where nobody says anything; a profile of one's own begins as any does."""
    found = dict(keys_of(SettingsFile, SettingsFile()))
    for name, profile in file.profiles.items():
        for path, value in keys_of(ProfileSettings, ProfileSettings(port=profile.port)):
            if path != ("port",):
                found.setdefault(("profiles", name, *path), value)
    return found


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line on which each key of a TOML text begins, the first being 1.

    Whatever the form of the text is, the parser of the standard library decides: a key stands
    where the text up to there holds it first.
    """
    found: dict[KeyPath, int] = {}
    begun, lines = 1, text.splitlines()
    for number in range(1, len(lines) + 1):
        with suppress(tomllib.TOMLDecodeError):
            keys = list(_leaves(tomllib.loads("\n".join(lines[:number]))))
            found |= {key: _first(lines, begun, number) for key in keys if key not in found}
            begun = number + 1
    return found


def _first(lines: list[str], begun: int, ended: int) -> int:
    """The first of some lines that is neither empty nor a remark."""
    numbers = range(begun, ended + 1)
    told = (each for each in numbers if lines[each - 1].strip()[:1] not in ("", "#"))
    return next(told, ended)


def _leaves(table: Mapping[str, object]) -> list[KeyPath]:
    found: list[KeyPath] = []
    for name, value in table.items():
        inner = _leaves(value) if isinstance(value, dict) else [()]
        found += [(name, *rest) for rest in inner]
    return found


def _said(settings: Settings, flags: Overrides) -> dict[KeyPath, str]:
    """By key who says what it is, where that is not the default."""
    said: dict[KeyPath, str] = {}
    table: dict[str, object] = {}
    if settings.source is not None:
        text = settings.source.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
        said = {path: f"{settings.source}:{line}" for path, line in lines_of(text).items()}
    known = {**table, "profiles": {name: {} for name in settings.file.profiles}}
    said |= {each.path: each.variable for each in said_by_variables(SettingsFile, known)}
    for source in (Overrides.from_environment(), flags):
        is_flag = source is flags
        for each in fields(source):
            if getattr(source, each.name) is not None:
                who = _flag(each.name) if is_flag else f"{PREFIX}{each.name.upper()}"
                said |= dict.fromkeys(_paths(settings, each.name), who)
    return said


def _flag(name: str) -> str:
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def _paths(settings: Settings, name: str) -> tuple[KeyPath, ...]:
    """The keys that a flag or a short variable sets."""
    own = ("profiles", settings.profile)
    of_connection = {
        "host": ("host",),
        "port": ("port",),
        "client_id": ("client_id", "viewer_client_id"),
        "account": ("account",),
    }
    if name in of_connection:
        return tuple((*own, each) for each in of_connection[name])
    others: dict[str, KeyPath] = {
        "profile": ("profile",),
        "data_dir": ("paths", "data"),
        "concurrency": ("requests", "concurrency"),
        "rth": ("history", "rth"),
    }
    return (others[name],) if name in others else ()


def _held(settings: Settings, path: KeyPath, value: object) -> object:
    """What holds of a key, flags and short variables included."""
    if path == ("profile",):
        return settings.profile
    if path == ("paths", "data"):
        return settings.data_dir.parent
    if path[:2] == ("profiles", settings.profile):
        return getattr(settings.connection, path[2])
    return value


def _in_words(path: KeyPath, value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return abridged(text) if path[0] == _ACCOUNTS or is_number(text) else text


def _places(settings: Settings, flags: Overrides) -> list[Told]:
    """Folders that no key of the file names."""
    source = "none" if settings.source is None else str(settings.source)
    found = [("settings file", source, "config", "found there")]
    found.append(("logs", str(settings.log_dir), "log_dir", "in the profile's data"))
    is_beside = settings.state_dir.is_relative_to(settings.data_dir)
    usual_state = "in the profile's data" if is_beside else "the system's place for state"
    found.append(("state", str(settings.state_dir), "state_dir", usual_state))
    environment = Overrides.from_environment()
    told = []
    for key, value, name, usual in found:
        origin = usual
        if getattr(flags, name) is not None:
            origin = _flag(name)
        elif getattr(environment, name) is not None:
            origin = f"{PREFIX}{name.upper()}"
        told.append(Told(key, value, origin, f"{PREFIX}{name.upper()}"))
    return told


def _secrets() -> list[Told]:
    """The secrets that are there, and where; nothing of what they are."""
    named = FOLDER if os.environ.get(FOLDER, "").strip() else "a person's settings"
    told = [Told("secrets folder", str(secrets_folder()), named, FOLDER)]
    told += [Told("secret refused", each, FOLDER, None) for each in secret_troubles()]
    told += [
        Told(f"secret {name}", "set", place, f"{PREFIX}{name.upper()}")
        for name, place in secret_places().items()
    ]
    return told


def _unknown() -> list[Told]:
    """Variables that begin as settings do and say nothing to sellkit."""
    known = {f"{PREFIX}{each.name.upper()}" for each in fields(Overrides)} | _OTHERS
    known |= {f"{PREFIX}{name.upper()}" for name in secret_places()}
    return [
        Told(name, "not a setting: nothing reads it", "the environment", None)
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and "__" not in name and name not in known
    ]
