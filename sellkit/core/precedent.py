"""What was decided on a bar before: it stands, however the source tells that bar later.

A source corrects its bars. Were a bar judged anew with every run, a decision taken on it could turn
round within the hour. So the first EXIT or HOLD on a bar is the decision on it, kept with the data
that it was made on; a later run shows it again and says how the bar is told now.

UNDECIDED is no decision: it becomes one as soon as the data allow it. And whoever finds the data
missing or in doubt now says UNDECIDED, whatever was decided before: nothing rests on doubt.

What makes it the same decision is the contract, the bar and the assigned average, and not:

- the quantity. The rule looks at prices alone. The ticket is for what is held now, and its id holds
  no quantity either, so that after a partial fill the same bar yields no second order.
- the assignment's predecessor. An average that was assigned since is another question, and is
  answered anew; to keep the answer to the old one would pass it off as the new one's. A second
  order cannot come of that, because the ticket id holds no average either. Whoever assigns the
  former average again finds its decision unchanged.
- the mode. A dry run decides as a live one does; what it never does is claim the ticket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sellkit.core.signals import Decision, Retelling

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from sellkit.core.signals import BarCertificate, Signal

    Key = tuple[int, str, dt.datetime, dt.datetime]
    """Contract, average with its timeframe as in `SMA 50 1H`, start and end of the bar."""

FIRM = frozenset({Decision.EXIT, Decision.HOLD})
"""The answers that are decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A decision as the journal holds it.

    Attributes
    ----------
    run_id, decided_at
        Which run took it, and the moment that the run described; aware UTC.
    label
        The assigned average with its timeframe, `SMA 50 1H`.
    start, end
        Of the bar.
    parts, fetched_at, close, average, bars_used, seed_weight, price_basis
        As in its `BarCertificate`.
    """

    run_id: str
    decided_at: dt.datetime
    con_id: int
    label: str
    decision: Decision
    reasons: tuple[str, ...]
    start: dt.datetime
    end: dt.datetime
    parts: int
    fetched_at: dt.datetime
    close: float
    average: float
    bars_used: int
    seed_weight: float
    price_basis: str

    @property
    def key(self) -> Key:
        """What makes another decision the same."""
        return self.con_id, self.label, self.start, self.end


def by_key(precedents: Iterable[Precedent]) -> dict[Key, Precedent]:
    """The first of each key; they come oldest first."""
    found: dict[Key, Precedent] = {}
    for each in precedents:
        found.setdefault(each.key, each)
    return found


def upheld(signal: Signal, precedents: Mapping[Key, Precedent]) -> Signal:
    """A signal, or in its place what was decided on the same bar before.

    Parameters
    ----------
    signal
        As the bars are told now.
    precedents
        By `Precedent.key`.

    Returns
    -------
    Signal
        The earlier decision with its own certificate and, where the bar or its average is told
        differently now, a `Retelling` and the reason that says so.
    """
    proof, assignment = signal.certificate, signal.assignment
    if signal.decision not in FIRM or proof is None or assignment is None:
        return signal
    con_id = signal.position.instrument.con_id
    found = precedents.get((con_id, assignment.label, proof.slot.start, proof.slot.end))
    if found is None:
        return signal
    kept = replace(
        signal,
        decision=found.decision,
        reasons=found.reasons,
        certificate=_certificate(found, proof),
    )
    retelling = Retelling(
        run_id=found.run_id,
        decided_at=found.decided_at,
        decision=signal.decision,
        close=proof.close,
        average=proof.average,
        told_at=proof.fetched_at,
    )
    changes = _changes(found, retelling)
    if not changes:
        return kept
    text = (
        f"decided at {found.decided_at:%Y-%m-%d %H:%M:%S} UTC, and told differently since: "
        f"{' and '.join(changes)} (told at {proof.fetched_at:%Y-%m-%d %H:%M:%S} UTC, by which it "
        f"would be {signal.decision}); the decision stands"
    )
    return replace(kept, reasons=(*found.reasons, text), retelling=retelling)


def _certificate(found: Precedent, fresh: BarCertificate) -> BarCertificate:
    return replace(
        fresh,
        parts=found.parts,
        fetched_at=found.fetched_at,
        close=found.close,
        average=found.average,
        bars_used=found.bars_used,
        seed_weight=found.seed_weight,
        price_basis=found.price_basis,
    )


def _changes(found: Precedent, now: Retelling) -> list[str]:
    """Which of the two numbers that were compared is another one now."""
    pairs = (("close", found.close, now.close), ("average", found.average, now.average))
    told = [(name, f"{then:.8g}", f"{today:.8g}") for name, then, today in pairs]
    changes = [
        f"its {name} was {then} then and is {today} now"
        for name, then, today in told
        if then != today
    ]
    if not changes and now.decision is not found.decision:
        return ["its close or average has another last digit now"]
    return changes
