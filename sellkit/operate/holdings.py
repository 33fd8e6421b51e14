"""What lies in a store, told by series: how much, how complete, in which state."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.bars import slots_until
from sellkit.core.coverage import SessionCoverage, by_session
from sellkit.core.market_time import calendar_for, has_calendar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.core.bars import SeriesKey
    from sellkit.core.custody import Figures, Freeze
    from sellkit.core.instrument import Token
    from sellkit.ports import BarStore


@dataclass(frozen=True, slots=True)
class Holding:
    """One series of a store.

    Attributes
    ----------
    token
        What its contract is called; None when that is not known.
    frozen
        Why nothing may be decided on it, or None.
    """

    figures: Figures
    token: Token | None
    frozen: Freeze | None

    @property
    def key(self) -> SeriesKey:
        """The series."""
        return self.figures.key

    @property
    def label(self) -> str:
        """The contract's name, or else its number."""
        return f"conId {self.key.con_id}" if self.token is None else str(self.token)


def holdings(store: BarStore) -> list[Holding]:
    """Every series, by name and bar size."""
    names, frozen = store.names(), store.frozen()
    found = [
        Holding(figures, names.get(figures.key.con_id), frozen.get(figures.key))
        for figures in store.figures()
    ]
    return sorted(found, key=lambda each: (each.label, each.key.bar_size))


def titles(found: Iterable[Holding]) -> dict[Holding, str]:
    """What each series is called: `NASDAQ:AAPL 1 day`, and no two the same.

    Of one name and bar size there are several where hours outside of the session were wanted once,
    or where a name has gone over to another contract.
    """
    plain = {each: f"{each.label} {each.key.bar_size}" for each in found}
    times = Counter(plain.values())
    return {
        each: title if times[title] == 1 else f"{title} ({_particulars(each.key)})"
        for each, title in plain.items()
    }


def _particulars(key: SeriesKey) -> str:
    hours = "regular hours" if key.rth else "extended hours"
    return f"conId {key.con_id}, {key.what_to_show}, {hours}, {key.anchor}"


def coverage(
    store: BarStore, holding: Holding, now: dt.datetime, lag: dt.timedelta = dt.timedelta()
) -> list[SessionCoverage] | None:
    """Session by session from the first stored bar to `now`, how much is stored.

    None where that cannot be told: no bar is stored, or no session calendar is known.
    """
    first, token, key = holding.figures.first, holding.token, holding.key
    if first is None or token is None or not has_calendar(token.exchange):
        return None
    calendar = calendar_for(token.exchange, extended=not key.rth)
    due = slots_until(now - lag, key.bar_size, calendar, anchor=key.anchor, since=first)
    return by_session(store.read(key), due, store.absent(key), lag)


def chosen(found: Iterable[Holding], tickers: Iterable[str]) -> list[Holding]:
    """The series of some tickers, of all where none is named; the unknown ones are left out."""
    wanted = {ticker.strip().upper() for ticker in tickers}
    return [each for each in found if not wanted or each.label.upper() in wanted]
