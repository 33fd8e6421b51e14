"""Thirty positions on made-up prices, five of which signal at the usual moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sellkit.commands import demo
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve

SYMBOLS = (
    *("AAPL", "MSFT", "NVDA", "AMZN", "META", "GOOGL", "TSLA", "AVGO", "COST", "NFLX"),
    *("JPM", "XOM", "UNH", "HD", "PG", "JNJ", "ABBV", "MRK", "KO", "PEP"),
    *("BAC", "CVX", "WMT", "LLY", "ORCL", "CRM", "AMD", "INTC", "CSCO", "QCOM"),
)
EXITING = 5
NUMBER = "DU0000001"
AVERAGES = {
    **dict.fromkeys(("AAPL", "COST", "GOOGL"), "SMA,5,1H"),
    **dict.fromkeys(("CSCO", "JPM", "MSFT", "UNH"), "SMA,100,1H"),
    "BAC": "SMA,50,1H",
    "AMD": "SMA,200,1H",
}
"""What a symbol is assigned that is not assigned SMA 20 on hours."""

_POSITION = """
[[positions]]
symbol = "{symbol}"
conId = {con_id}
primaryExchange = "NASDAQ"
position = {quantity}
avgCost = {cost}
startPrice = {price}
longName = "{symbol} INC"
"""


def write_scenario(folder: Path) -> Path:
    """The portfolio as a file."""
    pieces = [f'account = "{NUMBER}"\nseed = 7\ncash = 25000\n']
    for place, symbol in enumerate(SYMBOLS):
        price = 60.0 + 17 * place
        pieces.append(
            _POSITION.format(
                symbol=symbol,
                con_id=1000 + place,
                quantity=10 + place,
                cost=round(price * (0.8 if place % 3 else 1.2), 2),
                price=price,
            )
        )
    path = folder / "scenario.toml"
    path.write_text("".join(pieces), encoding="utf-8")
    return path


@contextmanager
def thirty(folder: Path) -> Iterator[tuple[Gateway, Path]]:
    """A gateway with the portfolio, and settings that lead to it."""
    rows = [f"NASDAQ:{each},{AVERAGES.get(each, 'SMA,20,1H')}" for each in SYMBOLS]
    text = "\n".join(["ticker,type,length,timeframe", *rows, ""])
    (folder / "assigned_ma.csv").write_text(text, encoding="utf-8")
    with serve(
        load_scenario(write_scenario(folder)), clock=VirtualClock(demo.MOMENT, 0)
    ) as gateway:
        settings = demo.SETTINGS.format(
            data=json.dumps(str(folder / "data")),
            port=gateway.port,
            assignments=json.dumps(str(folder / "assigned_ma.csv")),
        )
        path = folder / "sellkit.toml"
        path.write_text(settings, encoding="utf-8")
        yield gateway, path
