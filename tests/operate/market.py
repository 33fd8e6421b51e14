"""A market that knows the truth, and a gateway in front of it that tells it late, twice, or not.

It does with each order what its plan says. What a client does is held against the truth at once:
an order that must not be sent fails the test where it is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

from sellkit.core.gates import ApprovedTicket
from sellkit.core.portfolio import Account, OpenOrder, Position
from sellkit.core.reports import BrokerRecords, Meaning, OrderReport, ReportKind
from sellkit.errors import NotConnected, NotSent, SubmissionUncertain
from sellkit.ports.order_route import OrderDraft
from tests.fakes_route import FakeOrder, FakeRoute, as_order

READING = 0.05
LISTS = ("orders", "completed", "fills", "positions")


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of an order, and how it is told.

    Attributes
    ----------
    deed, seconds, part
        See `Market.deeds`; when its later part comes, and how many shares its first part has.
    drop
        The connection breaks `before` it was received or `after` that; `queue`: it never left;
        `halt`: everything is stopped when it is about to go.
    mute, doubled, reversed
        Seconds until anything is said, each report twice, the first reports backwards.
    stale
        By list, seconds for which it tells nothing new.
    on_cancel
        What becomes of it, or of a stop, when it is to be cancelled.
    """

    deed: str = "fill"
    seconds: int = 1
    part: int = 30
    drop: str = ""
    mute: int = 0
    doubled: bool = False
    reversed: bool = False
    stale: tuple[tuple[str, int], ...] = ()
    on_cancel: str = "confirm"


class Killed(BaseException):
    """The process is gone, in the middle of a call."""


@dataclass(slots=True)
class Fuse:
    """Kills at the call with this number, before or after what the call does; 0 never."""

    calls: int = 0
    is_after: bool = False

    def burn(self, *, is_after: bool) -> None:
        if is_after is not self.is_after or not self.calls:
            return
        self.calls -= 1
        if not self.calls:
            raise Killed


class Fused:
    """Something behind a fuse."""

    def __init__(self, behind: Any, fuse: Fuse) -> None:
        self._behind, self._fuse = behind, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        return partial(self._call, found) if callable(found) else found

    def _call(self, act: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self._fuse.burn(is_after=False)
        answer = act(*given, **named)
        self._fuse.burn(is_after=True)
        return answer


@dataclass(slots=True)
class Lists:
    """What the gateway tells in place of the truth, and until when."""

    until: dict[str, float] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)


class Market(FakeRoute):
    """See above.

    Attributes
    ----------
    plans
        For the next orders; the usual one when there are none.
    refuse
        Called with each order that comes to be sent, with the shares that are there for it.
    in_flight
        Orders that went out and that nothing tells of yet.
    meddled
        Contracts in which somebody traded while an order of sellkit's lived.
    halt
        Stops everything.
    cut_at
        From when on the gateway answers nothing; None while the connection stands.
    """

    def __init__(self, positions: list[Position]) -> None:
        super().__init__(positions)
        self.plans: list[Plan] = []
        self.refuse: Callable[[ApprovedTicket, OrderDraft, Decimal], None] = lambda *_: None
        self.in_flight: list[FakeOrder] = []
        self.meddled: set[int] = set()
        self.halt: Callable[[], None] = lambda: None
        self.cut_at: float | None = None
        self.plan = Plan()
        self.lists = Lists()
        self.all_orders: dict[str, FakeOrder] = {}
        self.plan_of: dict[str, Plan] = {}
        self._held_back: list[OrderReport] | None = None
        self._numbers = 0

    # --- the port ---------------------------------------------------------------------------------

    def records(self, account: Account) -> BrokerRecords:
        self.advance(READING)
        if self.cut_at is not None and self.seconds >= self.cut_at:
            raise NotConnected("the connection is gone")
        truth = {"orders": self.orders, "completed": self.completed, "fills": self.fills}
        told: dict[str, Any] = {**truth, "positions": self.positions}
        told |= {
            name: self.lists.shown[name]
            for name, until in self.lists.until.items()
            if self.seconds < until
        }
        real = (self.orders, self.completed, self.fills, self.positions)
        try:
            self.orders, self.completed, self.fills, self.positions = (told[n] for n in LISTS)
            return super().records(account)
        finally:
            self.orders, self.completed, self.fills, self.positions = real

    def wait_until_idle(self, seconds: float) -> bool:
        if self._next_plan().drop != "queue":
            return True
        self.plans.pop(0)
        return False

    def draft(self, approved: ApprovedTicket, above: str | None = None) -> OrderDraft:
        if self._next_plan().drop == "halt":
            self.plans.pop(0)
            self.halt()
        return super().draft(approved, above)

    def submit(self, approved: ApprovedTicket, draft: OrderDraft) -> None:
        if self.cut_at is not None and self.seconds >= self.cut_at:
            raise NotSent("the connection is gone")
        con_id = approved.ticket.position.instrument.con_id
        self.refuse(approved, draft, self.free(con_id))
        plan = self._next_plan()
        if self.plans:
            self.plans.pop(0)
        self.plan = plan
        self.on_submit = partial(self._received, plan)
        if plan.drop:
            self.cut(2, noticed_in=plan.part / 50)
        if plan.drop != "before":
            super().submit(approved, draft)
        if plan.drop:
            raise SubmissionUncertain("the connection broke")

    def cancel(self, order: OpenOrder) -> None:
        if self.cut_at is not None and self.seconds >= self.cut_at:
            raise NotConnected("the connection is gone")
        self.on_cancel = lambda _route, told: self._cancelled(told)
        super().cancel(order)

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        end = self.seconds + seconds
        while not self.log[after:] and self._later and self._later[0][0] <= end:
            self.advance(max(self._later[0][0] - self.seconds, 0.0))
        if not self.log[after:]:
            self.seconds = max(end, self.seconds)
        return tuple(self.log[after:])

    # --- time and trouble -------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        end = self.seconds + seconds
        while self._later and self._later[0][0] <= end:
            due, act = self._later.pop(0)
            self.seconds = max(due, self.seconds)
            act()
        self.seconds = max(end, self.seconds)

    def calm(self) -> None:
        """Everything that was to happen has happened, and every list tells all."""
        self.lists = Lists()
        while self._later:
            self.advance(max(self._later[0][0] - self.seconds, 0.0))
        if self.cut_at is not None:
            self.reconnect()
            self.calm()

    def cut(self, back_in: float, noticed_in: float = 0.0) -> None:
        """The connection breaks, and is made anew by itself."""
        if self.cut_at is None:
            self.cut_at = self.seconds + noticed_in
            self.later(noticed_in + back_in, self.reconnect)

    def reconnect(self) -> None:
        if self.cut_at is None:
            return
        self.cut_at = None
        self.come_back()
        self.lists.until.pop("positions", None)  # a new connection is told them anew
        for order in self.in_flight:
            self.later(5, partial(self._land, order))

    def restart(self) -> None:
        """Another process connects: what was said before is not told to it."""
        self.log.clear()
        self.cut_at = 0.0
        self.reconnect()

    def hold(self, name: str, seconds: float) -> None:
        """A list tells nothing new for so long."""
        if self.lists.until.get(name, 0.0) <= self.seconds:
            now = getattr(self, name)
            self.lists.shown[name] = dict(now) if name == "positions" else list(now)
            self.lists.until[name] = self.seconds + seconds

    def meddle(self, con_id: int, change: int) -> None:
        """A person trades, and sees it in the positions at once."""
        held = self.positions[con_id].quantity
        change = max(change, -int(held)) if held > 0 else abs(change)
        self.lists.until["positions"] = 0.0
        if self.live(con_id):
            self.meddled.add(con_id)
        self.trade(con_id, Decimal(change))

    # --- the truth --------------------------------------------------------------------------------

    def live(self, con_id: int) -> list[str]:
        """References of sellkit's orders that may still execute."""
        resting = [each.reference for each in self.orders if each.con_id == con_id and each.is_own]
        return resting + [e.draft.reference for e in self.in_flight if e.con_id == con_id]

    def free(self, con_id: int) -> Decimal:
        """Shares held that no order of sellkit's may still sell."""
        left = [e.remaining for e in self.orders if e.con_id == con_id and e.is_own]
        left += [e.quantity for e in self.in_flight if e.con_id == con_id]
        return self.positions[con_id].quantity - sum(left, Decimal(0))

    def trade(self, con_id: int, change: Decimal) -> None:
        super().trade(con_id, change)
        if self.positions[con_id].quantity >= 0:
            return
        assert con_id in self.meddled, f"sellkit's own orders made {con_id} short"

    # --- what becomes of an order -----------------------------------------------------------------

    def deeds(self) -> dict[str, Callable[[FakeOrder, Plan], None]]:
        return {
            "fill": lambda order, _: self._fill(order),
            "fill later": self._fill_later,
            "fill without a status": lambda order, _: self._fill_mutely(order),
            "part": lambda order, plan: self._part(order, plan.part),
            "part, then the rest": self._part_then_rest,
            "rest": lambda order, _: self.rest(order),
            "refuse": lambda order, _: self._refuse(order),
            "refuse by a code": lambda order, _: self._code(order, 201, Meaning.ORDER_DEAD),
            "swallow": lambda *_: None,
            "notice": self._notice,
            "said to be dead": self._said_dead,
            "correct": self._correct,
            "hold in flight": self._fly,
            "come back": self._come_back,
        }

    def _next_plan(self) -> Plan:
        return self.plans[0] if self.plans else Plan()

    def _received(self, plan: Plan, _route: FakeRoute, order: FakeOrder) -> None:
        self.all_orders[order.draft.reference] = order
        self.plan_of[order.perm_id] = plan
        for name, seconds in plan.stale:
            self.hold(name, seconds)
        self._held_back = []
        self.deeds()[plan.deed](order, plan)
        first, self._held_back = self._held_back, None
        for told in reversed(first) if plan.reversed else first:
            self._tell(told, plan)

    def say(self, order: FakeOrder, kind: ReportKind, **told: Any) -> None:
        before = len(self.log)
        super().say(order, kind, **told)
        fresh = self.log[before:]
        del self.log[before:]
        plan = self.plan_of.get(order.perm_id, Plan())
        for each in fresh:
            if self._held_back is not None:
                self._held_back.append(each)
            else:
                self._tell(each, plan)

    def _tell(self, told: OrderReport, plan: Plan) -> None:
        for _ in range(2 if plan.doubled else 1):
            if plan.mute:
                self.later(plan.mute, partial(self._log, told))
            else:
                self._log(told)

    def _log(self, told: OrderReport) -> None:
        self.log.append(replace(told, number=len(self.log) + 1, epoch=self.epoch))

    def _is_open(self, order: FakeOrder) -> bool:
        return any(each.perm_id == order.perm_id for each in self.orders)

    def _fill(self, order: FakeOrder) -> None:
        if not self._is_open(order):
            self.rest(order)
        self.fill_rest(order)

    def fill_rest(self, order: FakeOrder) -> None:
        """What is left of an open order is executed."""
        if self._is_open(order) and order.filled < order.quantity:
            self.execute(order, order.quantity - order.filled)
            self.say(order, ReportKind.ORDER_STATUS, status="Filled", filled=order.filled)
            self.end(order, "Filled")

    def _fill_mutely(self, order: FakeOrder) -> None:
        self.execute(order, order.quantity)
        self.end(order, "Filled")

    def _fill_later(self, order: FakeOrder, plan: Plan) -> None:
        self.rest(order)
        self.later(plan.seconds, lambda: self.fill_rest(order))

    def _part(self, order: FakeOrder, part: int) -> None:
        self.rest(order)
        if part < order.quantity:
            self.execute(order, Decimal(part))
            self.rest(order)

    def _part_then_rest(self, order: FakeOrder, plan: Plan) -> None:
        self._part(order, plan.part)
        self.later(plan.seconds, lambda: self.fill_rest(order))

    def _refuse(self, order: FakeOrder) -> None:
        self._code(order, 201, Meaning.ORDER_DEAD)
        self.say(order, ReportKind.ORDER_STATUS, status="Inactive", filled=Decimal(0))
        self.end(order, "Inactive", "no margin")

    def _code(self, order: FakeOrder, code: int, meaning: Meaning) -> None:
        self.say(order, ReportKind.CODE, code=code, text=f"code {code}", meaning=meaning)

    def _notice(self, order: FakeOrder, plan: Plan) -> None:
        self._code(order, 10349, Meaning.ORDER_ALIVE)
        self._fill_later(order, plan)

    def _said_dead(self, order: FakeOrder, plan: Plan) -> None:
        self._fill_later(order, plan)
        self._code(order, 201, Meaning.ORDER_DEAD)

    def _correct(self, order: FakeOrder, plan: Plan) -> None:
        """A price is corrected, and then the quantity of a part; the rest is executed."""
        self._part(order, plan.part)
        if plan.part >= order.quantity:
            self.fill_rest(order)
            return
        told = self.fills[-1]
        ten = Decimal(10) if plan.part > 10 else Decimal(0)
        fresh = replace(told, exec_id=told.exec_id[:-1] + "2", quantity=told.quantity - ten)
        self.fills.append(fresh)
        order.filled -= ten
        self.trade(order.con_id, ten)
        self.say(order, ReportKind.EXECUTION, fill=fresh)
        self.rest(order)
        self.later(plan.seconds, lambda: self.fill_rest(order))

    def _fly(self, order: FakeOrder, plan: Plan) -> None:
        self.in_flight.append(order)
        self.cut(plan.seconds, noticed_in=min(plan.part, 50))

    def _land(self, order: FakeOrder) -> None:
        if order in self.in_flight:
            self.in_flight.remove(order)
            self._fill(order)

    def _come_back(self, order: FakeOrder, plan: Plan) -> None:
        self.rest(order, "Inactive")
        self.later(plan.seconds, lambda: self._wake(order))

    def _wake(self, order: FakeOrder) -> None:
        if self._is_open(order):
            self.fill_rest(order)

    # --- what becomes of a cancel -----------------------------------------------------------------

    def _cancelled(self, told: OpenOrder) -> None:
        order = self.all_orders.get(told.reference) or as_order(told)
        self.all_orders[told.reference] = order
        plan = self.plan_of.get(order.perm_id, self._next_plan())
        for name, seconds in plan.stale:
            self.hold(name, seconds)
        acts: dict[str, Callable[[], None]] = {
            "confirm": lambda: self._end_cancelled(order),
            "ignore": lambda: None,
            "late": lambda: self.later(plan.seconds, lambda: self._end_cancelled(order)),
            "fill": lambda: self.fill_rest(order),
            "part": lambda: self._part_and_end(order, plan.part),
            "too late": lambda: self._too_late(order),
        }
        acts[plan.on_cancel]()

    def _end_cancelled(self, order: FakeOrder) -> None:
        if not self._is_open(order):
            return
        filled = order.filled
        self._code(order, 202, Meaning.ORDER_DEAD)
        self.say(order, ReportKind.ORDER_STATUS, status="Cancelled", filled=filled)
        self.end(order, "Cancelled")

    def _part_and_end(self, order: FakeOrder, part: int) -> None:
        if self._is_open(order) and order.filled + part < order.quantity:
            self.execute(order, Decimal(part))
        self._end_cancelled(order)

    def _too_late(self, order: FakeOrder) -> None:
        self.fill_rest(order)
        self._code(order, 10148, Meaning.UNKNOWN)
