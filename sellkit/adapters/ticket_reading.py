"""Tickets as they follow from what was appended of them; of many in a few questions."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters import ticket_facts
from sellkit.core.lifecycle import TicketState
from sellkit.core.reports import is_same

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.core.fills import Fill
    from sellkit.core.tickets import TicketRecord

    Row = dict[str, Any]
    Ask = Callable[..., tuple[Row, ...]]
    Marks = tuple[object, ...]

# The long texts of a ticket, its order and what was held before it, are left out.
_TOLD: Final = {
    "ticket_intent": "*",
    "ticket_step": "reference, state, at, cause, perm_id",
    "ticket_claim": """reference, at, order_id, client_id, epoch, quantity, position_before,
        notional""",
    "ticket_cancel": "*",
}
_AMONG: Final = "(SELECT value FROM json_each(?))"
_FILLS: Final = f"""
    SELECT * FROM fill WHERE reference IN {_AMONG} OR perm_id IN {_AMONG} ORDER BY id"""  # noqa: S608
_ENDS: Final = {
    table: f"SELECT reference, max(id) AS last FROM {table} "  # noqa: S608  (own names)
    f"WHERE reference IN {_AMONG} GROUP BY reference"
    for table in _TOLD
}
_STEPS: Final = """
    SELECT state, at, cause, details FROM ticket_step WHERE reference = ? ORDER BY id"""
_CLAIM: Final = 'SELECT "order", before FROM ticket_claim WHERE reference = ?'


def one(ask: Ask, reference: str) -> TicketRecord | None:
    """One attempt; None when the journal has none of this reference."""
    return next(iter(told(ask, [reference])), None)


def told(ask: Ask, references: Sequence[str]) -> tuple[TicketRecord, ...]:
    """The attempts of these references, in their order, without those that there are not."""
    names = json.dumps(references)
    found: dict[str, Mapping[str, list[Row]]] = {}
    for table, columns in _TOLD.items():
        query = f"SELECT {columns} FROM {table} WHERE reference IN {_AMONG} ORDER BY id"  # noqa: S608
        found[table] = _by_reference(ask(query, names))
    intents, steps, claims, cancels = found.values()
    begun = [each for each in references if each in intents]
    perm_ids = {each: ticket_facts.perm_id(steps[each]) for each in begun}
    executed = _executed(ask, perm_ids)
    return tuple(
        ticket_facts.record(
            intents[each],
            steps[each],
            next(iter(claims.get(each, ())), None),
            cancels.get(each, ()),
            executed[each],
        )
        for each in begun
    )


class Recent:
    """Tickets as they were told last, each told anew when something was added to it.

    Rows are only ever added, so the numbers of the last ones say whether there are more. Any
    execution may be any ticket's.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Marks, TicketRecord]] = {}

    def told(self, ask: Ask, references: Sequence[str]) -> tuple[TicketRecord, ...]:
        """As the function of this name."""
        marks = _marks(ask, references)
        known = {each: self._known.get(each) for each in references}
        old = {each: one[1] for each, one in known.items() if one and one[0] == marks[each]}
        fresh = {one.reference: one for one in told(ask, [e for e in references if e not in old])}
        found = {**old, **fresh}
        self._known.update({each: (marks[each], one) for each, one in fresh.items()})
        return tuple(found[each] for each in references if each in found)


def _marks(ask: Ask, references: Sequence[str]) -> Mapping[str, Marks]:
    """By ticket, where what was appended of it ends in each table."""
    names = json.dumps(references)
    fills = ask("SELECT max(id) AS last FROM fill")[0]["last"]
    ends = [{row["reference"]: row["last"] for row in ask(each, names)} for each in _ENDS.values()]
    return {each: (fills, *(one.get(each) for one in ends)) for each in references}


def fills(ask: Ask, reference: str) -> tuple[Fill, ...]:
    """The executions of an attempt, in the order in which they came."""
    query = "SELECT perm_id FROM ticket_step WHERE reference = ? ORDER BY id"
    steps = ask(query, reference)
    if not steps:
        return ()
    return tuple(_executed(ask, {reference: ticket_facts.perm_id(steps)})[reference])


def steps(ask: Ask, reference: str) -> tuple[Mapping[str, object], ...]:
    """The steps of an attempt, oldest first; that of the claim with the whole of the claim."""
    claim = next(iter(ask(_CLAIM, reference)), {})
    return tuple(
        {
            "at": ticket_facts.moment(each["at"]),
            "state": TicketState(each["state"]),
            "cause": each["cause"],
            "details": claim if each["state"] == TicketState.SUBMITTING else each["details"],
        }
        for each in ask(_STEPS, reference)
    )


def _executed(ask: Ask, perm_ids: Mapping[str, str | None]) -> Mapping[str, list[Fill]]:
    """By reference, the executions by that reference or by the perm id that it was given."""
    known = [each for each in perm_ids.values() if each]
    rows = ask(_FILLS, json.dumps(list(perm_ids)), json.dumps(known))
    made = [ticket_facts.fill(each) for each in rows]
    owners: dict[str, set[str]] = defaultdict(set)
    for reference, perm_id in perm_ids.items():
        owners[perm_id or ""].add(reference)
    executed: dict[str, list[Fill]] = {reference: [] for reference in perm_ids}
    for fill in made:
        candidates = owners.get(fill.perm_id, set()) | {fill.reference}
        for reference in candidates & executed.keys():
            if is_same(reference, perm_ids[reference], fill.reference, fill.perm_id):
                executed[reference].append(fill)
    return executed


def _by_reference(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for each in rows:
        found[str(each["reference"])].append(each)
    return found
