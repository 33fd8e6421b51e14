"""What may be armed, and what is refused before anybody is asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.config import Overrides, load
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import ConfigError
from sellkit.operate.trading import Patience
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.scenario import Scenario
from sellkit.simgateway.server import serve
from sellkit.wiring.live import is_named, open_switches, patience
from sellkit.wiring.switching import named_account, parse_until, plan_arming
from tests.build import NOW, account

SETTINGS = """\
[accounts]
main = "DU1234567"
real = "U7654321"
[profiles.paper]
port = 9
gateway = "paper"
account = "main"
[profiles.nameless]
port = 9
gateway = "paper"
[profiles.any]
port = 9
account = "main"
"""
NUMBERED = "DU1234567"


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for each in fields(Overrides):
        monkeypatch.delenv(f"SELLKIT_{each.name.upper()}", raising=False)
    monkeypatch.setenv("SELLKIT_LIVE_SECRET", "a secret of the tests")
    monkeypatch.setenv("SELLKIT_STATE_DIR", str(tmp_path / "state"))


def chosen(folder: Path, profile: str = "paper", name: str | None = None) -> Overrides:
    path = folder / "sellkit.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    return Overrides(config=str(path), profile=profile, account=name, data_dir=str(folder / "data"))


def test_a_plan_says_what_would_be_armed_and_writes_nothing(tmp_path: Path) -> None:
    plan = plan_arming(chosen(tmp_path), "2d", "50000.50")
    arming = plan.arming
    assert (arming.account, arming.profile, arming.gateway) == ("main", "paper", GatewayKind.PAPER)
    assert arming.fingerprint == account().fingerprint
    assert arming.max_notional == Decimal("50000.50")
    assert arming.until - arming.armed_at == dt.timedelta(days=2)
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "data").exists()


def test_a_plan_that_is_carried_out_arms_what_it_says(tmp_path: Path) -> None:
    plan = plan_arming(chosen(tmp_path), "2d", "1")
    plan.carry_out()
    switches = open_switches(load(chosen(tmp_path)))
    assert switches.arming(plan.account).arming == plan.arming


def test_no_number_of_an_account_stands_in_what_is_not_covered(tmp_path: Path) -> None:
    plan = plan_arming(chosen(tmp_path), "2d", "1")
    assert NUMBERED not in " ".join(plan.not_covered) + repr(plan.arming)


def test_where_orders_by_hand_are_bound_the_arming_says_that_it_covers_that(tmp_path: Path) -> None:
    blocking = plan_arming(chosen(tmp_path), "2d", "1")
    assert "that sellkit did not place" in " ".join(blocking.not_covered)
    wanted = chosen(tmp_path)
    path = tmp_path / "sellkit.toml"
    text = SETTINGS.replace('account = "main"\n', 'account = "main"\nclient_id = 0\n', 1)
    path.write_text(f'[orders]\nforeign = "bind"\n{text}', encoding="utf-8")
    told = " ".join(plan_arming(wanted, "2d", "1").not_covered)
    assert "that sellkit did not place" not in told
    assert "of other API clients rest" in told
    assert "placed by hand are bound, all of the login, and cancelled before a close" in told


@pytest.mark.parametrize(
    ("until", "amount", "reason"),
    [
        ("6", "1", "^--until '6' is not a time"),
        ("noon", "1", "is not a time"),
        ("6m", "1", "is not a time"),
        ("2026-01-28T10:00", "1", "^--until .* has no zone"),
        ("2020-01-01T10:00Z", "1", "not after the present"),
        ("0h", "1", "not after the present"),
        ("121h", "1", "more than 5 days ahead"),
        ("6d", "1", "more than 5 days ahead"),
        ("6h", "0", "is not a number above 0"),
        ("6h", "-1", "is not a number above 0"),
        ("6h", "nan", "is not a number above 0"),
        ("6h", "inf", "is not a number above 0"),
        ("6h", "1,000", "is not a number above 0"),
        ("6h", "much", "is not a number above 0"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(
    tmp_path: Path, until: str, amount: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        plan_arming(chosen(tmp_path), until, amount)


@pytest.mark.parametrize(
    ("profile", "name", "reason"),
    [
        ("paper", "nobody", "not an alias of the settings"),
        ("paper", NUMBERED, "not an alias of the settings"),
        ("nameless", None, "name the account with --account ALIAS"),
        ("any", None, "does not say which gateway it expects"),
        ("paper", "real", "real is no paper account by its number"),
        ("live", "main", "main is a paper account by its number"),
    ],
)
def test_an_account_that_is_not_named_or_does_not_fit_is_refused(
    tmp_path: Path, profile: str, name: str | None, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason) as refused:
        plan_arming(chosen(tmp_path, profile, name), "6h", "1")
    assert NUMBERED not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "too short"])
def test_without_a_secret_that_is_long_enough_nothing_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("SELLKIT_LIVE_SECRET", secret)
    with pytest.raises(ConfigError, match="SELLKIT_LIVE_SECRET is not set, or has fewer than 16"):
        plan_arming(chosen(tmp_path), "6h", "1")


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("6h", NOW + dt.timedelta(hours=6)),
        (" 5d ", NOW + dt.timedelta(days=5)),
        ("120h", NOW + dt.timedelta(days=5)),
        ("2026-01-30T16:00-05:00", dt.datetime(2026, 1, 30, 21, tzinfo=dt.UTC)),
    ],
)
def test_an_end_is_a_time_or_a_span(text: str, until: dt.datetime) -> None:
    assert parse_until(text, NOW) == until


def test_an_account_counts_as_named_by_its_alias_alone(tmp_path: Path) -> None:
    assert is_named(load(chosen(tmp_path)))
    assert named_account(load(chosen(tmp_path))) == account()
    assert not is_named(load(chosen(tmp_path, name=NUMBERED)))
    assert not is_named(load(chosen(tmp_path, "nameless")))


def test_the_patience_of_orders_is_a_setting(tmp_path: Path) -> None:
    waits = "cancel_seconds = 1.0\nack_seconds = 2.0\nfill_seconds = 3.0\nsettle_seconds = 4.0\n"
    path = tmp_path / "other.toml"
    path.write_text(f"[orders]\n{waits}", encoding="utf-8")
    found = patience(load(Overrides(config=str(path))))
    assert (found.cancel, found.acknowledge, found.fill, found.settle) == (1.0, 2.0, 3.0, 4.0)


def test_the_usual_patience_is_that_of_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    assert patience(load(Overrides(config=str(tmp_path / "empty.toml")))) == Patience()


def test_an_arming_begins_by_the_time_of_a_gateway_whose_time_it_is(tmp_path: Path) -> None:
    started = dt.datetime(2025, 11, 26, 15, 0, tzinfo=dt.UTC)
    scenario = Scenario(accounts=("DU1234567",))
    with serve(scenario, clock=VirtualClock(started, 0)) as gateway:
        path = tmp_path / "sellkit.toml"
        path.write_text(
            f'accounts.main = "DU1234567"\n[profiles.demo]\nport = {gateway.port}\n',
            encoding="utf-8",
        )
        plan = plan_arming(
            Overrides(
                config=str(path), profile="demo", account="main", data_dir=str(tmp_path / "data")
            ),
            "6h",
            "1",
        )
    assert plan.arming.armed_at == started
    assert plan.arming.until == started + dt.timedelta(hours=6)
