"""A portfolio as the evaluator and the gates leave it: every decision, verdict and doubt in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np
import pandas as pd

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES, Assignment, Timeframe
from sellkit.core.bars import BarSize
from sellkit.core.evaluate import History, evaluate
from sellkit.core.gates import judge
from sellkit.core.orders import prepare
from sellkit.core.portfolio import OpenOrder
from sellkit.core.signals import Decision, Signal
from sellkit.core.snapshot import Reading, SnapshotRow
from sellkit.present.heading import Heading
from tests import build

HEADING = Heading(
    mode="DRY RUN",
    profile="demo",
    account="main",
    gateway="simulated",
    as_of=build.NOW,
    zone_exchange="NASDAQ",
)


@dataclass(frozen=True)
class Holding:
    """What a row is made of."""

    token: str
    choice: str | None
    last_step: float = 0.0
    cost: str | None = "60"
    quantity: str = "100"
    security_type: str = "STK"
    bars: int = 900
    stop: str | None = None
    problem: str | None = None


HOLDINGS = (
    Holding("NASDAQ:AAPL", "SMA 50 1H", last_step=-0.02, cost="175.5", stop="61.5"),
    Holding("NASDAQ:MSFT", "EMA 200 1D", last_step=0.1),
    Holding("NYSE:BRK.B", "SMA 100 1H", last_step=-0.3, cost="5000"),
    Holding("ARCA:SPY", None),
    Holding("NASDAQ:NVDA", "EMA 20 1H", problem="the bar 2026-01-28 19:00 to 20:00 UTC is missing"),
    Holding("NYSE:XOM", "EMA 200 1H", last_step=-0.04, quantity="12.5", bars=320),
    Holding("NASDAQ:GOOGL", "SMA 200 1D", bars=120),
    Holding("NYSE:KO", "SMA 20 1D", last_step=0.05, cost=None),
    Holding("NASDAQ:TSLA", None, quantity="-40"),
    Holding("NASDAQ:AMD", "SMA 10 1H", security_type="OPT", quantity="2"),
)


@cache
def bars_of(holding: Holding, timeframe: Timeframe) -> pd.DataFrame:
    """A random walk from 100, the same for the same token; `last_step` moves its last close."""
    seed = sum(map(ord, holding.token)) + (timeframe is Timeframe.D1)
    steps = np.random.default_rng(seed).normal(0.0004, 0.006, holding.bars)
    steps[-1] += holding.last_step
    closes = np.round(100 * np.exp(np.cumsum(steps)), 2)
    size = BarSize.H1 if timeframe is Timeframe.H1 else BarSize.D1
    frame = build.history(closes.tolist(), size).frame.copy()
    frame["open"] = frame["close"].shift().fillna(100.0).clip(frame["low"], frame["high"])
    return frame


@cache
def row_of(holding: Holding) -> SnapshotRow:
    """The holding's row at the usual moment."""
    place = next((i for i, each in enumerate(HOLDINGS) if each == holding), 99)
    held = build.position(
        holding.token,
        holding.quantity,
        holding.cost,
        con_id=1000 + place,
        security_type=holding.security_type,
    )
    assigned = None if holding.choice is None else build.assignment(holding.choice, holding.token)
    frames = {timeframe: bars_of(holding, timeframe) for timeframe in Timeframe}
    runs = {
        timeframe: build.history(frame["close"].tolist(), timeframe.bar_size)
        for timeframe, frame in frames.items()
    }
    if holding.problem:
        runs[Timeframe.H1] = build.broken(holding.problem)
    signal = evaluate(held, assigned, History(runs[Timeframe.H1], runs[Timeframe.D1]))
    return _row(signal, assigned, frames, holding)


def _row(
    signal: Signal,
    assigned: Assignment | None,
    frames: dict[Timeframe, pd.DataFrame],
    holding: Holding,
) -> SnapshotRow:
    orders: tuple[OpenOrder, ...] = ()
    if holding.stop:
        con_id = signal.position.instrument.con_id
        orders = (build.open_order("SK1-0123456789ab-1", con_id, holding.stop),)
    snapshot = build.snapshot([signal.position], orders)
    close = None if signal.certificate is None else str(signal.certificate.close)
    facts = build.facts(
        snapshot=snapshot,
        quote=build.quote(close),
        limits=build.limits(max_notional=Decimal(100_000)),
    )
    verdict = judge(prepare(signal), facts) if signal.decision is Decision.EXIT else None
    timeframe = assigned.timeframe if assigned else Timeframe.H1
    return SnapshotRow(
        as_of=build.NOW,
        signal=signal,
        last_close=None if holding.problem else float(frames[timeframe]["close"].iloc[-1]),
        readings=() if holding.problem else tuple(_readings(frames)),
        open_orders=orders,
        verdict=verdict,
        max_seed_weight=0.001,
    )


def _readings(frames: dict[Timeframe, pd.DataFrame]) -> Iterable[Reading]:
    for timeframe, frame in frames.items():
        closes = frame["close"].to_numpy()
        for average in ALL_AVERAGES:
            value = float(indicators.average(closes, average)[-1])
            known = None if np.isnan(value) else value
            yield Reading(average, timeframe, known, len(closes), average.seed_weight(len(closes)))


def portfolio(holdings: Iterable[Holding] = HOLDINGS) -> list[SnapshotRow]:
    """The rows of some holdings, in the order given."""
    return [row_of(each) for each in holdings]
