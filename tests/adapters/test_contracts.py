"""Contracts of positions: asked for once, and one that is gone again after a while."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from ib_insync import Contract, ContractDetails
from ib_insync.wrapper import RequestError

from sellkit.adapters.ib.contracts import Contracts
from sellkit.adapters.ib.questions import Questions
from sellkit.core.instrument import Instrument

APPLE = Contract(
    conId=265598, symbol="AAPL", secType="STK", primaryExchange="NASDAQ", currency="USD"
)


class Asked:
    """Questions of which only one is ever asked; it may know no contract."""

    def __init__(self) -> None:
        self.count = 0
        self.knows = False
        self.seconds = 0.0

    async def contract_details(self, _contract: Contract) -> list[ContractDetails]:
        self.count += 1
        if not self.knows:
            raise RequestError(7, 200, "No security definition has been found")
        return [ContractDetails(contract=APPLE, minTick=0.01, longName="Apple")]


def told(asked: Asked, *seconds: float) -> list[Instrument]:
    """What Apple's contract is said to be at these moments, over one connection."""
    contracts = Contracts(cast("Questions", cast("Any", asked)), lambda: asked.seconds)

    async def ask() -> list[Instrument]:
        found = []
        for asked.seconds in seconds:
            found.append(await contracts.of_position(APPLE))
            asked.knows = True
        return found

    return asyncio.run(ask())


def test_a_contract_is_asked_for_once() -> None:
    asked = Asked()
    asked.knows = True
    (first, *others) = told(asked, 0, 1, 1000)
    assert (first.problem, first.long_name) == ("", "Apple")
    assert others == [first, first]
    assert asked.count == 1


def test_one_that_is_gone_is_not_asked_for_again_at_once() -> None:
    asked = Asked()
    first, second = told(asked, 0, 59)
    assert "200: No security definition" in first.problem
    assert second.problem == first.problem
    assert asked.count == 1


def test_one_that_was_gone_is_asked_for_again_after_a_minute() -> None:
    asked = Asked()
    first, *others = told(asked, 0, 61, 62, 200)
    assert first.problem
    assert [each.problem for each in others] == ["", "", ""]
    assert asked.count == 2
