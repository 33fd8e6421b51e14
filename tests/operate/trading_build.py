"""A run that may send, over fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket, DeniedTicket, Verdict
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import OpenOrder, Position
from sellkit.core.reports import BrokerRecords
from sellkit.core.tickets import TicketRecord
from sellkit.operate.keys import Keys
from sellkit.operate.submit import Submission
from sellkit.operate.trading import Patience, Trading
from tests.build import account, open_order, position, ticket
from tests.fakes_route import FakeRoute
from tests.fakes_tickets import FakeTicketBook

RUN = "run-1"
Objection = Callable[[OrderTicket, BrokerRecords], str]


@dataclass
class Stage:
    """One desk's part that sends, and what it heard.

    Attributes
    ----------
    objection
        What the gates have against a ticket; "" when nothing.
    alarms
        What a person was told, oldest first.
    halt
        Why everything is stopped.
    on_claim
        Called when it is asked after a claim whether everything is stopped.
    """

    route: FakeRoute
    book: FakeTicketBook = field(default_factory=FakeTicketBook)
    keys: Keys = field(default_factory=Keys)
    objection: Objection = lambda _ticket, _records: ""
    alarms: list[tuple[AlertKind, str]] = field(default_factory=list)
    halt: str = ""
    on_claim: Callable[[], None] = lambda: None
    stop: Callable[[str], None] | None = None
    retries: bool = False
    binds: bool = False
    patience: Patience = field(default_factory=Patience)

    @property
    def trading(self) -> Trading:
        return Trading(
            route=self.route,
            book=self.book,
            account=account(),
            run_id=RUN,
            now=self.route.now,
            look=partial(FakeLook, self),
            stopped=self._stopped,
            stop=self.stop or self._stop,
            alarm=lambda kind, text: self.alarms.append((kind, text)),
            patience=self.patience,
            timer=self.route.timer,
            retries_proven_unsent=self.retries,
            binds=self.binds,
        )

    def close(self, *tickets: OrderTicket) -> tuple[TicketRecord, ...]:
        """Carry out tickets; the usual one closes 100 shares of Apple."""
        return Submission(self.trading, self.keys).carry_out(tickets or (ticket(),))

    def kinds(self) -> list[AlertKind]:
        return [kind for kind, _ in self.alarms]

    def states(self, reference: str = "") -> list[str]:
        steps = self.book.steps(reference or ticket().reference)
        return [str(each["state"]) for each in steps]

    def held(self, con_id: int = 265598) -> Decimal:
        return self.route.positions[con_id].quantity

    def _stopped(self) -> str:
        self.on_claim()
        return self.halt

    def _stop(self, reason: str) -> None:
        self.halt = reason


@dataclass
class FakeLook:
    """Judges by what the test has against a ticket."""

    stage: Stage
    records: BrokerRecords

    def judge(self, one: OrderTicket) -> Verdict:
        why = self.stage.objection(one, self.records)
        return DeniedTicket(one, (why,)) if why else ApprovedTicket(one)


def stage(*held: Position, resting: tuple[OpenOrder, ...] = ()) -> Stage:
    """A desk that holds 100 shares of Apple."""
    return Stage(FakeRoute(list(held or (position(),)), list(resting)))


def hand_stop(perm_id: str = "77", con_id: int = 265598) -> OpenOrder:
    """A stop that a person placed in the terminal, and that nobody has bound."""
    return replace(open_order(con_id=con_id), order_id="0", perm_id=perm_id)


def own_stop() -> OpenOrder:
    """A stop of sellkit's own on the usual position."""
    return replace(open_order(reference="SK1-aaaaaaaaaaaa-1"), client_id="1")
