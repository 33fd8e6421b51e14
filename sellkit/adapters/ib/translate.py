"""ib_insync's objects into sellkit's."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from ib_insync.util import UNSET_DOUBLE

from sellkit.core.bars import PRICES
from sellkit.core.instrument import Instrument, Token
from sellkit.core.market_time import UTC
from sellkit.core.portfolio import (
    SIMULATED_FARM,
    GatewayKind,
    OpenOrder,
    Position,
    Side,
    is_paper_number,
)
from sellkit.errors import BrokerError, InvalidBars, InvalidToken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ib_insync import BarData, Contract, ContractDetails, Trade
    from ib_insync.objects import Position as IbPosition

    from sellkit.core.portfolio import Account

_SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
# Without blanks: the gateway and the library do not agree about them.
_STOPS: Final = frozenset({"STP", "STPLMT", "STPPRT"})
_TRAILING: Final = frozenset({"TRAIL", "TRAILLIMIT", "TRAILLMT"})
_NOT_IN_TOKENS: Final = re.compile(r"[^A-Z0-9]")
_MICROSECONDS: Final = 1_000_000
_UTC: Final = pd.DatetimeTZDtype("us", "UTC")


def number(value: float | Decimal) -> Decimal:
    """A number as the gateway wrote it: 100, not 100.0; 0.1, not its binary neighbour."""
    exact = Decimal(str(value))
    whole = exact.to_integral_value()
    return whole if whole == exact else exact


def price(value: float | Decimal | None) -> Decimal | None:
    """A price, or None where the gateway gave none: the unset number, or the 0 it fills in."""
    if value is None or not math.isfinite(value) or value in (0, UNSET_DOUBLE):
        return None
    return number(value)


def kind_of(farm_notices: Iterable[str], account_numbers: Sequence[str]) -> GatewayKind:
    """What stands at the other end.

    Parameters
    ----------
    farm_notices
        Texts of the notices about data farms; each ends in the farm's name.
    account_numbers
        The accounts that the login manages, at least one.
    """
    if any(text.rpartition(":")[2].strip() == SIMULATED_FARM for text in farm_notices):
        return GatewayKind.SIMULATED
    is_paper = all(is_paper_number(each) for each in account_numbers)
    return GatewayKind.PAPER if account_numbers and is_paper else GatewayKind.LIVE


def token_of(contract: Contract) -> Token:
    """The label of a contract.

    The exchange is the primary one, or the one named in its place, or, when that is only a route,
    the type of security. A contract whose names make no token is called by type and number.
    """
    exchanges = (contract.primaryExchange, contract.exchange, contract.secType)
    exchange = next((each for each in exchanges if each and each != "SMART"), "STK")
    try:
        return Token.of(exchange, contract.localSymbol or contract.symbol)
    except InvalidToken:
        kind = _NOT_IN_TOKENS.sub("", contract.secType.upper())
        return Token(kind or "STK", str(contract.conId))


def instrument(contract: Contract, details: ContractDetails | None = None) -> Instrument:
    """An instrument from a contract, and from its details where they were asked for."""
    return Instrument(
        con_id=contract.conId,
        token=token_of(contract),
        security_type=contract.secType,
        currency=contract.currency,
        tick=None if details is None else price(details.minTick),
        long_name="" if details is None else details.longName,
    )


def position(told: IbPosition, held: Instrument, account: Account) -> Position:
    """A holding; an average cost that is not above zero is unknown."""
    cost = price(told.avgCost)
    known = cost if cost is not None and cost > 0 else None
    return Position(account, held, number(told.position), known)


def open_order(trade: Trade, account: Account) -> OpenOrder:
    """An order that rests in the market.

    Raises
    ------
    BrokerError
        The gateway named an action that is neither buying nor selling.
    """
    order, status = trade.order, trade.orderStatus
    side = _SIDES.get(order.action)
    if side is None:
        raise BrokerError(f"the gateway listed an order with the unknown action {order.action!r}")
    order_type = order.orderType.replace(" ", "").upper()
    stop: float | Decimal | None = None
    if order_type in _STOPS:
        stop = order.auxPrice
    elif order_type in _TRAILING:
        stop = order.trailStopPrice  # the other price is the distance of the trail
    # Both are 0 as long as no status has followed the order.
    is_told = bool(status.filled or status.remaining)
    return OpenOrder(
        account=account,
        con_id=trade.contract.conId,
        order_id=str(order.orderId),
        client_id=str(order.clientId),
        perm_id=str(order.permId),
        reference=order.orderRef,
        side=side,
        order_type=order.orderType,
        quantity=number(order.totalQuantity),
        remaining=number(status.remaining if is_told else order.totalQuantity),
        limit_price=price(order.lmtPrice),
        stop_price=price(stop),
        time_in_force=order.tif,
        status=status.status,
    )


def bar_frame(bars: Sequence[BarData], fetched_at: dt.datetime, source: str) -> pd.DataFrame:
    """An answer of historical bars as a bar frame, with its prices as they were told.

    Parameters
    ----------
    bars
        With aware times, or dates for daily bars; they may overlap or lie out of order.
    fetched_at
        When the request was sent, aware UTC: a bar that had ended by then is complete.
    source
        What was asked for, for the message.

    Raises
    ------
    InvalidBars
        A time without a zone.
    """
    index = pd.DatetimeIndex(_starts(bars, source), name="start").tz_localize("UTC")
    numbers = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    rows = np.array(numbers, dtype=np.float64).reshape(-1, 5)
    told = np.full(len(rows), np.datetime64(fetched_at.astimezone(UTC).replace(tzinfo=None), "us"))
    columns: dict[str, object] = dict(zip([*PRICES, "volume"], rows.T, strict=True))
    frame = pd.DataFrame(columns | {"fetched_at": pd.DatetimeIndex(told, dtype=_UTC)}, index=index)
    if not (index.is_monotonic_increasing and index.is_unique):
        frame = frame.sort_index(kind="stable")
        frame = frame[~frame.index.duplicated(keep="last")]
    return frame


def _starts(
    bars: Sequence[BarData], source: str
) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    starts = [bar.date for bar in bars]
    if not any(isinstance(start, dt.datetime) for start in starts):
        return np.array(starts, dtype="datetime64[D]").astype("datetime64[us]")
    seconds = []
    for start in starts:
        if not isinstance(start, dt.datetime) or start.tzinfo is None:
            raise InvalidBars(f"bars from {source} cannot be used: {start!r} is not an instant")
        seconds.append(start.timestamp())
    return (np.array(seconds) * _MICROSECONDS).astype("int64").astype("datetime64[us]")
