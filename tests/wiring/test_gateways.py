"""The gateways of the settings: which one notebooks use, and what a test of one finds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sellkit.config import Overrides
from sellkit.errors import ConfigError, NotConnected
from sellkit.simgateway.gateway import Gateway
from sellkit.wiring import gateways, open_desk, open_runs
from sellkit.wiring.gateways import chosen_profile, end_started
from sellkit.wiring.watch import open_watch
from tests.cli import command

SETTINGS = """
profile = "paper"
[accounts]
mine = "DU0000001"
[requests]
connect_timeout_seconds = 5.0
[profiles.demo]
port = {port}
clock = "broker"
assignments = "config/assigned_ma.csv"
[profiles.other]
port = {port}
clock = "broker"
"""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """A simulated gateway."""
    with command.gateway() as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a checkout, whose settings a notebook finds; its variables say nothing else."""
    made = command.Workspace.make(tmp_path / "work", gateway.port)
    made.settings.write_text(SETTINGS.format(port=gateway.port), encoding="utf-8")
    for name in ("PROFILE", "PORT", "HOST", "CLIENT_ID", "DATA_DIR", "ACCOUNT"):
        monkeypatch.delenv(f"SELLKIT_{name}", raising=False)
    monkeypatch.setenv("SELLKIT_CONFIG", str(made.settings))
    return made.folder


def test_the_profiles_are_listed_by_kind_the_simulated_one_first(gateway: Gateway) -> None:
    found = gateways().choices()
    assert [(each.profile, each.kind) for each in found] == [
        ("demo", "simulated"),
        ("paper", "paper"),
        ("live", "live"),
        ("other", ""),
    ]
    assert found[0].address == f"127.0.0.1:{gateway.port}"


def test_without_a_choice_the_settings_say_which_profile_holds() -> None:
    assert chosen_profile() == ""
    assert gateways().chosen() == "paper"


def test_what_was_chosen_holds_for_a_notebook_that_names_no_profile(folder: Path) -> None:
    gateways().choose("demo")
    assert gateways().chosen() == "demo"
    assert (folder / "data" / "notebook_profile").read_text(encoding="utf-8") == "demo\n"
    with open_desk() as desk:
        assert desk.run.profile == "demo"
        assert desk.heading().mode == "DRY RUN"


def test_a_notebook_that_names_its_profile_gets_that_one() -> None:
    gateways().choose("live")
    with open_desk(profile="demo") as desk:
        assert desk.run.profile == "demo"


def test_what_was_chosen_holds_for_past_runs_and_for_a_watch_too() -> None:
    gateways().choose("demo")
    with open_runs() as past, open_watch() as watch:
        assert (past.settings.profile, watch.desk.run.profile) == ("demo", "demo")


def test_what_was_chosen_for_notebooks_holds_for_no_command() -> None:
    gateways().choose("demo")
    with open_runs(overrides=Overrides()) as past:
        assert past.settings.profile == "paper"


def test_a_run_never_goes_by_what_was_chosen_for_the_notebooks() -> None:
    gateways().choose("demo")
    with pytest.raises(NotConnected, match="4002"):  # the settings' own profile
        open_desk(run_id="a-run")


def test_a_variable_says_it_more_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    gateways().choose("demo")
    monkeypatch.setenv("SELLKIT_PROFILE", "other")
    assert chosen_profile() == ""
    assert gateways().chosen() == "other"
    with pytest.raises(ConfigError, match="SELLKIT_PROFILE=other"):
        gateways().choose("live")


def test_a_chosen_profile_that_is_gone_from_the_settings_holds_no_more(folder: Path) -> None:
    gateways().choose("other")
    path = folder / "config" / "sellkit.toml"
    path.write_text('profile = "paper"\n', encoding="utf-8")
    assert gateways().chosen() == "paper"


def test_a_profile_that_is_not_in_the_settings_cannot_be_chosen() -> None:
    with pytest.raises(ConfigError, match="moon"):
        gateways().choose("moon")


def test_a_test_tells_what_stands_there_and_leaves(gateway: Gateway) -> None:
    found = gateways().test("demo")
    told = [(each.text, each.is_good) for each in found.found]
    assert told == [
        (f"A simulated gateway answers at 127.0.0.1:{gateway.port}, as the profile wants.", True),
        ("It is ready.", True),
        ("Account mine: 8 positions, 2 open orders.", True),
        ("Without an average: NASDAQ:NVDA, ARCA:SPY.", False),
        ("No bars are stored yet.", True),
    ]
    assert found.kind == "simulated"
    assert "account mine" in found.conditions
    assert "DU0000001" not in str(found)
    assert gateways().test("demo") == found  # the client id is free again


def test_a_test_goes_on_beside_a_notebook_that_is_connected() -> None:
    with open_desk(profile="demo"):
        assert gateways().test("demo").conditions


def test_where_nothing_listens_a_test_says_what_to_do(folder: Path) -> None:
    port = _free_port()
    settings = SETTINGS.format(port=port)
    (folder / "config" / "sellkit.toml").write_text(settings, encoding="utf-8")
    found = gateways().test("demo")
    assert not found.is_good
    assert found.conditions == ""
    assert f"`sellkit gateway --port {port}`" in found.advice
    assert "IB Gateway or TWS" in gateways().test("paper").advice


def test_a_simulated_gateway_is_started_once_and_lives_until_it_is_ended(folder: Path) -> None:
    settings = SETTINGS.format(port=_free_port())
    (folder / "config" / "sellkit.toml").write_text(settings, encoding="utf-8")
    assert "kernel" in gateways().start("demo")
    assert gateways().start("demo")
    assert gateways().test("demo").kind == "simulated"
    end_started()
    assert gateways().test("demo").kind == ""


@pytest.mark.parametrize("profile", ["paper", "live", "other"])
def test_for_another_kind_of_profile_none_is_started(profile: str) -> None:
    with pytest.raises(ConfigError, match="not for a simulated gateway"):
        gateways().start(profile)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
