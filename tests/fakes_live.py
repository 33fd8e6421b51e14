"""Stand-ins for the switches of live mode and for the lease, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from sellkit.core.arming import Arming, ArmingSeen, Halt
from sellkit.core.portfolio import Account


class MemorySwitches:
    """`Switches` of one process."""

    def __init__(self) -> None:
        self._armed: dict[str, Arming] = {}
        self._halt: Halt | None = None

    def arming(self, account: Account) -> ArmingSeen:
        found = self._armed.get(account.fingerprint)
        return ArmingSeen(found) if found else ArmingSeen(None, "live mode is not armed for it")

    def arm(self, arming: Arming) -> None:
        self._armed[arming.fingerprint] = arming

    def disarm(self, account: Account | None) -> tuple[str, ...]:
        gone = [
            each
            for each in self._armed.values()
            if account is None or each.fingerprint == account.fingerprint
        ]
        for each in gone:
            del self._armed[each.fingerprint]
        return tuple(sorted(each.account for each in gone))

    def halt(self) -> Halt | None:
        return self._halt

    def set_halt(self, halt: Halt) -> None:
        self._halt = self._halt or halt

    def clear_halt(self) -> bool:
        was, self._halt = self._halt, None
        return was is not None


@dataclass
class MemoryLease:
    """An `AccountLease`; those that share a list of holders exclude each other."""

    holders: list[MemoryLease] = field(default_factory=list)

    @property
    def trouble(self) -> str | None:
        return None if any(each is self for each in self.holders) else "the lease is not held here"

    def take(self) -> bool:
        if not self.holders:
            self.holders.append(self)
        return self.trouble is None

    def release(self) -> None:
        if self.trouble is None:
            self.holders.clear()
