"""Looks back at runs: joins what the journal says of each with what its notebook shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sellkit.core.past_runs import judge
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sellkit.core.custody import Finding
    from sellkit.core.past_runs import JournalledRun, PastRun
    from sellkit.core.run_filter import RunFilter
    from sellkit.ports import Journal
    from sellkit.ports.past_runs import Notebooks

    Rows = tuple[Mapping[str, object], ...]

LATEST = "last"


@dataclass(frozen=True, slots=True)
class Beside:
    """What a run knew beside its decisions, as the journal has it.

    Attributes
    ----------
    standings
        How the connection stood; one at most.
    quotes
        What the market showed of the instruments of its exits.
    retellings
        Bars that had been decided on before and were told differently since.
    """

    standings: Rows
    quotes: Rows
    retellings: Rows


def beside(journal: Journal, run_id: str) -> Beside:
    """What a run knew beside its decisions."""
    found = (journal.standings(run_id), journal.quotes(run_id), journal.retellings(run_id))
    return Beside(*found)


def reviewed(
    told: Sequence[JournalledRun], notebooks: Notebooks, wanted: RunFilter
) -> Iterator[PastRun]:
    """The runs that are wanted with their verdicts, the latest first.

    Only the notebooks of runs that the journal does not rule out are read.
    """
    chosen = (each for each in reversed(told) if wanted.takes(each))
    runs = (look(each, notebooks) for each in chosen)
    if wanted.verdict is not None:
        runs = (each for each in runs if each.verdict is wanted.verdict)
    return islice(runs, wanted.last)


def look(facts: JournalledRun, notebooks: Notebooks) -> PastRun:
    """One run with its verdict."""
    return judge(facts, None if facts.path is None else notebooks.look(facts.path))


def named(told: Sequence[JournalledRun], name: str) -> JournalledRun:
    """The run of an id, of the beginning of one, or the `last` one.

    Raises
    ------
    ConfigError
        There is none, or more than one.
    """
    if name == LATEST and told:
        return told[-1]
    found = [each for each in told if each.run_id == name]
    found = found or [each for each in told if name and each.run_id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(each.run_id for each in found[-5:])
        raise ConfigError(f"{name!r} may be any of {len(found)} runs: {ids}; write more of it")
    raise ConfigError(f"there is no run {name!r}; `sellkit runs list --all` shows every one")


def of_run(
    findings: Sequence[Finding], places: frozenset[str], run_id: str
) -> tuple[tuple[Finding, ...], int]:
    """Of all the findings of an audit those about one run, and how many others there are."""
    own = tuple(each for each in findings if each.where in places or _names(each.where, run_id))
    return own, len(findings) - len(own)


def _names(where: str, run_id: str) -> bool:
    return where.startswith(f"run {run_id},") or where.endswith(f"_{run_id}.ipynb")
