"""What can be asked over the control channel about prices: to move one, made up or stated."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError
from sellkit.simgateway.control_contract import names_in_market, read_con_id
from sellkit.simgateway.figures import LARGEST
from sellkit.simgateway.market import Market

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.table import Table


def price(gateway: Gateway, table: Table) -> object:
    """Multiply a price by a factor, or bring it to where it is wanted."""
    security = read_con_id(gateway, table)
    symbol = table.required_text("symbol").upper() if security is None else security.symbol
    factor, goal = table.positive("factor"), table.positive("to")
    table.end()
    if (factor is None) == (goal is None):
        table.fail("factor", "or 'to' must be given, one of them")
    stated, name = _priced(gateway, security, symbol)
    if stated is None and not name:
        table.fail("symbol", f"has no price in this gateway: {symbol}")
    last = _last(gateway, stated, name)
    if factor is not None and last * factor > LARGEST:
        table.fail("factor", f"makes a price above {LARGEST:f} of {last.normalize():f}: {factor:g}")
    change = (goal or Decimal(1)) / last if factor is None else factor
    if stated is not None:
        return {"symbol": symbol, "last": float(gateway.exchange.restate(stated, change))}
    market, now = _market(gateway), gateway.clock.now()
    market.move(name, float(change), now)
    return {"symbol": symbol, "last": market.quote(name, now).last}


def _priced(
    gateway: Gateway, security: Security | None, symbol: str
) -> tuple[Security | None, str]:
    """The contract whose price was stated, if one is meant, or else a name in the market; the name
    is empty where there is none.
    """
    if security is None:
        stated = gateway.exchange.with_stated_price(symbol)
        return stated, names_in_market(gateway).get(symbol, "")
    name = gateway.exchange.price_name(security) or ""
    return (None if security.price is None else security), name


def _last(gateway: Gateway, stated: Security | None, name: str) -> Decimal:
    if stated is not None and stated.price is not None:
        return stated.price
    return Decimal(str(_market(gateway).quote(name, gateway.clock.now()).last))


def _market(gateway: Gateway) -> Market:
    if not isinstance(gateway.market, Market):
        raise ConfigError("the prices of this gateway's market cannot be moved")
    return gateway.market
