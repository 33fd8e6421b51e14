"""Gathers what the health of a profile is judged by; no gateway is asked, nothing is changed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.errors import NoCalendar, SellkitError
from sellkit.wiring.alerts import open_alerts
from sellkit.wiring.bar_ages import BarAges, bar_ages
from sellkit.wiring.parts import desk_options, open_journal, open_ledger, present_of
from sellkit.wiring.runs import scheduled_calendars

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sellkit.config import Overrides, Settings
    from sellkit.core.checks import Check
    from sellkit.core.health import Vitals
    from sellkit.core.pacing import Usage
    from sellkit.core.past_runs import JournalledRun
    from sellkit.core.run_difference import JournalledDecision
    from sellkit.operate.holdings import Holding

Found = TypeVar("Found")

_DAY: Final = dt.timedelta(days=1)
_ERRORS: Final = ("ERROR", "CRITICAL")


def health(chosen: Overrides) -> tuple[Check, ...]:
    """How everything stands that a profile lives on.

    Parameters
    ----------
    chosen
        What flags say instead of the settings.
    """
    from sellkit.core.health import judged

    return judged(vitals(chosen))


def vitals(chosen: Overrides) -> Vitals:
    """What is known without asking anybody."""
    from sellkit.config import load
    from sellkit.core.health import JOURNAL, Vitals

    settings, asked = load(chosen), _Asked()
    no_usage: tuple[Usage | None, int] = (None, 0)
    no_holdings: list[Holding] = []
    no_due: dt.datetime | None = None
    no_alerts: dict[str, int] = {}
    found = asked("bars", lambda: _stored(settings), no_holdings)
    now, lag = present_of(chosen, found)
    reconnects, errors = asked("connection", lambda: _logged(settings), (0, 0))
    usage, budget = asked("budget", lambda: _usage(settings), no_usage)
    told = asked(JOURNAL, lambda: _journalled(settings, now), _Told())
    ages = asked("bars", lambda: bar_ages(settings, told.held, found, now - lag), BarAges())
    return Vitals(
        now=now,
        series=ages.series,
        unheld=ages.unheld,
        run=told.run,
        due=asked("bars", lambda: last_due(settings, now), no_due),
        tickets=told.tickets,
        usage=usage,
        budget=budget,
        reconnects=reconnects,
        errors=errors,
        alerts=asked(JOURNAL, lambda: _alerts(settings), no_alerts),
        disk_free=free_bytes(settings.data_dir),
        least_megabytes=settings.file.alerts.low_disk_megabytes,
        troubles=asked.troubles,
    )


class _Asked:
    """Asks one thing after another, so that what cannot be read hides none of the rest."""

    def __init__(self) -> None:
        self.troubles: dict[str, str] = {}

    def __call__(self, name: str, ask: Callable[[], Found], otherwise: Found) -> Found:
        try:
            return ask()
        except (SellkitError, NoCalendar, OSError) as error:
            self.troubles.setdefault(name, str(error))
            return otherwise


def free_bytes(folder: Path) -> int:
    """The room on the disk that a folder lies on, or will."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class _Told:
    """What the journal tells.

    Attributes
    ----------
    run
        The latest one; None before the first.
    held
        The positions of the latest one that judged them; none before the first.
    tickets
        Those that are not settled or of today, by their states.
    """

    run: JournalledRun | None = None
    held: Sequence[JournalledDecision] = ()
    tickets: Mapping[str, int] = field(default_factory=dict)


def _journalled(settings: Settings, now: dt.datetime) -> _Told:
    if not _has_journal(settings):
        return _Told()
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    chosen = settings.connection.account
    with closing(open_journal(settings)) as journal:
        book = journal.book
        states = {
            each.reference: str(each.state)
            for alias in book.accounts()
            if chosen in (None, alias)
            for each in (*book.ticket_records(alias, since), *book.unsettled(alias))
        }
        runs = [each for each in journal.past_runs.all() if _is_of_its_time(each)]
        judged = next((each for each in reversed(runs) if each.has_judged), None)
        held = () if judged is None else journal.past_runs.decisions(judged.run_id)
    return _Told(runs[-1] if runs else None, held, dict(Counter(states.values())))


def _is_of_its_time(run: JournalledRun) -> bool:
    """Whether a run was about the present; one of a past moment tells nothing of the schedule."""
    if run.started_at is None or run.as_of is None:
        return True
    return run.started_at - run.as_of < dt.timedelta(hours=1)


def _alerts(settings: Settings) -> dict[str, int]:
    """The open ones by kind."""
    found = open_alerts(settings) if _has_journal(settings) else ()
    return dict(Counter(str(each["kind"]) for each in found))


def _has_journal(settings: Settings) -> bool:
    return (settings.data_dir / "journal.sqlite").exists()


def _stored(settings: Settings) -> list[Holding]:
    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.operate.holdings import holdings

    return holdings(ParquetBarStore(settings.data_dir)) if settings.data_dir.is_dir() else []


def last_due(settings: Settings, now: dt.datetime) -> dt.datetime | None:
    """When a run was due last; a gateway's time, of any speed, has no schedule to be held to.

    Parameters
    ----------
    settings
        The profile's.
    now
        This machine's time, aware UTC.
    """
    from sellkit.core.schedule import due_on

    if settings.connection.clock != "system":
        return None
    options = desk_options(settings)
    dates = [(now - days * _DAY).date() for days in range(8)]
    return max(
        (
            due
            for calendar in scheduled_calendars(settings)
            for date in dates
            for due in due_on(calendar, date, options.anchor, options.limits.early)
            if due <= now
        ),
        default=None,
    )


def _usage(settings: Settings) -> tuple[Usage | None, int]:
    rules, ledger = open_ledger(settings)
    if not (settings.data_dir / "pacing.sqlite").exists():
        return None, int(rules.burst)
    with closing(ledger):
        return ledger.usage(), int(rules.burst)


def _logged(settings: Settings) -> tuple[int, int]:
    """Connections that came back, and errors, in the log of the last 24 hours."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.wiring.log import log_file

    since = SystemClock().now() - _DAY
    reconnects = errors = 0
    for line in log_file(settings).lines(since.date()):
        event = _event(line)
        if str(event.get("timestamp", "")) < since.isoformat():
            continue
        errors += event.get("level") in _ERRORS
        reconnects += _is_reconnect(event)
    return reconnects, errors


def _event(line: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(line)
    except ValueError:  # a line that a crash tore
        return {}
    return found if isinstance(found, dict) else {}


def _is_reconnect(event: Mapping[str, object]) -> bool:
    epoch = event.get("epoch")
    is_standing = event.get("event") == "connection_standing" and event.get("ready") is True
    return is_standing and isinstance(epoch, int) and epoch > 1
