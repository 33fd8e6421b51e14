"""What a journal might hold of the holdings: a decision on each bar, orders, executions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from sellkit.core import indicators
from sellkit.core.assignments import Timeframe
from sellkit.core.past import Past, PastOrder
from sellkit.core.portfolio import Side
from sellkit.core.precedent import Precedent
from sellkit.core.signals import Decision
from tests import ticketing
from tests.present.holdings import Holding, bars_of, row_of


def decisions_of(holding: Holding, count: int) -> tuple[Precedent, ...]:
    """What the rule said of the last `count` hours."""
    bars, row = bars_of(holding, Timeframe.H1), row_of(holding)
    assert row.assignment is not None
    averages = indicators.average(bars["close"].to_numpy(), row.assignment.average)
    found = []
    for place in range(len(bars) - count, len(bars)):
        close, average = float(bars["close"].iloc[place]), float(averages[place])
        end = bars["fetched_at"].iloc[place].to_pydatetime() - dt.timedelta(seconds=5)
        decision = Decision.EXIT if close < average else Decision.HOLD
        relation = "strictly below" if close < average else "not below"
        label = row.assignment.label
        found.append(
            Precedent(
                run_id="r1",
                decided_at=end,
                con_id=row.position.instrument.con_id,
                label=label,
                decision=decision,
                reasons=(f"close {close:.4f} is {relation} {label} {average:.4f}",),
                start=bars.index[place].to_pydatetime(),
                end=end,
                parts=2,
                fetched_at=end,
                close=close,
                average=average,
                bars_used=200,
                seed_weight=0.0,
                price_basis="TRADES",
            )
        )
    return tuple(found)


def order(at: dt.datetime, close: float = 180.0) -> PastOrder:
    """Withheld, for two reasons."""
    return PastOrder(
        reference="SK1-0123456789ab-1",
        at=at,
        side=Side.SELL,
        quantity=Decimal(100),
        close=close,
        state="withheld",
        reasons=("not above break-even", "a stop <of somebody else> rests on it"),
    )


def past_of(holding: Holding, count: int = 60) -> Past:
    """Decisions on the last hours, an order after the last, and an execution in between."""
    decisions = decisions_of(holding, count)
    fill = replace(
        ticketing.fill(),
        at=decisions[-20].start + dt.timedelta(minutes=4),
        price=Decimal("187.02"),
    )
    return Past(decisions, (order(decisions[-1].end + dt.timedelta(seconds=20)),), (fill,))
