"""Follow orders that were sent until each has ended, or its fate is left open aloud."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import AlertKind
from sellkit.core.instrument import Token
from sellkit.core.lifecycle import TicketState
from sellkit.core.market_time import calendar_for
from sellkit.core.settling import Evidence, settle
from sellkit.core.tickets import LEFT
from sellkit.errors import BrokerError
from sellkit.operate.clearing import say_unprotected
from sellkit.operate.flipping import say_flip

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.trading import Attempt, Trading

_WORKING: Final = frozenset(
    {
        TicketState.SUBMITTING,
        TicketState.ACKNOWLEDGED,
        TicketState.STOPPING,
        TicketState.UNCERTAIN,
    }
)
_SPEAKS_OF: Final = {
    TicketState.UNCERTAIN: AlertKind.ORDER_UNCERTAIN,
    TicketState.REJECTED: AlertKind.ORDER_REJECTED,
    TicketState.CANCELLED: AlertKind.ORDER_UNFINISHED,
    TicketState.EXPIRED: AlertKind.ORDER_UNFINISHED,
    TicketState.NOT_RECEIVED: AlertKind.ORDER_UNFINISHED,
}


def follow(trading: Trading, attempts: Sequence[Attempt]) -> None:
    """Return when every attempt has ended, been executed in whole, or been given up.

    An order that is not executed in whole in time is cancelled, its rest with it. One whose fate
    stays open is UNCERTAIN, with an alert, and its contract is locked by the journal.
    """
    for attempt in attempts:
        if _is_followed(attempt):  # something was said of it while others were waited for
            _take(trading, attempt, trading.heard.reports)
    while working := [each for each in attempts if _is_followed(each)]:
        _listen(trading, working)
        _stop_late(trading, working)
        unclear = [each for each in working if _wants_lists(trading, each)]
        if unclear:
            _look(trading, unclear)


def _is_followed(attempt: Attempt) -> bool:
    return attempt.state in _WORKING and not attempt.is_given_up


def _listen(trading: Trading, working: Sequence[Attempt]) -> None:
    reports = trading.hear(_next_turn(trading, working))
    for attempt in working:
        _take(trading, attempt, reports)


def _take(trading: Trading, attempt: Attempt, reports: Sequence[OrderReport]) -> None:
    perm_id = attempt.hear(reports)
    unheard = attempt.state in (TicketState.SUBMITTING, TicketState.UNCERTAIN)
    if perm_id is not None and unheard:
        cause = "the gateway has numbered it"
        trading.step(attempt, TicketState.ACKNOWLEDGED, cause, perm_id)
    elif reports:
        trading.refresh(attempt)
    if attempt.record.filled >= attempt.record.quantity:
        attempt.news = True


def _next_turn(trading: Trading, working: Sequence[Attempt]) -> float:
    """Real seconds until something is to be done even if nothing is said."""
    now, patience = trading.timer(), trading.patience
    if any(each.doubted_since is not None or each.news for each in working):
        return patience.pause
    ends = [each.since + _allowed(trading, each) for each in working]
    return min(max(min(ends) - now, 0.0), patience.fill)


def _allowed(trading: Trading, attempt: Attempt) -> float:
    patience = trading.patience
    return {
        TicketState.SUBMITTING: patience.acknowledge,
        TicketState.ACKNOWLEDGED: patience.fill,
        TicketState.STOPPING: patience.cancel,
    }.get(attempt.state, 0.0)


def _is_late(trading: Trading, attempt: Attempt) -> bool:
    return trading.timer() >= attempt.since + _allowed(trading, attempt)


def _stop_late(trading: Trading, working: Sequence[Attempt]) -> None:
    """Cancel what was not executed in whole in time.

    A halt does not keep it from that: the order is sellkit's own, and less is sold without it.
    """
    late = [each for each in working if _is_to_be_stopped(trading, each)]
    if not late:
        return
    records = _lists(trading, "late orders")
    for attempt in late:
        if records is None:
            attempt.news = True
            continue
        key = (attempt.record.reference, attempt.record.perm_id)
        orders = records.open_of(*key)
        if not orders:
            attempt.news = True
            continue
        cause = f"not executed in whole within {trading.patience.fill:g} s: its rest is cancelled"
        trading.step(attempt, TicketState.STOPPING, cause)
        with suppress(BrokerError):  # then its end will be waited for in vain, aloud
            trading.cancel(orders[0])


def _is_to_be_stopped(trading: Trading, attempt: Attempt) -> bool:
    if attempt.state is not TicketState.ACKNOWLEDGED or attempt.news:
        return False
    return attempt.doubted_since is None and _is_late(trading, attempt)


def _wants_lists(trading: Trading, attempt: Attempt) -> bool:
    if attempt.news or attempt.doubted_since is not None:
        return True
    return attempt.state is not TicketState.ACKNOWLEDGED and _is_late(trading, attempt)


def _look(trading: Trading, unclear: Sequence[Attempt]) -> None:
    records = _lists(trading, "orders sent")
    for attempt in unclear:
        if records is None:
            _doubt(trading, attempt, "the gateway does not tell what became of it")
        else:
            say_flip(trading, attempt, records)
            _conclude(trading, attempt, records)


def _conclude(trading: Trading, attempt: Attempt, records: BrokerRecords) -> None:
    trading.refresh(attempt)
    found = settle(attempt.record, evidence(trading, attempt, records))
    if found.state is TicketState.UNCERTAIN:
        _doubt(trading, attempt, found.cause)
        return
    attempt.news, attempt.doubted_since = False, None
    if found.state is TicketState.STOPPING and _is_late(trading, attempt):
        attempt.is_given_up = True
        trading.alarm(
            AlertKind.ORDER_UNCERTAIN,
            f"{attempt.record.ticker}: the cancel of {attempt.record.reference} is not confirmed; "
            "it may still work: look into TWS, then `sellkit reconcile`",
        )
        return
    told = replace(attempt.record, state=found.state)
    if _is_partial(told) and _goes_on(trading, attempt):
        left = {LEFT: str(told.quantity - told.filled)}
        trading.step(attempt, found.state, found.cause, found.perm_id, **left)
    else:
        end(trading, attempt, found.state, found.cause, found.perm_id)


def end(
    trading: Trading,
    attempt: Attempt,
    state: TicketState,
    cause: str,
    perm_id: str | None = None,
) -> None:
    """Move an attempt on, and tell a person before where that is an end that was not wanted.

    What has ended is not looked at again: a process that dies in between has told, and one that
    dies before is told anew.
    """
    if attempt.state is not state:
        _say(trading, replace(attempt.record, state=state, cause=cause))
        if state.is_terminal or state is TicketState.UNCERTAIN:
            say_unprotected(trading, attempt, state)
    trading.step(attempt, state, cause, perm_id)


def is_partial(attempt: Attempt) -> bool:
    """Whether it is dead for certain, with a part of it executed: the rest may be sent anew."""
    return _is_partial(attempt.record)


def _goes_on(trading: Trading, attempt: Attempt) -> bool:
    """Whether this process may send the rest of what it sent."""
    return attempt.ticket is not None and attempt.record.attempt < trading.patience.attempts


def _is_partial(record: TicketRecord) -> bool:
    return record.state is TicketState.CANCELLED and 0 < record.filled < record.quantity


def evidence(trading: Trading, attempt: Attempt, records: BrokerRecords) -> Evidence:
    """All that is known of an attempt, with these lists."""
    return Evidence(
        records=records,
        ledger=trading.book.fills(attempt.record.reference),
        words=tuple(attempt.words),
        is_session_over=is_session_over(attempt.record, trading.now()),
    )


def is_session_over(record: TicketRecord, now: dt.datetime) -> bool:
    """Whether the session that an attempt was claimed in has closed."""
    if record.claimed_at is None:
        return False
    calendar = calendar_for(Token.parse(record.ticker).exchange)
    session = calendar.at(record.claimed_at)
    return session is None or now >= session.close_utc


def _doubt(trading: Trading, attempt: Attempt, cause: str) -> None:
    """Read the lists again for a while before its fate is left open."""
    attempt.news = False
    if attempt.doubted_since is None:
        attempt.doubted_since = trading.timer()
    if trading.timer() < attempt.doubted_since + trading.patience.settle:
        return
    attempt.is_given_up = True
    if attempt.state is TicketState.UNCERTAIN:
        say_end(trading, attempt)  # it was sent so; nobody was told yet
        return
    end(trading, attempt, TicketState.UNCERTAIN, cause)


def say_end(trading: Trading, attempt: Attempt) -> None:
    """Tell a person of an end that is not the one that was wanted."""
    _say(trading, attempt.record)


def _say(trading: Trading, record: TicketRecord) -> None:
    kind = _SPEAKS_OF.get(record.state)
    if kind is None:
        return
    if record.state is TicketState.UNCERTAIN:
        todo = "nothing more is sent for it: look into TWS, then `sellkit reconcile`"
    else:
        left = f"{record.quantity - record.filled} of {record.quantity} shares are left"
        todo = f"{left} as they are; the next run decides again"
    trading.alarm(kind, f"{record.ticker}: {record.reference} {record.cause}; {todo}")


def _lists(trading: Trading, source: str) -> BrokerRecords | None:
    try:
        return trading.read(source)
    except BrokerError:
        return None  # silence says nothing; whoever asked goes on doubting
