"""What a person confirmed: the tickets of one run that were withheld because they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.gates import TOO_MANY
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.core.portfolio import Account

_CONFIRMED: Final = "confirmation"


def many_of(journal: SqliteJournal, account: Account | None, run_id: str) -> frozenset[str]:
    """The ids of the tickets of a run that were withheld because too many signalled at once.

    Parameters
    ----------
    account
        Whose run it has to be; None takes any.

    Raises
    ------
    ConfigError
        There is no such run of the account, it withheld none for that, or it was confirmed before.
    """
    runs = {str(each["run_id"]): each for each in journal.runs()}
    if run_id not in runs:
        raise ConfigError(f"the journal has no run {run_id!r}: `sellkit status` names the last one")
    if account is not None and runs[run_id]["account"] != account.alias:
        raise ConfigError(f"the run {run_id} is one of {runs[run_id]['account']}, not of {account}")
    found = frozenset(str(each["ticket_id"]) for each in journal.tickets(run_id) if _is_many(each))
    if not found:
        raise ConfigError(
            f"the run {run_id} withheld no exit because too many signalled at once: there is "
            "nothing to confirm; its reasons stand in the run's notebook"
        )
    if any(each["run_id"] == run_id for each in journal.evidence.events(_CONFIRMED)):
        raise ConfigError(f"the run {run_id} was confirmed before, which counts once")
    return found


def confirmed_tickets(
    journal: SqliteJournal, account: Account, run_id: str, now: dt.datetime
) -> frozenset[str]:
    """The tickets that a person confirmed by naming their run; from now on that is used up.

    Raises
    ------
    ConfigError
        As `many_of`.
    JournalError
        It cannot be written.
    """
    if not run_id:
        return frozenset()
    found = many_of(journal, account, run_id)
    text = f"{counted(len(found), 'exit')} of the run {run_id}, though many"
    journal.evidence.record_event(
        _CONFIRMED, now, text, {"tickets": sorted(found)}, account=account.alias, run_id=run_id
    )
    return found


def _is_many(ticket: Mapping[str, object]) -> bool:
    reasons = ticket["reasons"]
    return isinstance(reasons, list) and any(TOO_MANY in str(each) for each in reasons)
