"""What tests of the route share: a gateway at noon on a fake market, and a route to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sellkit.adapters.clock import SystemClock
from sellkit.adapters.ib.broker import IbBroker
from sellkit.core.gates import ApprovedTicket
from sellkit.core.portfolio import Account, Position
from sellkit.core.reports import OrderReport, ReportKind
from sellkit.ports.order_route import OrderDraft, OrderRoute
from sellkit.simgateway.fault_file import read_rules
from sellkit.simgateway.table import Table
from tests.adapters.waiting import PATIENCE, RETURNING, RULES
from tests.build import instrument, ticket
from tests.simgateway.trading import ACCOUNT, SCENARIO, trading

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario
    from tests.simgateway.fake_market import FakeMarket

MAIN = Account("main", ACCOUNT)
HELD = {"AAPL": (265598, "100"), "MSFT": (272093, "40")}


@dataclass
class World:
    """A route to a gateway, and both ends of it."""

    gateway: Gateway
    market: FakeMarket
    broker: IbBroker
    route: OrderRoute
    seen: int = 0

    def send(self, symbol: str = "MSFT", attempt: int = 1, **changes: Any) -> OrderDraft:
        """Draft and submit the close of a position; `changes` are those of its ticket."""
        wanted = approved(symbol, attempt, **changes)
        draft = self.route.draft(wanted)
        self.route.submit(wanted, draft)
        return draft

    def until(self, holds: Callable[[OrderReport], object]) -> tuple[OrderReport, ...]:
        """The reports from the one after those seen to the first of which something holds."""
        found: list[OrderReport] = []
        while True:
            for report in self.route.reports(self.seen, PATIENCE):
                found.append(report)
                self.seen = report.number
                if holds(report):
                    return tuple(found)
            assert self.route.reports(self.seen, 0.5), f"it never came: {found}"

    def until_status(self, status: str) -> tuple[OrderReport, ...]:
        """Up to a status from the wire."""
        return self.until(lambda each: each.status == status)

    def rest(self) -> tuple[OrderReport, ...]:
        """What was told until now; the gateway's answer to a question comes behind it."""
        self.broker.server_time()
        found = self.route.reports(self.seen, 0)
        self.seen += len(found)
        return found

    def placed(self) -> list[tuple[str, ...]]:
        """The orders that came over the gateway's socket."""
        return [each.fields for each in self.gateway.requests if each.name == "placeOrder"]


def approved(symbol: str = "MSFT", attempt: int = 1, **changes: Any) -> ApprovedTicket:
    """A ticket as if every gate had let it pass."""
    con_id, quantity = HELD[symbol]
    held = Position(MAIN, instrument(f"NASDAQ:{symbol}", con_id), Decimal(quantity), Decimal(90))
    return ApprovedTicket(replace(ticket(held), attempt=attempt, **changes))


@contextmanager
def world(
    *,
    scenario: Scenario = SCENARIO,
    client_id: int = 7,
    faults: tuple[dict[str, object], ...] = (),
    comes_back: bool = False,
    habits: dict[str, Any] | None = None,
    connect: dict[str, Any] | None = None,
) -> Iterator[World]:
    """A gateway with these faults and habits, and a broker that sends orders to it."""
    tables = [Table(rule, "faults", Path("a.toml")) for rule in faults]
    rules = read_rules(tables, (each.symbol for each in scenario.securities))
    with trading(scenario=replace(scenario, faults=rules), **(habits or {})) as (gateway, market):
        given = {
            "host": gateway.host,
            "port": gateway.port,
            "client_id": client_id,
            "pacing": RULES,
            "clock": SystemClock(),
            "returning": RETURNING if comes_back else None,
            "sends_orders": True,
        } | (connect or {})
        with IbBroker.connect(**given) as broker:
            broker.wait_until_ready(PATIENCE)
            yield World(gateway, market, broker, broker.route())


def kinds(reports: tuple[OrderReport, ...]) -> list[tuple[ReportKind, str | int | None]]:
    """Each report's kind, and its status or code."""
    return [(each.kind, each.status or each.code) for each in reports]
