"""Keeps a gateway's state: writes down what changed before anybody is told, and brings it back."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.history import Refused
from sellkit.simgateway.keeping.kept import (
    ACCOUNTS,
    ACTIONS,
    BOOKS,
    CLOCK,
    EXECUTION,
    LEDGER,
    ORDER,
    read,
    unreadable,
)
from sellkit.simgateway.keeping.plain import decode, encode
from sellkit.simgateway.keeping.state_file import Row, StateFile
from sellkit.simgateway.market import Market
from sellkit.simgateway.orders.restart import charges_state, restart, restore_charges

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.simgateway.currencies import Rates
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.keeping.kept import Kept

logger = logging.getLogger(__name__)

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SHORTEST_STEP: Final = dt.timedelta(minutes=1)
# Each look at the market costs about half a millisecond for every order.
_LOOKS: Final = 120
_LONGEST_CATCH_UP: Final = dt.timedelta(days=7)
# What comes of a state that can be read and makes no sense.
_NONSENSE: Final = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)


class Keeper:
    """Keeps one gateway's state.

    What a client is told was written before: every message waits until `save` has returned.

    Parameters
    ----------
    folder
        Where the state lies; None keeps nothing.

    Attributes
    ----------
    failed
        Set when the state cannot be written. From then on nobody is told anything.
    """

    def __init__(self, gateway: Gateway, folder: Path | None) -> None:
        self._gateway = gateway
        self._file = None if folder is None else StateFile(folder)
        self._written: dict[str, str] = {}
        self._ledger_written: tuple[int, int, Rates] | None = None
        self._executions_written = 0
        self._next_execution = 1
        self._is_changed = False
        self._forgotten: tuple[Row, ...] = ()
        self.failed = asyncio.Event()

    def open(self) -> None:
        """Take the folder, bring back what it keeps, and play the time that has passed since.

        Orders rest at the exchange, so they met the market while the gateway was down, too: at
        evenly spread moments since the last one that is kept, a minute apart in the first two hours
        and further when it was longer, at most over the last week.

        Raises
        ------
        ConfigError
            Another gateway has the folder, it belongs to other accounts, or cannot be read.
        """
        if self._file is None:
            return
        self._file.open()
        try:
            kept = read(self._file, self._gateway.scenario, self._gateway.clock.now())
            if kept is not None:
                self._bring_back(kept, self._file.path)
                self._catch_up(kept.moment, self._file.path)
            self._is_changed = True
            self._write(self._file)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Write down the last changes, and give the folder up."""
        self._is_changed = True
        self.save()
        if self._file is not None:
            self._file.close()

    def note_change(self) -> None:
        """Something may have changed; `save` looks for it."""
        self._is_changed = True

    def save(self) -> bool:
        """Write down what has changed since the last call; nothing is done when nothing has.

        Returns
        -------
        bool
            Whether clients may be told. When it cannot be written they are dropped instead, and
            `failed` is set.
        """
        if self._file is None or not (self._is_changed and self._file.is_open):
            return True
        try:
            if not self.failed.is_set():
                self._write(self._file)
        except ConfigError:
            logger.critical("state_not_written", exc_info=True)
            self.failed.set()
        if self.failed.is_set():
            self._gateway.clients.drop()
        return not self.failed.is_set()

    # --- what is written ----------------------------------------------------------------------

    def _write(self, file: StateFile) -> None:
        rows = [*self._forgotten, *self._changed_orders(), *self._new_executions()]
        file.write([*rows, *self._changed_books()])
        self._forgotten = ()
        self._is_changed = False

    def _changed_orders(self) -> list[Row]:
        return [
            Row(ORDER, str(order.perm_id), encode(order))
            for order in self._gateway.exchange.book.take_changed()
            # What was never transmitted lives in the gateway alone, and ends with it.
            if not order.is_on_hold
        ]

    def _new_executions(self) -> list[Row]:
        executions = self._gateway.exchange.ledger.executions
        new = executions[self._executions_written :]
        self._executions_written = len(executions)
        first = self._next_execution
        self._next_execution += len(new)
        return [Row(EXECUTION, str(number), encode(one)) for number, one in enumerate(new, first)]

    def _changed_books(self) -> list[Row]:
        rows = []
        for key, value in self._books().items():
            body = encode(value)
            if self._written.get(key) != body:
                self._written[key] = body
                rows.append(Row(BOOKS, key, body))
        return rows

    def _books(self) -> dict[str, object]:
        gateway = self._gateway
        exchange, clock, market = gateway.exchange, gateway.clock, gateway.market
        speed = clock.speed if isinstance(clock, VirtualClock) else None
        return {
            ACCOUNTS: sorted(gateway.scenario.accounts),
            CLOCK: (clock.now(), speed),
            "numbers": exchange.book.state(),
            "next_ids": exchange.state(),
            "charges": charges_state(gateway.floor),
            "moves": market.moves if isinstance(market, Market) else (),
            ACTIONS: gateway.reorganisation.state(),
            "prices": exchange.stated_prices(),
            **self._ledger(),
        }

    def _ledger(self) -> dict[str, object]:
        """The ledger, unless it is as it was; it is the one thing that grows with a portfolio."""
        ledger = self._gateway.exchange.ledger
        stamp = (ledger.changes, len(ledger.executions), ledger.rates)
        if stamp == self._ledger_written:
            return {}
        self._ledger_written = stamp
        return {f"{LEDGER}{name}": value for name, value in ledger.state().items()}

    # --- what is brought back -----------------------------------------------------------------

    def _bring_back(self, kept: Kept, path: Path) -> None:
        try:
            self._hand_out(kept)
        except (*_NONSENSE, Refused) as error:
            raise unreadable(path, error) from error
        self._forgotten = kept.forgotten
        self._executions_written = len(kept.executions)
        self._next_execution = kept.next_execution
        self._gateway.faults.pass_over(kept.moment)
        restart(self._gateway.floor)

    def _hand_out(self, kept: Kept) -> None:
        gateway = self._gateway
        exchange, floor, books = gateway.exchange, gateway.floor, kept.books
        gateway.reorganisation.restore(*books[ACTIONS])
        exchange.restate_all({security.con_id: price for security, price in books["prices"]})
        exchange.book.restore(kept.orders, books["numbers"])
        exchange.restore(books["next_ids"])
        exchange.ledger.restore(kept.ledger, list(kept.executions))
        restore_charges(floor, books["charges"])
        if isinstance(gateway.market, Market):
            for symbol, factor, seconds in books["moves"]:
                gateway.market.move(symbol, factor, _EPOCH + dt.timedelta(seconds=seconds))

    def _catch_up(self, moment: dt.datetime, path: Path) -> None:
        floor, now = self._gateway.floor, self._gateway.clock.now()
        moment = max(moment, now - _LONGEST_CATCH_UP)
        step = max(_SHORTEST_STEP, (now - moment) / _LOOKS)
        try:
            while floor.book.working() and (moment := moment + step) < now:
                floor.quotes.forget()
                floor.tick(moment)
        except ArithmeticError as error:
            raise unreadable(path, error) from error
        floor.take_events()  # nobody is connected who could hear of it


def kept_clock(folder: Path | None) -> VirtualClock | None:
    """The virtual clock of a state, at the moment at which it was left; None where it has none.

    Raises
    ------
    ConfigError
        The state cannot be read, or another gateway has it.
    """
    file = None if folder is None else StateFile(folder)
    if file is None or not file.path.exists():
        return None
    file.open()
    try:
        found = [row.body for row in file.rows() if (row.kind, row.key) == (BOOKS, CLOCK)]
        moment, speed = decode(found[0] or "", {}) if found else (None, None)
    except (ValueError, TypeError) as error:
        raise unreadable(file.path, error) from error
    finally:
        file.close()
    return None if moment is None or speed is None else VirtualClock(moment, speed)
