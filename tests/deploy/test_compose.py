"""The containers of `deploy/`: well formed, of this machine alone, in step with the settings."""

from __future__ import annotations

import copy
import datetime as dt
import re
from dataclasses import fields
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sellkit.config.overrides import Overrides
from sellkit.config.schema import default_profiles
from sellkit.config.secret import FOLDER, is_secret
from tests.architecture.source import ROOT
from tests.deploy.compose_shape import SCHEMA

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
GATEWAY, SELLKIT = (COMPOSE["services"][name] for name in ("ib-gateway", "sellkit"))
EXAMPLE = dict(
    line.partition("=")[::2]
    for line in (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
DEFAULTED = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)\}")


def problems(table: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(table)]


def interpolated() -> dict[str, str]:
    """The variables that the file takes from `.env`, with their defaults."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    return {name: default for name, default in DEFAULTED.findall(text)}


def test_the_file_is_of_the_form_that_compose_takes() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert problems(COMPOSE) == []


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [
        ("ib-gateway", "ports", ["4002:4004"]),
        ("ib-gateway", "ports", ["0.0.0.0:4002:4004"]),
        ("ib-gateway", "image", "ib-gateway"),
        ("ib-gateway", "restarts", "always"),
        ("ib-gateway", "environment", {"TWS_USERID": None}),
        ("sellkit", "healthcheck", {"test": "sellkit health"}),
        ("sellkit", "stop_grace_period", "two minutes"),
        ("sellkit", "volumes", ["/etc/passwd:/etc/passwd"]),
    ],
)
def test_what_compose_would_not_take_or_nobody_should_write_is_found(
    service: str, key: str, value: Any
) -> None:
    changed = copy.deepcopy(COMPOSE)
    changed["services"][service][key] = value
    assert problems(changed)


def test_every_name_that_a_service_uses_is_defined_and_every_definition_used() -> None:
    services = COMPOSE["services"]
    used = {each for one in services.values() for each in one.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    mounted = {each.partition(":")[0] for one in services.values() for each in one["volumes"]}
    assert {each for each in mounted if not each.startswith(".")} == set(COMPOSE["volumes"])
    needed = {each for one in services.values() for each in one.get("depends_on", ())}
    assert needed <= set(services)


def test_no_secret_stands_in_the_file_or_is_handed_over_by_the_environment() -> None:
    assert "secrets" not in COMPOSE["services"]["watchdog"]  # it arms nothing and logs in nowhere
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or name.endswith("_FILE")
            assert not is_secret(name)
            assert not name.endswith("_FILE") or value.startswith("/run/secrets/")
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/deploy/.env", "/deploy/secrets", "/deploy/tws_settings"} <= set(ignored)
    assert all(each["file"].startswith("./secrets/") for each in COMPOSE["secrets"].values())
    assert not any("PASSWORD" in name for name in EXAMPLE)


def test_paper_and_a_read_only_gateway_come_first() -> None:
    defaults = interpolated()
    assert (defaults["TRADING_MODE"], defaults["SELLKIT_PROFILE"]) == ("paper", "paper")
    assert defaults["READ_ONLY_API"] == "yes"
    assert defaults["SELLKIT_PORT"] == "4004"
    assert "--live" not in SELLKIT["command"]


def test_the_example_of_the_variables_names_each_with_its_default() -> None:
    assert interpolated() == EXAMPLE


def test_the_gateway_restarts_when_the_profiles_expect_it_to() -> None:
    told = dt.datetime.strptime(GATEWAY["environment"]["AUTO_RESTART_TIME"], "%I:%M %p")  # noqa: DTZ007
    zone = GATEWAY["environment"]["TIME_ZONE"]
    assert GATEWAY["environment"]["TZ"] == zone
    expected = {default_profiles()[name].restart_at for name in ("paper", "live")}
    assert expected == {f"{told:%H:%M} {zone}"}


def test_each_port_of_this_machine_is_that_of_its_profile() -> None:
    here = {int(each.split(":")[1]) for each in GATEWAY["ports"]}
    assert here == {default_profiles()[name].port for name in ("paper", "live")}


def test_sellkit_reads_every_variable_that_it_is_given() -> None:
    known = {f"SELLKIT_{each.name.upper()}" for each in fields(Overrides)} | {FOLDER}
    for name in ("sellkit", "watchdog"):
        assert set(COMPOSE["services"][name]["environment"]) <= known
    assert SELLKIT["environment"]["SELLKIT_HOST"] in COMPOSE["services"]


def test_the_image_is_built_of_files_that_are_there_and_of_nothing_of_a_persons() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = [each for line in re.findall(r"^COPY (.*) \S+$", text, re.M) for each in line.split()]
    assert copied
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert let_in[1] == "*"
    assert {f"!{each}" for each in copied} == {each for each in let_in if each.startswith("!")}
    assert all((ROOT / each).exists() for each in copied)
    assert (ROOT / SELLKIT["build"]["dockerfile"]).is_file()
    assert re.search(r"^USER sellkit$", text, re.M)


def test_the_guide_says_of_the_restart_what_the_settings_say() -> None:
    guide = (DEPLOY / "README.md").read_text(encoding="utf-8")
    profile = default_profiles()["paper"]
    assert str(profile.restart_at).split()[0] in guide
    assert " ".join(str(profile.login_at).split()[:2]).replace(" ", " after ") in guide


@pytest.mark.parametrize("name", ["sellkit", "watchdog"])
def test_each_container_of_sellkit_runs_a_command_that_there_is(name: str) -> None:
    from sellkit.cli import build_parser

    words = COMPOSE["services"][name]["command"]
    assert build_parser().parse_args(words).command == words[0]
