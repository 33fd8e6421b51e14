"""When exchanges are open: the only place where a zone or a session calendar is named.

Sessions come from exchange_calendars (half days, holidays and clock changes included), so no
opening time stands in code. The extended hours of the American exchanges, which that library does
not carry, are those that Interactive Brokers lists for their stocks: 04:00 to 20:00, on half days
to 17:00, New York time.
"""

from __future__ import annotations

import bisect
import datetime as dt
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from sellkit.errors import NoCalendar

if TYPE_CHECKING:
    from collections.abc import Sequence

UTC = dt.UTC
LONGEST_SESSION: Final = dt.timedelta(hours=12)
"""No regular session is longer: who looks so far back from within one sees all of it."""
FIRST_SESSION = "2000-01-01"

# Interactive Brokers' exchange codes, and the calendar each one keeps. Exchanges with a lunch
# break are absent on purpose: hourly bars over a break have no agreed form, so none is guessed.
CALENDAR_OF_EXCHANGE = {
    **dict.fromkeys(("NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "IEX", "PINK"), "XNYS"),
    "TSE": "XTSE",
    "VENTURE": "XTSX",
    "LSE": "XLON",
    "LSEETF": "XLON",
    "IBIS": "XETR",
    "IBIS2": "XETR",
    "FWB": "XFRA",
    "SBF": "XPAR",
    "AEB": "XAMS",
    "ENEXT.BE": "XBRU",
    "BVL": "XLIS",
    "BVME": "XMIL",
    "BM": "XMAD",
    "EBS": "XSWX",
    "VSE": "XWBO",
    "ASX": "XASX",
}

# Exchanges of which only the hours are told: those with a lunch break, and those of futures.
_CALENDAR_OF_OTHERS = {
    "TSEJ": "XTKS",
    "SEHK": "XHKG",
    **dict.fromkeys(("CME", "CBOT", "NYMEX", "COMEX"), "CMES"),
}

_EXTENDED_OPEN = {"XNYS": dt.time(4, 0)}
_EXTENDED_CLOSE = {"XNYS": (dt.time(16, 0), dt.time(20, 0), dt.time(17, 0))}


@dataclass(frozen=True, slots=True)
class Session:
    """One trading session: its date on the exchange, and its bounds as aware UTC instants."""

    date: dt.date
    open_utc: dt.datetime
    close_utc: dt.datetime

    def holds(self, instant: dt.datetime) -> bool:
        """Whether `instant` lies in the session; the opening does, the close does not."""
        return self.open_utc <= instant < self.close_utc


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The sessions of one exchange, in order.

    Attributes
    ----------
    name
        Market identifier code, `XNYS` for instance.
    zone
        The exchange's clock.
    sessions
        Every session from the first to the last that the calendar knows.
    """

    name: str
    zone: ZoneInfo
    sessions: tuple[Session, ...]

    @property
    def last_date(self) -> dt.date:
        """The last session's date; beyond it nothing is known.

        It lies a year after the start of this process, however old exchange_calendars is: that
        library reckons sessions by rules, and ends them there.
        """
        return self.sessions[-1].date

    def between(self, first: dt.date, last: dt.date) -> Sequence[Session]:
        """Sessions whose date lies in `first` to `last`, both included.

        Raises
        ------
        NoCalendar
            The range leaves the calendar.
        """
        self._check(first, last)
        start = bisect.bisect_left(self.sessions, first, key=_date)
        stop = bisect.bisect_right(self.sessions, last, key=_date)
        return self.sessions[start:stop]

    def on(self, date: dt.date) -> Session | None:
        """The session of a date, or None on a day without one."""
        found = self.between(date, date)
        return found[0] if found else None

    def at(self, instant: dt.datetime) -> Session | None:
        """The session that is open at `instant`, or None."""
        latest = self.latest_opened(instant)
        return latest if latest.holds(instant) else None

    def latest_opened(self, instant: dt.datetime) -> Session:
        """The last session that opened at or before `instant`."""
        return self.sessions[self._index_after(instant) - 1]

    def latest_closed(self, instant: dt.datetime) -> Session:
        """The last session that closed at or before `instant`."""
        index = self._index_after(instant) - 1
        return self.sessions[index if self.sessions[index].close_utc <= instant else index - 1]

    def next_to_open(self, instant: dt.datetime) -> Session:
        """The first session that opens after `instant`."""
        return self.sessions[self._index_after(instant)]

    def previous(self, session: Session) -> Session | None:
        """The session before this one, or None at the calendar's start."""
        index = bisect.bisect_left(self.sessions, session.date, key=_date)
        return self.sessions[index - 1] if index else None

    def back_from(self, session: Session, count: int) -> Session:
        """The session `count` sessions before this one, or the calendar's first."""
        index = bisect.bisect_left(self.sessions, session.date, key=_date)
        return self.sessions[max(index - count, 0)]

    def local(self, instant: dt.datetime) -> dt.datetime:
        """`instant` on the exchange's clock."""
        return instant.astimezone(self.zone)

    def _index_after(self, instant: dt.datetime) -> int:
        index = bisect.bisect_right(self.sessions, instant, key=_open)
        if not 1 < index < len(self.sessions):
            self._refuse(instant.date())
        return index

    def _check(self, first: dt.date, last: dt.date) -> None:
        if first < self.sessions[0].date:
            self._refuse(first)
        if last > self.last_date:
            self._refuse(last)

    def _refuse(self, date: dt.date) -> None:
        raise NoCalendar(
            f"{date} lies outside the session calendar {self.name} "
            f"({self.sessions[0].date} to {self.last_date}); check the date, start a process anew "
            "that is months old, or bring exchange_calendars up to date"
        )


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of the tz database that is called `name`, `US/Eastern` for instance.

    Raises
    ------
    NoCalendar
        The machine's tz database has no such zone.
    """
    if name not in available_timezones():
        raise NoCalendar(
            f"no time zone is called {name!r}; write a name of the tz database, "
            "America/New_York for instance"
        )
    return ZoneInfo(name)


def has_calendar(exchange: str) -> bool:
    """Whether a session calendar is known for an exchange."""
    return exchange in CALENDAR_OF_EXCHANGE


@cache
def calendar_for(exchange: str, *, extended: bool = False) -> Calendar:
    """The calendar that an exchange keeps.

    Parameters
    ----------
    exchange
        Interactive Brokers' code of a primary exchange, `NASDAQ` for instance.
    extended
        With pre- and after-market hours, where Interactive Brokers trades them.

    Raises
    ------
    NoCalendar
        The exchange is not in `CALENDAR_OF_EXCHANGE`.
    """
    name = CALENDAR_OF_EXCHANGE.get(exchange)
    if name is None:
        raise NoCalendar(f"no session calendar is known for the exchange {exchange!r}")
    return _load(name, extended=extended)


@cache
def open_stretches(exchange: str) -> Calendar | None:
    """When an exchange is open, for telling its hours only: a lunch break parts a day in two.

    Parameters
    ----------
    exchange
        Interactive Brokers' code, also of an exchange for which `calendar_for` has none.

    Returns
    -------
    Calendar or None
        A session for each stretch, so a date may come twice; None where nothing is known.
    """
    if exchange in CALENDAR_OF_EXCHANGE:
        return calendar_for(exchange)
    name = _CALENDAR_OF_OTHERS.get(exchange)
    if name is None:
        return None
    import exchange_calendars

    with warnings.catch_warnings():
        # Hong Kong's calendar uses names that pandas is going to drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        source = exchange_calendars.get_calendar(name, start=FIRST_SESSION)
    columns = (source.schedule[key] for key in ("open", "break_start", "break_end", "close"))
    stretches: list[Session] = []
    for date, *moments in zip(source.sessions, *columns, strict=True):
        # Without a break its two bounds are NaT, which differs from itself.
        known = [m.to_pydatetime().astimezone(UTC) for m in moments if m == m]  # noqa: PLR0124
        stretches += [Session(date.date(), *known[at : at + 2]) for at in range(0, len(known), 2)]
    return Calendar(name, ZoneInfo(str(source.tz)), tuple(stretches))


@cache
def _load(name: str, *, extended: bool) -> Calendar:
    if extended and name in _EXTENDED_OPEN:
        regular = _load(name, extended=False)
        sessions = tuple(_extend(session, regular) for session in regular.sessions)
        return Calendar(name, regular.zone, sessions)
    import exchange_calendars

    source = exchange_calendars.get_calendar(name, start=FIRST_SESSION)
    sessions = tuple(
        Session(
            date.date(),
            opens.to_pydatetime().astimezone(UTC),
            closes.to_pydatetime().astimezone(UTC),
        )
        for date, opens, closes in zip(
            source.sessions, source.schedule["open"], source.schedule["close"], strict=True
        )
    )
    return Calendar(name, ZoneInfo(str(source.tz)), sessions)


def _extend(session: Session, regular: Calendar) -> Session:
    full, late, early = _EXTENDED_CLOSE[regular.name]
    is_full_day = regular.local(session.close_utc).time() >= full
    return Session(
        session.date,
        _instant(session.date, _EXTENDED_OPEN[regular.name], regular.zone),
        _instant(session.date, late if is_full_day else early, regular.zone),
    )


def _instant(date: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(date, time, zone).astimezone(UTC)


def _date(session: Session) -> dt.date:
    return session.date


def _open(session: Session) -> dt.datetime:
    return session.open_utc
