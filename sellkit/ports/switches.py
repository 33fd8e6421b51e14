"""What sellkit asks of the place where switches stand, and of the lease on an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sellkit.core.arming import Arming, ArmingSeen, Halt
    from sellkit.core.portfolio import Account


class Switches(Protocol):
    """Arming and halt, read from the disk whenever they are asked for; every process sees them.

    Whatever cannot be read counts against sending: no arming, and a halt.
    """

    def arming(self, account: Account) -> ArmingSeen:
        """The record of an account, if it is bound to the secret of this process, or why not."""
        ...

    def arm(self, arming: Arming) -> None:
        """Write a record, in place of a former one of the account.

        Raises
        ------
        ConfigError
            There is no secret to bind it to, or it cannot be written.
        """
        ...

    def disarm(self, account: Account | None) -> tuple[str, ...]:
        """Remove an account's record, or every one; the aliases that stood in them."""
        ...

    def halt(self) -> Halt | None:
        """The halt that is in force."""
        ...

    def set_halt(self, halt: Halt) -> None:
        """Halt every process; a halt that is in force stays as it is."""
        ...

    def clear_halt(self) -> bool:
        """End the halt; whether there was one."""
        ...


class AccountLease(Protocol):
    """The right to send orders for one account: one process on this machine has it at a time.

    The system frees it when that process ends, however it ends.
    """

    @property
    def trouble(self) -> str | None:
        """Why this process does not hold it, and who does; None while it does."""
        ...

    def take(self) -> bool:
        """Take it if nobody else holds it; whether this process holds it now."""
        ...

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        ...
