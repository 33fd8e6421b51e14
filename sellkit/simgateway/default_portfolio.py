"""The small portfolio of a gateway that is given no scenario file."""

from __future__ import annotations

from decimal import Decimal

from sellkit.simgateway.scenario import (
    DEFAULT_ACCOUNT,
    Holding,
    OrderKind,
    RestingOrder,
    Scenario,
    Security,
)

# Symbol, contract number and exchange are the real ones; quantities and costs are made up.
_HOLDINGS = (
    ("AAPL", 265598, "NASDAQ", "NMS", "Apple Inc.", 230.0, 100, "205.40"),
    ("MSFT", 272093, "NASDAQ", "NMS", "Microsoft Corporation", 430.0, 40, "441.15"),
    ("NVDA", 4815747, "NASDAQ", "NMS", "NVIDIA Corporation", 140.0, 150, "96.72"),
    ("JPM", 1520593, "NYSE", "JPM", "JPMorgan Chase & Co.", 240.0, 60, "198.30"),
    ("XOM", 13977, "NYSE", "XOM", "Exxon Mobil Corporation", 110.0, 80, "117.05"),
    ("SPY", 756733, "ARCA", "SPY", "SPDR S&P 500 ETF Trust", 590.0, 30, "512.88"),
)


def default_scenario() -> Scenario:
    """Six well-known symbols in one paper account, and one stop that rests on the first."""
    holdings = tuple(
        Holding(
            DEFAULT_ACCOUNT,
            Security(
                con_id=con_id,
                symbol=symbol,
                primary_exchange=exchange,
                trading_class=trading_class,
                long_name=name,
                stock_type="ETF" if symbol == "SPY" else "COMMON",
                start_price=price,
            ),
            Decimal(quantity),
            Decimal(cost),
        )
        for symbol, con_id, exchange, trading_class, name, price, quantity, cost in _HOLDINGS
    )
    stop = RestingOrder(
        account=DEFAULT_ACCOUNT,
        security=holdings[0].security,
        kind=OrderKind.OWN,
        client_id=1,
        action="SELL",
        quantity=Decimal(100),
        order_type="STP",
        aux_price=Decimal(150),
    )
    return Scenario(holdings=holdings, orders=(stop,))
