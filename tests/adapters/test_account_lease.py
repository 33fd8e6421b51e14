"""The lease on an account between processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sellkit.adapters import durable_file
from sellkit.adapters.account_lease import FileLease
from sellkit.errors import ConfigError
from tests.adapters.lease_holders import hold
from tests.adapters.processes import PROCESSES
from tests.build import NOW, NUMBER, account


def lease(folder: Path, number: str = NUMBER, patience_seconds: float = 0.0) -> FileLease:
    return FileLease(folder, account(number), lambda: NOW, patience_seconds=patience_seconds)


@contextmanager
def looked_at(folder: Path) -> Iterator[None]:
    """Somebody tries the lock for a moment, and leaves no name."""
    folder.mkdir(exist_ok=True)
    with (folder / f"lease-{account().fingerprint}.lock").open("a+b") as file:
        assert durable_file.take(file.fileno())
        yield


def test_another_process_that_holds_it_is_named(tmp_path: Path) -> None:
    here, there = PROCESSES.Pipe()
    holder = PROCESSES.Process(target=hold, args=(tmp_path, there), daemon=True)
    holder.start()
    assert here.recv()
    mine = lease(tmp_path)
    assert not mine.take()
    assert not mine.is_free()
    told = f"not held here; process {holder.pid} has held it since 2026-01-28T20:00:20+00:00"
    assert told in (mine.trouble or "")
    here.send("end")
    holder.join()
    assert mine.take()
    mine.release()


def test_it_is_free_once_its_holder_was_killed(tmp_path: Path) -> None:
    here, there = PROCESSES.Pipe()
    holder = PROCESSES.Process(target=hold, args=(tmp_path, there), daemon=True)
    holder.start()
    assert here.recv()
    holder.kill()
    holder.join()
    mine = lease(tmp_path)
    assert mine.take()
    assert str(os.getpid()) in (tmp_path / f"lease-{account().fingerprint}.json").read_text()
    mine.release()


def test_the_accounts_of_one_machine_do_not_share_a_lease(tmp_path: Path) -> None:
    one, other = lease(tmp_path), lease(tmp_path, "DU7")
    assert one.take()
    assert other.take()
    one.release()
    other.release()


def test_a_lease_whose_file_was_removed_is_lost(tmp_path: Path) -> None:
    """Another process would lock a new file of the same name."""
    mine = lease(tmp_path)
    mine.take()
    (tmp_path / f"lease-{account().fingerprint}.lock").unlink()
    assert "is lost" in (mine.trouble or "")
    assert not mine.take()
    rival = lease(tmp_path)
    assert rival.take()
    rival.release()
    mine.release()


def test_to_ask_whether_it_is_free_makes_and_takes_nothing(tmp_path: Path) -> None:
    assert lease(tmp_path / "none").is_free()
    assert not (tmp_path / "none").exists()
    mine = lease(tmp_path)
    mine.take()
    assert not mine.is_free()
    assert not lease(tmp_path).is_free()
    mine.release()
    assert lease(tmp_path).is_free()
    assert mine.take()
    mine.release()


def test_a_look_at_a_lease_that_nobody_is_named_for_does_not_touch_the_lock(
    tmp_path: Path,
) -> None:
    with looked_at(tmp_path):
        assert lease(tmp_path).is_free(), "who only looks is nobody"


def test_one_who_only_looks_keeps_no_run_from_starting(tmp_path: Path) -> None:
    with looked_at(tmp_path):
        assert not lease(tmp_path).take()
    with ExitStack() as stack:
        stack.enter_context(looked_at(tmp_path))
        end = threading.Timer(0.2, stack.close)
        end.start()
        mine = lease(tmp_path, patience_seconds=60)
        assert mine.take()
        end.join()
    mine.release()


def test_no_file_holds_the_account_number(tmp_path: Path) -> None:
    mine = lease(tmp_path)
    mine.take()
    for path in tmp_path.iterdir():
        assert NUMBER not in path.name + path.read_text()
    mine.release()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        lease(tmp_path / "file").take()
