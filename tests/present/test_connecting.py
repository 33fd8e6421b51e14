"""The panel to choose a gateway: a real widget without a browser, over gateways of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sellkit.errors import ConfigError
from sellkit.present import panels
from sellkit.present.panels.connecting import ConnectPanel, Examined, Found, GatewayChoice

GOOD = Examined((Found("it answers"),), "profile demo · account demo", "simulated")
DEAF = Examined((Found("nothing listens", is_good=False),), advice="start one")


class FakeGateways:
    """Two profiles; `answer` is what a test comes to."""

    def __init__(self) -> None:
        self.profile, self.answer = "demo", GOOD
        self.started: list[str] = []

    def choices(self) -> Sequence[GatewayChoice]:
        return (
            GatewayChoice("demo", "127.0.0.1:4012", "simulated"),
            GatewayChoice("live", "127.0.0.1:4001", "live"),
        )

    def chosen(self) -> str:
        return self.profile

    def choose(self, profile: str) -> None:
        if profile not in {"demo", "live"}:
            raise ConfigError(f"profile {profile!r} is not\nin the settings")
        self.profile = profile

    def test(self, profile: str) -> Examined:
        return self.answer

    def start(self, profile: str) -> str:
        self.started.append(profile)
        self.answer = GOOD
        return "until this notebook's kernel ends."


@pytest.fixture
def gateways() -> FakeGateways:
    return FakeGateways()


def _do(panel: ConnectPanel, what: str, profile: str = "demo") -> dict[str, Any]:
    panel.hear({"do": what, "profile": profile, "number": 7})
    state: dict[str, Any] = panel.view.state
    assert state["answers"] == 7
    return state


def test_every_profile_is_listed_and_the_one_in_use_chosen(gateways: FakeGateways) -> None:
    view = panels.connect(gateways)
    assert [each["profile"] for each in view.choices] == ["demo", "live"]
    assert view.state["chosen"] == "demo"
    assert view.heading["conditions"] == "profile demo · not tested"


def test_nothing_is_connected_before_it_is_asked_for(gateways: FakeGateways) -> None:
    gateways.answer = DEAF
    assert panels.connect(gateways).state["found"] == []


def test_what_is_chosen_holds_and_the_banner_takes_its_colour(gateways: FakeGateways) -> None:
    panel = ConnectPanel.of(gateways)
    before = panel.view.heading["colour"]
    assert "profile live" in _do(panel, "choose", "live")["said"]
    assert gateways.profile == "live"
    assert panel.view.heading["colour"] != before
    assert panel.view.state["startable"] is False


def test_a_test_tells_what_it_found(gateways: FakeGateways) -> None:
    panel = ConnectPanel.of(gateways)
    state = _do(panel, "test")
    assert state["found"] == [[True, "it answers"]]
    assert state["bad"] is False
    assert panel.view.heading["conditions"] == "profile demo · account demo"


def test_a_test_in_vain_says_so_with_advice_and_offers_to_start_one(
    gateways: FakeGateways,
) -> None:
    gateways.answer = DEAF
    state = _do(ConnectPanel.of(gateways), "test")
    assert (state["said"], state["bad"]) == ("There is no connection.", True)
    assert state["found"] == [[False, "nothing listens"]]
    assert state["advice"] == "start one"
    assert state["startable"] is True


def test_a_gateway_that_was_started_is_tested_at_once(gateways: FakeGateways) -> None:
    gateways.answer = DEAF
    state = _do(ConnectPanel.of(gateways), "start")
    assert gateways.started == ["demo"]
    assert state["said"] == "The simulated gateway runs until this notebook's kernel ends."
    assert state["found"] == [[True, "it answers"]]
    assert state["startable"] is False


def test_what_goes_wrong_is_said_in_the_status_in_one_line(gateways: FakeGateways) -> None:
    state = _do(ConnectPanel.of(gateways), "choose", "moon")
    assert state["said"] == "That did not work: profile 'moon' is not in the settings"
    assert state["bad"] is True
