"""Looks through the journal and the executed notebooks for what cannot have happened that way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.custody import Finding
from sellkit.core.lifecycle import TicketState, check
from sellkit.errors import IllegalTransition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sellkit.ports.evidence import Evidence

CERTIFICATE: Final = (
    *("bar_start", "bar_end", "session_date", "session_open", "session_close", "parts_due"),
    *("parts", "fetched_at", "close", "average", "bars_used", "seed_weight", "price_basis"),
)
_OF_RUNS: Final = "runs/"
_LOOK: Final = "look into the backups for what was there"


def verify(evidence: Evidence, notebooks: Mapping[str, str]) -> tuple[Finding, ...]:
    """Everything that is wrong; nothing when the journal and what lies beside it agree.

    Parameters
    ----------
    evidence
        The journal.
    notebooks
        The executed notebooks on disk: their paths from the profile's folder on, and their hashes.
    """
    doubt = evidence.doubt()
    behind = [] if doubt is None else [Finding("journal", f"{doubt}: put the last one back")]
    return (
        *behind,
        *evidence.flaws(),
        *_notebooks(evidence, notebooks),
        *_decisions(evidence),
        *_claims(evidence),
        *_steps(evidence),
    )


def _notebooks(evidence: Evidence, found: Mapping[str, str]) -> Iterator[Finding]:
    told = {str(each["path"]): each for each in evidence.notebooks()}
    for path, each in told.items():
        if path not in found:
            yield Finding(path, f"the notebook of run {each['run_id']} was removed: {_LOOK}")
        elif found[path] != each["sha256"]:
            what = "the executed notebook was changed after its run: do not rely on what it shows"
            yield Finding(path, what)
    known = evidence.run_ids()
    for path in found.keys() - told.keys():
        if not path.startswith(_OF_RUNS):
            continue  # a further notebook that was killed by hand, or kept before they were noted
        run_id = path.rpartition("_")[2].removesuffix(".ipynb")
        if run_id not in known:
            what = f"the journal has no run {run_id}, whose notebook this is: {_LOOK}"
            yield Finding(path, what)


def _decisions(evidence: Evidence) -> Iterator[Finding]:
    for each in evidence.firm_decisions():
        lacking = [name for name in CERTIFICATE if each[name] is None]
        if lacking:
            where = f"run {each['run_id']}, {each['ticker']}"
            what = f"{each['decision']} without its data ({', '.join(lacking)}): do not rely on it"
            yield Finding(where, what)


def _claims(evidence: Evidence) -> Iterator[Finding]:
    intended = {each["reference"] for each in evidence.intents()}
    submitting = {
        each["reference"] for each in evidence.steps() if each["state"] == TicketState.SUBMITTING
    }
    claimed = set()
    for each in evidence.claims():
        reference, before = each["reference"], each["before"]
        claimed.add(reference)
        if reference not in intended:
            yield Finding(f"ticket {reference}", f"a claim without its intent: {_LOOK}")
        if not isinstance(before, dict) or not before.get("positions"):
            what = "a claim without the positions before it: see the broker's own records"
            yield Finding(f"ticket {reference}", what)
        if reference not in submitting:
            yield Finding(f"ticket {reference}", f"a claim that was never SUBMITTING: {_LOOK}")
    for reference in sorted(map(str, submitting - claimed)):
        yield Finding(f"ticket {reference}", f"SUBMITTING without its claim: {_LOOK}")


def _steps(evidence: Evidence) -> Iterator[Finding]:
    standing: dict[str, TicketState] = {}
    for each in evidence.steps():
        reference, state = str(each["reference"]), TicketState(str(each["state"]))
        try:
            check(standing.get(reference), state, reference)
        except IllegalTransition:
            what = f"{standing.get(reference, 'nothing')} was followed by {state}: {_LOOK}"
            yield Finding(f"ticket {reference}", what)
        standing[reference] = state
