"""Which profile sends orders for an account: its journal counts them, and no other one does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.core.portfolio import Account

_REMEDY: Final = "allow sellkit to write there, or set SELLKIT_STATE_DIR"
_MOVE: Final = "`sellkit arm --move` in this profile moves it here"


class SenderFile:
    """What an account's limits of a day and its open tickets rest on: one journal for all orders.

    Parameters
    ----------
    folder
        Shared by all processes; made when it is not there.
    account
        Whose orders; the file is named after its fingerprint.
    profile, journal
        The profile of this process and its journal's file.
    now
        The machine's time, aware UTC.
    """

    def __init__(
        self,
        folder: Path,
        account: Account,
        profile: str,
        journal: Path,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._folder = folder
        self._account = account
        self._profile = profile
        self._journal = journal.resolve()
        self._now = now
        self.path = folder / f"sender-{account.fingerprint}.json"

    @property
    def trouble(self) -> str | None:
        """Why this profile sends nothing for the account; None when it does, or none does yet."""
        try:
            profile, journal = self._told()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return f"{self.path} cannot be read, which says who sends for {self._account}: {_MOVE}"
        if journal == self._journal:
            return None
        return (
            f"the orders of {self._account} are sent by the profile {profile}, whose journal "
            f"{journal} counts them: {_MOVE}"
        )

    def former(self) -> tuple[str, Path] | None:
        """The other profile that sends for the account, and its journal, where one is known."""
        try:
            profile, journal = self._told()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if journal == self._journal else (profile, journal)

    def claim(self) -> None:
        """Let this profile send for the account if none does yet.

        Raises
        ------
        ConfigError
            The folder cannot be written.
        """
        if not self.path.exists():
            self.move()

    def move(self) -> None:
        """Let this profile send for the account, whichever did before.

        Raises
        ------
        ConfigError
            The folder cannot be written.
        """
        told = {
            "profile": self._profile,
            "journal": str(self._journal),
            "since": self._now().isoformat(timespec="seconds"),
        }
        with durable_file.writing(self._folder, _REMEDY):
            durable_file.make_folder(self._folder)
            durable_file.replace(self.path, json.dumps(told, indent=1).encode())

    def _told(self) -> tuple[str, Path]:
        told = json.loads(self.path.read_bytes())
        return str(told["profile"]), Path(str(told["journal"]))
