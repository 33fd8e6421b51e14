"""What was sold: each exit once, in full, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.week.hours import sessions_between
from tests.week.ledger import RAN, Fate, Ledger, Row, moment
from tests.week.market import PORTFOLIO, Held, quantity_of
from tests.week.plan import HALTED, SPLIT_UP, Plan
from tests.week.truth import Truth

SOON = dt.timedelta(minutes=15)
"""So long after an hour's end an order for it may be executed; see `orders.max_bar_age_seconds`."""

WEEK = dt.timedelta(days=7)


@dataclass
class Holdings:
    """What the account held, moment by moment, as the gateway has it."""

    seen: list[tuple[dt.datetime, dict[str, float]]] = field(default_factory=list)

    def note(self, now: dt.datetime, held: dict[str, float]) -> None:
        """Remember what is held."""
        self.seen.append((now, held))

    def at(self, now: dt.datetime) -> set[str]:
        """The symbols that a run at a moment has to decide on."""
        return set(next((held for at, held in reversed(self.seen) if at <= now), {}))

    def after(self, now: dt.datetime) -> set[str]:
        """The symbols that were held when it was over."""
        return set(next((held for at, held in self.seen if at > now), {}))


def findings(
    ledger: Ledger, holdings: Holdings, executions: Sequence[Row], plan: Plan, truth: Truth
) -> Iterator[str]:
    """What was sold otherwise than it should have been."""
    for at, held in holdings.seen:
        for symbol, quantity in held.items():
            if quantity < 0:
                yield f"at {at} {quantity:g} {symbol} are held"
    orders: dict[str, list[Row]] = defaultdict(list)
    for each in executions:
        orders[str(each["orderRef"])].append(each)
    for reference, some in orders.items():
        yield from _sold(reference, some, plan, truth)
    of_bar = [(str(each[0]["symbol"]), _due(moment(each[0]["time"]))) for each in orders.values()]
    for one in set(of_bar):
        if of_bar.count(one) > 1:
            yield f"{one[0]} was sold {of_bar.count(one)} times for {one[1]}"
    yield from _told(ledger, orders)


def unsold(
    ledger: Ledger,
    holdings: Holdings,
    run: Row,
    exits: Sequence[tuple[Held, dt.datetime]],
    plan: Plan,
) -> Iterator[str]:
    """Exits of a run that came to its end, and were neither sold nor put off as they may be.

    Parameters
    ----------
    exits
        Each with the end of the bar that decided.
    """
    now = moment(run["as_of"])
    tickets = {
        str(each["ticker"]): each
        for each in ledger.read("SELECT * FROM ticket WHERE run_id = ?", run["run_id"])
    }
    left, fates = holdings.after(now), ledger.fates()
    for held, end in exits:
        ticket = tickets.get(held.token)
        if ticket is None:
            yield f"run {run['run_id']}: the exit of {held.token} has no ticket"
        elif _may_wait(str(ticket["verdict"]), held, (end, now), plan):
            continue
        elif ticket["verdict"] == "withheld" and (
            held.symbol not in holdings.at(end) or _came_too_late(end, now, fates)
        ):
            continue  # it was bought after its bar, or nobody was there in time
        elif ticket["verdict"] != "approved" or held.symbol in left:
            yield (
                f"run {run['run_id']} at {now}: {held.token} is {ticket['verdict']}, "
                f"{ticket['reasons']}, and {'still' if held.symbol in left else 'no more'} held"
            )


def _sold(reference: str, some: list[Row], plan: Plan, truth: Truth) -> Iterator[str]:
    first = some[0]
    (held,) = [each for each in PORTFOLIO if each.symbol == first["symbol"]]
    now, shares = moment(first["time"]), sum(float(each["shares"]) for each in some)
    if {each["action"] for each in some} != {"SELL"}:
        yield f"{reference}: {[each['action'] for each in some]}"
    if shares != quantity_of(held, plan, now):
        yield f"{reference}: {shares:g} of {held.token} were sold at {now}"
    if not reference.startswith("SK1-"):
        yield f"an order {reference!r} of {held.token} is nobody's"
    if now - _due(now) > SOON:
        yield f"{reference}: {held.token} was sold at {now}, long after any hour's end"
    wanted = truth.of(held, now)
    if wanted.decision != "EXIT":
        yield f"{reference}: {held.token} was sold at {now}, and there was no exit: {wanted}"


def _told(ledger: Ledger, orders: dict[str, list[Row]]) -> Iterator[str]:
    """What was executed before the last run that came to its end stands in the journal, once."""
    runs = [moment(each["as_of"]) for each in ledger.runs() if each["outcome"] == RAN]
    last = max(runs, default=dt.datetime.min.replace(tzinfo=dt.UTC))
    known = {str(each["exec_id"]) for each in ledger.read("SELECT exec_id FROM fill")}
    executed = {
        str(each["execId"]): each
        for some in orders.values()
        for each in some
        if moment(each["time"]) < last
    }
    for each in sorted(executed.keys() - known):
        yield f"the journal knows nothing of {executed[each]}"


def _due(now: dt.datetime) -> dt.datetime:
    """The latest opening or end of an hour."""
    return max(
        each
        for session in sessions_between(now - WEEK, now)
        for each in (session.opens, *session.ends)
        if each <= now
    )


def _may_wait(verdict: str, held: Held, times: tuple[dt.datetime, dt.datetime], plan: Plan) -> bool:
    """Whether an exit is put off, its bar's end and the present being `times`.

    At a close, where the stock is halted or about to be, and where it was split since its bar.
    """
    end, now = times
    if verdict == "deferred":
        return any(_due(now) == each.closes for each in sessions_between(now - WEEK, now))
    is_halted = held.symbol == HALTED and plan.halt[0] <= now + SOON and now <= plan.halt[1]
    is_split = held.symbol == SPLIT_UP and end < plan.split <= now
    return verdict == "withheld" and (is_halted or is_split)


def _came_too_late(end: dt.datetime, now: dt.datetime, fates: Mapping[dt.datetime, Fate]) -> bool:
    """Whether nothing ran when a bar ended, or at the opening that it was deferred to."""
    if now - end <= SOON:
        return False
    if end not in fates or not fates[end].has_run:
        return True
    opening = next((each.opens for each in sessions_between(end, now) if each.opens >= end), now)
    return opening in fates and not fates[opening].has_run
