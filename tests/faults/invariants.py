"""The six promises that hold in every fault, held against the evidence of a play.

I1  never more than one live closing order for an account and a contract, stops of ours included
I2  what is sold never exceeds what is held, so that no position changes its sign
I3  nothing is sent in a dry run, nor while nobody has armed anything; each order was claimed, once
I4  every exit has a ticket with a verdict, every run its end, and what is withheld is said aloud;
    every order that was to be sent has ended with all its fills, or its fate is open aloud
I5  missing or doubtful data decide nothing, nor does a connection that is not ready
I6  deciding again from what lies on the disk ends in the same state
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from tests.faults.evidence import LONG_AGO, Evidence, Key, Row, gather, key_of, signed

if TYPE_CHECKING:
    from sellkit.core.tickets import TicketRecord
    from sellkit.simgateway.orders.order import Order
    from tests.faults.play import Play

SENDING = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions"})
NEVER = frozenset({"reqGlobalCancel", "exerciseOptions"})
UNSENT = frozenset({"INTENT", "CANCELLING"})
WORKING = frozenset({"SUBMITTING", "ACKNOWLEDGED", "STOPPING", "FILLED"})
UNSAID = frozenset({"DONE", "DONE_BY_OTHER"})
"""States of which nobody has to be told."""
VERDICTS = frozenset({"prepared", "approved", "withheld", "deferred"})
PASSED = frozenset({"prepared", "approved"})
_ZERO = Decimal(0)
_REJECTED = "Inactive"


class Breach(AssertionError):
    """An invariant that did not hold."""


def one_live_order(evidence: Evidence) -> list[str]:
    """I1."""
    closing = [order for order in (*evidence.orders, *evidence.resting) if _closes(order)]
    found = [
        f"orders {one.perm_id} and {other.perm_id} on {key_of(one)[1]} lived at the same time"
        for one, other in combinations(closing, 2)
        if key_of(one) == key_of(other) and _overlap(one, other)
    ]
    counts = Counter(each.terms.reference for each in evidence.orders if each.terms.reference)
    found += [f"{each} was placed {count} times" for each, count in counts.items() if count > 1]
    return found + _out_of_turn(evidence)


def _out_of_turn(evidence: Evidence) -> list[str]:
    """Attempts that followed one which may still work."""
    before = {(each.ticket_id, each.attempt + 1): each for each in evidence.attempts}
    found = []
    for each in evidence.attempts:
        former = before.get((each.ticket_id, each.attempt))
        if each.attempt > 1 and (former is None or str(former.state) in (*UNSENT, *WORKING)):
            found.append(f"{each.reference} was begun before the one before it had ended")
    return found


def never_more_than_held(evidence: Evidence) -> list[str]:
    """I2."""
    found = []
    asked: dict[Key, Decimal] = defaultdict(Decimal)
    for order in (*evidence.orders, *evidence.resting):
        if order.terms.sign < 0 and order.status != _REJECTED:
            rest = order.remaining if order.is_working else _ZERO
            asked[key_of(order)] += order.filled + rest
    for key, quantity in asked.items():
        held = max(evidence.held.get(key, _ZERO), _ZERO)
        if quantity > held:
            found.append(f"{quantity} of {key[1]} were to be sold, and {held} are held")
    for key, held in evidence.held.items():
        after = evidence.after.get(key, _ZERO)
        if held * after < 0:
            found.append(f"the position in {key[1]} went from {held} to {after}")
    return found + _unexplained(evidence)


def _unexplained(evidence: Evidence) -> list[str]:
    """Positions that changed without a fill."""
    expected = defaultdict(Decimal, evidence.before)
    for one in evidence.executions:
        expected[key_of(one.order)] += signed(one)
    return [
        f"{after} of {key[1]} are held, and the fills explain {expected[key]}"
        for key in expected.keys() | evidence.after.keys()
        if (after := evidence.after.get(key, _ZERO)) != expected[key]
    ]


def nothing_is_sent(evidence: Evidence) -> list[str]:
    """I3."""
    if evidence.claims or any(each.sent is not None for each in evidence.ran):
        return _unclaimed(evidence)
    return [f"sellkit sent {name}" for name in evidence.requests if name in SENDING]


def _unclaimed(evidence: Evidence) -> list[str]:
    """What sellkit sent beyond one order for each claim on the disk, and cancels of its own."""
    found = [
        f"the order {order.terms.reference} was sent and never claimed"
        for order in evidence.orders
        if order.terms.reference not in evidence.claims
    ]
    placed, claimed = evidence.requests.count("placeOrder"), len(evidence.claims)
    if placed > claimed:
        found.append(f"{placed} orders were sent on {claimed} claims")
    return found + [f"sellkit sent {name}" for name in evidence.requests if name in NEVER]


def everything_ends(evidence: Evidence) -> list[str]:
    """I4."""
    found = []
    for run in evidence.runs:
        run_id = str(run["run_id"])
        if run["outcome"] is None and not evidence.was_killed:
            found.append(f"run {run_id} has no end")
        tickets = {ticket["con_id"]: ticket for ticket in evidence.tickets[run_id]}
        if len(tickets) != len(evidence.tickets[run_id]):
            found.append(f"run {run_id} has two tickets for one contract")
        for row in evidence.decisions[run_id]:
            found += _ends(run_id, row, tickets.get(row["con_id"]), evidence)
    return found + [what for each in evidence.attempts for what in _settled(each, evidence)]


def _settled(attempt: TicketRecord, evidence: Evidence) -> list[str]:
    """What is amiss with the end of an attempt."""
    state, name = str(attempt.state), f"{attempt.reference} is {attempt.state}"
    found = []
    if state in ("SUBMITTING", "FILLED"):
        found.append(f"{name}, which is no end")
    if state in UNSENT and not evidence.broke_off:
        found.append(f"{name}, and no run was broken off")
    if state not in (*UNSAID, *UNSENT) and not _is_told(attempt, evidence):
        found.append(f"{name}, and nobody was told")
    orders = [each for each in evidence.orders if each.terms.reference == attempt.reference]
    executed = sum((each.filled for each in orders), _ZERO)
    if attempt.state.is_terminal and executed != attempt.filled:
        found.append(f"{name} with {attempt.filled} executed, and {executed} were")
    if state == "DONE" and any(each.is_working for each in orders):
        found.append(f"{name}, and it still works")
    return found


def _is_told(attempt: TicketRecord, evidence: Evidence) -> bool:
    """Whether a person heard of it, or an attempt for its rest followed."""
    following = (attempt.ticket_id, attempt.attempt + 1)
    if following in [(each.ticket_id, each.attempt) for each in evidence.attempts]:
        return True
    name = attempt.ticker if str(attempt.state) == "ABANDONED" else attempt.reference
    return any(name in each for each in evidence.told)


def _ends(run_id: str, row: Row, ticket: Row | None, evidence: Evidence) -> list[str]:
    where = f"run {run_id}, {row['ticker']}"
    is_exit, is_undecided = row["decision"] == "EXIT", row["decision"] == "UNDECIDED"
    found = []
    if is_exit != (ticket is not None):
        found.append(f"{where}: {row['decision']} and {'a' if ticket else 'no'} ticket")
    if not row["reasons"]:
        found.append(f"{where}: {row['decision']} without a reason")
    if ticket is not None:
        if ticket["verdict"] not in VERDICTS:
            found.append(f"{where}: the verdict {ticket['verdict']!r} is none")
        if ticket["verdict"] not in PASSED and not ticket["reasons"]:
            found.append(f"{where}: {ticket['verdict']} without a reason")
    is_withheld = ticket is not None and ticket["verdict"] == "withheld"
    if (is_undecided or is_withheld) and (run_id, str(row["ticker"])) not in evidence.alarms:
        found.append(f"{where}: withheld in silence")
    return found


def doubt_decides_nothing(evidence: Evidence) -> list[str]:
    """I5."""
    found = []
    for run_id, rows in evidence.decisions.items():
        firm = [row for row in rows if row["decision"] in ("EXIT", "HOLD")]
        for row in firm:
            found += [f"run {run_id}, {row['ticker']}: {why}" for why in _doubts(row)]
        standings = [bool(each["is_ready"]) for each in evidence.standings[run_id]]
        if firm and standings != [True]:
            found.append(f"run {run_id} decided, and no connection that was ready is known of it")
    for ran in evidence.ran:
        decided = {row["decision"] for row in evidence.decisions.get(ran.run_id, ())}
        if ran.was_ready is False and decided & {"EXIT", "HOLD"}:
            found.append(f"run {ran.run_id} decided while the connection was not ready")
    return found


def _doubts(row: Row) -> list[str]:
    if row["close"] is None or row["average"] is None:
        return ["decided without a bar or an average"]
    end, fetched, as_of = (_instant(row[name]) for name in ("bar_end", "fetched_at", "as_of"))
    found = []
    if end > as_of:
        found.append(f"decided at {as_of} on a bar that ends at {end}")
    if fetched < end:
        found.append(f"the bar that ends at {end} was fetched at {fetched}")
    if row["parts"] != row["parts_due"]:
        found.append(f"{row['parts']} of {row['parts_due']} parts")
    below = float(str(row["close"])) < float(str(row["average"]))
    if below != (row["decision"] == "EXIT"):
        found.append(f"{row['decision']} with close {row['close']}, average {row['average']}")
    return found


def replay_ends_the_same(evidence: Evidence) -> list[str]:
    """I6."""
    if not evidence.replays:
        return []
    told, *again = evidence.replays
    found = []
    for copy in again:
        for token in told.keys() | copy.keys():
            if told.get(token) != copy.get(token):
                found.append(f"{token}: {told.get(token)!r}, and again {copy.get(token)!r}")
    return found + _differing_tickets(evidence)


def _differing_tickets(evidence: Evidence) -> list[str]:
    """Tickets for one bar that do not bear the same reference in every run."""
    bars: dict[tuple[object, ...], set[object]] = defaultdict(set)
    for run_id, tickets in evidence.tickets.items():
        ends = {row["con_id"]: row["bar_end"] for row in evidence.decisions[run_id]}
        for ticket in tickets:
            con_id = ticket["con_id"]
            bars[ticket["account"], con_id, ends.get(con_id)].add(ticket["reference"])
    return [
        f"{con_id} has the tickets {', '.join(sorted(map(str, found)))} for the bar to {end}"
        for (_account, con_id, end), found in bars.items()
        if len(found) > 1
    ]


INVARIANTS: dict[str, Callable[[Evidence], list[str]]] = {
    "I1": one_live_order,
    "I2": never_more_than_held,
    "I3": nothing_is_sent,
    "I4": everything_ends,
    "I5": doubt_decides_nothing,
    "I6": replay_ends_the_same,
}


def breaches(evidence: Evidence) -> list[str]:
    """Every breach, each with the name of its invariant."""
    return [f"{name}: {what}" for name, broken in INVARIANTS.items() for what in broken(evidence)]


def check(play: Play) -> None:
    """Hold the evidence of a play against all six.

    Raises
    ------
    Breach
        One does not hold.
    """
    found = breaches(gather(play))
    if found:
        raise Breach("\n".join(found))


def _closes(order: Order) -> bool:
    return order.terms.sign < 0 and order.status != _REJECTED


def _overlap(first: Order, second: Order) -> bool:
    """Whether one was placed while the other lived; both ends may be open."""
    earlier, later = sorted(
        (first, second), key=lambda one: (one.placed_at or LONG_AGO, one.perm_id)
    )
    return earlier.is_working or (
        earlier.ended_at is not None
        and later.placed_at is not None
        and later.placed_at < earlier.ended_at
    )


def _instant(text: object) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))
