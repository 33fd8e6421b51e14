"""Every command in the README can be typed."""

from __future__ import annotations

import argparse

import pytest

from tests.architecture.readme import Commands, commands, unknown_subcommands, unknown_targets
from tests.architecture.source import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
KNOWN = {"run": {}, "data": {"rebuild": {}}}


def test_every_make_command_of_the_readme_is_a_target() -> None:
    if not README.strip():
        pytest.skip("README.md is still empty")
    assert {"demo", "test"} <= {word for line in commands(README) for word in line[1:]}
    assert not unknown_targets(README, MAKEFILE)


def test_every_sellkit_command_of_the_readme_exists() -> None:
    if not (ROOT / "sellkit" / "cli.py").exists():
        pytest.skip("sellkit/cli.py is not there yet")
    from sellkit.cli import build_parser

    assert not unknown_subcommands(README, _subcommands(build_parser()))


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


def test_the_subcommands_of_a_parser_are_found() -> None:
    parser = argparse.ArgumentParser()
    data = parser.add_subparsers().add_parser("data")
    data.add_subparsers().add_parser("rebuild")
    assert _subcommands(parser) == {"data": {"rebuild": {}}}
