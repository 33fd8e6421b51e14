"""Sees that the tickets of an account are found under the name that it has now."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.adapters.sqlite_tickets import SqliteTickets
    from sellkit.core.portfolio import Account

_A_DAY: Final = dt.timedelta(days=1)


def refuse_former_name(book: SqliteTickets, account: Account, now: dt.datetime) -> None:
    """Refuse an account whose tickets stand under another alias and still count.

    All tickets of a journal are of one account, as the profile's data are. They are found by its
    alias: under another one no ticket would lock its contract, and none count against the day.

    Raises
    ------
    ConfigError
        One of them is not settled, or began within a day.
    """
    for alias in book.accounts():
        if alias == account.alias:
            continue
        counting = book.unsettled(alias) or book.ticket_records(alias, now - _A_DAY)
        if counting:
            raise ConfigError(
                f"the account is called {account} now, and its ticket {counting[0].reference} "
                f"({counting[0].state}) was begun under the name {alias}: call it {alias} again "
                "under [accounts] until all of that name are settled and a day old"
            )
