"""Which contract something is asked for over the control channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.table import Table


def read_contract(gateway: Gateway, table: Table) -> Security:
    """The contract that `symbol`, `conId` or both name; the first of those that share a symbol.

    Raises
    ------
    ConfigError
        Both are missing, or there is no such contract.
    """
    found = read_con_id(gateway, table)
    if found is not None:
        return found
    try:
        return gateway.exchange.named(table.required_text("symbol").upper())
    except KeyError as error:
        raise ConfigError(str(error.args[0])) from error


def read_con_id(gateway: Gateway, table: Table) -> Security | None:
    """The contract with the number `conId`; None where that is not given.

    Raises
    ------
    ConfigError
        There is no such contract, or `symbol` names another one.
    """
    con_id, symbol = table.integer("conId"), table.text("symbol")
    if con_id is None:
        return None
    found = gateway.exchange.directory.get(con_id)
    if found is None:
        table.fail("conId", f"is the number of no contract in this gateway: {con_id}")
    directory = gateway.exchange.directory
    if symbol is None or symbol.upper() == found.symbol:
        return found
    if directory.known_symbols().get(symbol.upper()) != found:
        table.fail("symbol", f"is not that of the contract {con_id}, {found.symbol}: {symbol}")
    return found


def names_in_market(gateway: Gateway) -> dict[str, str]:
    """What a contract that has prices may be called, and its name in the market."""
    directory = gateway.exchange.directory
    priced = [name for each in directory.all() if (name := directory.price_name(each)) is not None]
    called = {
        symbol: name
        for symbol, each in directory.known_symbols().items()
        if (name := directory.price_name(each)) is not None
    }
    return {name: name for name in priced} | called
