"""Market rules: in which steps a price may move, depending on how high it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.directory import exchanges_of, known_as
from sellkit.simgateway.history import NOT_VALID, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.table import Table

# Interactive Brokers' number of the rule of whole cents.
CENT_RULE: Final = 26
_CENT: Final = Decimal("0.01")
_FIRST_OTHER_RULE: Final = 500


class Band(NamedTuple):
    """From which price on a step holds."""

    low_edge: Decimal
    increment: Decimal


@dataclass(frozen=True, slots=True)
class MarketRule:
    """A rule by its number; the bands rise from price 0."""

    number: int
    bands: tuple[Band, ...]

    def step(self, price: Decimal) -> Decimal:
        """The step at a price; a price below zero moves as one above."""
        fitting = [band for band in self.bands if band.low_edge <= abs(price)]
        return fitting[-1].increment

    @property
    def smallest(self) -> Decimal:
        """The smallest step at any price."""
        return min(band.increment for band in self.bands)


class RuleBook:
    """The rules of a gateway.

    Parameters
    ----------
    stated
        Rules with their bands.
    securities
        For the smallest step of each that names no rule there is one with a single band.
    """

    def __init__(self, stated: Iterable[MarketRule], securities: Iterable[Security]) -> None:
        self._rules = {CENT_RULE: MarketRule(CENT_RULE, (Band(Decimal(0), _CENT),))}
        self._rules |= {rule.number: rule for rule in stated}
        self._plain = {_CENT: CENT_RULE}
        for step in sorted({each.min_tick for each in securities} - {_CENT}):
            number = next(n for n in range(_FIRST_OTHER_RULE, 10**6) if n not in self._rules)
            self._plain[step] = number
            self._rules[number] = MarketRule(number, (Band(Decimal(0), step),))

    def rule(self, number: int) -> MarketRule:
        """A rule by its number.

        Raises
        ------
        Refused
            321: there is none.
        """
        if number not in self._rules:
            text = f"Error validating request: there is no market rule {number}"
            raise Refused(NOT_VALID, text)
        return self._rules[number]

    def numbers_of(self, security: Security, exchanges: tuple[str, ...]) -> tuple[int, ...]:
        """The numbers of a contract's rules, one for each of its exchanges."""
        stated = security.market_rules or (self._plain[security.min_tick],)
        return stated if len(stated) == len(exchanges) else stated[:1] * len(exchanges)

    def of(self, security: Security, exchange: str = "") -> MarketRule:
        """The rule of a contract on one of its exchanges; on any other that of its first."""
        exchanges, asked = exchanges_of(security), known_as(exchange)
        numbers = dict(zip(exchanges, self.numbers_of(security, exchanges), strict=True))
        return self.rule(numbers.get(asked, numbers[exchanges[0]]))


def read_market_rules(tables: Iterable[Table]) -> tuple[MarketRule, ...]:
    """The rules of the tables `[[market_rules]]`.

    Raises
    ------
    ConfigError
        A key is missing or has a wrong value.
    """
    rules: list[MarketRule] = []
    for table in tables:
        number = table.count("id")
        if number is None:
            raise table.missing("id")
        if number in [rule.number for rule in rules]:
            table.fail("id", f"stands there already: {number}")
        bands = tuple(_band(band) for band in table.tables("bands"))
        edges = [band.low_edge for band in bands]
        if not edges or edges[0] != 0 or sorted(set(edges)) != edges:
            table.fail("bands", "must begin at lowEdge 0 and rise from band to band")
        table.end()
        rules.append(MarketRule(number, bands))
    return tuple(rules)


def _band(table: Table) -> Band:
    low_edge, increment = table.required_number("lowEdge"), table.positive("increment")
    table.end()
    if increment is None:
        raise table.missing("increment")
    return Band(low_edge, increment)
