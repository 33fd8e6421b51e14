"""What every `Switches` and every `AccountLease` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from sellkit.adapters.account_lease import FileLease
from sellkit.adapters.switch_files import SwitchFiles
from sellkit.core.arming import Halt
from sellkit.ports.switches import AccountLease, Switches
from tests.build import NOW, SECOND, account, arming
from tests.fakes_live import MemoryLease, MemorySwitches

SECRET = "a secret of sixteen"
OTHER = account("DU7", "other")
HALT = Halt(NOW, "a person", "a try")


@pytest.fixture(params=["memory", "files"])
def switches(request: pytest.FixtureRequest, tmp_path: Path) -> Switches:
    return MemorySwitches() if request.param == "memory" else SwitchFiles(tmp_path / "s", SECRET)


def test_nothing_is_armed_or_halted_at_first(switches: Switches) -> None:
    assert switches.arming(account()).arming is None
    assert "not armed" in (switches.arming(account()).trouble or "")
    assert switches.halt() is None
    assert switches.disarm(None) == ()
    assert not switches.clear_halt()


def test_what_was_armed_is_told_as_it_was(switches: Switches) -> None:
    switches.arm(arming(max_notional=Decimal("50000.25")))
    assert switches.arming(account()).arming == arming(max_notional=Decimal("50000.25"))


def test_an_arming_is_one_of_its_account_alone(switches: Switches) -> None:
    switches.arm(arming())
    assert switches.arming(OTHER).arming is None


def test_a_second_arming_takes_the_place_of_the_first(switches: Switches) -> None:
    switches.arm(arming())
    later = arming(until=NOW + 60 * SECOND)
    switches.arm(later)
    assert switches.arming(account()).arming == later


def test_to_disarm_one_account_leaves_another_armed(switches: Switches) -> None:
    others = arming(account="other", fingerprint=OTHER.fingerprint)
    switches.arm(arming())
    switches.arm(others)
    assert switches.disarm(account()) == ("main",)
    assert switches.arming(account()).arming is None
    assert switches.arming(OTHER).arming == others


def test_to_disarm_every_account_names_each(switches: Switches) -> None:
    switches.arm(arming())
    switches.arm(arming(account="other", fingerprint=OTHER.fingerprint))
    assert sorted(switches.disarm(None)) == ["main", "other"]
    assert switches.arming(account()).arming is switches.arming(OTHER).arming is None


def test_a_halt_is_in_force_until_it_is_ended(switches: Switches) -> None:
    switches.set_halt(HALT)
    assert switches.halt() == HALT
    assert switches.clear_halt()
    assert switches.halt() is None


def test_a_second_halt_does_not_hide_the_first(switches: Switches) -> None:
    switches.set_halt(HALT)
    switches.set_halt(replace(HALT, reason="another"))
    assert switches.halt() == HALT


Leases = Callable[[], AccountLease]


@pytest.fixture(params=["memory", "files"])
def leases(request: pytest.FixtureRequest, tmp_path: Path) -> Leases:
    """Makes leases on one account, as several processes would."""
    if request.param == "memory":
        return partial(MemoryLease, [])
    return partial(FileLease, tmp_path / "s", account(), lambda: NOW)


def test_a_lease_that_was_not_taken_is_not_held(leases: Leases) -> None:
    assert "not held here" in (leases().trouble or "")


def test_the_first_to_take_a_lease_holds_it_and_the_second_does_not(leases: Leases) -> None:
    first, second = leases(), leases()
    assert first.take()
    assert not second.take()
    assert first.trouble is None
    assert second.trouble is not None
    first.release()


def test_to_take_a_lease_twice_is_to_hold_it(leases: Leases) -> None:
    lease = leases()
    assert lease.take()
    assert lease.take()
    lease.release()


def test_a_lease_that_was_released_can_be_taken_by_another(leases: Leases) -> None:
    first, second = leases(), leases()
    first.take()
    first.release()
    first.release()
    assert first.trouble is not None
    assert second.take()
    second.release()


def test_to_release_what_is_not_held_frees_nothing(leases: Leases) -> None:
    first, second = leases(), leases()
    first.take()
    second.release()
    assert not second.take()
    first.release()
