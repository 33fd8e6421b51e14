"""Signals, orders and fills of the journal, made into alerts that tell of them once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters.journal_facts import instant, moment
from sellkit.core.alerts import AlertKind, Ending, kinds_that_end
from sellkit.core.counting import counted
from sellkit.core.lifecycle import TicketState

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from sellkit.adapters.journal_pen import Pen

    Ask = Callable[..., tuple[dict[str, Any], ...]]
    Row = Mapping[str, Any]

_TABLES: Final = ("decision", "ticket_step", "fill")
_LATEST_RUN: Final = "SELECT run_id, started_at FROM run ORDER BY rowid DESC LIMIT 1"

# Where nothing was looked at before, what came before the latest run is passed over.
_BEFORE: Final = {
    "decision": "SELECT max(id) AS id_ FROM decision WHERE run_id <> :run_id",
    "ticket_step": "SELECT max(id) AS id_ FROM ticket_step WHERE at < :started_at",
    "fill": "SELECT max(id) AS id_ FROM fill WHERE at < :started_at",
}

# A bar that is judged again is no other signal, and a run about the past tells of no present one.
_PRESENT: Final = "run.as_of >= run.started_at AND decision = 'EXIT'"
_SIGNALS: Final = f"""
    SELECT decision.*, run.mode, run.started_at, ticket.verdict
    FROM decision JOIN run ON run.run_id = decision.run_id
    LEFT JOIN ticket ON ticket.run_id = decision.run_id AND ticket.con_id = decision.con_id
    WHERE decision.id > ? AND {_PRESENT} AND NOT EXISTS (
        SELECT 1 FROM decision AS former JOIN run ON run.run_id = former.run_id
        WHERE former.bar_end = decision.bar_end AND former.account = decision.account
            AND former.con_id = decision.con_id AND former.id < decision.id
            AND former.decision = 'EXIT' AND run.as_of >= run.started_at)
    ORDER BY decision.id"""  # noqa: S608  (own text)

_AT_MARKET: Final = ", ".join(
    f"'{each}'"
    for each in (
        *(TicketState.ACKNOWLEDGED, TicketState.STOPPING),
        *(TicketState.FILLED, TicketState.DONE),
    )
)
_ORDERS: Final = f"""
    SELECT step.*, claim.quantity, claim."order", intent.ticker, intent.side
    FROM ticket_step AS step
    JOIN ticket_claim AS claim ON claim.reference = step.reference
    JOIN ticket_intent AS intent ON intent.reference = step.reference
    WHERE step.id > ? AND step.state IN ({_AT_MARKET}) AND NOT EXISTS (
        SELECT 1 FROM ticket_step AS former WHERE former.reference = step.reference
            AND former.id < step.id AND former.state IN ({_AT_MARKET}))
    ORDER BY step.id"""  # noqa: S608  (own text)

_FILLS: Final = """
    SELECT fill.*, intent.ticker, intent.quantity AS wanted
    FROM fill JOIN ticket_intent AS intent ON intent.reference = fill.reference
    WHERE fill.id > ? ORDER BY fill.id"""


def append(pen: Pen, alert: Row) -> None:
    """Append an alert; what tells of something that has happened is over with that."""
    pen.append("alert", alert)
    if alert["kind"] in kinds_that_end(Ending.TOLD):
        (newest,) = pen.ask("SELECT max(id) AS number FROM alert")
        pen.append("alert_end", {"id": newest["number"], "at": alert["at"]})


def is_seen(ask: Ask) -> bool:
    """Whether nothing was written to those tables since the last time."""
    marks = _marks(ask)
    return all(table in marks and _newest(ask, table) <= marks[table] for table in _TABLES)


def write(pen: Pen, at: dt.datetime) -> int:
    """Append an alert for each fact since the last time; how many."""
    marks = _marks(pen.ask)
    told = [
        *(_signal(each) for each in pen.ask(_SIGNALS, _mark(pen.ask, marks, "decision"))),
        *(_order(each) for each in pen.ask(_ORDERS, _mark(pen.ask, marks, "ticket_step"))),
        *_fills(pen.ask(_FILLS, _mark(pen.ask, marks, "fill"))),
    ]
    for kind, source, when, text in told:
        append(pen, {"at": when, "source": source, "kind": str(kind), "text": text})
    for table in _TABLES:
        newest_row = _newest(pen.ask, table)
        if marks.get(table) != newest_row:
            mark = {"at": instant(at), "of_table": table, "up_to": newest_row}
            pen.append("noticed", mark)
    return len(told)


def _marks(ask: Ask) -> dict[str, int]:
    query = "SELECT of_table, max(up_to) AS up_to FROM noticed GROUP BY of_table"
    return {str(each["of_table"]): int(each["up_to"]) for each in ask(query)}


def _mark(ask: Ask, marks: Mapping[str, int], table: str) -> int:
    if table in marks:
        return marks[table]
    latest = ask(_LATEST_RUN)
    if not latest:
        return 0
    query = _BEFORE[table]
    for name, value in latest[0].items():
        if f":{name}" in query:
            (found,) = ask(query.replace(f":{name}", "?"), value)
            return int(found["id_"] or 0)
    return 0


def _newest(ask: Ask, table: str) -> int:
    (found,) = ask(f"SELECT max(id) AS number FROM {table}")  # noqa: S608  (own names)
    return int(found["number"] or 0)


def _signal(row: Row) -> tuple[AlertKind, str, str, str]:
    average = f"{row['ma_type']} {row['ma_length']} {row['timeframe']}"
    then = {
        None: "no ticket",
        "deferred": "deferred to the next opening",
    }.get(row["verdict"], row["verdict"])
    ended = f"{moment(row['bar_end']):%Y-%m-%d %H:%M} UTC"
    text = (
        f"{row['ticker']}: EXIT, the bar that ended at {ended} closed at {row['close']:g} "
        f"below {average} at {row['average']:g}; {then}, {row['mode']} run {row['run_id']}"
    )
    return AlertKind.SIGNAL, row["ticker"], row["started_at"], text


def _order(row: Row) -> tuple[AlertKind, str, str, str]:
    placed = row["order"]["order"]
    limit = f" at {placed['lmtPrice']}" if placed.get("lmtPrice") else ""
    kind = f"{placed['orderType']}{limit}"
    text = (
        f"{row['ticker']}: {row['side']} {row['quantity']} {kind}, {row['reference']} is at the "
        "market"
    )
    return AlertKind.ORDER, row["reference"], row["at"], text


def _fills(rows: tuple[Row, ...]) -> Iterator[tuple[AlertKind, str, str, str]]:
    """One for all executions of an order since the last time."""
    of_order: dict[str, list[Row]] = {}
    for each in rows:
        of_order.setdefault(each["reference"], []).append(each)
    for reference, told in of_order.items():
        last, number = told[-1], sum((Decimal(each["quantity"]) for each in told), Decimal(0))
        paid = (Decimal(each["quantity"]) * Decimal(each["price"]) for each in told)
        value = sum(paid, Decimal(0))
        parts = counted(len(told), "execution")
        text = (
            f"{last['ticker']}: {last['side']} {number} of {last['wanted']} at "
            f"{(value / number).normalize():f}, {parts}, {reference}, {last['exec_id']}"
        )
        yield AlertKind.FILL, reference, last["at"], text
