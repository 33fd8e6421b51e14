"""The broker port over a connection to IB Gateway or Trader Workstation, by ib_insync."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Self

from sellkit.adapters.clock import BrokerClock
from sellkit.adapters.ib import translate
from sellkit.adapters.ib.bridge import Bridge
from sellkit.adapters.ib.error_codes import NO_HISTORY, ib_errors
from sellkit.adapters.ib.hearers import Hearers
from sellkit.adapters.ib.orders.reporter import Reporter
from sellkit.adapters.ib.orders.route import IbOrderRoute
from sellkit.adapters.ib.pacing import Pacer, RequestLedger
from sellkit.adapters.ib.readiness import Rules
from sellkit.adapters.ib.reading import LISTS, described, read_lists
from sellkit.adapters.ib.returning import Returning
from sellkit.adapters.ib.way import Endpoint
from sellkit.adapters.pacing_ledger import PacingLedger
from sellkit.core.pacing import Ask, PacingRules
from sellkit.core.portfolio import AccountSnapshot
from sellkit.core.quotes import Quote
from sellkit.errors import ConfigError, NoBars, NotConnected

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import pandas as pd
    from ib_insync import BarData

    from sellkit.adapters.ib.way import Way
    from sellkit.core.alerts import Alert
    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.pacing import Usage
    from sellkit.core.portfolio import Account, GatewayKind
    from sellkit.core.standing import Standing
    from sellkit.core.windows import BarRequest
    from sellkit.ports import Clock
    from sellkit.ports.order_route import OrderRoute


class IbBroker:
    """The gateway, over one connection after the other. It reads; orders take its `route`.

    Made by `connect`. Any number of threads may call it, also threads that run an event loop of
    their own. Whatever is asked while `standing` is not ready raises `NotConnected` with its
    reason, also what waits for an answer then; only the gateway's time needs no more than a link.
    """

    def __init__(
        self, bridge: Bridge, pacer: Pacer, clock: Clock | None, reporter: Reporter | None = None
    ) -> None:
        self._bridge = bridge
        self._pacer = pacer
        self._clock: Clock = clock or BrokerClock(self.server_time)
        self._route = None if reporter is None else IbOrderRoute(bridge, reporter, self._clock)

    @classmethod
    def connect(  # noqa: PLR0913  (each is one thing that an operator may set)
        cls,
        *,
        host: str,
        port: int,
        client_id: int,
        clock: Clock | None = None,
        connect_timeout_seconds: float = 10.0,
        request_timeout_seconds: float = 60.0,
        pacing: PacingRules | None = None,
        ledger: RequestLedger | None = None,
        returning: Returning | None = None,
        expected: GatewayKind | None = None,
        sends_orders: bool = False,
        on_alert: Callable[[Alert], None] | None = None,
        on_clear: Callable[[], None] | None = None,
        on_subscriptions_lost: Callable[[], None] | None = None,
    ) -> Self:
        """Connect to a gateway.

        Parameters
        ----------
        host, port
            Where it listens.
        client_id
            One that no other program uses there, and never another one: open orders belong to it.
        clock
            By which the times of snapshots and bars are told; None takes the gateway's own.
        connect_timeout_seconds
            How long the connection may take in all.
        request_timeout_seconds
            How long the gateway may take to answer one request, time in the budget's queue aside.
        pacing, ledger
            The budget of requests for bars, and where they are counted; None takes the usual rules,
            and counts those of this connection alone.
        returning
            How the connection is tried again, now and after each loss; this method then returns at
            once, see `wait_until_ready`. With None it connects before it returns, and a connection
            that was lost stays lost.
        expected
            The kind of gateway; another one is refused for good.
        sends_orders
            Whether there is a `route`. The client id is then the account's one for orders.
        on_alert, on_clear, on_subscriptions_lost
            Told on a thread of their own what a person has to hear of; that the connection is ready
            and no alert is open; that the gateway came back without its subscriptions.

        Raises
        ------
        NotConnected, RequestTimedOut
            Nothing listens there, the machine is unknown, the client id is in use, or it is silent.
        ConfigError
            The port is not a port.
        """
        if not 0 < port < 65536:
            raise ConfigError(f"{port} is not a port; give --port from 1 to 65535")
        endpoint = Endpoint(
            host=host,
            port=port,
            client_id=client_id,
            connect_seconds=connect_timeout_seconds,
            request_seconds=request_timeout_seconds,
        )
        rules = Rules(
            address=f"{host}:{port}",
            client_id=client_id,
            returning=returning or Returning(),
            is_lasting=returning is not None,
            trusts_start=returning is None,
            expected=expected,
        )
        hearers = Hearers(on_alert, on_clear, on_subscriptions_lost)
        reporter = Reporter(client_id, clock) if sends_orders else None
        bridge = Bridge.open(endpoint, rules, hearers, reporter=reporter)
        return cls(bridge, _pacer(pacing or PacingRules(), ledger), clock, reporter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def standing(self) -> Standing:
        """Whether what the gateway tells may be decided on, and in which epoch."""
        return self._bridge.standing

    @property
    def broken_farms(self) -> tuple[str, ...]:
        """The data farms that are broken, each with what it is for."""
        return self._bridge.connection.broken_farms

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until it may be decided on, at most so many real seconds.

        Raises
        ------
        NotConnected
            It could not, for the reason told; at once where that will not change.
        """
        self._bridge.wait(seconds)

    @property
    def kind(self) -> GatewayKind:
        """Simulated by the name of its data farms, paper by its account numbers, else live.

        Raises
        ------
        NotConnected
            There has been no connection yet.
        """
        return self._bridge.identity[1]

    @property
    def account_numbers(self) -> tuple[str, ...]:
        """The accounts that this login manages; NotConnected before the first connection."""
        return self._bridge.identity[0]

    @property
    def server_version(self) -> int:
        """The protocol's version, as agreed between the gateway and the client."""
        return self._bridge.do(lambda way: int(way.link.ib.client.serverVersion()))

    @property
    def clock(self) -> Clock:
        """The clock that was given to `connect`, or the gateway's."""
        return self._clock

    def server_time(self) -> dt.datetime:
        """The gateway's clock, aware UTC, to the second; decides nothing, so any link will do."""
        return self._bridge.ask_link("the gateway's time", lambda way: way.questions.server_time())

    def snapshot(self, account: Account) -> AccountSnapshot:
        """Positions and open orders of all clients, asked anew, each complete to its end marker.

        A contract that the gateway cannot tell any more is the `problem` of its instrument.

        Raises
        ------
        ConfigError, RequestTimedOut
            The login does not manage the account; an end marker did not come.
        """
        self._bridge.check_managed(account)
        connection = self._bridge.connection
        asked_at = self._clock.now()  # what is told may be as old as the question
        read = self._bridge.ask(LISTS, lambda way: read_lists(connection, way, account))
        return AccountSnapshot(account, asked_at, read.positions, read.orders, epoch=read.epoch)

    def find(self, token: Token) -> Instrument:
        """The stock or ETF that a token names.

        Raises
        ------
        UnknownInstrument
            None, or more than one.
        """
        return self._bridge.ask(f"the contract {token}", lambda way: way.contracts.find(token))

    def bars(self, request: BarRequest) -> pd.DataFrame:
        """One answer of historical bars as a bar frame, at least one bar, its prices unchecked.

        Waits for its turn in the budget, and asks again when the gateway says that it was too much.
        `fetched_at` is the clock's time just before the request was sent.

        Raises
        ------
        NoBars
            The source has none for this window, and said so.
        AnsweredElsewhere
            Another process was told them just now.
        RequestTimedOut, PacingViolation, RequestRejected, InvalidBars
            It did not answer, answered with another error, or with what is no bar at all.
        """
        what = described(request)
        contract, shown = request.instrument.con_id, request.what_to_show
        span = (request.end.isoformat(), request.duration, request.bar_size)
        question = " ".join(str(part) for part in (contract, *span, shown, request.rth))
        ask = Ask(question, f"{contract} {shown}")

        def wait_and_send(way: Way) -> Awaitable[tuple[list[BarData], dt.datetime]]:
            return self._pacer.run(ask, request.urgency, partial(self._send, way, request, what))

        bars, sent_at = self._bridge.ask(what, wait_and_send)
        if not bars:
            raise NoBars(NO_HISTORY, f"{what}: the answer held none")
        return translate.bar_frame(bars, sent_at, what)

    def route(self) -> OrderRoute:
        """The way of an order to the gateway.

        Raises
        ------
        ConfigError
            It was not connected in order to send any.
        """
        if self._route is None:
            raise ConfigError("this connection sends no orders; only live mode makes one that does")
        return self._route

    def quotes(self, instruments: Sequence[Instrument]) -> Mapping[int, Quote]:
        """By contract, what the market shows of it now, and whether the account sees it live.

        It never fails: a lost connection is the `trouble` of every quote. Nothing stays subscribed.
        """
        try:
            at = self._clock.now()
            return self._bridge.ask("present prices", lambda way: way.quotes.of(instruments, at))
        except NotConnected as error:
            trouble = f"present prices could not be had: {error}"
            lost = Quote(asked_at=self.standing.since, trouble=trouble)
            return {each.con_id: lost for each in instruments}

    def seconds_for(self, requests: int) -> float:
        """About how long so many requests for bars take within the budget."""
        return self._pacer.seconds_for(requests)

    def usage(self) -> Usage:
        """How much of the budget of requests is used, by all who draw from it."""
        return self._pacer.usage()

    def close(self) -> None:
        """End the connection and its threads; a second call does nothing."""
        self._bridge.close()
        self._pacer.close()

    # --- on the loop's thread -------------------------------------------------------------------

    async def _send(
        self, way: Way, request: BarRequest, what: str
    ) -> tuple[list[BarData], dt.datetime]:
        # On a thread of its own, because the clock may be the gateway's and ask through this loop.
        sent_at = await asyncio.to_thread(self._clock.now)
        with ib_errors(what):
            return await way.questions.bars(request), sent_at


def _pacer(rules: PacingRules, ledger: RequestLedger | None) -> Pacer:
    return Pacer(rules, ledger or PacingLedger(":memory:", "", rules))
