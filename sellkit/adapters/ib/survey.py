"""What only a probe asks of a gateway. It reads."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from sellkit.adapters.ib.error_codes import ib_errors
from sellkit.adapters.ib.orders.records import LISTS, read_records
from sellkit.core.pacing import Ask, Urgency
from sellkit.core.portfolio import AccountSnapshot
from sellkit.core.reports import BrokerRecords

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ib_insync import BarDataList

    from sellkit.adapters.ib.bridge import Bridge
    from sellkit.adapters.ib.pacing import Pacer
    from sellkit.adapters.ib.way import Way
    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Account
    from sellkit.ports import Clock


class IbSurvey:
    """The `Survey` over the connection of a broker.

    Parameters
    ----------
    bridge
        The broker's connection.
    pacer
        The broker's budget of requests for bars.
    clock
        By which lists are dated.
    client_id
        As whom it is connected.
    """

    def __init__(self, bridge: Bridge, pacer: Pacer, clock: Clock, client_id: int) -> None:
        self._bridge = bridge
        self._pacer = pacer
        self._clock = clock
        self._client_id = client_id

    def lists(self, account: Account) -> BrokerRecords:
        """Open orders, completed orders, executions and positions, each to its end marker."""
        self._bridge.check_managed(account)
        connection, own, began_at = self._bridge.connection, self._client_id, self._clock.now()
        told = self._bridge.ask(LISTS, lambda way: read_records(connection, way, account, own))
        snapshot = AccountSnapshot(account, began_at, told.positions, told.orders, epoch=told.epoch)
        return BrokerRecords(
            began_at=began_at,
            steady_since=told.steady_since,
            snapshot=snapshot,
            completed=told.completed,
            fills=told.fills,
        )

    def zone(self, instrument: Instrument) -> str | None:
        """The zone in which the gateway writes times when it is let; None when it names none."""
        con_id, what = instrument.con_id, f"the zone in which bars of {instrument} are told"
        ask = Ask(f"{con_id} in its zone", f"{con_id} TRADES")

        def wait_and_send(way: Way) -> Awaitable[BarDataList]:
            return self._pacer.run(ask, Urgency.BACKFILL, partial(_send, way, con_id, what))

        bars = self._bridge.ask(what, wait_and_send)
        starts = [bar.date for bar in bars if isinstance(bar.date, dt.datetime)]
        zone = starts[0].tzinfo if starts else None
        return None if zone is None else str(zone)


async def _send(way: Way, con_id: int, what: str) -> BarDataList:
    with ib_errors(what):
        return await way.questions.zoned_bars(con_id)
