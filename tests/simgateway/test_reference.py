"""The reference that ships with the gateway: every key and every action, each with an example."""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import json
import re
import shlex
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sellkit.cli import main
from sellkit.commands import gateway_ctl
from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.control_file import write_address
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.fault_actions import text_for
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.reference import reference
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.reference import (
    at,
    blocks,
    choices,
    defaults,
    explained,
    known_keys,
    parsed,
    places,
    sections,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

PAGE = reference()
EXAMPLES = blocks(PAGE, "toml")
# Both describe a contract, by one reader: an example for either is one for both.
CONTRACTS = {"positions": "contract", "symbols": "contract"}
HAND = {"ask", "of_file", "close"}


class Keys(NamedTuple):
    """Keys by table and by what a rule does: those that readers ask for, those in examples."""

    known: dict[tuple[str, str], set[str]]
    shown: dict[tuple[str, str], set[str]]
    choices: dict[tuple[str, str], set[str]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("reference")
    found = Keys(defaultdict(set), defaultdict(set), defaultdict(set))
    for example in map(parsed, EXAMPLES):
        for place in places(example):
            name = CONTRACTS.get(place.name, place.name)
            found.known[name, place.do] |= known_keys(example, place, folder)
            found.shown[name, place.do] |= set(at(example, place))
            for key, words in choices(example, place, folder).items():
                found.choices[place.name, key] |= words
    return found


# --- scenarios ------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", EXAMPLES, ids=[f"block {n}" for n, _ in enumerate(EXAMPLES, 1)])
def test_every_example_loads_as_it_stands(block: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(block, encoding="utf-8")
    load_scenario(path)


def test_every_key_has_an_example(keys: Keys) -> None:
    missing = [
        f"{_table(name)}: the key `{key}` has no example in REFERENCE.md"
        for name in {name for name, _ in keys.known}
        for key in sorted(_of(keys.known, name) - _of(keys.shown, name))
    ]
    _none(missing)


def test_every_key_that_goes_with_an_action_has_an_example_with_that_action(keys: Keys) -> None:
    known = {do: each for (name, do), each in keys.known.items() if name == "faults"}
    conditions = known["drop"]  # which takes nothing but them
    missing = [
        f'[[faults]] do = "{do}": the key `{key}` has no example in REFERENCE.md'
        for do, each in known.items()
        for key in sorted(each - conditions - keys.shown["faults", do])
    ]
    _none(missing)


def test_every_action_of_a_rule_has_an_example(keys: Keys) -> None:
    shown = {do for name, do in keys.shown if name == "faults"}
    missing = sorted(keys.choices["faults", "do"] - shown)
    assert not missing, f"[[faults]]: no example in REFERENCE.md for do = {', '.join(missing)}"


def test_every_key_is_explained_where_its_table_is(keys: Keys) -> None:
    parts = sections(PAGE)
    missing = [
        f"{_table(name)}: the key `{key}` is not explained in REFERENCE.md"
        for name in {name for name, _ in keys.known}
        for key in sorted(_of(keys.known, name) - explained(parts.get(_section(name), "")))
    ]
    _none(missing)


def test_no_key_is_explained_that_no_reader_asks_for(keys: Keys) -> None:
    unknown = [
        f"{_table(section)}: no reader asks for `{key}`, which REFERENCE.md explains"
        for section, text in sections(PAGE).items()
        for key in sorted(explained(text) - _known_under(keys, section))
    ]
    _none(unknown)


def test_every_word_that_a_key_may_be_is_told(keys: Keys) -> None:
    parts = sections(PAGE)
    untold = [
        f"{_table(name)}: `{key}` may be {word!r}, which REFERENCE.md does not say"
        for (name, key), words in keys.choices.items()
        for word in sorted(words)
        if not re.search(rf'[`"]{re.escape(word)}["`]', parts[_root(name)])
    ]
    _none(untold)


def test_the_defaults_of_habits_are_those_that_are_told() -> None:
    told = defaults(sections(PAGE)["habits"])
    assert set(told) == {field.name for field in dataclasses.fields(OrderHabits)}
    for field in dataclasses.fields(OrderHabits):
        default = getattr(OrderHabits(), field.name)
        if default or isinstance(default, bool | float):
            assert json.loads(told[field.name]) == default, field.name
        else:
            assert told[field.name] in ("none", "no band", "all at once"), field.name


def test_every_exchange_that_has_prices_is_told() -> None:
    told = set(re.findall(r"[A-Z0-9.]*[A-Z0-9]", sections(PAGE)["positions"]))
    assert not set(CALENDAR_OF_EXCHANGE) - told


def test_every_code_for_which_the_gateway_has_words_is_told_and_no_other() -> None:
    (said,) = re.findall(r"own words, which\s+it has for ([^.]*)\.", sections(PAGE)["faults"])
    spans = re.findall(r"(\d+)(?: to (\d+))?", said)
    told = {code for low, high in spans for code in range(int(low), int(high or low) + 1)}
    assert told == {code for code in range(20_000) if text_for(code, "farm")}


def _none(offences: list[str]) -> None:
    if offences:
        pytest.fail("\n".join(offences), pytrace=False)


def _of(found: dict[tuple[str, str], set[str]], table: str) -> set[str]:
    return {key for (name, _), keys in found.items() if name == table for key in keys}


def _known_under(keys: Keys, section: str) -> set[str]:
    wanted = CONTRACTS.get(section, section)
    return {
        key for (name, _), known in keys.known.items() if _root(name) == wanted for key in known
    }


def _root(name: str) -> str:
    return name.partition(".")[0]


def _section(name: str) -> str:
    return "positions" if name == "contract" else _root(name)


def _table(name: str) -> str:
    return f"the table {_section(name)!r}" if name else "the top level"


# --- control --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Path]]:
    """A gateway that can be steered, and its control file."""
    file = tmp_path_factory.mktemp("control") / "control.json"
    clock = VirtualClock(parse_instant("2025-11-28T12:00:00"), 0)
    with serve(default_scenario(), clock=clock, control_port=0) as gateway:
        assert gateway.control is not None
        write_address(file, gateway.control.address)
        yield gateway, file


def _lines() -> list[list[str]]:
    """The words behind `sellkit gateway ctl` of each line of the reference."""
    lines = [shlex.split(line, comments=True) for each in blocks(PAGE, "sh") for line in
             each.splitlines()]  # fmt: skip
    return [words[3:] for words in lines if words[:3] == ["sellkit", "gateway", "ctl"]]


def _actions(gateway: Gateway) -> set[str]:
    """What can be asked for; the control channel tells it when it is asked for anything else."""
    return set(_refused(gateway, "no such action", {}).partition("; known are ")[2].split(", "))


def _refused(gateway: Gateway, action: str, arguments: dict[str, Any]) -> str:
    assert gateway.control is not None
    with Control(gateway.control.address) as control, pytest.raises(ConfigError) as refused:
        control.ask(action, **arguments)
    return str(refused.value)


def test_every_control_action_has_an_example_and_is_explained(
    running: tuple[Gateway, Path],
) -> None:
    actions = _actions(running[0])
    assert set(gateway_ctl.ACTIONS) == actions
    shown, told = {words[0] for words in _lines()}, explained(PAGE.partition("## Control")[2])
    _none(
        [f"ctl: the action `{each}` has no example in REFERENCE.md" for each in actions - shown]
        + [f"ctl: the action `{each}` is not explained in REFERENCE.md" for each in actions - told]
        + [
            f"ctl: there is no action `{each}`, which REFERENCE.md explains"
            for each in told - actions
        ]
    )


@pytest.mark.parametrize("words", _lines(), ids=" ".join)
def test_every_line_for_the_control_channel_is_answered(
    words: list[str], running: tuple[Gateway, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gateway", "ctl", "--control-file", str(running[1]), *words]) == 0
    json.loads(capsys.readouterr().out)


def test_every_argument_of_a_control_action_has_an_example(running: tuple[Gateway, Path]) -> None:
    known: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    for action, *pairs in _lines():
        if action == "inject":
            continue  # its arguments are a rule's, which have examples above
        arguments = dict(pair.split("=", 1) for pair in pairs)
        plain = {key: _number_or_text(text) for key, text in arguments.items()}
        said = _refused(running[0], action, {**plain, "no_such_key": 1})
        known[action] |= {key for key in said.partition("; known are ")[2].split(", ") if key}
        shown[action] |= set(arguments)
    _none(
        [
            f"ctl {action}: the argument `{key}` has no example in REFERENCE.md"
            for action, keys in known.items()
            for key in sorted(keys - shown[action])
        ]
    )


def _number_or_text(text: str) -> object:
    return float(text) if re.fullmatch(r"[\d.]+", text) else text


def test_the_example_in_python_runs_and_calls_every_method(running: tuple[Gateway, Path]) -> None:
    (example,) = blocks(PAGE, "python")
    methods = {
        name
        for name, _ in inspect.getmembers(Control, inspect.isroutine)
        if not name.startswith("_") and name not in HAND
    }
    missing = sorted(name for name in methods if f"control.{name}(" not in example)
    _none([f"Control.{name} has no example in REFERENCE.md" for name in missing])
    with Control.of_file(running[1]) as control:
        exec(example, {"control": control, "datetime": dt.datetime, "UTC": dt.UTC})


# --- at the terminal ------------------------------------------------------------------------------


def test_the_command_prints_the_whole_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "reference"]) == 0
    assert capsys.readouterr().out == PAGE


def test_the_command_prints_one_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "reference", "habits"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## `[habits]`")
    assert explained(printed) == explained(sections(PAGE)["habits"])
    assert "## `[[faults]]`" not in printed


def test_a_section_that_does_not_exist_is_refused_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["gateway", "reference", "weather"]) == 2
    said = capsys.readouterr().err
    assert "weather" in said
    for name in ("top", "positions", "symbols", "orders", "habits", "faults", "latency", "ctl"):
        assert name in said
