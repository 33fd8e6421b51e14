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
    CORRECTIONS,
    EXECUTION,
    HALTS,
    LEDGER,
    ORDER,
    RIGHTS,
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

        Orders rest at the exchange, so they met the market while the gateway was down, too; see
        `Course`.

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
            HALTS: gateway.halts.all,
            CORRECTIONS: market.corrections.all if isinstance(market, Market) else (),
            RIGHTS: gateway.rights.state(),
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
        # A state that an earlier version wrote has none of these.
        gateway.halts.restore(books.get(HALTS, ()))
        gateway.rights.restore(books.get(RIGHTS))
        if isinstance(gateway.market, Market):
            gateway.market.corrections.restore(books.get(CORRECTIONS, ()))
            for symbol, factor, seconds in books["moves"]:
                gateway.market.move(symbol, factor, _EPOCH + dt.timedelta(seconds=seconds))

    def _catch_up(self, moment: dt.datetime, path: Path) -> None:
        gateway = self._gateway
        gateway.course.begin(moment)
        try:
            gateway.course.reach(gateway.clock.now())
        except ArithmeticError as error:
            raise unreadable(path, error) from error
        gateway.floor.take_events()  # nobody is connected who could hear of it


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
