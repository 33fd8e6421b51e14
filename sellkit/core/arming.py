"""What a person switches: the arming of an account for orders, and the halt of everything."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.portfolio import GatewayKind

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.core.portfolio import Account

LONGEST_ARMING: Final = dt.timedelta(days=5)
"""An arming may span sessions, but a person comes back to it every week."""

_CLOCKS_DIFFER: Final = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arming:
    """That a person allowed orders for one account, up to a time and an amount.

    Attributes
    ----------
    arming_id
        Eight hex digits, by which the journal knows it.
    profile, account, fingerprint
        For which profile and account: the alias, and what tells its number without naming it.
    gateway
        The kind of gateway that the profile expects.
    armed_at, until
        Aware UTC, by the clock that the profile lives by.
    max_notional
        How much may be sold under it altogether, in the instruments' currency.
    """

    arming_id: str
    profile: str
    account: str
    fingerprint: str
    gateway: GatewayKind
    armed_at: dt.datetime
    until: dt.datetime
    max_notional: Decimal

    def doubt(
        self, now: dt.datetime, account: Account, profile: str, expected: GatewayKind | None
    ) -> str | None:
        """Why it does not allow orders for this account now; None when it does."""
        if account.fingerprint != self.fingerprint:
            return f"live mode was armed for another account than {account}: arm it, too"
        if account.alias != self.account:
            return (
                f"live mode was armed when the account {account} was called {self.account}: arm "
                "it anew, so that what was sold since is counted under one name"
            )
        if profile != self.profile or expected is not self.gateway:
            return (
                f"live mode was armed for the profile {self.profile} at a {self.gateway} gateway, "
                f"not for {profile} at {expected or 'any'}: arm this one"
            )
        return self._doubt_of_time(now)

    def _doubt_of_time(self, now: dt.datetime) -> str | None:
        if now >= self.until:
            return f"the arming ran out at {self.until:%Y-%m-%d %H:%M} UTC: arm again"
        if now < self.armed_at - _CLOCKS_DIFFER:
            return (
                f"the arming begins only at {self.armed_at:%Y-%m-%d %H:%M:%S} UTC, after the "
                "present: the clock was set back; arm again"
            )
        if self.until - self.armed_at > LONGEST_ARMING:
            return f"the arming lasts longer than {LONGEST_ARMING.days} days: arm again"
        return None


@dataclass(frozen=True, slots=True)
class ArmingSeen:
    """What there is of an arming: the record that can be trusted, or why there is none."""

    arming: Arming | None
    trouble: str | None = None

    def __post_init__(self) -> None:
        if (self.arming is None) == (self.trouble is None):
            raise ValueError("an arming is there, or there is a reason why not")


@dataclass(frozen=True, slots=True)
class Halt:
    """That nothing may be sent, whatever else allows it, until a person says so.

    Attributes
    ----------
    at
        Since when, aware UTC; None when that cannot be read any more.
    by
        Who halted: `a person`, or what did it by itself.
    reason
        Why.
    """

    at: dt.datetime | None
    by: str
    reason: str

    def __str__(self) -> str:
        since = "" if self.at is None else f" since {self.at:%Y-%m-%d %H:%M:%S} UTC"
        return f"halted by {self.by}{since}: {self.reason}"
