"""Stop everything when a position has changed its sign; nothing is bought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.trading import Attempt, Trading


def held_now(records: BrokerRecords, con_id: int) -> Decimal:
    """Shares of a contract by the lists."""
    return records.snapshot.held(con_id)


def say_flip(trading: Trading, attempt: Attempt, records: BrokerRecords) -> str:
    """Whether the position of a claimed attempt has changed its sign since, in words; "" if not.

    The first time everything is stopped, whatever is switched already, and a person is told, even
    if the stop cannot be written.
    """
    record, held = attempt.record, held_now(records, attempt.con_id)
    if held * record.position_before >= 0:
        return ""
    flipped = f"the position is {held} and was {record.position_before}"
    if not attempt.is_flip_said:
        attempt.is_flip_said = True
        told = f"{record.ticker}: {flipped}; everything is stopped, nothing is bought back"
        stop_and_say(trading, f"{record.ticker}: {flipped}", told)
    return flipped


def stop_and_say(trading: Trading, reason: str, told: str) -> None:
    """Stop every process that sends, and tell a person whether that succeeds or not."""
    try:
        trading.stop(reason)
    finally:
        trading.alarm(AlertKind.POSITION_FLIPPED, told)
