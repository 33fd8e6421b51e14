"""The gateway: it listens, takes sessions in, and holds what they share."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sellkit.core.portfolio import SIMULATED_FARM
from sellkit.errors import ConfigError
from sellkit.simgateway.accounts import Valuer
from sellkit.simgateway.admission import Admission
from sellkit.simgateway.answers.keeping import tell_bars
from sellkit.simgateway.answers.quotes import tell_changes
from sellkit.simgateway.board import Board
from sellkit.simgateway.clients import Clients
from sellkit.simgateway.clock import Clock, WallClock, steady_seconds
from sellkit.simgateway.control_server import ControlServer
from sellkit.simgateway.course import Course
from sellkit.simgateway.downtime import Downtime
from sellkit.simgateway.exchange import Exchange
from sellkit.simgateway.fault_outage import Outage
from sellkit.simgateway.faults import Faults
from sellkit.simgateway.framing import BadFrame
from sellkit.simgateway.halts import Halts
from sellkit.simgateway.keeping.keeper import Keeper, kept_clock
from sellkit.simgateway.listening import Entrance
from sellkit.simgateway.market import Market
from sellkit.simgateway.orders.delivery import tell
from sellkit.simgateway.orders.floor import Floor
from sellkit.simgateway.orders.quotes import Quotes
from sellkit.simgateway.reception import Received, check_host, converse
from sellkit.simgateway.recording import Recorder
from sellkit.simgateway.reorganisation import Reorganisation
from sellkit.simgateway.rights import Rights
from sellkit.simgateway.session import Session
from sellkit.simgateway.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.scenario import Scenario

logger = logging.getLogger(__name__)

_TELL_SECONDS: Final = 0.25
# On the fastest clock 36 seconds, by which a rule with a moment may strike late.
_DUE_SECONDS: Final = 0.01
_REMEMBERED: Final = 20_000  # a placed order takes some 2 kB


class Gateway:
    """A simulated gateway.

    Parameters
    ----------
    scenario
        The state in which it starts.
    market
        Its prices; None makes them up from the scenario.
    clock
        Where its times come from; None is the machine's clock.
    host, port
        Where to listen, on this machine only; port 0 takes a free one.
    handshake_seconds
        How long a client may take until it has started the API.
    buffer_limit
        Bytes that may wait for a client that does not read, before it is dropped.
    state
        The folder in which it keeps its state over its own end; None keeps nothing.
    control_port
        Where it listens for `sellkit.simgateway.control.Control`; 0 takes a free port.

    Attributes
    ----------
    requests
        The latest messages that clients sent, oldest first.
    received
        How many messages came, also those that are no longer among `requests`.
    control
        The control channel, if there is one.
    max_bars_per_answer
        Answer with the newest bars only, so many; None gives all.
    faults
        The rules that break messages on their way, and the latencies.
    clients
        Who is connected.
    silent
        Take connections and never answer them.
    floor
        Where orders work; `floor.habits` may be replaced while the gateway runs.
    halts
        When contracts do not trade.
    rights
        Which prices clients may see.
    admission
        Which requests for history may run.
    reorganisation
        Splits and changed symbols that are still to come.
    course
        Lets orders live through all the time that passes.
    binds_orders
        Client 0 takes over whatever is placed by hand.
    recorder
        Records messages in both directions while it is on.
    downtime
        Plays resets and logins.
    keeper
        Keeps the state, if there is a folder for it.
    terminal
        The gateway's own window, for other threads.

    Raises
    ------
    ConfigError
        The host is not this machine.
    """

    farm: Final = SIMULATED_FARM
    historical_farm_text: Final = f"HMDS data farm connection is OK:{SIMULATED_FARM}"

    def __init__(  # noqa: PLR0913  every one but the first has a default
        self,
        scenario: Scenario,
        *,
        market: Prices | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        handshake_seconds: float = 10.0,
        buffer_limit: int = 64 * 2**20,
        control_port: int | None = None,
        state: Path | None = None,
    ) -> None:
        check_host(host)
        self.host, self.port, self.scenario = host, port, scenario
        self.keeper = Keeper(self, state)
        self.entrance = Entrance(self._accept, "the gateway")
        self.market: Prices = market or Market.of(scenario)
        self.clock: Clock = clock or kept_clock(state) or WallClock()
        self.exchange = Exchange(scenario)
        self.valuer, self.clients = Valuer(self.exchange, self.market), Clients()
        self.halts = _halts_of(self.market, scenario)
        quotes = Quotes(self.market, self.exchange.price_name, self.exchange.stated_price)
        self.floor = Floor(self.exchange, quotes, self.valuer, self.halts)
        self.binds_orders = self.silent = False
        self.terminal = Terminal(self)
        self.requests: deque[Received] = deque(maxlen=_REMEMBERED)
        self.received = 0
        self.max_bars_per_answer: int | None = None
        self.composing: set[asyncio.Task[None]] = set()
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="gateway-history")
        self.rights = Rights(scenario.market_data, self.exchange.directory.origin)
        self.admission = Admission(steady_seconds, scenario.market_data.throttle)
        self._handshake_seconds, self._buffer_limit = handshake_seconds, buffer_limit
        self.faults = Faults(scenario.faults, scenario.latencies, scenario.seed)
        self.outage = Outage(self)
        self.downtime = Downtime(self)
        self.reorganisation, self.course = Reorganisation(self), Course(self)
        self.control = None if control_port is None else ControlServer(self, control_port)
        self.recorder = Recorder(self.clock.now)

    @property
    def account(self) -> str:
        """The default account."""
        return self.scenario.accounts[0]

    @property
    def open_history(self) -> int:
        """How many requests for history count as open, of all clients.

        Those that are not answered yet, whoever reads the answer when; bars that are kept up to
        date; and times of first bars that nobody has cancelled.
        """
        return len(self.composing) + sum(session.kept_history for session in self.sessions)

    @property
    def sessions(self) -> list[Session]:
        """The clients that have started the API."""
        return self.clients.sessions

    # --- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen.

        Raises
        ------
        ConfigError
            The port is in use, or may not be used, or the state cannot be.
        """
        self.loop = asyncio.get_running_loop()
        self.keeper.open()
        self.reorganisation.strike_due(self.clock.now())
        try:
            self.port = await self.entrance.open(self.host, self.port)
        except ConfigError:
            self.keeper.close()
            raise
        self._teller = asyncio.create_task(self._tell())
        if self.control is not None:
            await self.control.start()

    async def stop(self) -> None:
        """Close every socket and end every thread."""
        await self.entrance.shut()
        if self.control is not None:
            await self.control.stop()
        self._teller.cancel()
        self.outage.end()
        await self.downtime.settled()
        with suppress(asyncio.CancelledError):
            await self._teller
        await self.clients.close()
        self.worker.shutdown(wait=True, cancel_futures=True)
        self.keeper.close()
        self.recorder.end()

    async def _tell(self) -> None:
        """Let orders trade and send changed prices, once in a second of the gateway's clock."""
        last = self.clock.now().replace(microsecond=0)
        while True:
            is_awaited = self.faults.awaits_moment or self.downtime.is_scheduled
            await asyncio.sleep(_DUE_SECONDS if is_awaited else _TELL_SECONDS)
            self.outage.strike_due()
            now = self.clock.now().replace(microsecond=0)
            if now == last:
                continue
            last = now
            try:
                self.let_orders_trade()
                self.tell_prices()
                for session in self.sessions:
                    session.watches.refresh(now)
                self.keeper.save()
            except Exception:
                # One bad moment of the market must not stop the gateway's time for good.
                logger.exception("second_failed")

    # --- sessions -----------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self.clients.enter(writer)
        session = Session(self, writer, self._buffer_limit)
        try:
            await converse(session, reader, self._handshake_seconds)
        except (TimeoutError, BadFrame, OSError, asyncio.IncompleteReadError) as error:
            logger.info("session_broken", extra={"reason": repr(error)})
        finally:
            if self.clients.leave(task, session):
                self.binds_orders = self.binds_orders and session.client_id != 0
            session.end()

    # --- orders -------------------------------------------------------------------------------

    def let_orders_trade(self) -> None:
        """Let every order meet the market up to now, and tell what came of it."""
        self.course.reach(self.clock.now())
        self.tell_orders()

    def keep_pace(self) -> None:
        """Live through what has passed, before a client hears of anything later."""
        if self.course.is_behind(self.clock.now()):
            self.let_orders_trade()

    def tell_prices(self) -> None:
        """Tell clients what has changed in the prices and the bars that they subscribed to."""
        board = Board(self)
        for session in self.sessions:
            tell_changes(session, board)
            tell_bars(session)

    def tell_orders(self) -> None:
        """Tell clients what happened to orders since this was last called."""
        self.keeper.note_change()
        tell(self.sessions, self.floor.take_events(), self.floor.habits)

    # --- what the answers need ----------------------------------------------------------------

    def record(self, session: Session, number: int, name: str, fields: tuple[str, ...]) -> None:
        """Remember a message that came."""
        now, seconds = self.clock.now(), steady_seconds()
        self.received += 1
        if self.recorder.is_on:
            self.recorder.came(session.client_id, name, fields)
        self.requests.append(Received(number, name, now, seconds, session.client_id, fields))


def _halts_of(market: Prices, scenario: Scenario) -> Halts:
    """The halts that hold; those of a market that knows halts also shape its prices."""
    return market.halts if isinstance(market, Market) else Halts(scenario.market_data.halts)
