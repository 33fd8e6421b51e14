"""Asks this machine, the profile's files and, where one answers, its gateway how they are."""

from __future__ import annotations

import datetime as dt
import os
import stat
import sys
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.errors import NoCalendar, SellkitError
from sellkit.wiring.parts import open_ledger
from sellkit.wiring.probed import known_standing, open_probes
from sellkit.wiring.runs import scheduled_calendars
from sellkit.wiring.vitals import free_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.adapters.ib.surveying import SurveyingBroker
    from sellkit.config import Overrides, Settings
    from sellkit.core.checks import Check
    from sellkit.core.diagnosis import Almanac, Place
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.operate.doctor import Asked, Profile

_PACKAGES: Final = (
    *("eventkit", "aeventkit", "ib_insync", "ib_async"),
    *("ipykernel", "nest_asyncio", "nest_asyncio2"),
)
_TO_STORE: Final = "`sellkit status` fetches what is needed"
_ASIDE: Final = 71
"""How far the client id lies from the profile's highest: beyond every other that sellkit uses."""


def examine(chosen: Overrides, *, is_offline: bool = False) -> Iterator[Check]:
    """Every check, in the order in which it matters; a failing one ends none of the others.

    Parameters
    ----------
    chosen
        What flags say instead of the settings.
    is_offline
        No gateway is asked.

    Raises
    ------
    ConfigError
        The settings themselves cannot be used.
    """
    from sellkit.config import load
    from sellkit.config.secret import secret_places, secret_troubles
    from sellkit.core import diagnosis
    from sellkit.operate import doctor

    settings = load(chosen)
    yield diagnosis.python(tuple(sys.version_info[:3]))
    yield from diagnosis.packages(_installed())
    yield diagnosis.disk(free_bytes(settings.data_dir), settings.file.alerts.low_disk_megabytes)
    yield diagnosis.permissions(_places(settings))
    yield diagnosis.secrets(secret_troubles(), secret_places())
    yield _calendars(settings)
    yield from _files(settings)
    profile = _profile(settings)
    yield doctor.port(profile)
    asked = None if is_offline else _ask(settings)
    yield from doctor.gateway(profile, asked)
    yield _clock(settings, asked)
    yield from doctor.probe(open_probes(settings).read(), _standing(settings))


def _installed() -> dict[str, tuple[int, ...]]:
    """The leading numbers of the versions of those packages that are there."""
    found: dict[str, tuple[int, ...]] = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            parts = version(name).split(".")
            found[name] = tuple(int(each) for each in parts if each.isdecimal())
    return found


def _places(settings: Settings) -> list[Place]:
    from sellkit.core.diagnosis import Place

    places = {
        "data": settings.data_dir,
        "logs": settings.log_dir,
        "state": settings.state_dir,
        "assignments": settings.assignments_path,
        "settings": settings.source,
        "journal": settings.data_dir / "journal.sqlite",
    }
    return [
        Place(what, str(path), _is_writable(path), _is_open(path))
        for what, path in places.items()
        if path is not None
    ]


def _is_writable(path: Path) -> bool:
    while not path.exists():
        path = path.parent
    return os.access(path, os.W_OK)


def _is_open(path: Path) -> bool:
    """Whether everybody may write there; Windows tells it otherwise, and is not asked."""
    if sys.platform == "win32" or not path.exists():
        return False
    return bool(path.stat().st_mode & stat.S_IWOTH)


def _calendars(settings: Settings) -> Check:
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.checks import critical
    from sellkit.core.diagnosis import calendars

    try:
        found = {each.name: each.last_date for each in scheduled_calendars(settings)}
    except (SellkitError, NoCalendar) as error:
        return critical("calendars", str(error), "mend the assignments: `sellkit assign`")
    return calendars(found, SystemClock().now().date(), _almanac())


def _almanac() -> Almanac | None:
    """What an installer wrote last tells the day, whatever dates the files in a package bear."""
    from sellkit.core.diagnosis import Almanac
    from sellkit.core.market_time import UTC

    with suppress(PackageNotFoundError, OSError):
        package = distribution("exchange_calendars")
        record = next((each for each in package.files or () if each.name == "RECORD"), None)
        if record is None:
            return None
        written = Path(record.locate()).stat().st_mtime
        return Almanac(package.version, dt.datetime.fromtimestamp(written, UTC).date())
    return None


def _files(settings: Settings) -> Iterator[Check]:
    """The stored bars and the journal."""
    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.core.checks import critical, noted
    from sellkit.operate import doctor
    from sellkit.wiring.evidence import audit

    if not settings.data_dir.is_dir():
        yield noted("bars", f"nothing is stored in {settings.data_dir} yet", _TO_STORE)
        return
    try:
        yield doctor.bars(ParquetBarStore(settings.data_dir))
    except SellkitError as error:
        yield critical("bars", str(error), "`sellkit data verify`")
    if not (settings.data_dir / "journal.sqlite").exists():
        yield noted("journal", "there is none yet", "`sellkit run`")
        return
    try:
        report = audit(settings)
    except SellkitError as error:
        yield critical("journal", str(error), "keep a copy of the folder, then see to the disk")
    else:
        yield doctor.journal(report.rows, report.notebooks, report.findings)


def _profile(settings: Settings) -> Profile:
    from sellkit.adapters.clock import SystemClock
    from sellkit.operate.doctor import Profile
    from sellkit.wiring.upkeep import upkeep_of

    at = settings.connection
    return Profile(
        name=settings.profile,
        address=f"{at.host}:{at.port}",
        port=at.port,
        expected=at.gateway,
        accounts=settings.file.accounts,
        account=at.account,
        upkeep=upkeep_of(at).name(SystemClock().now()),
    )


def _ask(settings: Settings) -> Asked | str:
    """What the gateway answers, or why it does not."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.ib.surveying import SurveyingBroker

    at, requests = settings.connection, settings.file.requests
    rules, ledger = open_ledger(settings)
    try:
        with closing(ledger):
            broker = SurveyingBroker.connect(
                host=at.host,
                port=at.port,
                client_id=_client_id(settings),
                clock=SystemClock() if at.clock == "system" else None,
                connect_timeout_seconds=requests.connect_timeout_seconds,
                request_timeout_seconds=requests.timeout_seconds,
                pacing=rules,
                ledger=ledger,
            )
            with closing(broker):
                return _told(settings, broker)
    except SellkitError as error:
        return str(error)


def _client_id(settings: Settings) -> int:
    return max(settings.connection.client_id, settings.connection.viewer_client_id) + _ASIDE


def _told(settings: Settings, broker: SurveyingBroker) -> Asked:
    from sellkit.adapters.clock import SystemClock
    from sellkit.operate.doctor import Asked

    skew = None
    if settings.connection.clock == "system":
        clock = SystemClock()
        before, theirs, after = clock.now(), broker.server_time(), clock.now()
        # A slow answer is no wrong clock: what they told may stem from any time in between.
        skew = min(max(theirs, before), after) - theirs
    standing = broker.standing
    return Asked(
        kind=broker.kind,
        accounts=broker.account_numbers,
        skew=skew,
        doubt="" if standing.is_ready else standing.reason,
        lists_trouble=_lists_trouble(settings, broker),
    )


def _lists_trouble(settings: Settings, broker: SurveyingBroker) -> str:
    """Why positions and orders did not come; "" when they came.

    Of a read-only gateway the open orders come, too; that it is one shows by those that ended.
    """
    from sellkit.wiring.account import resolve_account

    try:
        account = resolve_account(settings, broker.account_numbers)
        broker.survey(_client_id(settings)).lists(account)
    except SellkitError as error:
        return str(error)
    return ""


def _clock(settings: Settings, asked: Asked | str | None) -> Check:
    from sellkit.core.checks import noted, well
    from sellkit.core.diagnosis import clock
    from sellkit.core.portfolio import GatewayKind
    from sellkit.operate.doctor import Asked

    if settings.connection.clock == "broker":
        return well("clock", 'sellkit lives by the gateway\'s: clock = "broker"')
    if asked is None:
        return noted("clock", "not held against the gateway's: it was not asked")
    limit = dt.timedelta(seconds=settings.file.orders.max_clock_skew_seconds)
    if not isinstance(asked, Asked):
        return clock(None, limit)
    return clock(asked.skew, limit, is_simulated=asked.kind is GatewayKind.SIMULATED)


def _standing(settings: Settings) -> ProbeStanding:
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.wiring.switching import named_account

    try:
        return known_standing(settings, named_account(settings))
    except SellkitError as error:
        return ProbeStanding(None, f"not held against an account: {error}")
