"""What a client's callbacks say, in one form for the three libraries: they share their names.

Standard library only, since this runs in the environment of each client.
"""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from typing import Any

_UNSET = 1e300


def number(value: Any) -> float | None:
    """A number; None for one that is not set."""
    return None if value is None or math.isnan(value) or abs(value) > _UNSET else float(value)


def moment(value: Any) -> str:
    """A date, or an instant in UTC, whichever way the library gives it."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dt.datetime):
        # ib_insync and ib_async drop the zone of a first bar's time, which is told in UTC.
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return aware.astimezone(dt.UTC).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else ""


def _parsed(text: str) -> dt.datetime | dt.date | None:
    if not text:
        return None
    if text.isdigit():
        is_day = len(text) == 8
        number = int(text)
        return (
            dt.date(number // 10_000, number // 100 % 100, number % 100)
            if is_day
            else dt.datetime.fromtimestamp(number, dt.UTC)
        )
    day, clock, *zone = text.replace("-", " ").split()
    own = zoneinfo.ZoneInfo(zone[0]) if zone else dt.UTC
    return dt.datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=own)


def contract(one: Any) -> dict[str, Any]:
    return {
        "con_id": one.conId,
        "symbol": one.symbol,
        "sec_type": one.secType,
        "exchange": one.exchange,
        "primary": one.primaryExchange,
        "currency": one.currency,
        "local_symbol": one.localSymbol,
        "trading_class": one.tradingClass,
    }


def details(one: Any) -> dict[str, Any]:
    return contract(one.contract) | {
        "long_name": one.longName,
        "min_tick": one.minTick,
        "zone": one.timeZoneId,
        "trading_hours": one.tradingHours,
        "liquid_hours": one.liquidHours,
        "order_types": one.orderTypes,
        "exchanges": one.validExchanges,
        "rules": one.marketRuleIds,
        "stock_type": one.stockType,
    }


def bar(one: Any) -> dict[str, Any]:
    prices = {name: float(getattr(one, name)) for name in ("open", "high", "low", "close")}
    volume, count = float(one.volume), int(one.barCount)
    return {"date": moment(one.date), **prices, "volume": volume, "count": count}


def open_order(order_id: int, what: Any, order: Any, state: Any) -> dict[str, Any]:
    return {"order_id": order_id, "status": state.status} | order_of(what, order)


def order_of(what: Any, order: Any) -> dict[str, Any]:
    return {
        "perm_id": order.permId,
        "client_id": order.clientId,
        "symbol": what.symbol,
        "action": order.action,
        "quantity": number(order.totalQuantity),
        "type": order.orderType,
        "limit": number(order.lmtPrice),
        "aux": number(order.auxPrice),
        "trail_stop": number(order.trailStopPrice),
        "trail_percent": number(order.trailingPercent),
        "tif": order.tif,
        "oca": order.ocaGroup,
        "oca_type": order.ocaType,
        "ref": order.orderRef,
        "account": order.account,
        "parent": order.parentId,
        "outside_rth": bool(order.outsideRth),
        "what_if": bool(order.whatIf),
    }


def completed(what: Any, order: Any, state: Any) -> dict[str, Any]:
    return order_of(what, order) | {
        "status": state.status,
        "filled": number(order.filledQuantity),
        "how": state.completedStatus,
        "when": moment(state.completedTime),
    }


_STATUS = (
    *("order_id", "status", "filled", "remaining", "average", "perm_id", "parent"),
    *("last", "client_id", "why_held"),
)


def status(*values: Any) -> dict[str, Any]:
    return dict(zip(_STATUS, values, strict=False))


def fill(request_id: int, what: Any, one: Any) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "order_id": one.orderId,
        "client_id": one.clientId,
        "perm_id": one.permId,
        "exec_id": one.execId,
        "symbol": what.symbol,
        "account": one.acctNumber,
        "exchange": one.exchange,
        "side": one.side,
        "shares": float(one.shares),
        "price": float(one.price),
        "cumulated": float(one.cumQty),
        "average": float(one.avgPrice),
        "ref": one.orderRef,
        "time": moment(one.time),
    }


def commission(report: Any) -> dict[str, Any]:
    return {
        "exec_id": report.execId,
        "commission": number(report.commission),
        "currency": report.currency,
        "realized": number(report.realizedPNL),
    }


def position(account: str, what: Any, quantity: float, cost: float) -> dict[str, Any]:
    return contract(what) | {
        "account": account,
        "quantity": float(quantity),
        "cost": float(cost),
    }


def holding(what: Any, *rest: Any) -> dict[str, Any]:
    quantity, price, value, cost, unrealized, realized, account = rest
    return position(account, what, quantity, cost) | {
        "price": float(price),
        "value": float(value),
        "unrealized": float(unrealized),
        "realized": float(realized),
    }


def error(request_id: int, code: int, text: str, *_reject: str) -> dict[str, Any]:
    return {"id": request_id, "code": code, "text": text}


def margins(state: Any) -> dict[str, Any]:
    names = ("initMargin", "maintMargin", "equityWithLoan")
    found = {
        f"{name}{when}": number(float(getattr(state, f"{name}{when}")))
        for name in names
        for when in ("Before", "Change", "After")
    }
    return {
        **found,
        "status": state.status,
        "commission": number(state.commission),
        "currency": state.commissionCurrency,
    }


EVENTS = {
    "openOrder": ("open", open_order),
    "orderStatus": ("status", status),
    "execDetails": ("fill", fill),
    "commissionReport": ("commission", commission),
    "error": ("error", error),
    "position": ("position", position),
    "updatePortfolio": ("portfolio", holding),
    "orderBound": ("bound", lambda *numbers: list(numbers)),
}
"""The callbacks that are kept: under which name, and in which form."""
