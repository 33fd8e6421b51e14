"""The broker port over one connection to IB Gateway or Trader Workstation, by ib_insync."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypeVar

from sellkit.adapters.clock import BrokerClock
from sellkit.adapters.ib import translate
from sellkit.adapters.ib.contracts import Contracts
from sellkit.adapters.ib.error_codes import NO_HISTORY, ib_errors
from sellkit.adapters.ib.link import Link
from sellkit.adapters.ib.loop import LoopThread
from sellkit.adapters.ib.pacing import Pacer, PacingRules
from sellkit.adapters.ib.questions import Questions
from sellkit.core.portfolio import AccountSnapshot
from sellkit.errors import ConfigError, NoBars

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Iterable

    import pandas as pd
    from ib_insync import BarData
    from ib_insync.objects import Position as IbPosition

    from sellkit.core.coverage import BarRequest
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.portfolio import Account, GatewayKind, OpenOrder, Position
    from sellkit.ports import Clock

Result = TypeVar("Result")

_LISTS: Final = "positions and open orders"


@dataclass(frozen=True, slots=True)
class _Way:
    """What lives on the loop's thread."""

    link: Link
    questions: Questions
    contracts: Contracts
    pacer: Pacer


class IbBroker:
    """The gateway, over one connection. Reading only.

    Made by `connect`. Any number of threads may call it, also threads that run an event loop of
    their own. Every method but `close` raises `NotConnected` once the connection is lost, also one
    that is waiting then; a lost connection never comes back, so connect anew.
    """

    def __init__(self, loop: LoopThread, way: _Way, kind: GatewayKind, clock: Clock | None) -> None:
        self._loop = loop
        self._link = way.link
        self._questions = way.questions
        self._contracts = way.contracts
        self._pacer = way.pacer
        self._kind = kind
        self._account_numbers = way.link.account_numbers
        self._clock: Clock = BrokerClock(self.server_time) if clock is None else clock

    @classmethod
    def connect(
        cls,
        *,
        host: str,
        port: int,
        client_id: int,
        clock: Clock | None = None,
        connect_timeout_seconds: float = 10.0,
        request_timeout_seconds: float = 60.0,
        pacing: PacingRules | None = None,
    ) -> Self:
        """Connect to a gateway.

        Parameters
        ----------
        host, port
            Where it listens.
        client_id
            One that no other program uses there.
        clock
            By which the times of snapshots and bars are told; None takes the gateway's own.
        connect_timeout_seconds
            How long the connection may take in all.
        request_timeout_seconds
            How long the gateway may take to answer one request, time in the budget's queue aside.
        pacing
            The budget of requests for bars; None takes the usual rules.

        Raises
        ------
        NotConnected
            Nothing listens there, the machine is unknown, or the client id is in use.
        RequestTimedOut
            Something took the connection and stayed silent.
        ConfigError
            The port is not a port.
        """
        if not 0 < port < 65536:
            raise ConfigError(f"{port} is not a port; give --port from 1 to 65535")
        loop = LoopThread("sellkit-ib")
        with ExitStack() as undo:
            undo.callback(loop.stop)

            async def begin() -> _Way:
                link = Link(host, port, client_id)
                undo.callback(partial(_close, loop, link))
                questions = Questions(link, request_timeout_seconds)
                await link.open(connect_timeout_seconds, questions.server_time)
                pacer = Pacer(pacing or PacingRules())
                return _Way(link, questions, Contracts(questions), pacer)

            way = loop.call(begin, None)
            kind = translate.kind_of(way.link.farm_notices, way.link.account_numbers)
            broker = cls(loop, way, kind, clock)
            undo.pop_all()
        return broker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def kind(self) -> GatewayKind:
        """Simulated by the name of its data farms, paper by its account numbers, else live."""
        return self._kind

    @property
    def account_numbers(self) -> tuple[str, ...]:
        """The accounts that this login manages."""
        return self._account_numbers

    @property
    def clock(self) -> Clock:
        """The clock that was given to `connect`, or the gateway's."""
        return self._clock

    def server_time(self) -> dt.datetime:
        """The gateway's clock, aware UTC, to the second."""
        return self._call("the gateway's time", self._questions.server_time)

    def snapshot(self, account: Account) -> AccountSnapshot:
        """Positions and open orders of all clients, asked anew, each complete to its end marker.

        Raises
        ------
        ConfigError
            The login does not manage the account.
        RequestTimedOut
            An end marker did not come.
        UnknownInstrument
            A position's contract cannot be told from others.
        """
        if account.number not in self._account_numbers:
            raise ConfigError(
                f"the login at {self._link.address} does not manage the account {account.alias!r}; "
                "check the account in the settings, or --account"
            )
        positions, orders = self._call(_LISTS, partial(self._lists, account))
        return AccountSnapshot(account, self._clock.now(), positions, orders)

    def find(self, token: Token) -> Instrument:
        """The stock or ETF that a token names.

        Raises
        ------
        UnknownInstrument
            None, or more than one.
        """
        return self._call(f"the contract {token}", partial(self._find, token))

    def bars(self, request: BarRequest) -> pd.DataFrame:
        """One answer of historical bars as a checked bar frame, at least one bar.

        Waits for its turn in the budget, and asks again when the gateway says that it was too much.
        `fetched_at` is the clock's time just before the request was sent.

        Raises
        ------
        NoBars
            The source has none for this window, and said so.
        RequestTimedOut, PacingViolation, RequestRejected
            It did not answer, or answered with another error.
        InvalidBars
            It answered with impossible prices.
        """
        what = _described(request)
        question = (
            *(request.instrument.con_id, request.end, request.duration, request.bar_size),
            *(request.what_to_show, request.rth),
        )
        send = partial(self._send, request, what)
        bars, sent_at = self._call(what, partial(self._pacer.run, question, send))
        if not bars:
            raise NoBars(NO_HISTORY, f"{what}: the answer held none")
        return translate.bar_frame(bars, sent_at, what)

    def close(self) -> None:
        """End the connection and its thread; a second call does nothing."""
        _close(self._loop, self._link)
        self._loop.stop()

    # --- on the loop's thread -------------------------------------------------------------------

    def _call(self, what: str, work: Callable[[], Awaitable[Result]]) -> Result:
        with ib_errors(what, lambda: self._link.reason):
            # Without a time-out of its own: each request has one, and the budget's queue moves on.
            return self._loop.call(partial(self._link.attend, work), None)

    async def _lists(self, account: Account) -> tuple[tuple[Position, ...], tuple[OpenOrder, ...]]:
        self._link.check_upstream()
        told = _held(await self._questions.positions(), account.number)
        trades = await self._questions.open_orders()
        held = await asyncio.gather(*(self._contracts.of_position(each.contract) for each in told))
        positions = [
            translate.position(each, instrument, account)
            for each, instrument in zip(told, held, strict=True)
        ]
        orders = [
            translate.open_order(trade, account)
            for trade in trades
            if trade.order.account == account.number
        ]
        return tuple(positions), tuple(orders)

    async def _find(self, token: Token) -> Instrument:
        self._link.check_upstream()
        return await self._contracts.find(token)

    async def _send(self, request: BarRequest, what: str) -> tuple[list[BarData], dt.datetime]:
        self._link.check_upstream()
        # On a thread of its own, because the clock may be the gateway's and ask through this loop.
        sent_at = await asyncio.to_thread(self._clock.now)
        with ib_errors(what):
            return await self._questions.bars(request), sent_at


def _close(loop: LoopThread, link: Link) -> None:
    # Another thread may be closing it at the same moment.
    with suppress(ConnectionError, CancelledError):
        loop.call(link.close, None)


def _held(told: Iterable[IbPosition], number: str) -> list[IbPosition]:
    """The positions of one account; of two messages about one contract the later one counts."""
    latest = {each.contract.conId: each for each in told if each.account == number}
    return [each for each in latest.values() if each.position]


def _described(request: BarRequest) -> str:
    return (
        f"{request.bar_size} bars of {request.instrument}, "
        f"{request.duration} to {request.end:%Y-%m-%d %H:%M} UTC"
    )
