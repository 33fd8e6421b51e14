"""Contracts by former and present symbols: in scenarios, and over the control channel."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.corporate_actions import CorporateAction, original_symbols
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.trading import SCENARIO, go_to
from tests.simgateway.wire import WireClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario

NVDA, MSFT, NEW = 4815747, 272093, 999001
BEFORE = parse_instant("2025-11-25T15:00:00")
NIGHT = parse_instant("2025-11-26T03:00:00")
AFTER = parse_instant("2025-11-26T11:00:05")
SAME = CorporateAction(at=NIGHT, con_id=NVDA, symbol="NVDX")
RENUMBERED = replace(SAME, new_con_id=NEW)
NOTE = "NVDA is called NVDX now"
BAR_END = "2025-11-26T11:00:00"
ASKING: dict[str, dict[str, Any]] = {
    "halt": {},
    "resume": {},
    "price": {"factor": 1.01},
    "correct_bar": {"bar_end": BAR_END, "factor": 1.01},
    "market_data": {"subscription": "none"},
    "bust": {},
    "place": {"side": "SELL", "quantity": 1, "orderType": "LMT", "lmtPrice": 900},
    "hold": {"position": 5, "avgCost": 1},
}


@contextmanager
def renaming(
    *actions: CorporateAction, scenario: Scenario = SCENARIO
) -> Iterator[tuple[Gateway, Control]]:
    """A gateway on the morning after the night of the actions."""
    scenario = replace(scenario, corporate_actions=actions)
    with serve(scenario, clock=VirtualClock(BEFORE, 0), control_port=0) as gateway:
        go_to(gateway, AFTER)
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            yield gateway, control


def asked_bars(number: int, symbol: str, *, kept: bool = False) -> tuple[object, ...]:
    """A request for the latest half-hours of a contract, perhaps kept up to date."""
    of = (number, symbol, "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
    return (20, 8, *of, 0, "", "30 mins", "1 D", 1, "TRADES", 1, int(kept), "")


# --- over the control channel ---------------------------------------------------------------------


@pytest.mark.parametrize("action", [SAME, RENUMBERED], ids=["same number", "new number"])
@pytest.mark.parametrize("asked", ASKING)
def test_both_symbols_mean_the_contract_and_the_old_one_is_noted(
    asked: str, action: CorporateAction
) -> None:
    with renaming(action) as (_, control):
        new = control.ask(asked, symbol="NVDX", **ASKING[asked])
        old = control.ask(asked, symbol="nvda", **ASKING[asked])
        assert "note" not in new
        assert old["note"] == NOTE
        with pytest.raises(ConfigError, match="NVDY") as refused:
            control.ask(asked, symbol="NVDY", **ASKING[asked])
        assert "\n" not in str(refused.value)


def test_before_the_change_only_the_old_symbol_is_known() -> None:
    scenario = replace(SCENARIO, corporate_actions=(SAME,))
    with serve(scenario, clock=VirtualClock(BEFORE, 0), control_port=0) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            assert "note" not in control.ask("halt", symbol="NVDA")
            with pytest.raises(ConfigError, match="has no price in this gateway: NVDX"):
                control.halt("NVDX")


def test_a_name_that_another_contract_takes_over_is_the_others() -> None:
    taken = CorporateAction(at=AFTER, con_id=MSFT, symbol="NVDA")
    with renaming(SAME, taken) as (gateway, control):
        answer = control.ask("halt", symbol="NVDA")
        assert "note" not in answer
        assert gateway.halts.at("MSFT", AFTER) is not None
        assert gateway.halts.at("NVDA", AFTER) is None
        assert control.ask("halt", symbol="MSFT")["note"] == "MSFT is called NVDA now"


def test_a_symbol_that_changed_twice_is_known_by_all_three() -> None:
    again = CorporateAction(at=AFTER, con_id=NEW, symbol="NVDZ")
    with renaming(RENUMBERED) as (gateway, control):
        gateway.reorganisation.add(again)
        notes = [control.ask("halt", symbol=name).get("note") for name in ("NVDA", "NVDX", "NVDZ")]
        assert notes == ["NVDA is called NVDZ now", "NVDX is called NVDZ now", None]
        assert control.resume("NVDZ") == 3


def test_a_number_goes_with_the_former_symbol_and_with_no_other() -> None:
    with renaming(SAME) as (_, control):
        assert control.ask("price", conId=NVDA, symbol="NVDA", factor=1)["note"] == NOTE
        with pytest.raises(ConfigError, match="is not that of the contract 4815747, NVDX: MSFT"):
            control.ask("price", conId=NVDA, symbol="MSFT", factor=1)


# --- in a scenario --------------------------------------------------------------------------------

FILE = """\
[[positions]]
symbol = "NVDA"
conId = 4815747
primaryExchange = "NASDAQ"
position = 10
avgCost = 1

[[corporate_actions]]
at = 2025-11-26T03:00:00
symbol = "NVDA"
symbol_change = "NVDX"
new_conId = 999001
"""
KEYS = """
[[halts]]
symbol = "{0}"
from = 2025-11-26T11:30:00

[[corrections]]
symbol = "{0}"
bar_end = 2025-11-26T11:00:00
factor = 1.5
after_seconds = 60

[[faults]]
message = "reqHistoricalData"
symbol = "{0}"
do = "drop"

[market_data.symbols]
{0} = "none"
"""


def read(folder: Path, text: str) -> Scenario:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)


def test_a_scenario_may_call_a_contract_by_the_symbol_that_it_will_have(tmp_path: Path) -> None:
    old, new = (read(tmp_path, FILE + KEYS.format(name)) for name in ("NVDA", "NVDX"))
    assert new == old
    assert new.market_data.halts[0].symbol == "NVDA"


def test_a_scenario_refuses_a_symbol_that_nothing_ever_has(tmp_path: Path) -> None:
    for key in KEYS.split("\n\n"):
        with pytest.raises(ConfigError, match="NVDY") as refused:
            read(tmp_path, FILE + key.format("NVDY"))
        assert "\n" not in str(refused.value)


def test_a_scenario_names_a_contract_once_among_the_subscriptions(tmp_path: Path) -> None:
    text = FILE + '[market_data.symbols]\nNVDA = "none"\nNVDX = "live"\n'
    with pytest.raises(ConfigError, match="names a contract twice"):
        read(tmp_path, text)


def test_a_scenario_subscription_outlives_the_change_of_the_symbol() -> None:
    terms = replace(SCENARIO.market_data, symbols={"NVDA": "none"})
    scenario = replace(SCENARIO, market_data=terms)
    with renaming(RENUMBERED, scenario=scenario) as (gateway, _), WireClient(gateway) as wire:
        wire.start().send(*asked_bars(NEW, ""))
        assert wire.receive()[:2] == ("4", "2")


def test_a_symbol_at_the_start_comes_before_one_that_is_taken_over_later() -> None:
    taken = CorporateAction(at=AFTER, con_id=MSFT, symbol="NVDA")
    again = CorporateAction(at=AFTER, con_id=NEW, symbol="NVDZ")
    known = original_symbols((again, taken, RENUMBERED), SCENARIO.securities)
    found = {name: known[name].con_id for name in ("NVDA", "NVDX", "NVDZ", "MSFT")}
    assert found == {"NVDA": NVDA, "NVDX": NVDA, "NVDZ": NVDA, "MSFT": MSFT}
