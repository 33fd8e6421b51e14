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

    Rows = Sequence[Mapping[str, object]]

DISK: Final = "disk"
RUNS: Final = "runs"

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
        told = [*self._lost(known, now), *self._login_due(now)]
        over, full = self._disk(known, now)
        self.journal.renew_alerts(now, over, [*told, *full])

    def _lost(self, known: Rows, now: dt.datetime) -> list[tuple[str, Alert]]:
        """The connections that have been lost for too long, in a session or shortly before one."""
        if self.calendars is not None and not any(_matters(each, now) for each in self.calendars):
            return []
        kinds = kinds_that_end(Ending.CONNECTED)
        of: dict[str, list[Mapping[str, object]]] = {}
        for each in known:
            if each["kind"] in kinds:
                of.setdefault(str(each["source"]), []).append(each)
        found = []
        for source, alerts in of.items():
            since = dt.datetime.fromisoformat(str(alerts[0]["at"]))
            is_told = any(each["kind"] == AlertKind.DISCONNECTED for each in alerts)
            if is_told or now - since < self.disconnected:
                continue
            text = (
                f"{source} has had no connection that is ready since {since:%Y-%m-%d %H:%M:%S} "
                f"UTC: {alerts[-1]['text']}"
            )
            found.append((source, Alert(AlertKind.DISCONNECTED, text, now)))
        return found

    def _disk(self, known: Rows, now: dt.datetime) -> tuple[list[int], list[tuple[str, Alert]]]:
        free = self.free_megabytes()
        mine = [int(str(each["number"])) for each in known if each["kind"] == AlertKind.LOW_DISK]
        if free < self.least_megabytes and not mine:
            text = f"{free:.0f} MB are free for the data, and {self.least_megabytes} have to be"
            return [], [(DISK, Alert(AlertKind.LOW_DISK, text, now))]
        return (mine if free >= self.least_megabytes * _ROOM_AGAIN else []), []

    def _login_due(self, now: dt.datetime) -> list[tuple[str, Alert]]:
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


def _matters(calendar: Calendar, now: dt.datetime) -> bool:
    is_open = calendar.at(now) is not None
    return is_open or calendar.next_to_open(now).open_utc - now <= _BEFORE_OPEN
