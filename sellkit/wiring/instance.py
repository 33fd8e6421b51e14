"""One schedule for a profile, and for an account."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError, ScheduleRuns
from sellkit.wiring.switching import named_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sellkit.adapters.account_lease import FileLease
    from sellkit.config import Settings

_KIND = "schedule"


@dataclass(frozen=True, slots=True)
class _Whose:
    """A profile, or an account of which no more is known than its stamp says."""

    name: str
    fingerprint: str

    def __str__(self) -> str:
        return self.name


class Instance:
    """The right to run the schedule of a profile, and of the account that it turns out to have.

    Parameters
    ----------
    settings
        The profile's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._held: list[FileLease] = []
        self._account: str | None = None

    def take(self) -> None:
        """Take what is not held yet; an account that no setting names is known after its first run.

        Raises
        ------
        ScheduleRuns
            Another process runs a schedule for the profile, or for the account.
        """
        if not self._held:
            profile = self._settings.profile
            self._take(self._settings.data_dir, _Whose(f"the profile {profile}", profile))
        whose = _account(self._settings)
        if whose is not None and whose.fingerprint != self._account:
            self._take(self._settings.state_dir, whose)
            self._account = whose.fingerprint

    def release(self) -> None:
        """Give everything back."""
        while self._held:
            self._held.pop().release()

    def _take(self, folder: Path, whose: _Whose) -> None:
        from sellkit.adapters.account_lease import FileLease
        from sellkit.adapters.clock import SystemClock

        lease = FileLease(folder, whose, SystemClock().now, kind=_KIND)
        if not lease.take():
            raise ScheduleRuns(
                f"{lease.trouble}: one schedule is enough; end the other one, or leave it to it"
            )
        self._held.append(lease)


@contextmanager
def only_one(settings: Settings) -> Iterator[Instance]:
    """The only schedule of a profile and its account, as long as the block lasts.

    Raises
    ------
    ScheduleRuns
        There is another one.
    """
    instance = Instance(settings)
    try:
        instance.take()
        yield instance
    finally:
        instance.release()


def _account(settings: Settings) -> _Whose | None:
    """By its name in the settings, or else as the profile's data are stamped."""
    from sellkit.adapters.origin_stamp import OriginStamp

    try:
        named = named_account(settings)
    except ConfigError:
        stamp = OriginStamp(settings.data_dir).read()
        return None if stamp is None else _Whose(stamp.alias, stamp.fingerprint)
    return _Whose(named.alias, named.fingerprint)
