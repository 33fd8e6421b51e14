"""Small things that tests are made of: each has usual values, and a test names only what matters.

The usual moment is Wednesday 2026-01-28, 15:00:20 in New York, just after an ordinary hour ended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from sellkit.core.aggregate import CompletedBars, completed
from sellkit.core.arming import Arming, ArmingSeen
from sellkit.core.assignments import Assignment, MaKind, MovingAverage, Timeframe, parse_choice
from sellkit.core.bars import (
    PRICES,
    Anchor,
    BarSize,
    Slot,
    empty_bars,
    session_slots,
    slots_until,
)
from sellkit.core.facts import Facts
from sellkit.core.instrument import Instrument, Token
from sellkit.core.lifecycle import TicketState
from sellkit.core.limits import AtClose, Limits
from sellkit.core.live_facts import LiveFacts, ProbeStanding
from sellkit.core.market_time import UTC, Calendar, calendar_for
from sellkit.core.orders import OrderTicket, prepare
from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind, OpenOrder, Position, Side
from sellkit.core.quotes import Quote
from sellkit.core.signals import BarCertificate, Decision, Signal
from sellkit.core.snapshot import Reading, SnapshotRow
from sellkit.core.standing import Standing
from sellkit.core.tickets import TicketRecord
from sellkit.ports import Journal

AAPL = "NASDAQ:AAPL"
NUMBER = "DU1234567"
DAY = dt.date(2026, 1, 28)
HOUR_END = dt.datetime(2026, 1, 28, 20, tzinfo=UTC)
NOW = HOUR_END + dt.timedelta(seconds=20)
SECOND = dt.timedelta(seconds=1)


def utc(text: str) -> dt.datetime:
    """`2026-01-28 20:00` as an aware instant."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def new_york() -> Calendar:
    """The calendar of NASDAQ and NYSE."""
    return calendar_for("NASDAQ")


def session_hours(date: dt.date = DAY, anchor: Anchor = Anchor.CLOCK) -> tuple[Slot, ...]:
    """The hourly slots of a New York session."""
    return _slots_on(date, BarSize.H1, anchor)


def session_halves(date: dt.date = DAY) -> tuple[Slot, ...]:
    """The 30-minute slots of a New York session."""
    return _slots_on(date, BarSize.M30, Anchor.CLOCK)


def _slots_on(date: dt.date, size: BarSize, anchor: Anchor) -> tuple[Slot, ...]:
    session = new_york().on(date)
    assert session is not None, f"{date} has no session"
    return session_slots(session, size, new_york(), anchor)


# --- bars -----------------------------------------------------------------------------------------


def bars(
    slots: Sequence[Slot], closes: Iterable[float] | None = None, late: dt.timedelta = 5 * SECOND
) -> pd.DataFrame:
    """A bar frame with one bar a slot, told `late` after the slot's end; closes rise from 100."""
    if not slots:
        return empty_bars()
    prices = 100.0 + np.arange(len(slots)) if closes is None else np.array(list(closes))
    index = pd.DatetimeIndex([slot.start for slot in slots], name="start").as_unit("us")
    frame = pd.DataFrame({name: prices.astype(np.float64) for name in PRICES}, index=index)
    frame["high"] *= 1.01
    frame["low"] *= 0.99
    frame["volume"] = 1000.0
    frame["fetched_at"] = pd.DatetimeIndex([slot.end + late for slot in slots]).as_unit("us")
    return frame


def history(
    closes: Sequence[float], size: BarSize = BarSize.H1, now: dt.datetime = NOW
) -> CompletedBars:
    """An unbroken run of completed bars with these closes, up to `now`."""
    slots = slots_until(now, size, new_york(), count=len(closes))
    return completed(bars(slots, closes), slots)


def broken(problem: str = "the last bar is missing") -> CompletedBars:
    """A run whose last bar cannot be used."""
    return CompletedBars(session_hours()[5], empty_bars(), problem)


# --- what is held, and what is said of it ---------------------------------------------------------


def account(number: str = NUMBER, alias: str = "main") -> Account:
    return Account(alias, number)


def instrument(token: str = AAPL, con_id: int = 265598, security_type: str = "STK") -> Instrument:
    return Instrument(con_id, Token.parse(token), security_type)


def position(
    token: str = AAPL,
    quantity: str = "100",
    cost: str | None = "90",
    con_id: int = 265598,
    security_type: str = "STK",
    number: str = NUMBER,
) -> Position:
    """100 shares of Apple, bought at 90."""
    return Position(
        account(number),
        instrument(token, con_id, security_type),
        Decimal(quantity),
        None if cost is None else Decimal(cost),
    )


def average(text: str = "SMA 50") -> MovingAverage:
    kind, length = text.split()
    return MovingAverage(MaKind(kind), int(length))


def assignment(choice: str = "SMA 50 1H", token: str = AAPL) -> Assignment:
    return Assignment(Token.parse(token), *parse_choice(choice))


def certificate(
    close: float = 99.0, average: float = 100.0, end: dt.datetime = HOUR_END, seed: float = 0.0
) -> BarCertificate:
    """The hour from 14:00 to 15:00 closed at 99, below its average of 100."""
    slot = next(slot for slot in session_hours(end.date()) if slot.end == end)
    return BarCertificate(slot, slot.parts, end + 5 * SECOND, close, average, 200, seed, "TRADES")


def signal(
    held: Position | None = None,
    decision: Decision = Decision.EXIT,
    proof: BarCertificate | None = None,
    assigned: Assignment | None = None,
) -> Signal:
    """An EXIT with its evidence; other decisions carry none unless it is given."""
    if decision is Decision.EXIT and proof is None:
        proof = certificate()
    return Signal(held or position(), assigned or assignment(), decision, ("a reason",), proof)


def ticket(held: Position | None = None, proof: BarCertificate | None = None) -> OrderTicket:
    return prepare(signal(held, proof=proof))


def open_order(
    reference: str = "", con_id: int = 265598, stop: str | None = "80", side: Side = Side.SELL
) -> OpenOrder:
    """A stop that rests at 80, placed by hand unless the reference says otherwise."""
    return OpenOrder(
        account=account(),
        con_id=con_id,
        order_id="7",
        client_id="0",
        perm_id="1234",
        reference=reference,
        side=side,
        order_type="STP",
        quantity=Decimal(100),
        remaining=Decimal(100),
        limit_price=None,
        stop_price=None if stop is None else Decimal(stop),
        time_in_force="GTC",
        status="PreSubmitted",
    )


def snapshot(
    positions: Iterable[Position] | None = None,
    orders: Iterable[OpenOrder] = (),
    taken_at: dt.datetime = NOW,
    epoch: int = 1,
) -> AccountSnapshot:
    held = (position(),) if positions is None else tuple(positions)
    return AccountSnapshot(account(), taken_at, held, tuple(orders), epoch)


def record(
    journal: Journal,
    run_id: str,
    rows: Sequence[SnapshotRow] = (),
    *,
    seen: AccountSnapshot | None = None,
    stood: Standing | None = None,
) -> None:
    """Write a decision to a journal, of which a test tells what it is about."""
    journal.record_decision(run_id, seen or snapshot([]), stood or standing(), rows)


def standing(reason: str = "", epoch: int = 1) -> Standing:
    """A connection that is ready, unless there is a reason why not."""
    return Standing(epoch, not reason, reason, NOW)


def quote(price: str | None = "99", trouble: str | None = None) -> Quote:
    """A live quote around 99, a cent to each side; without a price no side is told."""
    if price is None:
        return Quote(asked_at=NOW, trouble=trouble)
    middle, cent = Decimal(price), Decimal("0.01")
    return Quote(asked_at=NOW, bid=middle - cent, ask=middle + cent, last=middle, trouble=trouble)


# --- what the gates see ---------------------------------------------------------------------------


def limits(**changes: Any) -> Limits:
    """Limits that the usual ticket keeps."""
    usual: dict[str, Any] = {
        "max_shares": Decimal(100),
        "max_notional": Decimal(9900),
        "max_bar_age": dt.timedelta(minutes=10),
        "max_snapshot_age": dt.timedelta(seconds=30),
        "max_seed_weight": 0.001,
        "max_quote_gap": 0.2,
        "close_margin": dt.timedelta(minutes=2),
        "require_above_break_even": True,
        "at_close": AtClose.NEXT_OPEN,
        "max_orders": 5,
        "max_daily_notional": Decimal(50_000),
    }
    return Limits(**(usual | changes))


def facts(**changes: Any) -> Facts:
    """Facts under which every gate lets the usual ticket pass."""
    usual: dict[str, Any] = {
        "now": NOW,
        "is_present": True,
        "snapshot": snapshot(),
        "standing": standing(),
        "quote": quote(),
        "session": new_york().on(DAY),
        "next_open": utc("2026-01-29 14:30"),
        "exits": 1,
        "positions": 5,
        "limits": limits(),
    }
    return Facts(**(usual | changes))


def arming(**changes: Any) -> Arming:
    """The usual account, armed an hour ago for five more and a million."""
    usual: dict[str, Any] = {
        "arming_id": "0a0b0c0d",
        "profile": "demo",
        "account": "main",
        "fingerprint": account().fingerprint,
        "gateway": GatewayKind.SIMULATED,
        "armed_at": NOW - dt.timedelta(hours=1),
        "until": NOW + dt.timedelta(hours=5),
        "max_notional": Decimal(1_000_000),
    }
    return Arming(**(usual | changes))


def ticket_record(**changes: Any) -> TicketRecord:
    """The usual ticket as the journal has it once it was acknowledged."""
    usual: dict[str, Any] = {
        "ticket_id": ticket().ticket_id,
        "attempt": 1,
        "reference": ticket().reference,
        "run_id": "r1",
        "account": "main",
        "con_id": 265598,
        "ticker": AAPL,
        "side": Side.SELL,
        "quantity": Decimal(100),
        "position_before": Decimal(100),
        "notional": Decimal(9900),
        "bar_end": HOUR_END,
        "state": TicketState.ACKNOWLEDGED,
        "cause": "",
        "at": NOW,
        "began_at": NOW,
        "claimed_at": NOW,
        "order_id": "17",
        "client_id": "1",
        "epoch": 1,
        "perm_id": "77",
        "filled": Decimal(0),
        "stopped": (),
    }
    return TicketRecord(**(usual | changes))


def live_facts(**changes: Any) -> LiveFacts:
    """Facts under which every gate of live mode lets the usual ticket pass."""
    usual: dict[str, Any] = {
        "is_named": True,
        "is_managed": True,
        "profile": "demo",
        "expected": GatewayKind.SIMULATED,
        "port": 4012,
        "gateway": GatewayKind.SIMULATED,
        "arming": ArmingSeen(arming()),
        "halt": None,
        "lease_trouble": None,
        "probe": ProbeStanding(NOW),
        "clock_skew": dt.timedelta(),
        "records_epoch": 1,
        "reconciled_epoch": 1,
        "unsettled": (),
        "orders_today": 0,
        "notional_today": Decimal(0),
        "notional_armed": Decimal(0),
    }
    return LiveFacts(**(usual | changes))


# --- rows -----------------------------------------------------------------------------------------


def reading(choice: str = "SMA 50 1H", value: float | None = 100.0, seed: float = 0.0) -> Reading:
    """One average; without a value it had 12 bars."""
    moving_average, timeframe = parse_choice(choice)
    used = 12 if value is None else 400
    return Reading(moving_average, timeframe, value, used, seed)


def readings(value: float | None = 100.0) -> tuple[Reading, ...]:
    """All 28 averages, hours and SMA first."""
    return tuple(
        reading(f"{kind} {length} {timeframe}", value)
        for timeframe in Timeframe
        for kind in MaKind
        for length in (5, 10, 20, 50, 100, 150, 200)
    )


def row(**changes: Any) -> SnapshotRow:
    """An EXIT that no gate has seen yet."""
    usual: dict[str, Any] = {
        "as_of": NOW,
        "signal": signal(),
        "last_close": 99.0,
        "readings": readings(),
        "open_orders": (),
        "verdict": None,
        "max_seed_weight": 0.001,
    }
    return SnapshotRow(**(usual | changes))
