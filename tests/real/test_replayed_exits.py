"""A replay of recorded half-hours against exits worked out anew with pandas, rows of plain lists.

Twelve tickers over most of a year, each with another average. Nothing of `sellkit.core` takes part
in the second computation: hours are grouped on New York's clock, whole ones only, an SMA is a sum
of whole ticks, and an EMA is stepped in floats, as no close comes near enough to it to be in doubt.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from sellkit.core.bars import Anchor
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import Account, Position
from sellkit.research.course import ReplayTerms, Subject
from sellkit.research.replay import Replaying
from sellkit.research.replayed import PositionReplay
from tests.build import assignment
from tests.real.recomputed import HALF_DAYS
from tests.real.tickers import EXCHANGES
from tests.real_bars import stamped
from tests.research.replaying import Silent, days_of

CHOICES = {
    **{"AAPL": "SMA 5 1H", "JPM": "EMA 10 1H", "MSFT": "SMA 20 1H", "NFLX": "EMA 50 1H"},
    **{"NVDA": "SMA 100 1H", "ORCL": "EMA 150 1H", "SPY": "SMA 200 1H", "TGT": "EMA 5 1H"},
    **{"TSLA": "SMA 5 1D", "WEBL": "EMA 10 1D", "XLE": "SMA 20 1D", "XOM": "EMA 20 1D"},
}
NEW_YORK = "America/New_York"
HALF_HOUR = pd.Timedelta(minutes=30)
TICKS = 10_000
BEGIN = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def halves(market_data: Path) -> dict[str, pd.DataFrame]:
    folder = market_data / "intraday_30m"
    return {
        symbol: stamped(pd.read_parquet(folder / f"{symbol}.parquet").set_index("ts"))
        for symbol in CHOICES
    }


@pytest.fixture(scope="module")
def found(halves: dict[str, pd.DataFrame]) -> dict[str, PositionReplay]:
    terms = ReplayTerms(begin=BEGIN, end=END, anchor=Anchor.CLOCK, max_seed_weight=1.0)
    subjects = [_subject(symbol, bars) for symbol, bars in halves.items()]
    replay = Replaying(subjects, terms).run(Silent())
    return {each.token.symbol: each for each in replay.positions}


def _subject(symbol: str, bars: pd.DataFrame) -> Subject:
    exchange, con_id = EXCHANGES[symbol]
    token = Token(exchange, symbol)
    held = Position(Account("replay", ""), Instrument(con_id, token), Decimal(1), None)
    return Subject(held, assignment(CHOICES[symbol], str(token)), bars, days_of(bars))


@pytest.mark.parametrize("symbol", CHOICES)
def test_every_exit_and_its_price_are_the_recomputed_ones(
    symbol: str, found: dict[str, PositionReplay], halves: dict[str, pd.DataFrame]
) -> None:
    bars = halves[symbol]
    kind, length, timeframe = CHOICES[symbol].split()
    runs = _hours(bars) if timeframe == "1H" else _days(bars)
    wanted = []
    is_held = True
    for ends, closes in runs:
        below = _below(closes, kind, int(length))
        for end, is_below in zip(ends, below, strict=True):
            if is_below is None or not BEGIN <= end <= END:
                continue
            if is_below and is_held:
                after = bars[bars.index >= end]
                wanted.append((end, float(after["open"].iloc[0]), after.index[0]))
            is_held = not is_below
    told = [(each.at, each.fill.price, each.fill.at) for each in found[symbol].exits if each.fill]
    assert told == wanted
    assert len(wanted) >= 3


@pytest.mark.parametrize("symbol", CHOICES)
def test_holding_is_the_plain_gain_from_the_first_close_judged_to_the_last(
    symbol: str, found: dict[str, PositionReplay], halves: dict[str, pd.DataFrame]
) -> None:
    equity = found[symbol].equity
    first, last = (pd.Timestamp(int(equity.times[at]), unit="us", tz="UTC") for at in (0, -1))
    closes = halves[symbol]["close"]
    begun, ended = (float(closes[closes.index < each].iloc[-1]) for each in (first, last))
    assert equity.holding_percent == pytest.approx((ended / begun - 1) * 100)


def _hours(bars: pd.DataFrame) -> list[tuple[list[pd.Timestamp], list[float]]]:
    """Whole hours of New York's clock, in runs without a hole."""
    local = pd.DatetimeIndex(bars.index).tz_convert(NEW_YORK)
    by_hour = bars["close"].groupby(local.floor("h")).agg(["size", "last"])
    told = {hour: (int(size), float(last)) for hour, size, last in by_hour.itertuples()}
    runs: list[tuple[list[pd.Timestamp], list[float]]] = [([], [])]
    for date in sorted(set(local.normalize())):
        is_half_day = f"{date:%Y-%m-%d}" in HALF_DAYS
        for hour in range(9, 13 if is_half_day else 16):
            begin = date + pd.Timedelta(hours=hour)
            size, close = told.get(begin, (0, 0.0))
            if size == (1 if hour == 9 else 2):
                runs[-1][0].append((begin + pd.Timedelta(hours=1)).tz_convert("UTC"))
                runs[-1][1].append(close)
            elif runs[-1][0]:
                runs.append(([], []))
    return runs


def _days(bars: pd.DataFrame) -> list[tuple[list[pd.Timestamp], list[float]]]:
    local = pd.DatetimeIndex(bars.index).tz_convert(NEW_YORK)
    ends = [session.index[-1] + HALF_HOUR for _, session in bars.groupby(local.date)]
    return [(ends, [float(s["close"].iloc[-1]) for _, s in bars.groupby(local.date)])]


def _below(closes: list[float], kind: str, length: int) -> list[bool | None]:
    ticks = [round(each * TICKS) for each in closes]
    found: list[bool | None] = [None] * min(length - 1, len(ticks))
    value = 0.0
    for at in range(length - 1, len(ticks)):
        if kind == "SMA":
            found.append(ticks[at] * length < sum(ticks[at + 1 - length : at + 1]))
            continue
        seed = sum(ticks[:length]) / length
        value = seed if at == length - 1 else value + 2 / (length + 1) * (ticks[at] - value)
        assert abs(ticks[at] - value) > 1e-6, "so close that floats cannot tell"
        found.append(ticks[at] < value)
    return found
