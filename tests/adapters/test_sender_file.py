"""Which profile sends for an account, as a file that every profile reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from sellkit.adapters.account_lease import FileLease
from sellkit.adapters.sender_file import SenderFile
from sellkit.errors import ConfigError
from tests.build import NOW, NUMBER, account


def sender(folder: Path, profile: str, number: str = NUMBER) -> SenderFile:
    journal = folder / "data" / profile / "journal.sqlite"
    return SenderFile(folder / "state", account(number), profile, journal, lambda: NOW)


def lease(folder: Path, profile: str) -> FileLease:
    return FileLease(folder / "state", account(), lambda: NOW, sender=sender(folder, profile))


def test_the_first_profile_that_claims_an_account_sends_for_it(tmp_path: Path) -> None:
    first, second = sender(tmp_path, "paper"), sender(tmp_path, "other")
    assert (first.trouble, second.trouble) == (None, None)
    first.claim()
    second.claim()
    assert first.trouble is None
    assert second.trouble == (
        f"the orders of main are sent by the profile paper, whose journal "
        f"{tmp_path / 'data' / 'paper' / 'journal.sqlite'} counts them: `sellkit arm --move` in "
        "this profile moves it here"
    )
    assert second.former() == ("paper", tmp_path / "data" / "paper" / "journal.sqlite")


def test_a_move_changes_who_sends(tmp_path: Path) -> None:
    first, second = sender(tmp_path, "paper"), sender(tmp_path, "other")
    first.claim()
    second.move()
    assert second.trouble is None
    assert "the profile other" in (first.trouble or "")
    assert (first.former() or ("",))[0] == "other"
    assert second.former() is None


def test_the_accounts_of_one_machine_have_senders_of_their_own(tmp_path: Path) -> None:
    sender(tmp_path, "paper").claim()
    assert sender(tmp_path, "other", "DU7").trouble is None


def test_another_profile_gets_no_lease_on_the_account(tmp_path: Path) -> None:
    sender(tmp_path, "paper").claim()
    other = lease(tmp_path, "other")
    assert not other.take()
    assert "sent by the profile paper" in (other.trouble or "")
    mine = lease(tmp_path, "paper")
    assert mine.take(), "the lock itself was left alone"
    mine.release()


def test_a_run_that_holds_the_lease_is_told_when_a_person_moves_the_account(
    tmp_path: Path,
) -> None:
    mine = lease(tmp_path, "paper")
    assert mine.take()
    assert mine.trouble is None
    sender(tmp_path, "other").move()
    assert "sent by the profile other" in (mine.trouble or "")
    mine.release()


def test_a_file_that_cannot_be_read_counts_against_sending(tmp_path: Path) -> None:
    mine = sender(tmp_path, "paper")
    mine.claim()
    mine.path.write_text("{")
    assert "cannot be read, which says who sends for main" in (mine.trouble or "")
    assert mine.former() is None
    mine.move()
    assert mine.trouble is None


def test_no_file_holds_the_account_number(tmp_path: Path) -> None:
    mine = sender(tmp_path, "paper")
    mine.claim()
    assert NUMBER not in mine.path.name + mine.path.read_text()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        sender(tmp_path, "paper").move()
