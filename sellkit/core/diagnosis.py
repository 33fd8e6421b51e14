"""What the doctor makes of this machine: Python, packages, clock, calendars, files; facts in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.checks import Check, critical, noted, warning, well
from sellkit.core.counting import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.custody import Finding

FIRST_PYTHON: Final = (3, 11)
LAST_PYTHON: Final = (3, 13)
"""ib_insync's eventkit does not import on 3.14."""

# Packages that ship the same module, or do the same to asyncio: what is installed later wins.
_CLASHES: Final = (
    (
        ("eventkit", "aeventkit"),
        "both install the module eventkit, and which of them is imported is left to chance",
        "pip uninstall aeventkit eventkit; pip install eventkit",
    ),
    (
        ("ib_insync", "ib_async"),
        "both ship eventkit and patch asyncio; sellkit is made for ib_insync",
        "pip uninstall ib_async aeventkit; pip install --force-reinstall eventkit",
    ),
)
_QUEUES_OF_ITS_OWN: Final = (7, 1)
"""Since ipykernel 7.1 cells that are queued behind a loop nested by nest_asyncio never run."""
_SAFE_NESTING: Final = (1, 7, 3)
_SOON: Final = dt.timedelta(days=30)
_LATER: Final = dt.timedelta(days=120)
_OLD: Final = dt.timedelta(days=365)
_SHOWN: Final = 3
SCARCE_SHARE: Final = 0.2
"""Of the least room: with less a day's journal, bars and notebooks may not be written any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or a file that sellkit uses.

    Attributes
    ----------
    what
        What it is for.
    path
        Where it is, or will be.
    is_writable
        Whether this person may write there.
    is_open
        Whether everybody may write there.
    """

    what: str
    path: str
    is_writable: bool
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Almanac:
    """The package that session calendars come from.

    Attributes
    ----------
    version
        Its version, which tells no date.
    installed
        When it was put here: what it knows of holidays is not newer, and may be older.
    """

    version: str
    installed: dt.date


def python(version: tuple[int, ...]) -> Check:
    """Whether sellkit runs on this Python.

    Parameters
    ----------
    version
        As `sys.version_info` begins.
    """
    told = ".".join(map(str, version))
    if FIRST_PYTHON <= version[:2] <= LAST_PYTHON:
        return well("python", told)
    first, last = (".".join(map(str, each)) for each in (FIRST_PYTHON, LAST_PYTHON))
    remedy = (
        f"make the environment anew with {first} to {last}: make PYTHON=python{last} clean sync"
    )
    return critical("python", f"{told} is not one of {first} to {last}", remedy)


def packages(installed: Mapping[str, tuple[int, ...]]) -> tuple[Check, ...]:
    """Whether packages are in each other's way.

    Parameters
    ----------
    installed
        The leading numbers of the versions of those that are there.
    """
    name, found = "packages", []
    for pair, why, remedy in _CLASHES:
        if all(each in installed for each in pair):
            found.append(critical(name, f"{' and '.join(pair)} are both installed: {why}", remedy))
    if "ib_insync" not in installed:
        found.append(critical(name, "ib_insync is not installed", "pip install ib_insync"))
    kernel = installed.get("ipykernel", ())
    is_safe = installed.get("nest_asyncio2", ()) >= _SAFE_NESTING
    if kernel >= _QUEUES_OF_ITS_OWN and "nest_asyncio" in installed and not is_safe:
        said = (
            "nest_asyncio on this ipykernel lets queued cells hang; raw_ib() refuses in notebooks"
        )
        remedy = 'only where raw_ib() is wanted: pip install "nest_asyncio2>=1.7.3"'
        found.append(noted(name, said, remedy))
    return tuple(found) or (well(name, "none is in another's way"),)


def calendars(ends: Mapping[str, dt.date], today: dt.date, almanac: Almanac | None = None) -> Check:
    """Whether the session calendars reach far enough, and what they know is not too old.

    How far they reach tells nothing of that: exchange_calendars goes on by its rules, to a year
    from the day it is asked.

    Parameters
    ----------
    ends
        The last session of each calendar.
    almanac
        Where they come from; None where that is not known.
    """
    if not ends:
        return noted("calendars", "no exchange is in use yet")
    name, last = min(ends.items(), key=lambda each: each[1])
    first = f" ({name})" if len(ends) > 1 else ""
    said = f"{', '.join(sorted(ends))}: sessions are known up to {last}{first}"
    remedy = "pip install --upgrade exchange_calendars: beyond the last session nothing is run"
    figures: dict[str, object] = {each: end.isoformat() for each, end in ends.items()}
    if almanac is not None:
        said += (
            f", by the rules of exchange_calendars {almanac.version}, installed "
            f"{almanac.installed}; a holiday proclaimed since is unknown"
        )
        figures["installed"] = almanac.installed.isoformat()
    if last - today < _SOON:
        return critical("calendars", said, remedy, figures)
    if last - today < _LATER:
        return warning("calendars", said, remedy, figures)
    if almanac is not None and today - almanac.installed > _OLD:
        remedy = "pip install --upgrade exchange_calendars, then start `sellkit schedule` again"
        return warning("calendars", said, remedy, figures)
    return well("calendars", said, figures)


def permissions(places: Sequence[Place]) -> Check:
    """Whether sellkit may write where it has to, and nobody else everywhere."""
    shut = [each for each in places if not each.is_writable]
    if shut:
        said = "; ".join(f"{each.what} cannot be written: {each.path}" for each in shut)
        return critical("permissions", said, f"chown or chmod {shut[0].path}")
    bare = [each for each in places if each.is_open]
    if bare:
        said = "; ".join(f"everybody may write {each.what}: {each.path}" for each in bare)
        return critical("permissions", said, f"chmod o-w {bare[0].path}")
    return well("permissions", f"{', '.join(each.what for each in places)} can be written")


def secrets(troubles: Sequence[str], places: Mapping[str, str]) -> Check:
    """Whether secrets are where only their owner reads them.

    Parameters
    ----------
    troubles
        Why some are refused.
    places
        Where each of the others was found, by its name.
    """
    if troubles:
        return critical("secrets", "; ".join(troubles), "as it says; until then it counts for none")
    if not places:
        return noted("secrets", "none is set; dry runs need none")
    return well("secrets", ", ".join(f"{name} ({place})" for name, place in places.items()))


def findings(name: str, said: str, found: Iterable[Finding], remedy: str) -> Check:
    """What a check of many files or rows came to.

    Parameters
    ----------
    said
        What was looked through.
    found
        What is wrong.
    """
    wrong = tuple(found)
    if not wrong:
        return well(name, f"{said}: all well")
    shown = "; ".join(f"{each.where}: {each.what}" for each in wrong[:_SHOWN])
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return critical(name, f"{said}: {counted(len(wrong), 'finding')}: {shown}{more}", remedy)


def clock(skew: dt.timedelta | None, limit: dt.timedelta, *, is_simulated: bool = False) -> Check:
    """Whether this machine's clock and Interactive Brokers' agree.

    Parameters
    ----------
    skew
        By how much this machine's is ahead; None where nobody told the time.
    limit
        Beyond which nothing is sent.
    is_simulated
        Whether the gateway is one that may keep a time of its own.
    """
    if skew is None:
        remedy = "start the gateway and ask again; see that the system keeps its clock by NTP"
        return noted("clock", "not held against Interactive Brokers': no gateway answers", remedy)
    seconds = skew.total_seconds()
    days = abs(seconds) / 86_400
    span = f"{days:.0f} days" if days >= 2 else f"{abs(seconds):.1f} s"
    said = f"{span} {'ahead of' if seconds > 0 else 'behind'} the gateway's"
    figures = {"ahead_seconds": round(seconds, 3)}
    # The gateway tells whole seconds, rounded down: up to one is no skew.
    if -limit <= skew <= limit + dt.timedelta(seconds=1):
        return well("clock", said, figures)
    remedy = (
        "let the system keep its clock: timedatectl set-ntp true (Linux), w32tm /resync (Windows), "
        "sntp -sS time.apple.com (macOS)"
    )
    if is_simulated:
        remedy = 'a simulated gateway may keep its own time: live by it with clock = "broker"'
    return critical("clock", f"{said}; more than {limit.total_seconds():g} s", remedy, figures)


def disk(free: int, least_megabytes: int) -> Check:
    """Whether there is room for the journal, the bars and the notebooks.

    Parameters
    ----------
    free
        Bytes.
    least_megabytes
        Below it there is little, and an alert says so, too; 0 asks for none.
    """
    megabytes = free / 1e6
    room = f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"
    said, figures = f"{room} free where the data lie", {"free_bytes": free}
    if megabytes >= least_megabytes:
        return well("disk", said, figures)
    said = f"{said}, and alerts.low_disk_megabytes = {least_megabytes}"
    remedy = "make room: `sellkit runs archive` packs notebooks of former months"
    grade = critical if megabytes < SCARCE_SHARE * least_megabytes else warning
    return grade("disk", said, remedy, figures)
