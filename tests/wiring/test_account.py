"""Which of a login's accounts is meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.config import Overrides, Settings, load
from sellkit.errors import ConfigError
from sellkit.wiring.account import resolve_account

ALIASES = '[accounts]\nmain = "DU1234567"\npension = "DU7654321"\n'


def settings(folder: Path, text: str = "", account: str | None = None) -> Settings:
    path = folder / "sellkit.toml"
    path.write_text(text, encoding="utf-8")
    found = load(Overrides(config=str(path)))
    connection = found.connection.model_copy(update={"account": account})
    return replace(found, connection=connection)


def test_the_only_account_needs_no_name_and_is_called_as_the_profile(tmp_path: Path) -> None:
    account = resolve_account(settings(tmp_path), ["DU1234567"])
    assert (account.alias, account.number) == ("paper", "DU1234567")


def test_the_only_account_bears_its_alias(tmp_path: Path) -> None:
    assert resolve_account(settings(tmp_path, ALIASES), ["DU7654321"]).alias == "pension"


@pytest.mark.parametrize("named", ["pension", "DU7654321"])
def test_an_account_is_found_by_alias_or_number(tmp_path: Path, named: str) -> None:
    account = resolve_account(settings(tmp_path, ALIASES, named), ["DU1234567", "DU7654321"])
    assert (account.alias, account.number) == ("pension", "DU7654321")


def test_several_accounts_and_none_named_are_refused_without_their_numbers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="manages 2 accounts") as caught:
        resolve_account(settings(tmp_path), ["DU1234567", "DU7654321"])
    assert "DU1234567" not in str(caught.value)


@pytest.mark.parametrize("named", ["main", "nobody"])
def test_an_account_that_the_login_does_not_manage_is_refused(tmp_path: Path, named: str) -> None:
    with pytest.raises(ConfigError, match=f"{named!r} is not managed"):
        resolve_account(settings(tmp_path, ALIASES, named), ["DU7654321"])


def test_a_number_that_is_refused_is_not_repeated_in_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not managed") as caught:
        resolve_account(settings(tmp_path, "", "DU1111111"), ["DU7654321"])
    assert "DU1111111" not in str(caught.value)
    assert "DU7654321" not in str(caught.value)
