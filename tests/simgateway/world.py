"""A scenario with accounts, currencies and kinds of contracts that the default one lacks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.simgateway.scenario_file import load_scenario

if TYPE_CHECKING:
    from sellkit.simgateway.scenario import Scenario

CASH, MARGIN, EURO = "DU1", "DU2", "DU3"
AAPL, VOD, SAP, TOYOTA, OPTION, FUTURE, FRACTION, SHORT, EURUSD, RY, RY_CA = (
    *(265598, 20001, 20002, 20003, 20004, 20005, 20006, 20007, 12087792, 20009, 20010),
)

TEXT = """
always_open = false
cash = 50_000

[rates]
EUR = 1.25
GBP = 1.5
JPY = 0.01
CAD = 0.8

[[accounts]]
account = "DU1"
cash = { USD = 10_000, EUR = 2_000, GBP = -100 }

[[accounts]]
account = "DU2"
margin = true

[[accounts]]
account = "DU3"
currency = "EUR"
margin = true

[[market_rules]]
id = 98
bands = [{ lowEdge = 0, increment = 0.0001 }, { lowEdge = 1, increment = 0.01 },
         { lowEdge = 100, increment = 0.05 }]
[[market_rules]]
id = 99
bands = [{ lowEdge = 0, increment = 0.001 }]

[[positions]]
account = "DU1"
symbol = "AAPL"
conId = 265598
primaryExchange = "NASDAQ"
longName = "Apple Inc."
position = 100
avgCost = 80

[[positions]]
account = "DU2"
symbol = "AAPL"
conId = 265598
primaryExchange = "NASDAQ"
longName = "Apple Inc."
position = 7
avgCost = 90

[[positions]]
account = "DU1"
symbol = "VOD"
conId = 20001
primaryExchange = "LSE"
currency = "GBP"
priceMagnifier = 100
position = 1000
avgCost = 0.8

[[positions]]
account = "DU2"
symbol = "SAP"
conId = 20002
primaryExchange = "IBIS"
currency = "EUR"
validExchanges = ["SMART", "IBIS", "FWB"]
marketRuleIds = [98, 98, 99]
position = 10
avgCost = 90

[[positions]]
account = "DU2"
symbol = "7203"
conId = 20003
primaryExchange = "TSEJ"
currency = "JPY"
price = 2_500
minTick = 1
position = 100
avgCost = 2_000

[[positions]]
account = "DU2"
symbol = "AAPL"
secType = "OPT"
conId = 20004
primaryExchange = "CBOE"
right = "C"
strike = 200
multiplier = 100
lastTradeDateOrContractMonth = "20260116"
price = 12.5
position = -2
avgCost = 1_000

[[positions]]
account = "DU2"
symbol = "ES"
secType = "FUT"
conId = 20005
primaryExchange = "CME"
multiplier = 50
lastTradeDateOrContractMonth = "20251219"
minTick = 0.25
price = 101
position = 1
avgCost = 5_000

[[positions]]
account = "DU2"
symbol = "FRAC"
conId = 20006
primaryExchange = "NYSE"
position = 10.5
avgCost = 10

[[positions]]
account = "DU2"
symbol = "SHRT"
conId = 20007
primaryExchange = "NYSE"
position = -40
avgCost = 120

[[symbols]]
symbol = "EUR"
secType = "CASH"
conId = 12087792
primaryExchange = "IDEALPRO"
minTick = 0.00005

[[symbols]]
symbol = "RY"
conId = 20009
primaryExchange = "NYSE"
longName = "Royal Bank of Canada"
[[symbols]]
symbol = "RY"
conId = 20010
primaryExchange = "TSE"
currency = "CAD"
longName = "Royal Bank of Canada"
"""


def world(text: str = "") -> Scenario:
    """The scenario, perhaps with more text at its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.toml"
        path.write_text(TEXT + text, encoding="utf-8")
        return load_scenario(path)
