"""What an ib_insync client tells, kept in the order in which it came."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from sellkit.present.records import records_table

if TYPE_CHECKING:
    from sellkit.present.hypertext import Html

# IB, Trade, Fill and CommissionReport of ib_insync or ib_async, which are at home elsewhere.
Theirs = Any

# There the library logs every error that its event tells, too, and a cancelled order in full.
__all__ = ["Heard"]

_TOLD_BY_EVENTS: Final = ".wrapper"


class Heard:
    """Listens to a client's events, and to the warnings in the library's log.

    The log then goes nowhere else; a later listener takes it over.

    Parameters
    ----------
    ib
        A client of ib_insync or ib_async.
    """

    def __init__(self, ib: Theirs) -> None:
        self._lines: list[dict[str, object]] = []
        ib.openOrderEvent += self._open_order
        ib.orderStatusEvent += self._order_status
        ib.execDetailsEvent += self._execution
        ib.commissionReportEvent += self._commission
        ib.errorEvent += self._error
        ib.disconnectedEvent += self._disconnected
        library = logging.getLogger(type(ib).__module__.partition(".")[0])
        for handler in [each for each in library.handlers if isinstance(each, _Log)]:
            library.removeHandler(handler)
        library.addHandler(_Log(self))
        library.propagate = False

    def latest(self) -> Html:
        """What came since this was last asked for, oldest first, as a table."""
        lines, self._lines = self._lines, []
        return records_table(lines)

    def note(self, message: str, number: object, says: object) -> None:
        """Keep one line: the kind of message, the id of the order or request, what it says."""
        self._lines.append({"message": message, "id": number, "says": says})

    def _open_order(self, trade: Theirs) -> None:
        order = trade.order
        says = f"{order.action} {order.totalQuantity:g} {trade.contract.symbol} {order.orderType}"
        self.note("openOrder", order.orderId, says)

    def _order_status(self, trade: Theirs) -> None:
        self.note("orderStatus", trade.order.orderId, trade.orderStatus.status)

    def _execution(self, trade: Theirs, fill: Theirs) -> None:
        execution = fill.execution
        self.note(
            "execDetails", trade.order.orderId, f"{execution.shares:g} at {execution.price:g}"
        )

    def _commission(self, trade: Theirs, _fill: Theirs, report: Theirs) -> None:
        self.note("commissionReport", trade.order.orderId, f"{report.commission:g}")

    def _error(self, number: int, code: int, text: str, _contract: Theirs) -> None:
        self.note("error", "" if number < 0 else number, f"{code} {text}")

    def _disconnected(self) -> None:
        self.note("disconnected", "", "")


class _Log(logging.Handler):
    """Hands the library's warnings to a listener."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.endswith(_TOLD_BY_EVENTS):
            self._heard.note("log", "", record.getMessage())


def __dir__() -> list[str]:
    return list(__all__)
