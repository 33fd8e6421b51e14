"""Alerts of a connection: said in the log, kept in the journal, shown by `sellkit status`."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sellkit.core.alerts import ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sellkit.config import Settings
    from sellkit.core.alerts import Alert

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlertKeeper:
    """Keeps the alerts of one connection; its methods may be called on any thread.

    Attributes
    ----------
    journal
        The journal's file; nothing is made there before there is an alert.
    source
        Whose connection: its client id.
    accounts
        Account numbers by alias: none of them is written.
    """

    journal: Path
    source: str
    accounts: Mapping[str, str] = field(default_factory=dict)

    def keep(self, alert: Alert) -> None:
        """Say an alert as loudly as a log can, and write it into the journal unless it is there.

        One that the end of a run takes back is written anew: that run knows it by its number, and
        what it told again itself has to stay.
        """
        from sellkit.adapters.sqlite_journal import SqliteJournal
        from sellkit.core.alerts import Ending, kinds_that_end
        from sellkit.core.redaction import Redaction

        alert = replace(alert, text=Redaction(self.accounts)(alert.text))
        extra = {"kind": str(alert.kind), "source": self.source, "text": alert.text}
        log.critical("alert", extra=extra)
        with closing(SqliteJournal(self.journal)) as journal:
            told = (self.source, str(alert.kind), alert.text)
            known = [
                int(str(each["number"]))
                for each in journal.open_alerts()
                if (each["source"], each["kind"], each["text"]) == told
            ]
            if not known or alert.kind in kinds_that_end(Ending.SENT):
                journal.renew_alerts(alert.at, known, [(self.source, alert)])

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Around the wait of a run for its connection: in vain is an alert, said once."""
        from sellkit.adapters.clock import SystemClock
        from sellkit.core.alerts import Alert, AlertKind
        from sellkit.errors import NotConnected

        try:
            yield
        except NotConnected as error:
            if not self._open():
                self.keep(Alert(AlertKind.NO_CONNECTION, str(error), SystemClock().now()))
            raise

    def _open(self) -> dict[int, str]:
        """The numbers of the source's open alerts, and the kind of each."""
        from sellkit.adapters.sqlite_journal import SqliteJournal

        if not self.journal.exists():
            return {}
        with closing(SqliteJournal(self.journal)) as journal:
            known = journal.open_alerts()
        mine = [each for each in known if each["source"] == self.source]
        return {int(str(each["number"])): str(each["kind"]) for each in mine}

    def end(self) -> None:
        """The connection is ready: its alerts are over, also those of earlier runs.

        That it is there again is told where its loss was told as one that lasts.
        """
        from sellkit.adapters.clock import SystemClock
        from sellkit.adapters.sqlite_journal import SqliteJournal
        from sellkit.core.alerts import Alert, AlertKind

        over = self._open()
        if not over:
            return
        now = SystemClock().now()
        told = []
        if AlertKind.DISCONNECTED in over.values():
            text = f"{self.source} is connected to the gateway again"
            told.append((self.source, Alert(AlertKind.CONNECTED_AGAIN, text, now)))
        with closing(SqliteJournal(self.journal)) as journal:
            journal.renew_alerts(now, list(over), told)
        log.info("alerts_over", extra={"source": self.source})


def alert_keeper(settings: Settings, client_id: int) -> AlertKeeper:
    """The keeper of the alerts of one client id's connections."""
    path, accounts = settings.data_dir / "journal.sqlite", settings.file.accounts
    return AlertKeeper(path, f"client {client_id}", accounts)


def order_alerts(settings: Settings) -> AlertKeeper:
    """The keeper of the alerts about orders, which no connection ends."""
    return AlertKeeper(settings.data_dir / "journal.sqlite", ORDERS, settings.file.accounts)


def open_alerts(settings: Settings) -> tuple[Mapping[str, object], ...]:
    """The alerts that are not over, oldest first; none where there is no journal.

    Parameters
    ----------
    settings
        The profile's.
    """
    from sellkit.adapters.sqlite_journal import SqliteJournal

    with closing(SqliteJournal(settings.data_dir / "journal.sqlite")) as journal:
        return journal.open_alerts()


def end_seen_alerts(settings: Settings) -> None:
    """What a person has seen, with everything settled, is over."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.operate.telling import end_seen

    with closing(SqliteJournal(settings.data_dir / "journal.sqlite")) as journal:
        end_seen(journal, SystemClock().now())
