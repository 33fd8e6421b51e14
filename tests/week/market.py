"""The market that is played in: as a scenario for the gateway, and as a copy that is asked here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pandas as pd

from sellkit.simgateway.history import HistoryQuery
from sellkit.simgateway.market import Market
from sellkit.simgateway.scenario_file import load_scenario
from tests.week.plan import HALTED, LOGGED_OUT, RESET, SPLIT_UP, Plan

ACCOUNT = "DU0000001"
RATIO = Fraction(4)


@dataclass(frozen=True, slots=True)
class Held:
    """A position, and the average that decides on it."""

    symbol: str
    con_id: int
    exchange: str
    price: float
    quantity: int
    kind: str
    length: int
    timeframe: str

    @property
    def cost(self) -> float:
        """Of one share, on average: below every price, so that nothing is withheld for it."""
        return round(self.price / 10, 2)

    @property
    def token(self) -> str:
        """As sellkit names it."""
        return f"{self.exchange}:{self.symbol}"


# Short averages are crossed often, so that there is much to be told of.
PORTFOLIO = (
    Held("AAPL", 265598, "NASDAQ", 230.0, 100, "SMA", 5, "1H"),
    Held("NVDA", 4815747, "NASDAQ", 140.0, 150, "SMA", 10, "1H"),
    Held("JPM", 1520593, "NYSE", 240.0, 60, "EMA", 10, "1H"),
    Held("XOM", 13977, "NYSE", 110.0, 80, "SMA", 5, "1D"),
)

_HEAD = """\
account = "{account}"
seed = {seed}
cash = 25000

[nightly_reset]
at = "{reset:%H:%M}"
notices = 2
notice_seconds = 0.2
refused_seconds = 0.6

[weekly_login]
day = "Sun"
at = "{logged_out:%H:%M}"

[[halts]]
symbol = "{halted}"
from = {halt[0]:%Y-%m-%dT%H:%M:%SZ}
until = {halt[1]:%Y-%m-%dT%H:%M:%SZ}

[[corporate_actions]]
at = {split:%Y-%m-%dT%H:%M:%SZ}
symbol = "{split_up}"
split = "{ratio}:1"
"""
_POSITION = """
[[positions]]
symbol = "{held.symbol}"
conId = {held.con_id}
primaryExchange = "{held.exchange}"
startPrice = {held.price}
position = {held.quantity}
avgCost = {held.cost}
"""


def scenario(plan: Plan) -> str:
    """The gateway's scenario."""
    head = _HEAD.format(
        account=ACCOUNT,
        seed=plan.seed,
        reset=RESET,
        logged_out=LOGGED_OUT,
        halted=HALTED,
        halt=plan.halt,
        split=plan.split,
        split_up=SPLIT_UP,
        ratio=RATIO,
    )
    return head + "".join(_POSITION.format(held=each) for each in PORTFOLIO)


def quantity_of(held: Held, plan: Plan, now: dt.datetime) -> int:
    """How many shares the position has at a moment, while none are sold."""
    is_split = held.symbol == SPLIT_UP and now >= plan.split
    return held.quantity * int(RATIO) if is_split else held.quantity


def assignments() -> str:
    """`assigned_ma.csv`."""
    rows = [f"{each.token},{each.kind},{each.length},{each.timeframe}" for each in PORTFOLIO]
    return "\n".join(["ticker,type,length,timeframe", *rows, ""])


class Copy:
    """The gateway's market once more, which answers for any moment as the gateway did then.

    Parameters
    ----------
    path
        The scenario's file.
    plan
        What happens to its prices.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self._market = Market.of(load_scenario(path))
        self._market.split(SPLIT_UP, RATIO, plan.split)

    def bars(self, held: Held, size: str, far: str, now: dt.datetime) -> pd.DataFrame:
        """Bars of regular hours up to a moment, by their start: of a day by its date."""
        query = HistoryQuery(held.symbol, held.exchange, None, far, size, "TRADES", True)
        return pd.DataFrame(self._market.history(query, now)).set_index("start")
