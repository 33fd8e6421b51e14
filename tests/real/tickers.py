"""Twelve recorded tickers as positions at a moment, and what is to be said of them there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from sellkit.simgateway.clock import parse_instant
from tests.real import recomputed
from tests.real.recomputed import CHOICES, Answer
from tests.real.replayed import Held

EXCHANGES = {
    "AAPL": ("NASDAQ", 265598),
    "JPM": ("NYSE", 1520593),
    "MSFT": ("NASDAQ", 272093),
    "NFLX": ("NASDAQ", 15124833),
    "NVDA": ("NASDAQ", 4815747),
    "ORCL": ("NYSE", 272800),
    "SPY": ("ARCA", 756733),
    "TGT": ("NYSE", 10291),
    "TSLA": ("NASDAQ", 76792991),
    "WEBL": ("ARCA", 392025115),
    "XLE": ("ARCA", 4215217),
    "XOM": ("NYSE", 13977),
}
HOURS_KEPT = 200
# Average costs as shares of the close: above break-even, below it, and to the cent on the close.
COST_SHARES = ("0.8", "1.2", "0.98", "1", "0.7")
STRIDE = 5  # shares no divisor with 28, so that every choice has its turn


@dataclass(frozen=True, slots=True)
class Moment:
    """When, on New York's clock, and how it is run.

    Attributes
    ----------
    offset
        Where in the 28 choices the first ticker begins.
    """

    name: str
    at: str
    offset: int
    anchor: str = "clock"
    by_notebook: bool = False

    @property
    def as_of(self) -> dt.datetime:
        return parse_instant(self.at)


@cache
def runs_of(path: Path, moment: Moment, choice: str) -> dict[str, recomputed.Run]:
    """The bars of both timeframes that a position with this assignment is judged on."""
    needed = {"1H": HOURS_KEPT, "1D": 0}
    timeframe = choice.split()[2]
    needed[timeframe] = max(needed[timeframe], recomputed.bars_needed(choice))
    halves = recomputed.recorded(path)
    return {
        "1H": recomputed.hours(halves, moment.as_of, moment.anchor, needed["1H"]),
        "1D": recomputed.days(halves, moment.as_of, needed["1D"]),
    }


def choices_at(folder: Path, moment: Moment) -> dict[str, str]:
    """Assignments spread over the 28 that the recorded history allows at the moment."""
    days = len(recomputed.days(recomputed.recorded(folder / "AAPL.parquet"), moment.as_of, 0).bars)
    allowed = [each for each in CHOICES if each.endswith("1H") or int(each.split()[1]) <= days]
    return {
        symbol: allowed[STRIDE * (moment.offset + number) % len(allowed)]
        for number, symbol in enumerate(EXCHANGES)
    }


def held_at(folder: Path, moment: Moment, choices: dict[str, str]) -> list[Held]:
    held = []
    for number, (symbol, (exchange, con_id)) in enumerate(EXCHANGES.items()):
        choice = choices[symbol]
        run = runs_of(folder / f"{symbol}.parquet", moment, choice)[choice.split()[2]]
        close = Decimal(repr(float(run.bars["close"].iloc[-1]))) if len(run.bars) else Decimal(100)
        share = Decimal(COST_SHARES[number % len(COST_SHARES)])
        cost = close if share == 1 else (close * share).quantize(Decimal("0.01"))
        held.append(Held(symbol, exchange, con_id, cost, choice))
    return held


@cache
def answer_of(path: Path, moment: Moment, choice: str) -> Answer:
    return recomputed.answer(runs_of(path, moment, choice)[choice.split()[2]], choice)


def wanted_of(folder: Path, moment: Moment, held: list[Held]) -> dict[str, Answer]:
    return {
        each.symbol: answer_of(folder / f"{each.symbol}.parquet", moment, each.choice)
        for each in held
    }


def readings_of(folder: Path, moment: Moment, each: Held) -> dict[str, float | None]:
    runs = runs_of(folder / f"{each.symbol}.parquet", moment, each.choice)
    return {
        choice: recomputed.average(runs[choice.split()[2]].bars["close"], choice)
        for choice in CHOICES
    }
