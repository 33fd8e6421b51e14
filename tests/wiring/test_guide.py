"""What an operator looks up: what going live lacks, and what to do about each alert."""

from __future__ import annotations

from pathlib import Path

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.errors import ConfigError
from sellkit.wiring import checklist, remedies

SETTINGS = """\
[accounts]
main = "DU0000001"
[orders]
max_shares = 100
max_notional = 50000
{rest}
[profiles.demo]
account = "main"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config" / "sellkit.toml"


def test_every_kind_of_alert_has_its_remedy_and_the_loud_ones_come_first() -> None:
    told = remedies()
    kinds = {str(each) for each in AlertKind}
    assert {each["alert"] for each in told} == {*kinds, "the schedule is late"}
    assert all(each["what to do"] and each["what ends it"] for each in told)
    levels = [str(each["level"]) for each in told]
    assert levels == sorted(levels, key=["critical", "warning", "info"].index)


def test_the_watchdogs_alert_stands_among_the_others() -> None:
    (late,) = (each for each in remedies() if each["alert"] == "the schedule is late")
    assert late["level"] == "critical"
    assert "`sellkit schedule`" in str(late["what to do"])
    assert "when a run is heard of" in str(late["what ends it"])


@pytest.mark.parametrize(
    ("rest", "todo"),
    [
        ("", "orders.max_orders, orders.max_daily_notional"),
        ("max_orders = 5\nmax_daily_notional = 90000", ""),
    ],
)
def test_the_list_before_going_live_says_what_is_ready_and_what_to_do_about_the_rest(
    place: Path, rest: str, todo: str
) -> None:
    place.write_text(SETTINGS.format(rest=rest), encoding="utf-8")
    told = {str(each["what"]): str(each["to do"]) for each in checklist("demo")}
    assert todo in told["limits"]
    assert bool(told["limits"]) == bool(todo)
    assert told["halt"] == ""
    assert "SELLKIT_LIVE_SECRET" in told["arming"]
    assert "sellkit probe" in told["probe"]


def test_the_list_asks_no_gateway_and_holds_no_number_of_an_account(place: Path) -> None:
    place.write_text(SETTINGS.format(rest=""), encoding="utf-8")
    told = checklist("demo")
    assert "DU0000001" not in str(told)
    (gateway,) = (each for each in told if each["what"] == "gateway")
    assert gateway["how it stands"] == "it was not asked"
    assert "sellkit doctor" in str(gateway["to do"])


def test_a_clock_that_no_gateway_was_asked_for_is_not_said_to_have_none(place: Path) -> None:
    place.write_text(SETTINGS.format(rest=""), encoding="utf-8")
    (clock,) = (each for each in checklist("paper") if each["what"] == "clock")
    assert "it was not asked" in str(clock["how it stands"])
    assert "sellkit doctor" in str(clock["to do"])


def test_an_unknown_profile_is_named(place: Path) -> None:
    place.write_text(SETTINGS.format(rest=""), encoding="utf-8")
    with pytest.raises(ConfigError, match="'other'"):
        checklist("other")
