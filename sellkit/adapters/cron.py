"""Moments by cron expressions, on the clock of a zone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from cronsim import CronSim, CronSimError

from sellkit.core.market_time import zone_named
from sellkit.errors import ConfigError, NoCalendar

if TYPE_CHECKING:
    from sellkit.core.schedule import Following

_FIELDS: Final = 5
_FORM: Final = (
    "write minute, hour, day of month, month and day of week, as 30 16 * * mon-fri; 0 and 7 are "
    "Sunday, 1 Monday"
)


def cron(name: str, expression: str, zone: str) -> Following:
    """What tells the next moment of an expression.

    A moment that the clock passes over when it is put forward comes right after; one that comes
    twice when it is put back counts once, unless the hour is a `*`: as Debian's cron has it.

    Parameters
    ----------
    name
        The entry's, for an error.
    expression
        Five fields as `cron` takes them, weekdays and months by name as well.
    zone
        Name of a time zone in the tz database, `America/New_York` or `UTC` for instance.

    Raises
    ------
    ConfigError
        The expression or the zone is none.
    """
    try:
        clock = zone_named(zone)
        if len(expression.split()) != _FIELDS:
            raise ConfigError(
                f"schedule entry {name!r}: {expression!r} has not five fields: {_FORM}"
            )
        CronSim(expression, dt.datetime.min.replace(year=2000, tzinfo=clock))
    except NoCalendar as error:
        raise ConfigError(f"schedule entry {name!r}: {error}") from None
    except CronSimError as error:
        raise ConfigError(
            f"schedule entry {name!r}: cron = {expression!r} is not usable ({error}): {_FORM}"
        ) from None

    def following(after: dt.datetime) -> dt.datetime | None:
        found = next(CronSim(expression, after.astimezone(clock)), None)
        return None if found is None else found.astimezone(dt.UTC)

    return following
