"""What a scenario file says of its market, and every way to get it wrong."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.corrections import Correction
from sellkit.simgateway.halts import Halt, HaltKind
from sellkit.simgateway.market_terms import (
    MarketTerms,
    Subscription,
    Throttle,
    UnpaidHistory,
    UntilFinal,
)
from sellkit.simgateway.scenario_file import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

CONTRACTS = """
[[symbols]]
symbol = "AAPL"
conId = 265598
primaryExchange = "NASDAQ"
[[symbols]]
symbol = "JPM"
conId = 1520593
primaryExchange = "NYSE"
"""
FULL = """
[market_data]
subscription = "live"
exchanges = { NYSE = "delayed" }
symbols = { JPM = "not_for_api" }
competing = true
delayed_enabled = false
delayed_seconds = 60
history = "delayed"
history_code = 354
lines = 7
snapshot_seconds = 2.5
bar_seconds = 4
bars_survive_outage = true
until_final = "provisional"
flat_when_halted = true
throttle = { slow_after = 60, slow_seconds = 0.5, drop_after = 100 }
[[halts]]
symbol = "aapl"
from = 2025-11-26T11:40:00
until = 2025-11-26T13:10:00
kind = "volatility"
[[halts]]
symbol = "JPM"
from = "2025-11-26T11:40:00"
[[corrections]]
symbol = "AAPL"
bar_end = 2025-11-26T11:00:00
factor = 0.99
after_seconds = 300
"""


def read(path: Path, text: str) -> MarketTerms:
    file = path / "scenario.toml"
    file.write_text(f"{text}\n{CONTRACTS}", encoding="utf-8")
    return load_scenario(file).market_data


def test_every_key_is_read(tmp_path: Path) -> None:
    noon = parse_instant("2025-11-26T11:40:00")
    hour = parse_instant("2025-11-26T11:00:00")
    assert read(tmp_path, FULL) == MarketTerms(
        subscription=Subscription.LIVE,
        exchanges={"NYSE": Subscription.DELAYED},
        symbols={"JPM": Subscription.NOT_FOR_API},
        competing=True,
        delayed_enabled=False,
        delayed_seconds=60,
        history=UnpaidHistory.DELAYED,
        history_code=354,
        lines=7,
        snapshot_seconds=2.5,
        bar_seconds=4,
        bars_survive_outage=True,
        until_final=UntilFinal.PROVISIONAL,
        flat_when_halted=True,
        throttle=Throttle(slow_after=60, slow_seconds=0.5, drop_after=100),
        halts=(
            Halt("AAPL", noon, parse_instant("2025-11-26T13:10:00"), HaltKind.VOLATILITY),
            Halt("JPM", noon, None, HaltKind.REGULATORY),
        ),
        corrections=(Correction("AAPL", hour, 0.99, hour + dt.timedelta(minutes=5)),),
    )


@pytest.mark.parametrize("text", ["", "[market_data]"])
def test_what_is_absent_keeps_its_default(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == MarketTerms()


HALT = '[[halts]]\nsymbol = "AAPL"\nfrom = 2025-11-26T11:40:00\n'
CORRECTION = '[[corrections]]\nsymbol = "AAPL"\nbar_end = 2025-11-26T11:00:00\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[market_data]\nsubscription = "paid"', "'subscription' in market_data .* must be one of"),
        ('[market_data]\nsymbols = { TSLA = "live" }', "unknown key 'TSLA' in symbols"),
        ('[market_data]\nsymbols = { JPM = "some" }', "'JPM' in symbols .* must be one of"),
        ('[market_data]\nexchanges = { LSE = "live" }', "unknown key 'LSE' in exchanges"),
        ("[market_data]\nlines = 0", "'lines' .* must be 1 or more"),
        ("[market_data]\nhistory_code = 200", "'history_code' .* must be one of"),
        ('[market_data]\nhistory = "free"', "'history' .* must be one of refused, delayed, open"),
        ("[market_data]\ncompeting = 1", "'competing' .* must be true or false"),
        ("[market_data]\nbar_seconds = -1", "'bar_seconds' .* must be 0 or more"),
        ("[market_data]\nspeed = 1", "unknown key 'speed' in market_data"),
        ("[market_data]\nthrottle = { drop_after = 3 }", "'slow_after' is missing in throttle"),
        (
            "[market_data]\nthrottle = { slow_after = 9, drop_after = 3 }",
            "'drop_after' in throttle .* must not be below 'slow_after', that is 9",
        ),
        ('[[halts]]\nsymbol = "AAPL"', r"'from' is missing in halts\[1\]"),
        (HALT.replace("AAPL", "TSLA"), r"'symbol' in halts\[1\] .* has no price"),
        (f"{HALT}until = 2025-11-26T11:40:00", "'until' .* must be later"),
        (f'{HALT}kind = "news"', "'kind' .* must be one of regulatory, volatility"),
        (f"{HALT}reason = 1", "unknown key 'reason'"),
        (f"{CORRECTION}after_seconds = 5", r"'factor' is missing in corrections\[1\]"),
        (f"{CORRECTION}factor = 0.9", r"'after_seconds' is missing in corrections\[1\]"),
        (f"{CORRECTION}factor = 0\nafter_seconds = 5", "'factor' .* must be above zero"),
        (
            '[[corrections]]\nsymbol = "AAPL"\nfactor = 2\nafter_seconds = 5',
            "'bar_end' is missing",
        ),
        (
            f"{CORRECTION}factor = 2\nafter_seconds = 5".replace("11:00:00", "11:00:30"),
            "'bar_end' .* must be a whole minute",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)
