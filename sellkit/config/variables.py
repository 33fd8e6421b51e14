"""A variable for every setting: `SELLKIT_ORDERS__MAX_SHARES` is `max_shares` of `[orders]`.

The names come from the schema, so that a new key has its variable at once. Two underscores stand
between a table and what is in it; what is no letter or digit in a name is one underscore.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from sellkit.config.secret import is_secret
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str, ...]
"""Where a key stands: its tables, from the outermost on, and its name."""

PREFIX: Final = "SELLKIT_"
BETWEEN: Final = "__"

_TEXTS: Final = frozenset({"str", "Decimal"})
_NUMBERS: Final = (bool, int, float)
_WORDS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Said:
    """What a variable says.

    Attributes
    ----------
    path
        The key.
    variable
        The variable's name.
    value
        As it would stand in the file.
    """

    path: Path
    variable: str
    value: object


def variable_of(path: Path) -> str:
    """The name of a key's variable."""
    return PREFIX + BETWEEN.join(_plain(part) for part in path)


def said_by_variables(
    model: type[BaseModel],
    table: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
) -> tuple[Said, ...]:
    """What variables with two underscores say; a blank one counts as absent.

    Parameters
    ----------
    model
        The shape of the whole file.
    table
        The file, in which the names of profiles, accounts and the like are looked up.

    Raises
    ------
    ConfigError
        There is no key of that name.
    """
    return tuple(
        _said(model, table, name, text.strip())
        for name, text in sorted(environment.items())
        if name.startswith(PREFIX) and BETWEEN in name and text.strip() and not is_secret(name)
    )


def laid_over(table: Mapping[str, Any], said: tuple[Said, ...]) -> dict[str, Any]:
    """The file with what variables say in place of what it says."""
    merged = dict(table)
    for each in said:
        merged = _with(merged, each.path, each.value)
    return merged


def keys_of(model: type[BaseModel], value: BaseModel) -> Iterator[tuple[Path, object]]:
    """Every key with its value, in the order of the schema."""
    for name, field in model.model_fields.items():
        found = getattr(value, name)
        if _table(field.annotation) is None or not isinstance(found, dict):
            yield from _keys_below((name,), found)
            continue
        for key, each in found.items():
            yield from _keys_below((name, key), each)


def _keys_below(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    if not isinstance(value, BaseModel):
        yield path, value
        return
    for rest, each in keys_of(type(value), value):
        yield (*path, *rest), each


def _said(model: type[BaseModel], table: Mapping[str, Any], variable: str, text: str) -> Said:
    parts = variable.removeprefix(PREFIX).split(BETWEEN)
    found = _resolved(model, table, parts)
    if found is None:
        raise ConfigError(
            f"{variable} is no setting: there is no key for it; `sellkit config show` lists every "
            "key with its variable"
        )
    path, annotation = found
    return Said(path, variable, _value(annotation, text))


def _resolved(annotation: object, table: object, parts: list[str]) -> tuple[Path, object] | None:
    """The key that the parts of a name lead to, and what it takes."""
    if not parts:
        return (), annotation
    here = table if isinstance(table, dict) else {}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if _plain(name) == parts[0]:
                return _below(name, field.annotation, here, parts)
        return None
    inner = _table(annotation)
    if inner is None:
        return None
    known = (name for name in here if _plain(name) == parts[0])
    name = next(known, parts[0].lower())
    return _below(name, inner, here, parts) if name else None


def _below(
    name: str, annotation: object, here: Mapping[str, Any], parts: list[str]
) -> tuple[Path, object] | None:
    rest = _resolved(annotation, here.get(name), parts[1:])
    return None if rest is None else ((name, *rest[0]), rest[1])


def _table(annotation: object) -> object:
    """What the entries of a table with free names are; None where it is no such table."""
    return get_args(annotation)[1] if get_origin(annotation) is dict else None


def _value(annotation: object, text: str) -> object:
    """A text in the type that the file would have; what cannot be is left, and refused by name."""
    leaves = tuple(_leaves(annotation))
    # What may be a text as well as a number is what it looks like, as it would be in the file.
    if any(map(_is_text, leaves)) and not any(each in _NUMBERS for each in leaves):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _leaves(annotation: object) -> Iterator[object]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif origin is Literal or origin in (list, tuple, dict) or not get_args(annotation):
        yield annotation
    else:
        for each in get_args(annotation):
            yield from _leaves(each)


def _is_text(annotation: object) -> bool:
    if get_origin(annotation) is Literal:
        return all(isinstance(each, str) for each in get_args(annotation))
    if not isinstance(annotation, type):
        return False
    return annotation.__name__ in _TEXTS or issubclass(annotation, Enum)


def _with(table: Mapping[str, Any], path: Path, value: object) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {**table, name: value}
    inner = table.get(name, {})
    if not isinstance(inner, dict):
        return dict(table)  # the file is wrong there, which is said of it
    return {**table, name: _with(inner, tuple(rest), value)}


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()
