"""Arming and halt on the disk: sealed, and read by every process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sellkit.adapters.switch_files import SwitchFiles
from sellkit.core.arming import Halt
from sellkit.errors import ConfigError
from tests.adapters.lease_holders import read_switches
from tests.adapters.processes import PROCESSES
from tests.build import NOW, NUMBER, account, arming

SECRET = "a secret of sixteen"
HALT = Halt(NOW, "a person", "a try")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def switches(folder: Path) -> SwitchFiles:
    return SwitchFiles(folder, SECRET)


def arming_file(folder: Path) -> Path:
    (found,) = folder.glob("arming-*.json")
    return found


def trouble(switches: SwitchFiles) -> str:
    seen = switches.arming(account())
    assert seen.arming is None
    return seen.trouble or ""


def test_without_the_secret_nothing_is_armed(folder: Path, switches: SwitchFiles) -> None:
    switches.arm(arming())
    assert "SELLKIT_LIVE_SECRET is not set" in trouble(SwitchFiles(folder, None))


def test_an_arming_of_another_secret_is_none(folder: Path, switches: SwitchFiles) -> None:
    switches.arm(arming())
    assert "was not made with this SELLKIT_LIVE_SECRET" in trouble(
        SwitchFiles(folder, SECRET + "x")
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("until", "2026-01-30T20:00:20+00:00"),
        ("armed_at", "2026-01-28T20:00:20+00:00"),
        ("max_notional", "2000000"),
        ("profile", "live"),
        ("gateway", "live"),
        ("account", "other"),
        ("fingerprint", "0" * 12),
        ("arming_id", "ffffffff"),
    ],
)
def test_an_arming_that_was_changed_afterwards_is_none(
    folder: Path, switches: SwitchFiles, name: str, value: str
) -> None:
    switches.arm(arming())
    path = arming_file(folder)
    told: dict[str, Any] = json.loads(path.read_text())
    assert told["arming"][name] != value
    told["arming"][name] = value
    path.write_text(json.dumps(told))
    assert "was changed since" in trouble(switches)


def test_an_arming_with_a_field_more_is_none(folder: Path, switches: SwitchFiles) -> None:
    switches.arm(arming())
    path = arming_file(folder)
    told = json.loads(path.read_text())
    told["arming"]["more"] = "x"
    path.write_text(json.dumps(told))
    assert "was changed since" in trouble(switches)


def test_an_arming_of_another_account_is_found_out_under_a_changed_name(
    folder: Path, switches: SwitchFiles
) -> None:
    other = account("DU7", "other")
    switches.arm(arming(account="other", fingerprint=other.fingerprint))
    arming_file(folder).rename(folder / f"arming-{account().fingerprint}.json")
    seen = switches.arming(account()).arming
    assert seen is not None
    assert "another account" in (seen.doubt(NOW, account(), "demo", seen.gateway) or "")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"arming": {}, "seal": ""}', "null"])
def test_an_arming_that_cannot_be_read_is_none(
    folder: Path, switches: SwitchFiles, text: str
) -> None:
    switches.arm(arming())
    arming_file(folder).write_text(text)
    assert "cannot be read" in trouble(switches)
    assert switches.disarm(None) == ("one that cannot be read",)


@pytest.mark.parametrize("secret", [None, "", "fifteen letters"])
def test_a_missing_or_short_secret_arms_nothing(folder: Path, secret: str | None) -> None:
    with pytest.raises(ConfigError, match="SELLKIT_LIVE_SECRET is not set, or has fewer than 16"):
        SwitchFiles(folder, secret).arm(arming())
    assert not folder.exists()


def test_neither_the_secret_nor_the_account_number_stands_in_a_file(
    folder: Path, switches: SwitchFiles
) -> None:
    switches.arm(arming())
    switches.set_halt(HALT)
    for path in folder.iterdir():
        assert SECRET not in path.read_text()
        assert NUMBER not in path.read_text() + path.name


@pytest.mark.parametrize("text", ["", "{", '{"at": "noon", "by": "x", "reason": "y"}'])
def test_a_halt_that_cannot_be_read_is_one(folder: Path, switches: SwitchFiles, text: str) -> None:
    folder.mkdir()
    (folder / "halt.json").write_text(text)
    halt = switches.halt()
    assert halt is not None
    assert "cannot be read" in halt.reason
    assert switches.clear_halt()
    assert switches.halt() is None


def test_a_folder_that_cannot_be_used_arms_nothing_and_halts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    switches = SwitchFiles(tmp_path / "file", SECRET)
    with pytest.raises(ConfigError, match="cannot be written"):
        switches.arm(arming())
    assert switches.halt() is not None


def test_another_process_sees_each_switch_at_once(folder: Path, switches: SwitchFiles) -> None:
    here, there = PROCESSES.Pipe()
    reader = PROCESSES.Process(target=read_switches, args=(folder, there), daemon=True)
    reader.start()
    seen = []
    acts = [
        lambda: None,
        lambda: switches.arm(arming()),
        lambda: switches.set_halt(HALT),
        lambda: switches.disarm(account()),
        switches.clear_halt,
    ]
    for act in acts:
        act()
        here.send(True)
        seen.append(here.recv())
    here.send(False)
    reader.join()
    assert seen == [
        (None, None),
        (arming(), None),
        (arming(), HALT),
        (None, HALT),
        (None, None),
    ]
