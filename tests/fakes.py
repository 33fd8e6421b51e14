"""Stand-ins at the ports, in memory."""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pandas as pd

from sellkit.core.bars import INSTANT, BarSize, day_label, empty_bars, shaped
from sellkit.core.instrument import Instrument, Token
from sellkit.core.market_time import UTC, Calendar, Session, calendar_for
from sellkit.core.pacing import Usage
from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind, OpenOrder, Position
from sellkit.core.quotes import Quote
from sellkit.core.standing import Standing
from sellkit.core.windows import BarRequest
from sellkit.errors import ConfigError, NoBars, NotConnected, SellkitError, UnknownInstrument

TICK = dt.timedelta(microseconds=1)


class FakeClock:
    """A clock that stands still until a test moves it; `sleep_until` moves it, too.

    Attributes
    ----------
    is_stopped
        Whether it stands still whatever is slept.
    naps
        The most real seconds that each sleep was given.
    """

    def __init__(self, now: dt.datetime) -> None:
        self.time = now
        self.is_stopped = False
        self.naps: list[float] = []

    def now(self) -> dt.datetime:
        return self.time

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        self.naps.append(at_most_seconds)
        if not self.is_stopped:
            self.time = max(self.time, instant)


class SilentProgress:
    """A `Progress` that says nothing."""

    def start(self, label: str, total: int) -> None:
        pass

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        pass

    def stop(self) -> None:
        pass


class FakeBroker:
    """A gateway in memory. Tests may change every attribute at any time.

    Parameters
    ----------
    clock
        Its time, also that of the snapshots and bars.
    positions, orders
        Of any account.
    bars
        Whole histories, by contract number and bar size; `fetched_at` is set when they are told.
    instruments
        Further ones that can be found, beside those held.

    Attributes
    ----------
    requests
        Every request for bars, oldest first.
    failure
        Raised by every question while it is set.
    standing
        How the connection stands; nothing is answered while it is not ready.
    shown
        What the market shows of a contract, in place of a live quote at its latest close.
    quoted
        Contracts whose quotes were asked for, oldest first.
    seconds_a_request
        What its budget makes of a request.
    kept_seconds
        How much longer its budget is kept for the hourly run.
    max_bars_per_answer
        Answer with the newest bars only, so many; None gives all.
    """

    def __init__(
        self,
        clock: FakeClock,
        *,
        positions: Iterable[Position] = (),
        orders: Iterable[OpenOrder] = (),
        bars: Mapping[tuple[int, BarSize], pd.DataFrame] | None = None,
        instruments: Iterable[Instrument] = (),
        account_numbers: tuple[str, ...] = ("DU1234567",),
        kind: GatewayKind = GatewayKind.SIMULATED,
    ) -> None:
        self.clock = clock
        self.positions = list(positions)
        self.orders = list(orders)
        self.histories = dict(bars or {})
        self.instruments = list(instruments)
        self.requests: list[BarRequest] = []
        self.failure: SellkitError | None = None
        self.standing = Standing(1, True, "", clock.now())
        self.max_bars_per_answer: int | None = None
        self.seconds_a_request = 0.1
        self.kept_seconds = 0.0
        self.shown: dict[int, Quote] = {}
        self.quoted: list[int] = []
        self.is_closed = False
        self._account_numbers = account_numbers
        self._kind = kind
        self._lock = threading.Lock()

    @property
    def kind(self) -> GatewayKind:
        return self._kind

    @property
    def account_numbers(self) -> tuple[str, ...]:
        return self._account_numbers

    def server_time(self) -> dt.datetime:
        if self.is_closed:
            raise NotConnected(self.standing.reason)
        return self.clock.now().replace(microsecond=0)

    def snapshot(self, account: Account) -> AccountSnapshot:
        self._check()
        if account.number not in self._account_numbers:
            raise ConfigError(f"the login does not manage the account {account.alias!r}")
        return AccountSnapshot(
            account,
            self.clock.now(),
            tuple(each for each in self.positions if each.account.number == account.number),
            tuple(each for each in self.orders if each.account.number == account.number),
            epoch=self.standing.epoch,
        )

    def hold(self, held: Position) -> None:
        """Set a position, to zero as well."""
        same = (held.account.number, held.instrument.con_id)
        self.positions = [
            each for each in self.positions if (each.account.number, each.instrument.con_id) != same
        ]
        if held.quantity != Decimal(0):
            self.positions.append(held)

    def find(self, token: Token) -> Instrument:
        self._check()
        known = {each.instrument for each in self.positions} | set(self.instruments)
        found = [each for each in known if each.token == token and each.security_type == "STK"]
        if len(found) != 1:
            raise UnknownInstrument(200, f"{len(found)} contracts are called {token}")
        return found[0]

    def bars(self, request: BarRequest) -> pd.DataFrame:
        with self._lock:
            self.requests.append(request)
        self._check()
        key = (request.instrument.con_id, request.bar_size)
        now = self.clock.now()
        limit = min(request.end, now)
        history = self.histories.get(key, empty_bars())
        if not (history.index < limit).any():
            raise NoBars(162, f"HMDS query returned no data: {request.instrument}")
        calendar = calendar_for(request.instrument.token.exchange, extended=not request.rth)
        opened = calendar.latest_opened(limit - TICK)
        first = _first_start(opened, request, calendar)
        last = day_label(opened.date) + TICK if request.bar_size is BarSize.D1 else limit
        answer = history[(history.index >= first) & (history.index < last)].copy()
        if self.max_bars_per_answer is not None:
            answer = answer.iloc[-self.max_bars_per_answer :]
        if answer.empty:
            raise NoBars(162, f"HMDS query returned no data: {request.instrument}")
        told = pd.Timestamp(now.astimezone(UTC)).as_unit("us")
        answer["fetched_at"] = pd.Series(told, answer.index, dtype=INSTANT)
        return shaped(answer, "the fake broker")

    def quotes(self, instruments: Sequence[Instrument]) -> Mapping[int, Quote]:
        now = self.clock.now()
        if not self.standing.is_ready:
            lost = Quote(asked_at=now, trouble=self.standing.reason)
            return {each.con_id: lost for each in instruments}
        self.quoted += [each.con_id for each in instruments]
        usual = {each.con_id: self._quote(each.con_id, now) for each in instruments}
        return usual | {each: self.shown[each] for each in usual.keys() & self.shown.keys()}

    def _quote(self, con_id: int, now: dt.datetime) -> Quote:
        history = self.histories.get((con_id, BarSize.M30), empty_bars())
        told = history[history.index < now]["close"]
        last = Decimal(str(told.iloc[-1])) if len(told) else None
        return Quote(asked_at=now, bid=last, ask=last, last=last)

    def seconds_for(self, requests: int) -> float:
        return requests * self.seconds_a_request

    def usage(self) -> Usage:
        sent = len(self.requests)
        return Usage(sent, open=0, left=8, per_second=10.0, kept_seconds=self.kept_seconds)

    def interrupt(self, reason: str) -> None:
        """From now on the connection is not ready."""
        self.standing = Standing(self.standing.epoch, False, reason, self.clock.now())

    def come_back(self) -> None:
        """The connection is made anew."""
        self.standing = Standing(self.standing.epoch + 1, True, "", self.clock.now())

    def close(self) -> None:
        self.is_closed = True
        self.interrupt("the connection was closed")

    def _check(self) -> None:
        if not self.standing.is_ready:
            raise NotConnected(self.standing.reason)
        if self.failure is not None:
            raise self.failure


def _first_start(latest: Session, request: BarRequest, calendar: Calendar) -> dt.datetime:
    """Days count sessions, the latest included; months and years go by the calendar."""
    count, unit = request.duration.split()
    if unit in "MY":
        months = int(count) * (12 if unit == "Y" else 1)
        label = pd.Timestamp(day_label(latest.date)) - pd.DateOffset(months=months)
        return label.to_pydatetime()
    if unit != "D":
        raise ValueError(f"the fake broker knows no duration like {request.duration!r}")
    first = latest
    for _ in range(int(count) - 1):
        first = calendar.previous(first) or first
    return day_label(first.date) if request.bar_size is BarSize.D1 else first.open_utc
