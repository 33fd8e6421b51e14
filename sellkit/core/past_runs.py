"""Runs that are over: what the journal says of one, what its notebook shows, and the verdict.

The verdict rests on what cannot lie: the outcome in the journal, the number and the outputs of each
code cell, and the notebook's hash. What papermill writes into a notebook's metadata plays no part:
after a time-out, a dead kernel or an interrupt it says "completed".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping


class RunVerdict(StrEnum):
    """What a run is worth, the gravest first.

    Attributes
    ----------
    ALTERED
        Its executed notebook is not the one that was kept, or is gone.
    UNCERTAIN
        The fate of one of its orders was open when it ended.
    FAILED
        It, or one of its cells, did not come to its end.
    UNFINISHED
        Nobody wrote its end: it was killed, or is still running.
    UNDECIDED
        Missing or doubtful data left positions without an answer.
    DECIDED
        Every position that the rule covers was decided.
    """

    ALTERED = "altered"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    UNDECIDED = "undecided"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalledRun:
    """What the journal says of one run.

    A run whose notebook ended before it reached the journal has nothing but id and notebook.

    Attributes
    ----------
    run_id
        Eight hex digits.
    started_at, as_of, finished_at, judged_at
        When it began, which moment it was asked about, when it ended, and as of when its positions
        were judged; aware UTC, None where the journal has nothing.
    outcome
        `decided`, `undecided`, `uncertain` or `failed: ...`; None while there is no end.
    mode, profile, account, gateway, version
        As the run said them; the account by its alias.
    decisions
        Positions by decision, `{"EXIT": 1, "HOLD": 5}`.
    tickets
        Prepared orders by what the gates made of them.
    sent
        Orders claimed for the gateway.
    tokens
        The positions that it judged.
    path, sha256, kept_at
        Of the executed notebook as it was kept; `path` from the profile's folder on.
    """

    run_id: str
    started_at: dt.datetime | None = None
    as_of: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    judged_at: dt.datetime | None = None
    outcome: str | None = None
    mode: str | None = None
    profile: str | None = None
    account: str | None = None
    gateway: str | None = None
    version: str | None = None
    decisions: Mapping[str, int] = field(default_factory=dict)
    tickets: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    tokens: frozenset[str] = frozenset()
    path: str | None = None
    sha256: str | None = None
    kept_at: dt.datetime | None = None

    @property
    def moment(self) -> dt.datetime | None:
        """The moment that the run is about, by whichever clock tells of it."""
        return self.judged_at or self.as_of or self.started_at or self.kept_at

    @property
    def has_judged(self) -> bool:
        """Whether it got as far as the positions; an account may have none."""
        is_over = self.outcome is not None and not self.outcome.startswith("failed")
        return is_over or bool(self.decisions)

    @property
    def took(self) -> dt.timedelta | None:
        """From its beginning to its end; None without either."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNotebook:
    """An executed notebook as it lies there now.

    Attributes
    ----------
    path
        From the profile's folder on, also of one that lies in an archive.
    sha256, size
        Of its bytes.
    archive
        The archive that holds it, from the profile's folder on; None for a file of its own.
    cells
        Code cells with text.
    failure
        The first of them that raised or never ran to its end; None when all did.
    """

    path: str
    sha256: str
    size: int
    archive: str | None = None
    cells: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PastRun:
    """A run with its verdict.

    Attributes
    ----------
    facts
        What the journal says.
    notebook
        What its notebook shows; None where there is none.
    verdict, reasons
        The verdict, and everything that speaks for it or for a graver one, gravest first.
    """

    facts: JournalledRun
    notebook: KeptNotebook | None
    verdict: RunVerdict
    reasons: tuple[str, ...]

    @property
    def signals(self) -> int:
        """Positions that signalled EXIT."""
        return self.facts.decisions.get("EXIT", 0)

    def __repr__(self) -> str:
        facts = self.facts
        at = "no time" if facts.moment is None else f"{facts.moment:%Y-%m-%d %H:%M} UTC"
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"{at}  run {facts.run_id}  {facts.mode or 'no mode'}  {self.verdict}{why}"


_CLEAN: Final = (RunVerdict.DECIDED, RunVerdict.UNDECIDED)


def judge(facts: JournalledRun, notebook: KeptNotebook | None) -> PastRun:
    """A run with the gravest verdict that anything in it calls for."""
    found = sorted(_findings(facts, notebook), key=lambda each: list(RunVerdict).index(each[0]))
    if not found:
        return PastRun(facts, notebook, RunVerdict.DECIDED, ())
    return PastRun(facts, notebook, found[0][0], tuple(reason for _, reason in found))


def is_sound(verdict: RunVerdict) -> bool:
    """Whether what the run decided may be relied on."""
    return verdict in _CLEAN


def _findings(
    facts: JournalledRun, notebook: KeptNotebook | None
) -> Iterator[tuple[RunVerdict, str]]:
    if notebook is None and facts.path is not None:
        yield RunVerdict.ALTERED, "its executed notebook was removed"
    elif notebook is not None and facts.sha256 not in (None, notebook.sha256):
        yield RunVerdict.ALTERED, "its executed notebook was changed after the run"
    if notebook is not None and notebook.failure is not None:
        yield RunVerdict.FAILED, notebook.failure
    shown = None if notebook is None else notebook.failure
    yield from (each for each in _told(facts) if shown is None or not each[1].startswith(shown))


def _told(facts: JournalledRun) -> Iterator[tuple[RunVerdict, str]]:
    """What the journal alone says."""
    outcome = facts.outcome
    if facts.started_at is None:
        yield RunVerdict.FAILED, "it ended before it reached the journal"
    elif outcome is None:
        yield RunVerdict.UNFINISHED, "the journal has no end of it: killed, or still running"
    elif outcome.startswith("failed"):
        # Where the notebook was kept is told apart, and may have changed since.
        why = outcome.partition(": ")[2].partition("; the notebook is kept")[0]
        yield RunVerdict.FAILED, why or "it did not come to its end"
    elif outcome == RunVerdict.UNCERTAIN:
        what = "the fate of an order was open when it ended: `sellkit tickets` tells more"
        yield RunVerdict.UNCERTAIN, what
    elif outcome != RunVerdict.DECIDED:
        count, total = facts.decisions.get("UNDECIDED", 0), sum(facts.decisions.values())
        yield RunVerdict.UNDECIDED, f"{count} of {counted(total, 'position')} undecided"
