"""Cancel what rests on a position before it is closed, and see that it ended.

That is sellkit's own orders and, where it is wanted, those that a person placed by hand.

A resting stop and a close that both fill leave the account short. So no close is sent before the
lists show that nothing of its own rests there any more, whatever the messages said.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import AlertKind
from sellkit.core.fills import sold, total
from sellkit.core.lifecycle import TicketState
from sellkit.core.reports import ENDED_STATUSES
from sellkit.errors import BrokerError, NotSent
from sellkit.operate.binding import in_words, say_cancelled, to_clear

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.portfolio import OpenOrder
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.operate.trading import Attempt, Trading

__all__ = ["Cleared", "clear", "in_words", "resting_on", "say_unprotected"]

_CONFIRMED: Final = "confirmed"
_SURELY_ENDED: Final = ENDED_STATUSES - {"Inactive"}


@dataclass(frozen=True, slots=True)
class Cleared:
    """What rested on a position, and what came of it.

    Attributes
    ----------
    records
        The lists after everything had ended, or as they were when it had not.
    resting
        The orders that had to go.
    left
        Those that are still open.
    """

    records: BrokerRecords
    resting: tuple[OpenOrder, ...]
    left: tuple[OpenOrder, ...]

    def sold_by(self, before: BrokerRecords, con_id: int) -> Decimal:
        """Shares that the cancelled orders took off the position meanwhile."""
        gone = {each.perm_id for each in self.resting if each.con_id == con_id}
        then = [each for each in before.fills if each.perm_id in gone]
        now = [each for each in self.records.fills if each.perm_id in gone]
        return sold(now) - sold(then)


def resting_on(records: BrokerRecords, con_id: int) -> tuple[OpenOrder, ...]:
    """Sellkit's own open orders on a contract, of either side."""
    return tuple(each for each in records.snapshot.orders_on(con_id) if each.is_own)


def clear(
    trading: Trading,
    attempts: Sequence[Attempt],
    before: BrokerRecords,
    bound: Mapping[str, OpenOrder],
) -> Cleared:
    """Cancel what rests on the attempts' contracts, each order once, and wait for its end.

    Every attempt with something resting moves to CANCELLING first. One whose orders did not end is
    ABANDONED: they still protect the position, or still work on it. So is one with an order that
    cannot be cancelled here, before any other is cancelled for it; nobody waits for that one. A
    stop is looked at before each cancel, and nothing is cancelled after it.

    Parameters
    ----------
    before
        The lists that it begins with.
    bound
        By perm id, those of its orders that have been taken over since, as they are now.
    """
    asked: list[OpenOrder] = []
    blocked: dict[str, str] = {}
    for attempt in attempts:
        resting = to_clear(trading, before, attempt.con_id, bound)
        why = _ask_all(trading, attempt, resting, asked)
        if why:
            blocked[attempt.record.reference] = why
    if not asked and not blocked:
        return Cleared(before, (), ())
    records, left = _await_end(trading, asked, before)
    for order in [each for each in asked if each not in left]:
        reference = _of(attempts, order).record.reference
        trading.book.note_cancel(reference, order, trading.now(), _outcome(order, records))
    for attempt in attempts:
        trading.refresh(attempt)
        why = blocked.get(attempt.record.reference, "")
        _give_up(trading, attempt, [e for e in left if e.con_id == attempt.con_id], why)
    gone = [each for each in asked if each not in left and _outcome(each, records) == _CONFIRMED]
    say_cancelled(trading, before.snapshot, gone)
    return Cleared(records, tuple(asked), tuple(left))


def say_unprotected(trading: Trading, attempt: Attempt, state: TicketState | None = None) -> None:
    """Tell a person, once, when a close failed after what protected the position was cancelled.

    `state` is the one that it comes to now, if it does not stand in it yet.
    """
    closed = (TicketState.DONE, TicketState.DONE_BY_OTHER, TicketState.FILLED)
    state = state or attempt.state
    if state in closed or not attempt.record.stopped or attempt.is_said_unprotected:
        return
    attempt.is_said_unprotected = True
    listed = ", ".join(attempt.record.stopped)
    gone = f"cancelled before the close, which is {state}: {listed}"
    todo = "place it anew, or close the position by hand"
    trading.alarm(AlertKind.UNPROTECTED, f"{attempt.record.ticker}: {gone}; {todo}")


def _ask_all(
    trading: Trading, attempt: Attempt, resting: Sequence[OpenOrder], asked: list[OpenOrder]
) -> str:
    """Ask for the cancel of all that rests; why not of all, "" when of all.

    What was asked for, or may have been, goes to `asked`.
    """
    why = _obstacle(trading, resting)
    if why or not resting:
        return why
    listed = [in_words(each) for each in resting]
    cause = f"to be cancelled first: {', '.join(listed)}"
    trading.step(attempt, TicketState.CANCELLING, cause, orders=listed)
    if attempt.is_given_up:
        return ""
    for order in resting:
        # One without an id has ended while it was to be bound: its end is waited for all the same.
        why = "" if order.is_unbound else trading.stopped() or _ask(trading, attempt, order)
        if why:
            return f"the cancel of {in_words(order)} was not sent: {why}"
        asked.append(order)
    return ""


def _obstacle(trading: Trading, resting: Sequence[OpenOrder]) -> str:
    """Why nothing is to be cancelled at all; "" when it may be."""
    stopped = trading.stopped() if resting else ""
    if stopped:
        return f"stopped before anything was cancelled for it: {stopped}"
    mine = trading.route.client_id
    for each in resting:
        if each.client_id != mine:
            return (
                f"{in_words(each)} rests on it, an own order of client {each.client_id}, which "
                f"client {mine} cannot cancel: cancel it there, or in TWS"
            )
    return ""


def _ask(trading: Trading, attempt: Attempt, order: OpenOrder) -> str:
    """Ask for one cancel; why it did not go out, "" when it did, or may have."""
    reference = attempt.record.reference
    trading.book.note_cancel(reference, order, trading.now(), "asked")
    try:
        trading.cancel(order)
    except NotSent as error:
        trading.book.note_cancel(reference, order, trading.now(), f"not sent: {error}")
        return str(error)
    except BrokerError:
        return ""  # nobody knows, so that its end is waited for
    return ""


def _await_end(
    trading: Trading, asked: Sequence[OpenOrder], before: BrokerRecords
) -> tuple[BrokerRecords, list[OpenOrder]]:
    """The lists when nothing of it is open any more, or when patience has ended.

    They are read on until the positions show what the orders sold; if they never do, whoever
    compares them finds out.
    """
    end = trading.timer() + trading.patience.cancel
    earlier = {each.perm_id: _executed_earlier(each, before) for each in asked}
    words: list[OrderReport] = []
    cleared, left = Cleared(before, tuple(asked), ()), list(asked)
    while (left or _lags(cleared, before)) and trading.timer() < end:
        words += trading.hear(min(trading.patience.pause, end - trading.timer()))
        try:
            records = trading.read("cancelled orders")
        except BrokerError:
            continue  # what is not known to have ended is open
        cleared = Cleared(records, tuple(asked), ())
        left = [each for each in asked if not _has_ended(each, records, words, earlier)]
    return cleared.records, left


def _lags(cleared: Cleared, before: BrokerRecords) -> bool:
    """Whether a position is as it was although an order that had to go has sold of it."""
    con_ids = {each.con_id for each in cleared.resting}
    return any(
        cleared.sold_by(before, con_id) and _held(cleared.records, con_id) == _held(before, con_id)
        for con_id in con_ids
    )


def _held(records: BrokerRecords, con_id: int) -> Decimal:
    positions = records.snapshot.positions
    return next((e.quantity for e in positions if e.instrument.con_id == con_id), Decimal(0))


def _has_ended(
    order: OpenOrder,
    records: BrokerRecords,
    words: Sequence[OrderReport],
    earlier: Mapping[str, Decimal],
) -> bool:
    """Whether it is open no more, and something tells how it ended, with all it executed.

    What is said to be executed and is not among the executions yet is not in the position yet,
    either. That it is Inactive is no end while only a message says it: such a one may come back.
    """
    if any(each.perm_id == order.perm_id for each in records.snapshot.open_orders):
        return False
    executed = _executed(order, records) + earlier.get(order.perm_id, Decimal(0))
    if executed >= order.quantity:
        return True
    ended = [each for each in records.completed if each.perm_id == order.perm_id]
    said = [each for each in words if each.perm_id and each.perm_id == order.perm_id]
    statuses = {each.status for each in ended}
    statuses |= {each.status for each in said if each.status in _SURELY_ENDED}
    filled = [each.filled for each in ended]
    filled += [each.filled for each in said if each.filled is not None]
    is_filled = "Filled" in statuses
    return bool(statuses) and not is_filled and executed >= max(filled, default=Decimal(0))


def _executed(order: OpenOrder, records: BrokerRecords) -> Decimal:
    return total(each for each in records.fills if each.perm_id == order.perm_id)


def _executed_earlier(order: OpenOrder, before: BrokerRecords) -> Decimal:
    """Shares of it that were executed on former days, whose executions are not told any more."""
    return max(order.quantity - order.remaining - _executed(order, before), Decimal(0))


def _outcome(order: OpenOrder, records: BrokerRecords) -> str:
    return "filled" if _executed(order, records) >= order.remaining else _CONFIRMED


def _give_up(trading: Trading, attempt: Attempt, left: Sequence[OpenOrder], blocked: str) -> None:
    listed = ", ".join(in_words(each) for each in left)
    unsure = f"the cancel of {listed} was not confirmed; it may still work, so nothing is sent"
    cause = "; ".join(each for each in (blocked, unsure if left else "") if each)
    if not cause or attempt.is_given_up:
        return
    trading.alarm(AlertKind.WITHHELD_EXIT, f"{attempt.record.ticker}: {cause}")
    say_unprotected(trading, attempt, TicketState.ABANDONED)
    trading.step(attempt, TicketState.ABANDONED, cause)


def _of(attempts: Sequence[Attempt], order: OpenOrder) -> Attempt:
    return next(each for each in attempts if each.con_id == order.con_id)
