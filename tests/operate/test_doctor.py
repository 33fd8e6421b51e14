"""What the doctor makes of a profile, its gateway and its probe."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sellkit.core.checks import Check, Grade
from sellkit.core.live_facts import ProbeStanding
from sellkit.core.portfolio import GatewayKind
from sellkit.core.probing import bad, noted
from sellkit.core.upkeep import RESTART
from sellkit.operate import doctor
from sellkit.operate.doctor import Asked, Profile
from tests.probes import probe_record

PAPER, LIVE, SIMULATED = GatewayKind.PAPER, GatewayKind.LIVE, GatewayKind.SIMULATED


def profile(**changes: Any) -> Profile:
    usual: dict[str, Any] = {
        "name": "paper",
        "address": "127.0.0.1:4002",
        "port": 4002,
        "expected": PAPER,
        "accounts": {"main": "DU1234567"},
        "account": "main",
    }
    return Profile(**(usual | changes))


def asked(**changes: Any) -> Asked:
    usual: dict[str, Any] = {"kind": PAPER, "accounts": ["DU1234567"], "skew": dt.timedelta()}
    return Asked(**(usual | changes))


def named(checks: object) -> dict[str, Check]:
    assert not isinstance(checks, Check)
    return {each.name: each for each in checks}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "grade", "words"),
    [
        ({}, Grade.WELL, "paper gateway at 127.0.0.1:4002"),
        ({"expected": None}, Grade.WARNING, "whatever answers is taken"),
        ({"port": 4001}, Grade.WARNING, "4001 is usually the port of live"),
        ({"port": 7496}, Grade.WARNING, "7496 is usually"),
        ({"port": 5555}, Grade.WELL, "paper gateway"),
        ({"accounts": {"main": "U1234567"}}, Grade.CRITICAL, "the account is no paper account"),
        ({"expected": LIVE, "port": 4001}, Grade.CRITICAL, "the account is a paper account"),
        ({"expected": SIMULATED, "port": 4012}, Grade.WELL, "simulated gateway"),
    ],
)
def test_port_kind_and_account_belong_together(
    changes: dict[str, Any], grade: Grade, words: str
) -> None:
    found = doctor.port(profile(**changes))
    assert (found.grade, words in found.said) == (grade, True)
    assert "1234567" not in found.said


def test_a_gateway_that_does_not_answer_is_said_with_what_to_do() -> None:
    (found,) = doctor.gateway(profile(), "nothing listens")
    assert (found.grade, "log in" in found.remedy) == (Grade.WARNING, True)
    (found,) = doctor.gateway(profile(upkeep=RESTART), "nothing listens")
    assert found.remedy == "wait: it is within the daily restart"
    (found,) = doctor.gateway(profile(), None)
    assert (found.grade, found.said) == (Grade.NOTED, "it was not asked")


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({}, Grade.WELL),
        ({"kind": SIMULATED}, Grade.WELL),
        ({"kind": LIVE}, Grade.CRITICAL),
        ({"doubt": "a farm is broken"}, Grade.WARNING),
    ],
)
def test_what_answers_is_held_against_what_the_profile_expects(
    changes: dict[str, Any], grade: Grade
) -> None:
    assert named(doctor.gateway(profile(), asked(**changes)))["gateway"].grade is grade


@pytest.mark.parametrize(
    ("account", "accounts", "grade"),
    [
        ("main", ["DU1234567"], Grade.WELL),
        ("main", ["DU7654321"], Grade.CRITICAL),
        ("DU1234567", ["DU1234567"], Grade.NOTED),
        (None, ["DU1234567"], Grade.WELL),
        (None, ["DU1234567", "DU7654321"], Grade.CRITICAL),
    ],
)
def test_the_chosen_account_is_one_of_the_logins(
    account: str | None, accounts: list[str], grade: Grade
) -> None:
    found = named(doctor.gateway(profile(account=account), asked(accounts=accounts)))["account"]
    assert found.grade is grade
    assert "1234567" not in found.said + found.remedy


def test_a_read_only_gateway_is_a_second_fence_and_said_to_be_one() -> None:
    trouble = "error 321: The API interface is currently in Read-Only mode."
    found = named(doctor.gateway(profile(), asked(lists_trouble=trouble)))["read-only"]
    assert (found.grade, "Read-Only API" in found.remedy) == (Grade.NOTED, True)
    assert named(doctor.gateway(profile(), asked()))["read-only"].grade is Grade.WELL


def test_what_a_failure_advises_is_told_once_and_as_what_to_do() -> None:
    (found,) = doctor.gateway(profile(), "nothing listens; start a gateway, or give --port")
    assert found.said == "none answers: nothing listens"
    assert found.remedy == "start a gateway, or give --port"


def test_lists_that_did_not_come_for_another_reason_say_nothing_of_the_switch() -> None:
    trouble = "account 'main' is not managed by this login"
    found = named(doctor.gateway(profile(), asked(lists_trouble=trouble)))["read-only"]
    assert (found.grade, trouble in found.said) == (Grade.NOTED, True)
    assert "dry runs" not in found.remedy


def test_a_probe_that_counts_for_no_account_is_told_with_the_reason() -> None:
    found = named(doctor.probe(probe_record(), ProbeStanding(None, "of another account")))["probe"]
    assert (found.grade, found.said) == (Grade.NOTED, "of another account")
    assert "account named" in found.remedy


def test_a_gateway_that_was_never_probed_is_said_to_be() -> None:
    (found,) = doctor.probe(None, ProbeStanding(None, "this gateway was never probed: do"))
    assert (found.grade, "sellkit probe" in found.remedy) == (Grade.NOTED, True)


def test_what_the_probe_found_wrong_or_worth_knowing_is_told_with_what_follows() -> None:
    record = probe_record(
        RESUBMISSION=noted("not measured", "turn it off"),
        HOURS=bad("at half past", "set bars.hour_anchor"),
        READ_ONLY=bad("on", "turn it off"),
    )
    found = named(doctor.probe(record, ProbeStanding(record.ended_at)))
    assert {name: each.grade for name, each in found.items()} == {
        "probe": Grade.WELL,
        "probe: resubmission": Grade.NOTED,
        "probe: hours": Grade.CRITICAL,
        "probe: read-only API": Grade.WARNING,
    }
    assert found["probe: hours"].remedy == "set bars.hour_anchor"
