"""See that what was executed in whole left what it should: nothing held, and nothing working."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.lifecycle import TicketState
from sellkit.errors import BrokerError
from sellkit.operate.clearing import in_words, resting_on
from sellkit.operate.flipping import held_now, say_flip
from sellkit.operate.following import end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.trading import Attempt, Trading


def verify(trading: Trading, attempts: Sequence[Attempt]) -> None:
    """Move each FILLED attempt to DONE, or say what is wrong.

    A position that changed its sign stops everything; nothing is bought back.
    """
    end = trading.timer() + trading.patience.settle
    while filled := [each for each in attempts if each.state is TicketState.FILLED]:
        problems = _problems(trading, filled)
        for attempt in filled:
            if attempt.record.reference not in problems:
                cause = f"{attempt.record.cause}; nothing is left of it in the market"
                trading.step(attempt, TicketState.DONE, cause)
        if trading.timer() >= end:
            for attempt in filled:
                _doubt(trading, attempt, problems.get(attempt.record.reference, ""))
        elif problems:
            trading.hear(trading.patience.pause)


def _problems(trading: Trading, filled: Sequence[Attempt]) -> dict[str, str]:
    """By reference, what is not as it should be; whoever is not in it is well."""
    try:
        records = trading.read("the position after")
    except BrokerError as error:
        return {each.record.reference: str(error) for each in filled}
    found = {}
    for attempt in filled:
        trading.refresh(attempt)
        problem = problem_of(trading, attempt, records)
        if problem:
            found[attempt.record.reference] = problem
    return found


def problem_of(trading: Trading, attempt: Attempt, records: BrokerRecords) -> str:
    """What is not as it should be after an order that was executed in whole; "" when all is.

    A position that changed its sign stops everything.
    """
    record = attempt.record
    held = held_now(records, attempt.con_id)
    flipped = say_flip(trading, attempt, records)
    if flipped:
        return flipped
    expected = record.position_before - record.filled
    if held != expected:
        return f"executed in whole, so that {expected} should be held, and {held} are"
    resting = resting_on(records, attempt.con_id)
    if resting:
        return f"executed in whole, and still working: {', '.join(map(in_words, resting))}"
    return ""


def _doubt(trading: Trading, attempt: Attempt, problem: str) -> None:
    if attempt.state is TicketState.FILLED:
        end(trading, attempt, TicketState.UNCERTAIN, problem)
