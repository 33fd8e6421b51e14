"""Messages about contracts, as the gateway sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.directory import SMART
from sellkit.simgateway.messages import trading_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.simgateway.framing import Field, Message
    from sellkit.simgateway.market_rules import MarketRule
    from sellkit.simgateway.scenario import Security

_ORDER_TYPES: Final = "ADJUST,COND,DAY,GTC,LMT,LOC,MIT,MKT,MOC,STP,STPLMT,TRAIL,WHATIF"
_SUGGESTED_LOT: Final = 100
# What a derivative is on.
_UNDERLYINGS: Final = {"OPT": "STK", "WAR": "STK", "FUT": "IND", "FOP": "FUT"}


class Listed(NamedTuple):
    """What contract details tell beside the contract itself.

    Attributes
    ----------
    zone
        Name of the zone of the hours.
    trading_hours, liquid_hours
        As on the wire; empty where no calendar is known.
    rule
        The market rule of its first exchange.
    rules
        One for each exchange; empty for `rule` on all of them.
    exchanges
        Where the contract trades; empty for the router and its listing.
    under_con_id
        The contract that a derivative is on; 0 for none.
    """

    zone: str
    trading_hours: str
    liquid_hours: str
    rule: int
    rules: tuple[int, ...] = ()
    exchanges: tuple[str, ...] = ()
    under_con_id: int = 0


def contract_details(
    version: int, request_id: int, security: Security, exchange: str, listed: Listed
) -> Message:
    """One contract in full; `exchange` is the one that was asked for."""
    name = (security.long_name or security.symbol).replace("\\", "\\\\")
    head: tuple[Field, ...] = (10,) if version >= 164 else (10, 8)
    multiplier: tuple[Field, ...] = () if version >= 164 else (1,)
    return (
        *head,
        request_id,
        security.symbol,
        security.sec_type,
        security.last_trade_date,
        security.strike or 0.0,
        security.right,
        exchange,
        security.currency,
        security.local,
        trading_class(security),  # the market's name
        trading_class(security),
        security.con_id,
        security.min_tick,
        *multiplier,
        security.multiplier,
        _ORDER_TYPES,
        ",".join(listed.exchanges or (SMART, security.primary_exchange)),
        security.price_magnifier,
        listed.under_con_id,
        name,
        security.primary_exchange,
        (security.last_trade_date or "")[:6],
        *(None, None, None),  # industry, category, subcategory
        *listed[:3],
        *(None, 0),  # economic value rule and multiplier
        *_classification(security, listed),
        *_sizes(version),
    )


def _classification(security: Security, listed: Listed) -> tuple[Field, ...]:
    """From the further ids of the security to the kind of stock."""
    is_stock = security.sec_type == "STK"
    under = _UNDERLYINGS.get(security.sec_type)
    rules = listed.rules or (listed.rule,) * (len(listed.exchanges) or 2)
    return (
        0,  # no further ids
        1,  # aggregated group
        *((security.symbol, under) if under else (None, None)),
        ",".join(map(str, rules)),
        security.last_trade_date,
        (security.stock_type or "COMMON") if is_stock else None,
    )


def _sizes(version: int) -> tuple[Field, ...]:
    if version >= 164:
        return (1, 1, _SUGGESTED_LOT)
    return (_SUGGESTED_LOT,) if version == 163 else ()


def contract_details_end(request_id: int) -> Message:
    """The end of the contracts that fit a request."""
    return (52, 1, request_id)


def symbol_samples(
    version: int, request_id: int, found: Sequence[tuple[Security, Sequence[str]]]
) -> Message:
    """The contracts whose symbol or name fits a pattern, each with the kinds of its derivatives."""
    rows: list[Field] = [79, request_id, len(found)]
    for security, derivatives in found:
        rows += (security.con_id, security.symbol, security.sec_type)
        rows += (security.primary_exchange, security.currency, len(derivatives), *derivatives)
        if version >= 176:
            rows += (security.long_name or security.symbol, None)
    return tuple(rows)


def market_rule(rule: MarketRule) -> Message:
    """The steps of a price, each with the price from which on it holds."""
    bands = ((float(band.low_edge), band.increment) for band in rule.bands)
    return (93, rule.number, len(rule.bands), *(value for band in bands for value in band))
