"""What tests of the route share: a gateway at noon on a fake market, and a route to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sellkit.adapters.ib.broker import IbBroker
from sellkit.core.gates import ApprovedTicket
from sellkit.core.portfolio import Account, Position
from sellkit.core.reports import OrderReport, ReportKind
from sellkit.errors import NotConnected
from sellkit.ports.order_route import OrderDraft, OrderRoute
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.fault_file import read_rules
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.server import serve
from sellkit.simgateway.table import Table
from tests.adapters.waiting import PATIENCE, RETURNING, RULES, until_not_ready, wait_until
from tests.build import instrument, ticket
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import ACCOUNT, NOON, SCENARIO

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario

MAIN = Account("main", ACCOUNT)
HELD = {"AAPL": (265598, "100"), "MSFT": (272093, "40")}


@dataclass
class World:
    """A route to a gateway, and both ends of it."""

    gateway: Gateway
    market: FakeMarket
    broker: IbBroker
    seen: int = 0

    @cached_property
    def route(self) -> OrderRoute:
        """The broker's route."""
        return self.broker.route()

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

    def inject(self, **rule: object) -> None:
        """Put a fault in force; one without a message strikes at once."""
        with self._control() as control:
            control.inject(rule)

    def fill(self, perm_id: str) -> None:
        """Let an order that rests be executed in whole."""
        with self._control() as control:
            control.fill(int(perm_id))

    def drop(self) -> None:
        """Lose the connection, and wait until it is noticed."""
        with self._control() as control:
            control.drop_connections()
        until_not_ready(self.broker)

    def drop_and_return(self) -> None:
        """Lose the connection, and wait for the next one."""
        epoch = self.broker.standing.epoch
        self.drop()
        self.return_from(epoch)

    def return_from(self, epoch: int) -> None:
        """Wait until a later connection is ready."""
        wait_until(lambda: self.broker.standing.epoch > epoch and self.broker.standing.is_ready)

    def until_not_ready(self) -> None:
        """Wait until the connection is not ready."""
        until_not_ready(self.broker)

    def _control(self) -> Control:
        assert self.gateway.control is not None
        return Control(self.gateway.control.address)

    def placed(self) -> list[tuple[str, ...]]:
        """The orders that came over the gateway's socket."""
        return self.asked("placeOrder")

    def asked(self, name: str) -> list[tuple[str, ...]]:
        """The requests of a kind that came; the gateway's answer to a question comes behind."""
        with suppress(NotConnected):
            self.broker.server_time()
        return [each.fields for each in self.gateway.requests if each.name == name]


def approved(symbol: str = "MSFT", attempt: int = 1, **changes: Any) -> ApprovedTicket:
    """A ticket as if every gate had let it pass."""
    con_id, quantity = HELD[symbol]
    held = Position(MAIN, instrument(f"NASDAQ:{symbol}", con_id), Decimal(quantity), Decimal(90))
    return ApprovedTicket(replace(ticket(held), attempt=attempt, **changes))


@contextmanager
def world(
    *,
    scenario: Scenario = SCENARIO,
    faults: tuple[dict[str, object], ...] = (),
    habits: dict[str, Any] | None = None,
    **connect: Any,
) -> Iterator[World]:
    """A gateway with these faults and habits at noon, and a broker that sends orders to it."""
    tables = [Table(rule, "faults", Path("a.toml")) for rule in faults]
    rules = read_rules(tables, (each.symbol for each in scenario.securities))
    own = OrderHabits(**({"status_repeats": 1} | (habits or {})))
    played = replace(scenario, faults=rules, habits=own)
    market = FakeMarket()
    clock = VirtualClock(NOON, 0)
    with (
        serve(played, market=market, clock=clock, control_port=0) as gateway,
        route_to(gateway, market, **connect) as connected,
    ):
        yield connected


@contextmanager
def route_to(
    gateway: Gateway,
    market: FakeMarket,
    *,
    comes_back: bool = False,
    patience: float = PATIENCE,
    **connect: Any,
) -> Iterator[World]:
    """A broker that sends orders to a gateway that runs."""
    usual: dict[str, Any] = {
        "host": gateway.host,
        "port": gateway.port,
        "client_id": 7,
        "pacing": RULES,
        "returning": RETURNING if comes_back else None,
        "sends_orders": True,
    }
    with IbBroker.connect(**(usual | connect)) as broker:
        broker.wait_until_ready(patience)
        yield World(gateway, market, broker)


def kinds(reports: tuple[OrderReport, ...]) -> list[tuple[ReportKind, str | int | None]]:
    """Each report's kind, and its status or code."""
    return [(each.kind, each.status or each.code) for each in reports]
