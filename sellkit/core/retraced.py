"""A recorded run held against the same run judged again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.bars import micros
from sellkit.core.counting import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import AccountSnapshot
    from sellkit.core.precedent import Precedent
    from sellkit.core.standing import Standing

    Row = Mapping[str, object]

_LOST: Final = "it was judged before the end of its bar, on what no store keeps"
TOLD_AT: Final = "fetched_at"
"""The field of a decision that says when its bar was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """What a run had before it, as the journal has it, and what it decided.

    Attributes
    ----------
    as_of
        The moment that it judged; aware UTC.
    known_at
        Bars that were told up to then it may have seen; aware UTC.
    snapshot, standing
        Positions, and how the connection stood.
    assignments
        By token, those it judged by.
    incomplete
        Tokens whose row of assignments it could not use.
    problems
        By contract, why it could not have bars.
    precedents
        What was decided before it on the bars that it judged, oldest first.
    rows
        Its decisions, as they were written.
    """

    run_id: str
    as_of: dt.datetime
    known_at: dt.datetime
    snapshot: AccountSnapshot
    standing: Standing
    assignments: Mapping[Token, Assignment]
    incomplete: frozenset[Token] = frozenset()
    problems: Mapping[int, str] = field(default_factory=dict)
    precedents: Sequence[Precedent] = ()
    rows: Sequence[Row] = ()


class Likeness(StrEnum):
    """How a decision that was replayed compares with the recorded one.

    Attributes
    ----------
    EQUAL
        Byte for byte.
    TOLD_AGAIN
        So, but for the time at which its bar was told: the source told the same again later, and
        the store keeps the later time alone once it is folded.
    NOT_KEPT
        It was made before the end of its bar, on what was told of that until then: no store keeps
        it, so that it cannot be judged again.
    DIFFERENT
        Another field is not the same.
    """

    EQUAL = "equal"
    TOLD_AGAIN = "told again"
    NOT_KEPT = "not kept"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field, as it was recorded and as it was replayed."""

    name: str
    recorded: object
    replayed: object

    def __str__(self) -> str:
        return f"{self.name} was {self.recorded!r}, and is {self.replayed!r}"


@dataclass(frozen=True, slots=True)
class Retraced:
    """One decision judged again."""

    token: str
    decision: str
    likeness: Likeness
    differences: tuple[FieldDifference, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class RetracedRun:
    """A run judged again, decision by decision."""

    run_id: str
    as_of: dt.datetime
    decisions: tuple[Retraced, ...]

    @property
    def likeness(self) -> Likeness:
        """The worst of its decisions."""
        worst = max((list(Likeness).index(e.likeness) for e in self.decisions), default=0)
        return list(Likeness)[worst]

    def __repr__(self) -> str:
        count = len(self.decisions)
        head = f"run {self.run_id} of {self.as_of:%Y-%m-%d %H:%M:%S} UTC"
        lines = [
            f"  {each.token} {each.likeness}: {'; '.join(map(str, each.differences)) or _LOST}"
            for each in self.decisions
            if each.likeness is not Likeness.EQUAL
        ]
        if not lines:
            return f"{head}: {counted(count, 'decision')} equal, byte for byte"
        return "\n".join(
            [f"{head}: {len(lines)} of {counted(count, 'decision')} not equal", *lines]
        )


def canonical(row: Row) -> bytes:
    """A decision as bytes that are the same exactly when all of its fields are."""
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def compared(recorded: Row | None, replayed: Row | None) -> Retraced:
    """One decision, as recorded and as replayed; None where one of them has it not."""
    one, other = recorded or {}, replayed or {}
    known = recorded or other
    told = (str(known["ticker"]), str(known["decision"]))
    if recorded is not None and replayed is not None and canonical(one) == canonical(other):
        return Retraced(*told, Likeness.EQUAL)
    names = [each for each in {**one, **other} if _field(one, each) != _field(other, each)]
    found = tuple(FieldDifference(each, one.get(each), other.get(each)) for each in names)
    if recorded is not None and names == [TOLD_AT]:
        return Retraced(*told, Likeness.TOLD_AGAIN, found)
    if _is_provisional(one):
        return Retraced(*told, Likeness.NOT_KEPT)
    return Retraced(*told, Likeness.DIFFERENT, found)


def _field(row: Row, name: str) -> bytes:
    # Python takes 1, 1.0 and True for equal; as bytes they are not.
    return canonical({name: row[name]} if name in row else {})


def _is_provisional(row: Row) -> bool:
    told, end = row.get(TOLD_AT), row.get("bar_end")
    return told is not None and end is not None and str(told) < str(end)


def as_told(tellings: pd.DataFrame, at: dt.datetime, *, is_lenient: bool = False) -> pd.DataFrame:
    """A series as it was known at a moment.

    Parameters
    ----------
    tellings
        All that was told of it, by start and time of the fetch.
    at
        Nothing that was told later counts; aware UTC.
    is_lenient
        Take the first telling of a bar that had begun by then, where none is as old: the source may
        have told the same before, and the store have kept the later telling only.
    """
    starts, moment = micros(tellings.index), round(at.timestamp() * 1_000_000)
    known = micros(tellings["fetched_at"]) <= moment
    if is_lenient:
        firsts = np.append(True, starts[1:] != starts[:-1])[: len(starts)]
        known |= firsts & (starts < moment)
    kept, begun = tellings[known], starts[known]
    is_last = np.append(begun[1:] != begun[:-1], True)[: len(begun)]
    return kept[is_last]
