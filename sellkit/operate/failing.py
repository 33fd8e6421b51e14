"""Say what is left half done when the journal fails in the midst of sending."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind
from sellkit.errors import JournalError
from sellkit.operate.clearing import say_unprotected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.operate.trading import Attempt, Trading


def say_failure(trading: Trading, attempts: Sequence[Attempt], error: JournalError) -> None:
    """Tell of every attempt that is not followed any more, and of what protects no more.

    An alert that cannot be kept, either, stands in the log.
    """
    left = [each for each in attempts if not each.state.is_terminal]
    listed = ", ".join(f"{each.record.ticker} ({each.record.reference})" for each in left)
    with suppress(JournalError):
        trading.alarm(
            AlertKind.JOURNAL,
            f"nothing more is sent, because the journal failed: {error}. Orders that may be in the "
            f"market and are not followed: {listed or 'none'}; look into TWS, then "
            "`sellkit reconcile`",
        )
    for attempt in attempts:
        with suppress(JournalError):
            say_unprotected(trading, attempt)
