"""Where secrets come from, and who may not read them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from sellkit.config.secret import (
    live_secret,
    read_secret,
    secret_troubles,
    secrets_folder,
    secrets_in_reach,
)
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "a secret of the tests"
posix = pytest.mark.skipif(sys.platform == "win32", reason="rights are no mode bits there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "secrets"
    made.mkdir(mode=0o700)
    return made


def put(folder: Path, name: str, text: str = TEXT, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def variables(folder: Path, **others: str) -> dict[str, str]:
    return {"SELLKIT_SECRETS_DIR": str(folder), **others}


def test_a_secret_of_the_environment_comes_before_a_file(folder: Path) -> None:
    put(folder, "alert_phone", "of the file")
    told = variables(folder, SELLKIT_ALERT_PHONE=" of the variable ")
    assert read_secret("ALERT_PHONE", told) == "of the variable"


@pytest.mark.parametrize("name", ["ALERT_PHONE", "alert_phone", "SELLKIT_ALERT_PHONE"])
def test_a_secret_is_found_in_the_folder_by_any_form_of_its_name(folder: Path, name: str) -> None:
    put(folder, "alert_phone", f"{TEXT}\n")
    assert read_secret(name, variables(folder)) == TEXT


def test_a_secret_that_is_nowhere_or_blank_is_none(folder: Path) -> None:
    put(folder, "live_secret", " \n")
    assert live_secret(variables(folder)) is None
    assert read_secret("ALERT_MAIL", variables(folder)) is None
    assert live_secret(variables(folder / "absent")) is None


@pytest.mark.parametrize("name", ["", "../passwd", "a b", "SELLKIT_"])
def test_what_is_no_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="no name of a secret"):
        read_secret(name, variables(folder))


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_could_read_or_write_is_refused_without_its_text(
    folder: Path, mode: int
) -> None:
    put(folder, "live_secret", mode=mode)
    with pytest.raises(ConfigError, match=rf"mode {mode:o}.*chmod 600") as refused:
        live_secret(variables(folder))
    assert TEXT not in str(refused.value)
    assert secret_troubles(variables(folder)) == (str(refused.value),)


@posix
@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770])
def test_a_folder_that_is_open_to_others_is_refused(folder: Path, mode: int) -> None:
    put(folder, "live_secret")
    folder.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 700"):
        live_secret(variables(folder))


def test_the_service_managers_credentials_come_before_the_folder(
    folder: Path, tmp_path: Path
) -> None:
    managed = tmp_path / "credentials"
    managed.mkdir(mode=0o700)
    # As systemd shows the access list of a unit's user.
    put(managed, "live_secret", "of the service", mode=0o440)
    managed.chmod(0o550)
    put(folder, "live_secret", "of the folder")
    told = variables(folder, CREDENTIALS_DIRECTORY=str(managed))
    assert live_secret(told) == "of the service"
    assert read_secret("ALERT_MAIL", told) is None


def test_the_folder_is_among_a_persons_settings_unless_a_variable_names_it(tmp_path: Path) -> None:
    told = secrets_folder({"XDG_CONFIG_HOME": str(tmp_path)})
    assert told == tmp_path / "sellkit" / "secrets"
    assert secrets_folder({"SELLKIT_SECRETS_DIR": str(tmp_path)}) == tmp_path
    assert secrets_folder({}).parts[-3:] == (".config", "sellkit", "secrets")


def test_every_secret_in_reach_is_known_so_that_it_can_be_masked(folder: Path) -> None:
    put(folder, "alert_mail", "mailto://one\nmailto://two\n")
    told = variables(folder, SELLKIT_LIVE_SECRET=f" {TEXT} ", SELLKIT_ALERT_X="ntfy://x", OTHER="o")
    assert {TEXT, "ntfy://x", "mailto://one", "mailto://two"} <= secrets_in_reach(told)
    assert {"", "o"}.isdisjoint(secrets_in_reach(told))


def test_the_environment_of_this_process_is_where_secrets_are_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(os.environ, "SELLKIT_LIVE_SECRET", TEXT)
    assert live_secret() == TEXT
