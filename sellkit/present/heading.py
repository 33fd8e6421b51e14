"""The line over every table and chart: in which mode, for whom and as of when."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sellkit.core.market_time import UTC, calendar_for, has_calendar

if TYPE_CHECKING:
    import datetime as dt

_ALARM = "#b3261e"
_CALM = {"simulated": "#1f5f99", "paper": "#23703a", "live": "#8a5a00"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Heading:
    """Under which conditions a table or a chart was made.

    Attributes
    ----------
    mode
        `DRY RUN` for instance; any other mode gets an alarming colour, whatever the gateway.
    profile, account
        The profile and the account's alias.
    gateway
        What stands at the other end: simulated, paper or live.
    as_of
        The moment described, aware UTC.
    zone_exchange
        The exchange on whose clock the moment is also told, `NASDAQ` for instance.
    """

    mode: str
    profile: str
    account: str
    gateway: str
    as_of: dt.datetime
    zone_exchange: str

    @property
    def moment(self) -> str:
        """`2025-11-28 10:00:05 EST (15:00:05 UTC)`."""
        return two_clocks(self.as_of, self.zone_exchange, "%H:%M:%S")

    @property
    def conditions(self) -> str:
        """Everything but the mode, in one line."""
        return f"{self.source} · as of {self.moment}"

    @property
    def source(self) -> str:
        """Profile, account and gateway."""
        return f"profile {self.profile} · account {self.account} · {self.gateway} gateway"

    @property
    def colour(self) -> str:
        """Of the banner: that of the gateway, or red where orders may go out."""
        return heading_colour(self.mode, str(self.gateway))

    def record(self) -> dict[str, str]:
        """The heading as plain text by name, for tables that machines read."""
        return {
            "mode": self.mode,
            "profile": self.profile,
            "account": self.account,
            "gateway": str(self.gateway),
            "as_of": self.as_of.astimezone(UTC).isoformat(),
        }

    def __str__(self) -> str:
        return f"{self.mode} · {self.conditions}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        bar = f"background:{self.colour};color:#fff;padding:6px 12px;border-radius:3px"
        return (
            f'<div class="sellkit-heading" style="{bar};font-family:sans-serif">'
            f"<b>{escape(self.mode)}</b> &nbsp; {escape(self.conditions)}</div>"
        )


def heading_colour(mode: str, gateway: str) -> str:
    """The colour of a banner; white on it reads, and it reads in both themes."""
    return _CALM.get(gateway, _CALM["live"]) if mode == "DRY RUN" else _ALARM


def two_clocks(instant: dt.datetime, exchange: str, time: str = "%H:%M") -> str:
    """An instant on the exchange's clock with UTC behind it; UTC alone where no clock is known.

    The date stands again before UTC where it is another one there.
    """
    utc = instant.astimezone(UTC)
    if not has_calendar(exchange):
        return f"{utc:%Y-%m-%d {time} UTC}"
    local = calendar_for(exchange).local(utc)
    date = "" if local.date() == utc.date() else "%Y-%m-%d "
    return f"{local:%Y-%m-%d {time} %Z} ({utc:{date}{time}} UTC)"


def two_clocks_span(start: dt.datetime, end: dt.datetime, exchange: str) -> str:
    """`2025-11-28 10:00 to 11:00 EST (15:00 to 16:00 UTC)`."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if not has_calendar(exchange):
        return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC"
    local = calendar_for(exchange).local
    date = "" if local(first).date() == first.date() else "%Y-%m-%d "
    return (
        f"{local(first):%Y-%m-%d %H:%M} to {local(last):%H:%M %Z} "
        f"({first:{date}%H:%M} to {last:%H:%M} UTC)"
    )
