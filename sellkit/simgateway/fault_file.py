"""Reads fault rules, and refuses what is not understood or can never happen.

A rule is a table `[[faults]]`. When it strikes:

    message     the kind: `reqPositions`, `placeOrder` ... of a client, `position` ...
                of the gateway, `handshake` for its first answer, `*` for every one
    direction   `in` (from a client) or `out`; needed with `*` only
    nth, every, from      the n-th message that fits, every n-th, from the n-th on; one of them
    after, before         only in these hours of the gateway's clock
    symbol, clientId      only about this contract, only of this client
    at          a moment of the gateway's clock instead of a message; strikes once

What it does, by `do`, with the keys that go with it; seconds are real ones:

    delay (seconds), drop, duplicate (times, 2), reorder (seconds, 1: the longest wait)
    truncate (fields, or bytes: then the socket is closed), corrupt (field from 1, value)
    close (deliver), silent (seconds, deliver): `deliver = true` carries the request out first
    error (code, text, requestId, deliver), no_data, pacing (both for reqHistoricalData)
    refuse_client_id (clientId)
    sequence (steps = [{after, code, text, mute, close}, ...]): notices to every client; from
    `mute = true` on requests go unanswered, until `mute = false`

At a moment only sequence, error, close and silent strike. Some codes do what they say, whichever
way they are sent: 1101 ends every subscription to prices, 1100 ends bars that are kept up to date,
and 10225 ends those that it is sent for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.fault_action_file import ACTION_READERS
from sellkit.simgateway.faults import Rule, When
from sellkit.simgateway.kinds import ANY, HANDSHAKE, START_API, Direction, names, tells_symbol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.simgateway.table import Table

_HISTORY: Final = "reqHistoricalData"

# What can strike at a moment, and the message of those that have only one.
_WITHOUT_MESSAGE: Final = ("sequence", "error", "close", "silent")
_MESSAGE_OF: Final = {"no_data": _HISTORY, "pacing": _HISTORY, "refuse_client_id": START_API}


def read_rules(tables: Iterable[Table], symbols: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of a scenario.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong, or a rule could never strike.
    """
    known = tuple(sorted(set(symbols)))
    return tuple(read_rule(table, known) for table in tables)


def read_rule(table: Table, symbols: tuple[str, ...], now: dt.datetime | None = None) -> Rule:
    """One rule.

    Parameters
    ----------
    symbols
        Those of the contracts that exist.
    now
        When a rule without `message` and `at` strikes; None refuses such a rule.

    Raises
    ------
    ConfigError
        As for `read_rules`.
    """
    do = table.choice("do", tuple(ACTION_READERS))
    if do is None:
        raise table.missing("do")
    when = _read_when(table, do, symbols, now)
    if when.at is not None and do not in _WITHOUT_MESSAGE:
        table.fail("do", f"needs a message; at a moment only {', '.join(_WITHOUT_MESSAGE)} strike")
    rule = Rule(when, ACTION_READERS[do](table, when))
    table.end()
    return rule


def read_kind(table: Table, message: str) -> tuple[Direction, str]:
    """Direction and kind; the direction has to be written only for `*`.

    Raises
    ------
    ConfigError
        There is no such kind, or it goes the other way.
    """
    written = table.choice("direction", tuple(Direction))
    fitting = [each for each in Direction if message == ANY or message in names(each)]
    if not fitting:
        table.fail("message", f"is no kind of message, so it could never strike: {message!r}")
    if written is None and len(fitting) > 1:
        raise table.missing("direction")
    direction = fitting[0] if written is None else Direction(written)
    if direction not in fitting:
        table.fail("direction", f"is wrong: {message} goes {fitting[0].value!r}")
    return direction, message


def _read_when(table: Table, do: str, symbols: tuple[str, ...], now: dt.datetime | None) -> When:
    at, client_id = table.instant("at"), table.integer("clientId")
    written = table.text("message") or _MESSAGE_OF.get(do)
    if written is None:
        moment = now if at is None else at
        if moment is None:
            raise table.missing("message")
        return When(at=moment, client_id=client_id)
    if at is not None:
        table.fail("at", "strikes without a message; leave out one of 'at' and 'message'")
    direction, message = read_kind(table, written)
    after, before = table.instant("after"), table.instant("before")
    if after is not None and before is not None and before <= after:
        table.fail("before", f"must be later than 'after', so it could never strike: {before}")
    if client_id is not None and message == HANDSHAKE:
        table.fail("clientId", "is not known yet during the handshake")
    nth, every, from_nth = _read_count(table)
    return When(
        direction=direction,
        message=message,
        nth=nth,
        every=every,
        from_nth=from_nth,
        after=after,
        before=before,
        symbol=_read_symbol(table, direction, message, symbols),
        client_id=client_id,
    )


def _read_count(table: Table) -> tuple[int | None, ...]:
    keys = ("nth", "every", "from")
    counts = tuple(table.count(key) for key in keys)
    given = [key for key, count in zip(keys, counts, strict=True) if count is not None]
    if len(given) > 1:
        table.fail(given[0], "stands beside another count; give one of nth, every and from")
    return counts


def _read_symbol(
    table: Table, direction: Direction, message: str, symbols: tuple[str, ...]
) -> str | None:
    symbol = table.text("symbol")
    if symbol is None:
        return None
    if symbol.upper() not in symbols:
        table.fail("symbol", f"is not in the scenario, so it could never strike: {symbol!r}")
    if not tells_symbol(direction, message):
        table.fail("symbol", f"could never strike: {message} is about no contract")
    return symbol.upper()
