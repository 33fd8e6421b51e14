"""Every command in the README can be typed, and every file that a page links is there."""

from __future__ import annotations

import argparse
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sellkit.commands import demo, gateway
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario import Scenario
from sellkit.wiring.desk import WiredDesk
from tests.architecture.readme import (
    Commands,
    api_names,
    commands,
    missing_files,
    unknown_subcommands,
    unknown_targets,
)
from tests.architecture.source import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = "sellkit/simgateway/REFERENCE.md"
GUIDE = "deploy/README.md"
PAGES = ("README.md", "CHANGELOG.md", "data/README.md", REFERENCE, GUIDE)
KNOWN = {"run": {}, "data": {"rebuild": {}}}


def test_every_make_command_of_the_readme_is_a_target() -> None:
    if not README.strip():
        pytest.skip("README.md is still empty")
    assert {"demo", "test"} <= {word for line in commands(README) for word in line[1:]}
    assert not unknown_targets(README, MAKEFILE)


@pytest.mark.parametrize("page", ["README.md", REFERENCE, GUIDE])
def test_every_sellkit_command_of_a_page_exists(page: str) -> None:
    if not (ROOT / "sellkit" / "cli.py").exists():
        pytest.skip("sellkit/cli.py is not there yet")
    from sellkit.cli import build_parser

    text = (ROOT / page).read_text(encoding="utf-8")
    assert not unknown_subcommands(text, _subcommands(build_parser()))


@pytest.mark.parametrize("page", PAGES)
def test_every_local_file_that_a_page_links_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not missing_files(text, (ROOT / page).parent)


def test_every_name_of_the_page_on_the_api_is_there_and_says_what_it_does() -> None:
    rows = list(api_names(README))
    assert len(rows) > 8
    for place, names in rows:
        home: Any = WiredDesk if place == "the desk" else import_module(place)
        for name in names:
            assert inspect.getdoc(getattr(home, name)), f"{place}.{name}"


def test_the_readme_names_the_flags_that_every_command_takes() -> None:
    named = _settings_of_the_readme().partition("Every command takes")[2].partition("`,")[0]
    assert set(re.findall(r"--[a-z-]+", named)) == _common_flags()


def test_the_gateway_uses_the_common_flags_that_the_readme_says_and_no_other() -> None:
    (said,) = re.findall(r"`gateway` uses (.*?) alone", _settings_of_the_readme())
    source = Path(gateway.__file__).read_text(encoding="utf-8")
    used = {f"--{name.replace('_', '-')}" for name in re.findall(r"\bargs\.(\w+)", source)}
    assert set(re.findall(r"--[a-z-]+", said)) == used & _common_flags()


def test_the_demo_uses_the_common_flags_that_the_readme_says_and_no_other(tmp_path: Path) -> None:
    (said,) = re.findall(r"of its own, and uses (.*?) for its run", _settings_of_the_readme())
    passed_over = {"--config", "--profile", "--account"}
    assert set(re.findall(r"--[a-z-]+", said)) == _common_flags() - passed_over
    given = ["--config", "x.toml", "--profile", "live", "--account", "other", "--client-id", "7"]
    given += ["--concurrency", "3", "--no-rth", "--log-dir", "logs-of-mine"]
    chosen = demo._settings(_parse("demo", *given), tmp_path, _not_started())
    assert (chosen.profile, chosen.account) == ("demo", "demo")
    assert chosen.config == str(tmp_path / "sellkit.toml")
    assert (chosen.client_id, chosen.concurrency, chosen.rth) == (7, 3, False)
    assert chosen.log_dir == "logs-of-mine"


def _not_started() -> Gateway:
    return Gateway(Scenario(accounts=("DU0000001",)))


def _settings_of_the_readme() -> str:
    return " ".join(README.partition("## Settings")[2].partition("\n## ")[0].split())


def _parse(*words: str) -> argparse.Namespace:
    from sellkit.cli import build_parser

    return build_parser().parse_args(words)


def _common_flags() -> set[str]:
    from sellkit.cli import _common_flags as common

    return {f"--{name.replace('_', '-')}" for name in vars(common().parse_args([]))}


def _subcommands(parser: argparse.ArgumentParser) -> Commands:
    """The subcommands of a parser, from the one place where argparse lists them."""
    return {
        name: _subcommands(each)
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, each in action.choices.items()
    }


@pytest.mark.parametrize(
    "page",
    [
        "Type `make dmo`.",
        "```\nmake check tset\n```",
        "```sh\n$ cd x && make -j2 UV= dmo  # it's\n```",
    ],
)
def test_a_target_that_does_not_exist_is_found(page: str) -> None:
    assert unknown_targets(page, "demo: x\ncheck:\ntest:\n")


@pytest.mark.parametrize(
    "page",
    [
        "Type `sellkit rnu`.",
        "```\n.venv/bin/sellkit rnu --live\n```",
        "```\nSECRET=x python -m sellkit rnu\n```",
        "```powershell\n.\\run_sellkit.ps1 rnu\n```",
        "`sellkit data rebuidl`",
    ],
)
def test_a_subcommand_that_does_not_exist_is_found(page: str) -> None:
    assert unknown_subcommands(page, KNOWN)


def test_commands_that_exist_and_plain_words_are_no_offence() -> None:
    page = (
        "make sense; `sellkit --help`, `sellkit data rebuild`, `sellkit <command>`, `make UV= demo`"
    )
    assert not unknown_subcommands(page, KNOWN)
    assert not unknown_targets(page, "demo:")


@pytest.mark.parametrize(
    "page",
    [
        "![a picture](images/none.png)",
        "see [the settings](none.toml), or not",
        '[title](none.md "with a title")',
        "[part](none.md#part)",
        '<img alt="x" src="images/none.png">',
        "[![picture in a link](none.png)](https://example.org)",
        "[a folder](none/)",
    ],
)
def test_a_linked_file_that_does_not_exist_is_found(page: str, tmp_path: Path) -> None:
    assert len(missing_files(page, tmp_path)) == 1


def test_links_to_what_is_there_and_to_elsewhere_are_no_offence(tmp_path: Path) -> None:
    (tmp_path / "with space.md").write_text("")
    page = (
        "[a](with%20space.md#part) [b](https://example.org/none.png) [c](#part) [d](mailto:a@b.c) "
        '<a href="with space.md">e</a> [f](<with%20space.md>) `table[0](row)`\n'
        "```mermaid\nA[x](none)\n```\n"
    )
    assert not missing_files(page, tmp_path)


def test_the_subcommands_of_a_parser_are_found() -> None:
    parser = argparse.ArgumentParser()
    data = parser.add_subparsers().add_parser("data")
    data.add_subparsers().add_parser("rebuild")
    assert _subcommands(parser) == {"data": {"rebuild": {}}}
