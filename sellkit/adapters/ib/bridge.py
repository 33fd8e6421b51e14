"""The connection as other threads see it: plain calls that wait for what the loop's thread does."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from sellkit.adapters.ib.connection import Connection
from sellkit.adapters.ib.error_codes import ib_errors
from sellkit.adapters.ib.loop import LoopThread
from sellkit.adapters.ib.nesting import BRIDGE
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sellkit.adapters.ib.errands import Outside
    from sellkit.adapters.ib.hearers import Hearers
    from sellkit.adapters.ib.orders.reporter import Reporter
    from sellkit.adapters.ib.readiness import Rules
    from sellkit.adapters.ib.way import Endpoint, Way
    from sellkit.core.portfolio import Account, GatewayKind
    from sellkit.core.standing import Standing

Result = TypeVar("Result")


class Bridge:
    """A connection and the thread that it lives on.

    Attributes
    ----------
    connection
        For work on the loop's thread.
    address
        Host and port, for messages.
    """

    def __init__(self, loop: LoopThread, connection: Connection, address: str) -> None:
        self._loop = loop
        self.connection = connection
        self.address = address

    @classmethod
    def open(
        cls,
        endpoint: Endpoint,
        rules: Rules,
        hearers: Hearers,
        outside: Outside | None = None,
        reporter: Reporter | None = None,
    ) -> Self:
        """Begin to connect; a connection that does not last is made before this returns.

        Raises
        ------
        NotConnected, RequestTimedOut
            It could not be made.
        """
        loop = LoopThread(BRIDGE)
        with ExitStack() as undo:
            undo.callback(loop.stop)

            async def begin() -> Connection:
                connection = Connection(endpoint, rules, hearers, outside, reporter)
                undo.callback(_end, loop, connection)
                connection.start()
                if not rules.is_lasting:
                    await connection.opened
                return connection

            connection = loop.call(begin, None)
            undo.pop_all()
        return cls(loop, connection, rules.address)

    @property
    def standing(self) -> Standing:
        """How the connection stands."""
        return self.connection.standing

    @property
    def identity(self) -> tuple[tuple[str, ...], GatewayKind]:
        """Accounts and kind of the gateway."""
        return self.connection.identity

    def check_managed(self, account: Account) -> None:
        """Refuse an account that the login does not manage.

        Raises
        ------
        ConfigError
            It does not.
        NotConnected
            There has been no connection yet.
        """
        if account.number not in self.identity[0]:
            raise ConfigError(
                f"the login at {self.address} does not manage the account "
                f"{account.alias!r}; check the account in the settings, or --account"
            )

    def wait(self, seconds: float) -> None:
        """Wait until the connection is ready, at most so long."""
        self.connection.wait(seconds)

    def ask(self, what: str, work: Callable[[Way], Awaitable[Result]]) -> Result:
        """Have work done that needs a connection that is ready; `what` is for messages."""
        return self._call(what, partial(self.connection.attend, work))

    def do(self, work: Callable[[Way], Result]) -> Result:
        """Have work done at once, without a pause, on a connection that is ready.

        Raises
        ------
        NotConnected
            It is not ready.
        ConnectionError, CancelledError
            The connection was closed; the work may have been done.
        """
        return self._loop.call(partial(self.connection.attend_now, work), None)

    def ask_link(self, what: str, work: Callable[[Way], Awaitable[Result]]) -> Result:
        """Have work done that needs no more than an open link."""
        return self._call(what, partial(self.connection.attend_link, work))

    def close(self) -> None:
        """End the connection and its threads; a second call does nothing."""
        _end(self._loop, self.connection)

    def _call(self, what: str, work: Callable[[], Awaitable[Result]]) -> Result:
        with ib_errors(what, lambda: self.standing.reason):
            # Without a time-out of its own: each request has one, and the budget's queue moves on.
            return self._loop.call(work, None)


def _end(loop: LoopThread, connection: Connection) -> None:
    # Another thread may be closing it at the same moment.
    with suppress(ConnectionError, CancelledError):
        loop.call(connection.close, None)
    loop.stop()
    connection.end()
