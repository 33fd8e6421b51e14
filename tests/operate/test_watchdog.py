"""The silence of a schedule is said once, and its end once, over every channel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sellkit.adapters.heartbeat_file import HeartbeatFile, WatchdogFile
from sellkit.core.heartbeat import Heartbeat, Late
from sellkit.core.message import AGAIN, Message
from sellkit.errors import NotTold
from sellkit.operate.watchdog import Watchdog
from tests.build import NOW, utc

LATE = Late(utc("2026-01-28 17:00"), "no run since 16:00")
BEAT = Heartbeat(at=NOW, last_due=utc("2026-01-28 16:00"), outcome="decided")
BACK = replace(BEAT, last_due=utc("2026-01-28 18:00"), outcome="undecided")


@dataclass
class Yard:
    """A watchdog with its memory on the disk."""

    folder: Path
    late: Late | None = LATE
    beat: Heartbeat | None = BEAT
    failing: set[str] = field(default_factory=set)
    sent: list[tuple[str, Message]] = field(default_factory=list)
    dies_after: int = 99

    def tell(self, channel: str, message: Message) -> None:
        if channel in self.failing:
            raise NotTold("no network")
        self.sent.append((channel, message))
        if len(self.sent) >= self.dies_after:
            raise KeyboardInterrupt

    def look(self, memory: WatchdogFile | None = None) -> Late | None:
        dog = Watchdog(
            memory=memory or WatchdogFile(self.folder),
            beat=lambda: self.beat,
            judge=lambda _: self.late,
            notifier=self,
            channels=["mail", "phone"],
            name="sellkit paper",
        )
        return dog.look()

    def said(self) -> list[tuple[str, str]]:
        return [(channel, each.title) for channel, each in self.sent]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_what_is_late_is_said_once_over_every_channel(yard: Yard) -> None:
    for _ in range(3):
        assert yard.look() == LATE
    title = "CRITICAL, sellkit paper: the schedule is late"
    assert yard.said() == [("mail", title), ("phone", title)]
    assert yard.sent[0][1].body == LATE.text


def test_that_it_is_back_is_said_once(yard: Yard) -> None:
    yard.look()
    yard.late, yard.beat = None, BACK
    for _ in range(3):
        assert yard.look() is None
    title = "sellkit paper: the schedule is back"
    assert yard.said()[2:] == [("mail", title), ("phone", title)]
    assert "its last run was that of 2026-01-28 18:00 UTC, undecided" in yard.sent[-1][1].body


def test_a_night_does_not_bring_it_back(yard: Yard) -> None:
    yard.look()
    yard.late = None
    assert yard.look() == LATE
    assert len(yard.sent) == 2


def test_what_is_late_again_is_said_again(yard: Yard) -> None:
    yard.look()
    yard.late, yard.beat = None, BACK
    yard.look()
    yard.late = replace(LATE, due=utc("2026-01-28 19:00"))
    yard.look()
    assert len(yard.sent) == 6


def test_where_all_is_well_nothing_is_said(yard: Yard) -> None:
    yard.late = None
    assert yard.look() is None
    assert yard.sent == []


def test_a_channel_that_fails_is_tried_again_and_the_others_not(yard: Yard) -> None:
    yard.failing = {"mail"}
    yard.look()
    yard.failing = set()
    yard.look()
    yard.look()
    assert [channel for channel, _ in yard.sent] == ["phone", "mail"]
    assert AGAIN not in yard.sent[1][1].body


def test_who_never_heard_that_it_was_late_does_not_hear_that_it_is_back(yard: Yard) -> None:
    yard.failing = {"mail"}
    yard.look()
    yard.failing, yard.late, yard.beat = set(), None, BACK
    yard.look()
    assert [channel for channel, _ in yard.sent] == ["phone", "phone"]


def test_a_watchdog_that_died_while_it_told_tells_that_channel_once_more(yard: Yard) -> None:
    yard.dies_after = 1
    with pytest.raises(KeyboardInterrupt):
        yard.look()
    yard.dies_after = 99
    yard.look()
    yard.look()
    assert [channel for channel, _ in yard.sent] == ["mail", "mail", "phone"]
    assert [AGAIN in each.body for _, each in yard.sent] == [False, True, False]


def test_a_memory_that_is_damaged_is_an_empty_one(yard: Yard) -> None:
    yard.look()
    (yard.folder / "watchdog.json").write_text("{torn", encoding="utf-8")
    yard.look()
    assert len(yard.sent) == 4


def test_a_disk_that_takes_nothing_does_not_silence_it(yard: Yard) -> None:
    """It may be the very reason why the schedule is late."""
    (yard.folder / "data").write_text("in the way", encoding="utf-8")
    memory = WatchdogFile(yard.folder / "data")
    for _ in range(2):
        assert yard.look(memory) == LATE
    assert [channel for channel, _ in yard.sent] == ["mail", "phone"]
    assert "cannot be written" in str(memory.trouble)
    (yard.folder / "data").unlink()
    yard.late, yard.beat = None, BACK
    assert yard.look(memory) is None
    assert [channel for channel, _ in yard.sent[2:]] == ["mail", "phone"]
    assert memory.trouble is None


# --- the heartbeat --------------------------------------------------------------------------------


def test_a_heartbeat_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path / "data")
    assert file.read() is None
    said = {"at": NOW, "last_due": BEAT.last_due, "outcome": "decided", "is_kept": True}
    assert file.beat(said) == file.read() == replace(BEAT, is_kept=True)


def test_a_heartbeat_keeps_what_was_said_before(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path)
    file.beat({"at": NOW, "last_due": BEAT.last_due, "outcome": "decided"})
    later = utc("2026-01-28 21:00")
    assert file.beat({"at": later, "next_due": later}) == replace(BEAT, at=later, next_due=later)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"at": "soon"}', '{"last_due": null}', '{"at": null}'),
        '{"at": "2026-01-28T16:00:00"}',
        '{"at": "2026-01-28T16:00:00+00:00", "last_due": "2026-01-28T16:00:00"}',
    ],
)
def test_a_heartbeat_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    file = HeartbeatFile(tmp_path)
    file.path.write_text(text, encoding="utf-8")
    assert file.read() is None


def test_a_heartbeat_of_a_newer_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path)
    file.path.write_text(f'{{"at": "{NOW.isoformat()}", "colour": "red"}}', encoding="utf-8")
    assert file.read() == Heartbeat(at=NOW)
