"""Every setting has its variable, and `config show` says who said what."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.cli import main
from sellkit.config import Overrides, load
from sellkit.config.origins import Told, lines_of, told_settings
from sellkit.config.schema import SettingsFile
from sellkit.config.variables import keys_of, variable_of
from sellkit.errors import ConfigError

FILE = """\
profile = "paper"
[accounts]
main = "DU1234567"
second-one = "DU7654321"

[orders]
# a remark
max_shares = 500
[profiles.paper]
port = 5001
[profiles.my-own]
port = 5002
"""

# What cannot be said by doubling, adding or turning round what holds.
OTHERS: dict[str, str] = {
    "accounts.main": "DU7777788",
    "profile": "live",
    "assignments.default": "SMA 20 1D",
    "bars.hour_anchor": "session",
    "signals.daily": "hourly",
    "orders.at_close": "skip",
    "orders.foreign": "block",  # "bind" needs client 0; a test of its own sets both
    "orders.type": "marketable_limit",
    "orders.max_seed_weight": "0.002",
    "schedule.delay_seconds": "40.0",
    "clock": "broker",
    "gateway": "simulated",
    "restart_at": "22:15 Europe/Zurich",
    "login_at": "Saturday 03:00 America/New_York",
}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SELLKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "sellkit.toml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


def every_key() -> list[tuple[tuple[str, ...], object]]:
    return list(keys_of(SettingsFile, SettingsFile(accounts={"main": "DU1234567"})))


def another(path: tuple[str, ...], value: object) -> str:
    """Something else that a key takes, as a variable says it."""
    for key in (".".join(path), path[-1]):
        if key in OTHERS:
            return OTHERS[key]
    if isinstance(value, bool):
        return str(not value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value - 1 if isinstance(value, int) else value / 2)
    return "7" if value is None else f"{value}-of-a-variable"


def held(told: tuple[Told, ...], key: str) -> Told:
    (found,) = (each for each in told if each.key == key)
    return found


@pytest.mark.parametrize(("path", "value"), every_key(), ids=str)
def test_every_setting_can_be_said_by_its_variable(
    path: tuple[str, ...], value: object, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = another(path, value)
    monkeypatch.setenv(variable_of(path), told)
    here = held(told_settings(Overrides(config=config)), ".".join(path))
    if path == ("paths", "data"):
        told = str(Path(config).parent / told)  # from the project's folder on
    if path[0] == "accounts":
        told = "DU...88"
    assert (here.value.lower(), here.origin) == (told.lower(), variable_of(path))


def test_each_setting_is_told_with_where_it_comes_from(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_HISTORY__DAYS", "400")
    monkeypatch.setenv("SELLKIT_CONCURRENCY", "3")
    told = told_settings(Overrides(config=config, host="::1"))
    origins = {each.key: (each.value, each.origin) for each in told}
    assert origins["orders.max_shares"] == ("500", f"{config}:8")
    assert origins["profiles.paper.port"] == ("5001", f"{config}:10")
    assert origins["profiles.paper.host"] == ("::1", "--host")
    assert origins["history.days"] == ("400", "SELLKIT_HISTORY__DAYS")
    assert origins["requests.concurrency"] == ("3", "SELLKIT_CONCURRENCY")
    assert origins["history.hours"] == ("200", "default")
    assert origins["orders.max_orders"] == ("unset", "default")
    assert origins["settings file"] == (config, "--config")


def test_accounts_are_told_abridged_and_secrets_not_at_all(
    config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SELLKIT_LIVE_SECRET", "a secret of the tests")
    monkeypatch.setenv("SELLKIT_ACCOUNTS__THIRD", "DU1112223")
    monkeypatch.setenv("SELLKIT_ACCOUNT", "DU7654321")
    assert main(["config", "show", "--config", config]) == 0
    out = capsys.readouterr().out
    assert "DU...67" in out
    for hidden in ("DU1234567", "DU7654321", "DU1112223", "a secret of the tests"):
        assert hidden not in out
    assert "secret live_secret" in out


def test_a_short_variable_counts_more_than_the_long_one_and_a_flag_more_than_both(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_PROFILES__PAPER__PORT", "6001")
    assert load(Overrides(config=config)).connection.port == 6001
    monkeypatch.setenv("SELLKIT_PORT", "6002")
    assert load(Overrides(config=config)).connection.port == 6002
    assert load(Overrides(config=config, port=6003)).connection.port == 6003
    assert held(told_settings(Overrides(config=config)), "profiles.paper.port") == Told(
        "profiles.paper.port", "6002", "SELLKIT_PORT", "SELLKIT_PROFILES__PAPER__PORT"
    )


def test_names_with_a_hyphen_are_found_by_an_underscore(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_PROFILES__MY_OWN__PORT", "6001")
    monkeypatch.setenv("SELLKIT_ACCOUNTS__SECOND_ONE", "DU1112223")
    file = load(Overrides(config=config)).file
    assert file.profiles["my-own"].port == 6001
    assert file.accounts["second-one"] == "DU1112223"


def test_a_profile_can_be_made_by_variables_alone(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_PROFILES__THIRD__PORT", "6001")
    assert load(Overrides(config=config, profile="third")).connection.port == 6001


def test_a_combination_that_the_file_could_not_say_is_refused_of_variables_too(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_ORDERS__FOREIGN", "bind")
    with pytest.raises(ConfigError, match="needs client_id = 0"):
        load(Overrides(config=config))
    monkeypatch.setenv("SELLKIT_PROFILES__PAPER__CLIENT_ID", "0")
    assert load(Overrides(config=config)).connection.client_id == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SELLKIT_ORDERS__MAX_SHARES", "many"),
        ("SELLKIT_ORDERS__MAX_SHARES", "-1"),
        ("SELLKIT_HISTORY__RTH", "perhaps"),
        ("SELLKIT_HISTORY__DAYS", "2.5"),
        ("SELLKIT_PROFILES__PAPER__PORT", "70000"),
        ("SELLKIT_ORDERS__TYPE", "limit"),
    ],
)
def test_a_value_that_a_key_cannot_take_is_refused_by_the_variables_name(
    config: str, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ConfigError, match=f"{name}={text} is not usable"):
        load(Overrides(config=config))


@pytest.mark.parametrize(
    "name",
    ["SELLKIT_ORDERS__MAX_SHARE", "SELLKIT_ORDER__MAX_SHARES", "SELLKIT_PROFILES__PAPER"],
)
def test_a_variable_without_a_key_is_refused_by_name(
    config: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=name):
        load(Overrides(config=config))


def test_a_short_variable_that_nothing_reads_is_pointed_out(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_PROT", "4002")
    assert held(told_settings(Overrides(config=config)), "SELLKIT_PROT").variable is None


def test_a_key_stands_on_the_line_where_it_begins_whatever_its_form() -> None:
    text = (
        'a = 1\n\n[t]\n# x = 0\nx = [\n  1,\n]\ny.z = """\nv = 2\n"""\n'
        '"q.r" = 3\n[[many]]\nname = "n"\n[one.two]\nthree = { four = 4 }\n'
    )
    assert lines_of(text) == {
        ("a",): 1,
        ("t", "x"): 5,
        ("t", "y", "z"): 8,
        ("t", "q.r"): 11,
        ("many",): 12,
        ("one", "two", "three", "four"): 15,
    }


def test_only_what_differs_is_told_on_request_and_as_json(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "show", "--changed", "--json", "--config", config]) == 0
    told = {each["key"]: each for each in json.loads(capsys.readouterr().out)}
    assert told["orders.max_shares"]["variable"] == "SELLKIT_ORDERS__MAX_SHARES"
    assert "history.days" not in told


def test_a_line_of_the_file_that_says_the_default_is_no_change_and_one_of_a_variable_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[history]\ndays = 365\nhours = 300\n[profiles.mine]\nport = 4002\nclient_id = 1\n"
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SELLKIT_BARS__LATE_SECONDS", "60.0")
    told = told_settings(Overrides(config=str(tmp_path / "mine.toml")))
    changed = {each.key for each in told if each.is_changed and each.key.islower()}
    assert {"history.hours", "profiles.mine.port", "bars.late_seconds"} <= changed
    assert not {"history.days", "profiles.mine.client_id", "profiles.paper.port"} & changed


def test_state_beside_the_data_of_a_simulated_gateway_is_said_to_lie_there(config: str) -> None:
    def origin(profile: str) -> str:
        return held(told_settings(Overrides(config=config, profile=profile)), "state").origin

    assert origin("demo") == "in the profile's data"
    assert origin("paper") == "the system's place for state"


@pytest.mark.skipif(os.name == "nt", reason="rights are no mode bits there")
def test_a_secret_that_is_refused_is_told_with_the_reason(
    config: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "live_secret").write_text("a secret of the tests", encoding="utf-8")
    (folder / "live_secret").chmod(0o644)
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", str(folder))
    told = held(told_settings(Overrides(config=config)), "secret refused")
    assert "chmod 600" in told.value
    assert "of the tests" not in str(told)


def test_entries_of_tables_with_free_names_are_said_by_variables_too(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        "SELLKIT_ALERTS__CHANNELS__PHONE": "warning",
        "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__NOTEBOOK": "notebooks/70_data.ipynb",
        "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__CRON": "0 9 * * sat",
        "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__ZONE": "UTC",
        "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__PARAMETERS": "{ days = 7, who = 'me' }",
        "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__PARAMETERS__DEEP": "true",
        "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__PARAMETERS__NAME": "of seven",
    }
    for name, text in said.items():
        monkeypatch.setenv(name, text)
    file = load(Overrides(config=config)).file
    assert {name: str(level) for name, level in file.alerts.channels.items()} == {
        "phone": "warning"
    }
    entry = file.schedule.entries["weekly"]
    assert (entry.cron, entry.zone) == ("0 9 * * sat", "UTC")
    assert entry.parameters == {"days": 7, "who": "me", "deep": True, "name": "of seven"}
    told = told_settings(Overrides(config=config))
    for key, name in (
        ("alerts.channels.phone", "SELLKIT_ALERTS__CHANNELS__PHONE"),
        ("schedule.entries.weekly.cron", "SELLKIT_SCHEDULE__ENTRIES__WEEKLY__CRON"),
    ):
        assert held(told, key).origin == name
