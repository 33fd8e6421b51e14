"""Which of the past runs are wanted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.month import Month
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.core.past_runs import JournalledRun, RunVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What a run has to be; what is None is left open.

    Attributes
    ----------
    since, until
        The first and the last day (UTC) of the moment that it is about.
    mode
        `DRY RUN` or `LIVE`.
    account
        By its alias.
    verdict
        Its verdict.
    token
        `NASDAQ:AAPL`, or the symbol alone: it judged this position.
    last
        At most so many, the latest.
    """

    since: dt.date | None = None
    until: dt.date | None = None
    mode: str | None = None
    account: str | None = None
    verdict: RunVerdict | None = None
    token: str | None = None
    last: int | None = None

    def takes(self, facts: JournalledRun) -> bool:
        """Whether a run is wanted, as far as the journal alone can tell."""
        return self._is_in_time(facts) and self._is_of_kind(facts)

    def _is_in_time(self, facts: JournalledRun) -> bool:
        if self.since is None and self.until is None:
            return True
        if facts.moment is None:
            return False
        day = facts.moment.date()
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )

    def _is_of_kind(self, facts: JournalledRun) -> bool:
        if self.mode not in (None, facts.mode) or self.account not in (None, facts.account):
            return False
        if self.token is None:
            return True
        wanted = self.token.strip().upper()
        return any(wanted in (each, each.rpartition(":")[2]) for each in facts.tokens)


def days(
    month: str | None, since: str | None, until: str | None
) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last of the days that flags name: a month's, or each by itself.

    Raises
    ------
    ConfigError
        A text is no month or no day, both ways are used at once, or they end before they begin.
    """
    if month is not None:
        if since is not None or until is not None:
            raise ConfigError("--month names the days already: leave --since and --until out")
        whole = Month.parse(month)
        return whole.first, whole.last
    first, last = _day(since, "--since"), _day(until, "--until")
    if first is not None and last is not None and last < first:
        raise ConfigError(f"--until {last} lies before --since {first}")
    return first, last


def _day(text: str | None, flag: str) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{flag} {text!r} is no day; write it as 2026-06-10") from None
