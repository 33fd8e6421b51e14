"""What the journal says of runs, alerts, positions, orders and the connection, as plain values."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sellkit.core.portfolio import OpenOrder, Side
from sellkit.core.protection import Resting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.core.alerts import Alert
    from sellkit.core.portfolio import Account, AccountSnapshot, Position
    from sellkit.core.standing import Standing
    from sellkit.ports import RunHeader

    Facts = dict[str, object]

_INSTANTS: Final = 256
"""The rows of a run name the same few again and again."""


@lru_cache(_INSTANTS)
def instant(moment: dt.datetime) -> str:
    """ISO text in UTC."""
    return moment.astimezone(dt.UTC).isoformat()


def of_run(header: RunHeader) -> Facts:
    """A run as it begins."""
    return {
        "run_id": header.run_id,
        "started_at": instant(header.started_at),
        "as_of": instant(header.as_of),
        "mode": header.mode,
        "profile": header.profile,
        "account": header.account,
        "gateway": str(header.gateway),
        "version": header.version,
    }


def of_alert(source: str, alert: Alert) -> Facts:
    """An alert, and whose connection it is about."""
    return {
        "at": instant(alert.at),
        "source": source,
        "kind": str(alert.kind),
        "text": alert.text,
    }


def of_snapshot(run_id: str, snapshot: AccountSnapshot) -> Facts:
    """That the lists were read, and how long they were: an empty list is a fact, too."""
    return {
        **_seen(run_id, snapshot),
        "positions": len(snapshot.positions),
        "open_orders": len(snapshot.open_orders),
    }


def of_position(run_id: str, snapshot: AccountSnapshot, position: Position) -> Facts:
    """A position as the run saw it."""
    return {
        **_seen(run_id, snapshot),
        "con_id": position.instrument.con_id,
        "ticker": str(position.instrument.token),
        "security_type": position.instrument.security_type,
        "currency": position.instrument.currency,
        "quantity": str(position.quantity),
        "average_cost": as_text(position.average_cost),
    }


def of_order(run_id: str, snapshot: AccountSnapshot, order: OpenOrder) -> Facts:
    """An open order as the run saw it."""
    return {
        **_seen(run_id, snapshot),
        "con_id": order.con_id,
        "order_id": order.order_id,
        "client_id": order.client_id,
        "perm_id": order.perm_id,
        "reference": order.reference,
        "side": str(order.side),
        "order_type": order.order_type,
        "quantity": str(order.quantity),
        "remaining": str(order.remaining),
        "limit_price": as_text(order.limit_price),
        "stop_price": as_text(order.stop_price),
        "time_in_force": order.time_in_force,
        "status": order.status,
    }


def resting(row: Mapping[str, Any], account: Account) -> Resting:
    """An open order as it was seen last, from its row and what was held then."""
    numbers = ("quantity", "remaining", "limit_price", "stop_price")
    figures: dict[str, Any] = {
        name: None if row[name] is None else Decimal(row[name]) for name in numbers
    }
    names = ("con_id", "order_id", "client_id", "perm_id", "reference", "order_type")
    told = {name: row[name] for name in (*names, "time_in_force", "status")}
    return Resting(
        order=OpenOrder(account=account, side=Side(row["side"]), **told, **figures),
        seen_at=moment(row["taken_at"]),
        held=Decimal(row["held"] or 0),
        is_accounted=bool(row["is_accounted"]),
    )


def of_standing(run_id: str, standing: Standing) -> Facts:
    """How the connection stood for the decisions of a run."""
    return {
        "run_id": run_id,
        "epoch": standing.epoch,
        "is_ready": int(standing.is_ready),
        "reason": standing.reason,
        "since": instant(standing.since),
    }


def _seen(run_id: str, snapshot: AccountSnapshot) -> Facts:
    return {
        "run_id": run_id,
        "taken_at": instant(snapshot.taken_at),
        "account": snapshot.account.alias,
    }


def moment(text: str) -> dt.datetime:
    """An instant as it stands in the journal."""
    return dt.datetime.fromisoformat(text)


def as_text(number: Decimal | None) -> str | None:
    """A number as it stands in the journal."""
    return None if number is None else str(number)
