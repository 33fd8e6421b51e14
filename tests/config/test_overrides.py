"""Which word counts: the file's, a variable's or a flag's."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from sellkit.config import Overrides, load
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = tuple(f"SELLKIT_{each.name.upper()}" for each in fields(Overrides))


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # what a test exports is put back at its end, too
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "sellkit.toml"
    path.write_text("[history]\nhours = 250\n[profiles.paper]\nport = 5001\n", encoding="utf-8")
    return str(path)


def test_a_variable_comes_before_the_file(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLKIT_PORT", "5002")
    settings = load(Overrides(config=config))
    assert load(Overrides(config=config)).connection.port == 5002
    assert settings.file.history.hours == 250


def test_variables_are_read_when_settings_are_and_not_before(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(Overrides(config=config)).connection.port == 5001
    monkeypatch.setenv("SELLKIT_PORT", "5002")
    assert load(Overrides(config=config)).connection.port == 5002


def test_a_flag_comes_before_a_variable(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLKIT_PORT", "5002")
    assert load(Overrides(config=config, port=5003)).connection.port == 5003


def test_a_flag_that_says_false_comes_before_a_variable_that_says_true() -> None:
    merged = Overrides(rth=False).over(Overrides(rth=True, port=1))
    assert merged == Overrides(rth=False, port=1)


def test_every_override_reaches_the_settings(config: str, tmp_path: Path) -> None:
    settings = load(
        Overrides(
            config=config,
            profile="live",
            host="::1",
            port=5004,
            client_id=7,
            account="main",
            data_dir=str(tmp_path / "d"),
            log_dir=str(tmp_path / "l"),
            state_dir=str(tmp_path / "s"),
            concurrency=3,
            rth=False,
            returning=True,
        )
    )
    connection = settings.connection
    assert (connection.host, connection.port, connection.account) == ("::1", 5004, "main")
    assert (settings.profile, settings.file.requests.concurrency) == ("live", 3)
    assert not settings.file.history.rth
    assert settings.is_returning
    assert (settings.data_dir, settings.log_dir) == (tmp_path / "d" / "live", tmp_path / "l")
    assert settings.state_dir == tmp_path / "s"


def test_what_was_loaded_is_loaded_again_by_its_own_overrides(config: str) -> None:
    chosen = Overrides(config=config, port=5004, returning=True)
    settings = load(chosen)
    assert load(settings.as_overrides(chosen)) == settings


def test_a_client_id_given_by_hand_holds_for_runs_and_viewers(config: str) -> None:
    connection = load(Overrides(config=config, client_id=7)).connection
    assert (connection.client_id, connection.viewer_client_id) == (7, 7)


def test_viewers_have_another_client_id_than_runs_by_themselves(config: str) -> None:
    connection = load(Overrides(config=config)).connection
    assert connection.client_id != connection.viewer_client_id


def test_a_blank_variable_counts_as_absent() -> None:
    assert Overrides.from_environment({"SELLKIT_PORT": " ", "SELLKIT_HOST": ""}) == Overrides()


def test_variables_are_read_in_their_types() -> None:
    found = Overrides.from_environment(
        {
            "SELLKIT_PORT": "4002",
            "SELLKIT_CLIENT_ID": " 0 ",
            "SELLKIT_RTH": "False",
            "SELLKIT_RETURNING": "True",
            "SELLKIT_ACCOUNT": "main",
            "OTHER": "x",
        }
    )
    assert found == Overrides(port=4002, client_id=0, rth=False, returning=True, account="main")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SELLKIT_PORT", "many"),
        ("SELLKIT_CLIENT_ID", "-1"),
        ("SELLKIT_CONCURRENCY", "2.5"),
        ("SELLKIT_RTH", "yes"),
    ],
)
def test_a_variable_of_a_wrong_type_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}={value}"):
        Overrides.from_environment({name: value})


def test_what_is_exported_is_read_back_as_the_same() -> None:
    chosen = Overrides(
        config="c.toml",
        profile="demo",
        host="::1",
        port=4012,
        client_id=0,
        account="main",
        data_dir="d",
        log_dir="l",
        concurrency=4,
        rth=False,
    )
    chosen.export()
    assert Overrides.from_environment() == chosen


def test_what_was_not_chosen_is_not_exported() -> None:
    Overrides(port=4012).export()
    assert [name for name in VARIABLES if name in os.environ] == ["SELLKIT_PORT"]


def test_the_folder_of_the_secrets_is_the_same_one_for_a_kernel_that_works_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", "secrets")
    monkeypatch.chdir(tmp_path)
    Overrides().export()
    assert os.environ["SELLKIT_SECRETS_DIR"] == str(tmp_path / "secrets")
