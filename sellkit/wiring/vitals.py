"""Gathers what the health of a profile is judged by; no gateway is asked, nothing is changed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.errors import NoCalendar, SellkitError
from sellkit.wiring.alerts import open_alerts
from sellkit.wiring.parts import open_book, open_journal, open_ledger, present_of
from sellkit.wiring.runs import scheduled_calendars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sellkit.config import Overrides, Settings
    from sellkit.core.assignments import Timeframe
    from sellkit.core.checks import Check
    from sellkit.core.health import SeriesAge, Vitals
    from sellkit.core.instrument import Token
    from sellkit.core.pacing import Usage
    from sellkit.core.past_runs import JournalledRun
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
    no_runs: tuple[tuple[JournalledRun, ...], dict[str, int]] = ((), {})
    no_holdings: list[Holding] = []
    no_due: dt.datetime | None = None
    no_ages: tuple[SeriesAge, ...] = ()
    no_alerts: dict[str, int] = {}
    found = asked("bars", lambda: _stored(settings), no_holdings)
    now, lag = present_of(chosen, found)
    reconnects, errors = asked("connection", lambda: _logged(settings), (0, 0))
    usage, budget = asked("budget", lambda: _usage(settings), no_usage)
    runs, tickets = asked(JOURNAL, lambda: _journalled(settings, now), no_runs)
    return Vitals(
        now=now,
        series=asked("bars", lambda: tuple(_ages(settings, found, now - lag)), no_ages),
        run=runs[-1] if runs else None,
        due=asked("bars", lambda: _due(settings, now), no_due),
        tickets=tickets,
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


def _journalled(
    settings: Settings, now: dt.datetime
) -> tuple[tuple[JournalledRun, ...], dict[str, int]]:
    """Every run, and the tickets that are not settled or of today by their states."""
    if not _has_journal(settings):
        return (), {}
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
        runs = tuple(each for each in journal.past_runs.all() if _is_of_its_time(each))
        return runs, dict(Counter(states.values()))


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


def _ages(settings: Settings, found: list[Holding], now: dt.datetime) -> Iterator[SeriesAge]:
    """How old the series are that assignments need, the missing ones among them."""
    from sellkit.core.assignments import Timeframe
    from sellkit.core.bars import BarSize
    from sellkit.core.health import SeriesAge

    sizes = {Timeframe.H1: (BarSize.M30, 3), Timeframe.D1: (BarSize.D1, 1)}
    stored = {(str(each.token), each.key.bar_size): each for each in found}
    for token, timeframe in _assigned(settings).items():
        size, most = sizes[timeframe]
        held = stored.get((str(token), size))
        label = f"{token} {size}"
        if held is None or held.figures.last is None:
            yield SeriesAge(label, None, 0, most)
        else:
            yield _age(label, held, now, most)


def _assigned(settings: Settings) -> Mapping[Token, Timeframe]:
    from sellkit.core.market_time import has_calendar

    found = open_book(settings).load().assignments
    return {token: each.timeframe for token, each in found.items() if has_calendar(token.exchange)}


def _age(label: str, held: Holding, now: dt.datetime, most: int) -> SeriesAge:
    from sellkit.core.bars import slots_until
    from sellkit.core.health import SeriesAge
    from sellkit.core.market_time import calendar_for

    assert held.token is not None  # noqa: S101  (it was found by its token)
    calendar = calendar_for(held.token.exchange, extended=not held.key.rth)
    last = held.figures.last
    since = slots_until(now, held.key.bar_size, calendar, anchor=held.key.anchor, since=last)
    newest = next((each.end for each in since if each.start == last), last)
    behind = sum(each.start > last for each in since if last is not None)
    return SeriesAge(label, newest, behind, most)


def _due(settings: Settings, now: dt.datetime) -> dt.datetime | None:
    """When a run was due last; a gateway's time, of any speed, has no schedule to be held to."""
    from sellkit.core.schedule import due_on

    if settings.connection.clock != "system":
        return None
    anchor = settings.file.bars.hour_anchor
    dates = [(now - days * _DAY).date() for days in range(8)]
    return max(
        (
            due
            for calendar in scheduled_calendars(settings)
            for date in dates
            for due in due_on(calendar, date, anchor)
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
