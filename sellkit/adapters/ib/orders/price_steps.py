"""The steps in which a contract's price moves, by its market rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ib_insync import Contract

from sellkit.adapters.ib import translate
from sellkit.adapters.ib.error_codes import unknown
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    from decimal import Decimal

    from ib_insync import ContractDetails

    from sellkit.adapters.ib.way import Way
    from sellkit.core.instrument import Instrument

_ROUTE: Final = "SMART"

Bands = tuple[tuple["Decimal", "Decimal"], ...]


class PriceSteps:
    """Asks for each contract's rule, and for each rule, once. Runs on the loop's thread."""

    def __init__(self) -> None:
        self._rules: dict[int, Bands] = {}
        self._rule_of: dict[int, int] = {}

    async def at(self, way: Way, instrument: Instrument, price: Decimal) -> Decimal:
        """The step at a price, in the instrument's currency.

        Raises
        ------
        UnknownInstrument
            The gateway knows no such contract.
        BrokerError
            It names no rule for it, or one without steps.
        """
        number = self._rule_of.get(instrument.con_id)
        if number is None:
            number = self._rule_of[instrument.con_id] = await _rule_of(way, instrument)
        if number not in self._rules:
            self._rules[number] = await _bands(way, number)
        fitting = [step for edge, step in self._rules[number] if edge <= abs(price)]
        if not fitting:
            raise BrokerError(f"the market rule {number} has no step at {price} of {instrument}")
        return fitting[-1]


async def _rule_of(way: Way, instrument: Instrument) -> int:
    con_id = instrument.con_id
    found = await way.questions.contract_details(Contract(conId=con_id, exchange=_ROUTE))
    if len(found) != 1:
        raise unknown(f"the price steps of {instrument}: {len(found)} contracts fit, not one")
    number = _named(found[0]).get(_ROUTE, "")
    if not number.isdigit():
        raise BrokerError(f"the gateway names no market rule of {instrument} on {_ROUTE}")
    return int(number)


def _named(details: ContractDetails) -> dict[str, str]:
    """By exchange, the number of the rule there."""
    exchanges, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    return dict(zip(exchanges, rules, strict=False))


async def _bands(way: Way, number: int) -> Bands:
    told = await way.questions.market_rule(number)
    bands = ((translate.number(each.lowEdge), translate.number(each.increment)) for each in told)
    return tuple(sorted((edge, step) for edge, step in bands if step > 0))
