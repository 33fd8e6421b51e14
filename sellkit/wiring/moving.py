"""Lets another profile send for an account, once the former one has nothing open or fresh."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.adapters.sender_file import SenderFile

_A_DAY: Final = dt.timedelta(days=1)


def moved_here(sender: SenderFile, now: dt.datetime, *, is_wanted: bool) -> str | None:
    """See whether this profile may send for an account; what that changes, in words, or None.

    Parameters
    ----------
    now
        Aware UTC: a ticket that is younger than a day counts against limits of a day.
    is_wanted
        Whether a person asked for the change.

    Raises
    ------
    ConfigError
        Another profile sends for the account, and nobody asked for a change; or one of its tickets
        is not settled, or began within a day.
    """
    from sellkit.adapters.sqlite_journal import SqliteJournal

    if sender.trouble is None:
        return None
    if not is_wanted:
        raise ConfigError(sender.trouble)
    former = sender.former()
    if former is None:
        return f"{sender.path} could not be read: this profile sends for the account from now on."
    profile, path = former
    moved = f"This profile sends for the account from now on, and the profile {profile} does not."
    if not path.exists():
        return f"{moved} Its journal {path} is gone: what it sent is not counted here."
    with closing(SqliteJournal(path)) as journal:
        book = journal.book
        for alias in book.accounts():
            counting = book.unsettled(alias) or book.ticket_records(alias, now - _A_DAY)
            if counting:
                raise ConfigError(
                    f"the profile {profile} sends for the account, and its ticket "
                    f"{counting[0].reference} is {counting[0].state}: it moves when all of its "
                    f"tickets are settled and a day old; see `sellkit tickets --profile {profile}`"
                )
    return moved
