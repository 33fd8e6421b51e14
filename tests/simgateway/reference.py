"""Reads the reference of the scenario, and asks the readers of a scenario which keys they know."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from sellkit.errors import ConfigError
from sellkit.simgateway.scenario_file import load_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Values = dict[str, Any]

NO_KEY = "no_such_key"
NO_CHOICE = "no such choice"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BULLET = re.compile(r"^ *- ((?:`\w+`(?:,\s+)?)+):", re.MULTILINE)
_TABLE = re.compile(r"`\[+(\w+)\]+`")


class Place(NamedTuple):
    """One table of an example: its name, what its rule does, and where it stands in the example."""

    name: str
    do: str
    path: tuple[str | int, ...]


def blocks(page: str, language: str) -> list[str]:
    """The page's blocks of code in one language."""
    return [text for written, text in _FENCE.findall(page) if written == language]


def sections(page: str) -> dict[str, str]:
    """The text of each section that describes a table, by the table's name; the top's is empty."""
    found = {}
    for part in page.split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        named = _TABLE.match(title)
        if named or title == "Top level":
            found[named[1] if named else ""] = text
    return found


def explained(text: str) -> set[str]:
    """The keys that a section's list explains."""
    return {key for each in _BULLET.findall(text) for key in re.findall(r"\w+", each)}


def defaults(text: str) -> dict[str, str]:
    """The default of each key that a section's list explains, as it stands there."""
    bullets = re.findall(r"^- `(\w+)`:(.*?)(?=^- |^```|\Z)", text, re.MULTILINE | re.DOTALL)
    found = {key: re.search(r"Default:\s+`?([^,`\n]*[^,.`\n])", told) for key, told in bullets}
    return {key: default[1] for key, default in found.items() if default}


def places(example: Values) -> Iterator[Place]:
    """Every table of an example, with the tables inside of it."""
    yield Place("", "", ())
    for key, value in example.items():
        yield from _inside(value, key, (key,), "")


def _inside(value: object, name: str, path: tuple[str | int, ...], do: str) -> Iterator[Place]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _inside(item, name, (*path, number), do)
    elif isinstance(value, dict):
        do = str(value.get("do", do))
        yield Place(name, do, path)
        for key, inner in value.items():
            yield from _inside(inner, f"{name}.{key}", (*path, key), do)


def at(example: Values, place: Place) -> Values:
    """The table that stands at a place."""
    table: Any = example
    for step in place.path:
        table = table[step]
    return table


def known_keys(example: Values, place: Place, folder: Path) -> set[str]:
    """The keys that the reader of a table asks for; it tells them when it meets an unknown one.

    Names of currencies, symbols and exchanges, all in capitals, are no keys of a table; one that
    takes any currency says what each must be.
    """
    said = _refusal(example, place, {NO_KEY: 1}, folder)
    known = said.partition("; known are ")[2]
    assert NO_KEY in said, f"an unknown key in {place} is let through or hidden: {said!r}"
    return {key for key in known.split(", ") if key and not key.isupper()}


def choices(example: Values, place: Place, folder: Path) -> dict[str, set[str]]:
    """The words that a key may be, for each key of a table that takes one of a few."""
    found = {}
    for key, value in at(example, place).items():
        if isinstance(value, str):
            said = _refusal(example, place, {key: NO_CHOICE}, folder)
            listed = re.search(rf"'{key}' in .* must be one of (.*), not '{NO_CHOICE}'", said)
            if listed:
                found[key] = set(listed[1].split(", "))
    return found


def load(example: Values, folder: Path) -> None:
    """Read an example as a scenario."""
    path = folder / "scenario.json"
    path.write_text(json.dumps(example, default=str), encoding="utf-8")
    load_scenario(path)


def parsed(block: str) -> Values:
    """An example's tables."""
    return tomllib.loads(block)


def _refusal(example: Values, place: Place, changes: Values, folder: Path) -> str:
    changed = copy.deepcopy(example)
    at(changed, place).update(changes)
    try:
        load(changed, folder)
    except ConfigError as error:
        return str(error)
    return ""
