"""Raises what no run notices by itself: a lasting loss, a full disk, the weekly login."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import Alert, AlertKind, Ending, kinds_that_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.core.market_time import Calendar
    from sellkit.core.upkeep import Window
    from sellkit.ports import Journal

    Row = Mapping[str, object]
    Rows = Sequence[Row]
    Told = tuple[str, Alert]

DISK: Final = "disk"
RUNS: Final = "runs"

_LOSSES: Final = kinds_that_end(Ending.CONNECTED) - {
    AlertKind.CLIENT_ID_IN_USE,
    AlertKind.COMPETING_SESSION,
    AlertKind.READ_ONLY,
    AlertKind.TOO_MANY_MESSAGES,
}
"""What another connection that is well disproves; of the others only the client's own can tell."""

_BEFORE_OPEN: Final = dt.timedelta(hours=1)
"""So long before a session a lost connection matters already."""

_ROOM_AGAIN: Final = 1.1
"""So many times the limit are free before the alert ends: it must not come and go with a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """What is looked at beside the runs, every minute or so.

    Attributes
    ----------
    journal
        Holds the alerts.
    now
        The machine's time; aware UTC.
    calendars
        Whose sessions count; None where runs are due by the gateway's clock, at any time.
    disconnected
        How long a connection may be lost.
    free_megabytes
        What is free on the disk.
    least_megabytes
        What has to be; 0 for no limit.
    login
        The weekly login; None where the gateway asks for none.
    login_notice
        How long before the first session after it a person is told; nothing for never.
    is_known
        Whether there was an alert of this kind and source.
    answers
        Whether the gateway takes a connection that is ready. Asked only where one has been lost
        for too long: who lost it may have ended since, and nobody else would find it well again.
    """

    journal: Journal
    now: Callable[[], dt.datetime]
    calendars: Sequence[Calendar] | None
    disconnected: dt.timedelta
    free_megabytes: Callable[[], float]
    least_megabytes: int
    login: Window | None
    login_notice: dt.timedelta
    is_known: Callable[[AlertKind, str], bool]
    answers: Callable[[], bool]

    def look(self) -> None:
        """Raise what is to be raised, and end what is over.

        Raises
        ------
        JournalError
            It cannot be read or written.
        NoCalendar
            A calendar does not reach so far.
        """
        known, now = self.journal.open_alerts(), self.now()
        again, lost = self._connections(known, now)
        over, full = self._disk(known, now)
        told = [*lost, *self._login_due(now), *full]
        self.journal.renew_alerts(now, [*again, *over], told)

    def _connections(self, known: Rows, now: dt.datetime) -> tuple[list[int], list[Told]]:
        """The alerts that are over as the gateway is well, and what is to be told of losses."""
        lost = self._lost(known, now)
        if not lost:
            return [], []
        if not self.answers():
            fresh = {each: rows for each, rows in lost.items() if not _is_told(rows)}
            return [], [_disconnected(source, rows, now) for source, rows in fresh.items()]
        over = [int(str(each["number"])) for rows in lost.values() for each in rows]
        back = [source for source, rows in lost.items() if _is_told(rows)]
        return over, [_connected(source, now) for source in back]

    def _lost(self, known: Rows, now: dt.datetime) -> dict[str, list[Row]]:
        """The alerts of each connection lost for too long, in a session or shortly before one."""
        if self.calendars is not None and not any(_matters(each, now) for each in self.calendars):
            return {}
        of: dict[str, list[Row]] = {}
        for each in known:
            if each["kind"] in _LOSSES:
                of.setdefault(str(each["source"]), []).append(each)
        return {
            source: rows for source, rows in of.items() if now - _since(rows) >= self.disconnected
        }

    def _disk(self, known: Rows, now: dt.datetime) -> tuple[list[int], list[Told]]:
        free = self.free_megabytes()
        mine = [int(str(each["number"])) for each in known if each["kind"] == AlertKind.LOW_DISK]
        if free < self.least_megabytes and not mine:
            text = f"{free:.0f} MB are free for the data, and {self.least_megabytes} have to be"
            return [], [(DISK, Alert(AlertKind.LOW_DISK, text, now))]
        return (mine if free >= self.least_megabytes * _ROOM_AGAIN else []), []

    def _login_due(self, now: dt.datetime) -> list[Told]:
        """Interactive Brokers asks for a login by hand each week, after Sunday 01:00 in New York.

        See "Auto-restart considerations" of its guide to Trader Workstation.
        """
        if self.login is None or not self.calendars:
            return []
        opening = min(each.next_to_open(now).open_utc for each in self.calendars)
        latest = max(each.latest_opened(now).open_utc for each in self.calendars)
        source = f"week of {opening:%Y-%m-%d}"
        if self.login.latest(opening) <= latest or opening - now > self.login_notice:
            return []
        if self.is_known(AlertKind.LOGIN_DUE, source):
            return []
        text = (
            f"the login of {self.login.latest(opening):%Y-%m-%d %H:%M} UTC is due, and the week's "
            f"first session opens at {opening:%Y-%m-%d %H:%M} UTC"
        )
        return [(source, Alert(AlertKind.LOGIN_DUE, text, now))]


def _is_told(rows: Rows) -> bool:
    return any(each["kind"] == AlertKind.DISCONNECTED for each in rows)


def _since(rows: Rows) -> dt.datetime:
    return dt.datetime.fromisoformat(str(rows[0]["at"]))


def _disconnected(source: str, rows: Rows, now: dt.datetime) -> Told:
    text = (
        f"{source} has had no connection that is ready since {_since(rows):%Y-%m-%d %H:%M:%S} "
        f"UTC: {rows[-1]['text']}"
    )
    return source, Alert(AlertKind.DISCONNECTED, text, now)


def _connected(source: str, now: dt.datetime) -> Told:
    text = f"the gateway takes connections again, as {source} had none"
    return source, Alert(AlertKind.CONNECTED_AGAIN, text, now)


def _matters(calendar: Calendar, now: dt.datetime) -> bool:
    is_open = calendar.at(now) is not None
    return is_open or calendar.next_to_open(now).open_utc - now <= _BEFORE_OPEN
