"""Contracts: which instrument a position is in, and which one a token names."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ib_insync import Contract

from sellkit.adapters.ib import translate
from sellkit.adapters.ib.error_codes import ib_errors, unknown
from sellkit.core.instrument import DECIDED_TYPES
from sellkit.errors import UnknownInstrument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ib_insync import ContractDetails

    from sellkit.adapters.ib.questions import Questions
    from sellkit.core.instrument import Instrument, Token


_ASK_AGAIN_SECONDS: Final = 60.0
"""A service that is down may answer as if there were no such contract."""


class Contracts:
    """The contracts of one connection; each is asked for once. Runs on the loop's thread.

    One that is gone is asked for again, but not at once.

    Parameters
    ----------
    questions
        Where the gateway is asked.
    timer
        Real seconds from any beginning.
    """

    def __init__(self, questions: Questions, timer: Callable[[], float] = time.monotonic) -> None:
        self._questions = questions
        self._timer = timer
        self._instruments: dict[int, Instrument] = {}
        self._gone: dict[int, tuple[float, Instrument]] = {}

    async def of_position(self, contract: Contract) -> Instrument:
        """The instrument of a position, whose message names no primary exchange for sure.

        One that the gateway cannot tell any more says so, and keeps the other positions from
        nothing.
        """
        known = self._instruments.get(contract.conId)
        if known is not None:
            return known
        if contract.secType not in DECIDED_TYPES:
            # Shown and never decided; and the smart route knows no futures and no currencies.
            return translate.instrument(contract)
        now = self._timer()
        asked_at, gone = self._gone.get(contract.conId, (-math.inf, None))
        if gone is not None and now < asked_at + _ASK_AGAIN_SECONDS:
            return gone
        try:
            return self._remember(await self._told(contract))
        except UnknownInstrument as error:
            gone = replace(translate.instrument(contract), problem=str(error))
            self._gone[contract.conId] = (now, gone)
            return gone

    async def of_positions(self, contracts: Sequence[Contract]) -> list[Instrument]:
        """The instruments of positions, in their order; known ones keep nobody waiting."""
        new = {each.conId: each for each in contracts if each.conId not in self._instruments}
        asked = await asyncio.gather(*(self.of_position(each) for each in new.values()))
        found = {**self._instruments, **dict(zip(new, asked, strict=True))}
        return [found[each.conId] for each in contracts]

    async def _told(self, contract: Contract) -> Instrument:
        label = contract.localSymbol or contract.symbol
        what = f"the contract {contract.conId} of the position in {label}"
        with ib_errors(what):
            found = await self._questions.contract_details(
                Contract(conId=contract.conId, exchange="SMART")
            )
        if len(found) != 1:
            raise unknown(f"{what}: {len(found)} contracts fit its number, not one")
        return _instrument(found[0])

    async def find(self, token: Token) -> Instrument:
        """The stock or ETF that a token names."""
        # A token joins the parts of a symbol by dots; Interactive Brokers joins them by blanks, on
        # some exchanges by dots.
        for symbol in dict.fromkeys((token.symbol.replace(".", " "), token.symbol)):
            wanted = Contract(
                secType="STK", symbol=symbol, exchange="SMART", primaryExchange=token.exchange
            )
            with suppress(UnknownInstrument), ib_errors(f"the contract {token}"):
                found = await self._questions.contract_details(wanted)
                each = [_instrument(one) for one in found]
                fits = {one.con_id: one for one in each if one.token == token}
                if len(fits) == 1:
                    return self._remember(fits.popitem()[1])
        raise unknown(
            f"no stock or ETF, or more than one, is called {token}; "
            "check the exchange and the symbol"
        )

    def _remember(self, instrument: Instrument) -> Instrument:
        self._instruments[instrument.con_id] = instrument
        return instrument


def _instrument(details: ContractDetails) -> Instrument:
    # The library always sets the contract, though it calls it optional.
    return translate.instrument(details.contract or Contract(), details)
