"""When a gateway is away by plan: its restart each day, and the login that each week asks for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from sellkit.core.market_time import UTC, zone_named
from sellkit.errors import ConfigError, NoCalendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    *("Saturday", "Sunday"),
)
RESTART: Final = "the daily restart"
LOGIN: Final = "the weekly login"

_TIME: Final = re.compile(r"(?:([A-Za-z]+) +)?(\d\d):(\d\d) +(\S+)")
_LONGEST_DAILY: Final = dt.timedelta(hours=12)
_LONGEST_WEEKLY: Final = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of each day or week, on some zone's clock.

    Attributes
    ----------
    name
        What happens then.
    at, zone
        When it begins; where a clock change leaves that time out, an hour later by the clock.
    weekday
        0 is Monday; None is each day.
    length
        How long it may take.
    """

    name: str
    at: dt.time
    zone: dt.tzinfo
    weekday: int | None
    length: dt.timedelta

    @classmethod
    def parse(cls, name: str, text: str, length: dt.timedelta) -> Self:
        """Read `23:45 America/New_York`, or `Sunday 01:00 America/New_York`.

        Raises
        ------
        ConfigError
            It is no time with a zone, its kind is not that of `name`, or it is too long.
        """
        found = _TIME.fullmatch(" ".join(text.split()))
        is_weekly = name == LOGIN
        form = "Sunday 01:00 America/New_York" if is_weekly else "23:45 America/New_York"
        if found is None or bool(found[1]) is not is_weekly:
            raise ConfigError(f"{text!r} is no time of {name}: write it as {form!r}")
        day = (found[1] or "").capitalize()
        if is_weekly and day not in WEEKDAYS:
            raise ConfigError(f"{found[1]!r} is no day of the week: write {', '.join(WEEKDAYS)}")
        longest = _LONGEST_WEEKLY if is_weekly else _LONGEST_DAILY
        if not dt.timedelta() < length <= longest:
            raise ConfigError(f"{name} lasts {length}, and may last up to {longest}")
        try:
            at, zone = dt.time(int(found[2]), int(found[3])), zone_named(found[4])
        except (ValueError, NoCalendar) as error:
            raise ConfigError(f"{text!r} is no time of {name}: {error}") from error
        return cls(name, at, zone, WEEKDAYS.index(day) if is_weekly else None, length)

    def ends(self, now: dt.datetime) -> dt.datetime | None:
        """When the window that holds `now` ends, aware UTC; None outside."""
        days = self.length.days + 2
        found = (each + self.length for each in self._begins(now, days))
        return next((each for each in found if now < each), None)

    def latest(self, now: dt.datetime) -> dt.datetime:
        """When it began the last time, aware UTC."""
        return next(self._begins(now, 9))  # nine days hold any day of the week

    def _begins(self, now: dt.datetime, days: int) -> Iterator[dt.datetime]:
        """When it began within so many days, the latest first."""
        today = now.astimezone(self.zone).date()
        for back in range(days):
            day = today - dt.timedelta(days=back)
            if self.weekday in (None, day.weekday()):
                begin = dt.datetime.combine(day, self.at, self.zone).astimezone(UTC)
                if begin <= now:
                    yield begin


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The windows of a gateway.

    Attributes
    ----------
    windows
        Any number of them; none where nothing is known.
    """

    windows: tuple[Window, ...] = ()

    @classmethod
    def of(cls, windows: Iterable[Window | None]) -> Self:
        """Those that are there."""
        return cls(tuple(each for each in windows if each is not None))

    def name(self, now: dt.datetime) -> str:
        """What is under way at a moment; "" outside every window."""
        return next((each.name for each in self.windows if each.ends(now)), "")

    def restart_ends(self, now: dt.datetime) -> dt.datetime | None:
        """When the daily restart that is under way ends at the latest; None when none is.

        It ends by itself; the weekly login does not, and is waited for by nobody.
        """
        ends = (each.ends(now) for each in self.windows if each.name == RESTART)
        return next((each for each in ends if each is not None), None)
