"""Messages about the session, the account and prices, as the gateway sends them.

Each function returns the fields of one message in their order on the wire.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from sellkit.simgateway.framing import Field, Message
    from sellkit.simgateway.history import HistoryBar
    from sellkit.simgateway.scenario import Holding, Security

NO_REQUEST: Final = -1
"""The id of an error that answers no request."""

_NO_RIGHT: Final = "0"
# Most bars are asked for again and again; a text takes some 500 bytes with what it is made of.
_BAR_TEXTS_KEPT: Final = 1 << 16


def server_version(version: int, connected_at: str) -> Message:
    """The answer to the handshake; it alone has no message number."""
    return (version, connected_at)


def error(version: int, request_id: int, code: int, text: str) -> Message:
    """An error, a warning or a notice."""
    if version >= 166:
        return (4, 2, request_id, code, text, "")
    return (4, 2, request_id, code, text)


def next_valid_id(order_id: int) -> Message:
    """The lowest order id that the client may use."""
    return (9, 1, order_id)


def managed_accounts(accounts: Iterable[str]) -> Message:
    """Every account, the default one first."""
    return (15, 1, ",".join(accounts))


def current_time(now: dt.datetime) -> Message:
    """The gateway's time in whole seconds after 1970."""
    return (49, 1, int(now.timestamp()))


def contract_fields(
    security: Security, exchange: str, right: str | None = None
) -> tuple[Field, ...]:
    """The eleven fields that describe a contract in most messages.

    Parameters
    ----------
    exchange
        What stands in the field of the exchange, which differs between messages.
    right
        What stands for the right of a contract that has none.
    """
    return (
        security.con_id,
        security.symbol,
        security.sec_type,
        security.last_trade_date,
        security.strike or 0.0,
        security.right or right,
        security.multiplier,
        exchange,
        security.currency,
        security.local,
        trading_class(security),
    )


def trading_class(security: Security) -> str:
    """The trading class; unless one was given NMS for the Nasdaq's stocks, else the symbol."""
    is_nasdaq = security.sec_type == "STK" and security.primary_exchange == "NASDAQ"
    plain = security.local if security.is_currency_pair else security.symbol
    return security.trading_class or ("NMS" if is_nasdaq else plain)


def position(holding: Holding) -> Message:
    """One position; its contract carries the listing exchange."""
    security = holding.security
    contract = contract_fields(security, security.primary_exchange)
    return (61, 3, holding.account, *contract, holding.quantity, holding.average_cost)


def position_end() -> Message:
    """The end of the list of positions."""
    return (62, 1)


def position_multi(request_id: int, holding: Holding, model: str) -> Message:
    """One position in the answer to a request for one account."""
    security = holding.security
    contract = contract_fields(security, security.primary_exchange)
    size = (holding.quantity, holding.average_cost)
    return (71, 1, request_id, holding.account, *contract, *size, model)


def position_multi_end(request_id: int) -> Message:
    """The end of the positions of one account."""
    return (72, 1, request_id)


def account_value(key: str, value: str, currency: str, account: str) -> Message:
    """One figure of an account."""
    return ("6", "2", key, value, currency, account)


def portfolio(
    holding: Holding, price: float, value: float, unrealized: Decimal, realized: Decimal
) -> Message:
    """One position with its market value; its contract has a listing but no exchange."""
    security = holding.security
    contract = contract_fields(security, security.primary_exchange, _NO_RIGHT)
    size = (holding.quantity, price, value, holding.average_cost)
    return (7, 8, *contract, *size, unrealized, realized or 0.0, holding.account)


def account_update_time(clock: str) -> Message:
    """When the account's figures were made, as HH:MM."""
    return (8, 1, clock)


def account_download_end(account: str) -> Message:
    """The end of an account's figures and positions."""
    return (54, 1, account)


def account_summary(request_id: int, account: str, tag: str, value: str, currency: str) -> Message:
    """One figure of an account's summary."""
    return (63, 1, request_id, account, tag, value, currency)


def account_summary_end(request_id: int) -> Message:
    """The end of a summary."""
    return (64, 1, request_id)


def account_update_multi(request_id: int, account: str, model: str, *figure: str) -> Message:
    """One figure, that is key, value and currency, in the answer to a request for one account."""
    return ("73", "1", request_id, account, model, *figure)


def account_update_multi_end(request_id: int) -> Message:
    """The end of one account's figures."""
    return (74, 1, request_id)


def historical_data(
    request_id: int,
    bounds: tuple[str, ...],
    bars: Sequence[HistoryBar],
    dates: Iterable[str],
    unit: int = 1,
) -> Message:
    """The answer to a request for bars.

    Parameters
    ----------
    bounds
        Start and end of what was asked for.
    bars, dates
        The bars, and how the start of each is written.
    unit
        Shares in one unit of volume, as the client's version has it.
    """
    _starts, *prices, volumes, averages, counts = zip(*bars, strict=True)
    if unit != 1:
        volumes = tuple(round(each / unit) if each > 0 else each for each in volumes)
    texts = map(_bar_text, dates, *prices, volumes, averages, counts)
    return (17, request_id, *bounds, len(bars), *texts)


@lru_cache(_BAR_TEXTS_KEPT)
def _bar_text(date: str, *values: float) -> str:
    """The eight fields of one bar, which are so many that they are not told apart again."""
    return "\0".join((date, *map(str, values)))


def head_timestamp(request_id: int, text: str) -> Message:
    """When the first bar of a contract starts."""
    return (88, request_id, text)


def tick_price(request_id: int, tick_type: int, price: float, size: int) -> Message:
    """A price and, where the type has one, its size."""
    return (1, 6, request_id, tick_type, price, size, 0)


def tick_size(request_id: int, tick_type: int, size: int) -> Message:
    """A size."""
    return (2, 6, request_id, tick_type, size)


def tick_string(request_id: int, tick_type: int, value: str) -> Message:
    """A tick that is a text."""
    return (46, 6, request_id, tick_type, value)


def tick_snapshot_end(request_id: int) -> Message:
    """The end of a snapshot of prices."""
    return (57, 1, request_id)


def market_data_type(request_id: int, data_type: int) -> Message:
    """Which kind of prices follows: 1 live, 2 frozen."""
    return (58, 1, request_id, data_type)


def tick_parameters(request_id: int, min_tick: Decimal) -> Message:
    """The smallest step of the prices that follow."""
    return (81, request_id, min_tick, "", 0)


def pnl(request_id: int, daily: float, unrealized: float, realized: float) -> Message:
    """The profit and loss of an account."""
    return (94, request_id, daily, unrealized, realized)


def pnl_single(
    request_id: int,
    quantity: int,
    daily: float,
    unrealized: float,
    realized: float,
    value: float,
) -> Message:
    """The profit and loss of one position, and what it is worth."""
    return (95, request_id, quantity, daily, unrealized, realized, value)
