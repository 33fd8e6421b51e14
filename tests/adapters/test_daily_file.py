"""A file of lines for each day: written by several processes, archived, read as a whole."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from sellkit.adapters.daily_file import DailyFile

NOON = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
WRITERS, LINES = 4, 400
ROOT = Path(__file__).resolve().parents[2]

# Each writer's clock crosses midnight amid its lines, at another one than the others' do.
WRITER = """
import datetime as dt, json, sys
from pathlib import Path
from sellkit.adapters.daily_file import DailyFile

path, number, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
midnight = dt.datetime(2026, 6, 11, tzinfo=dt.UTC)
written = 0

def now():
    return midnight + dt.timedelta(milliseconds=written - count // 2 + 7 * number)

file = DailyFile(path, now=now)
print("ready", flush=True)
sys.stdin.readline()
for written in range(count):
    text = "x" * (1 + (written * 37 + number) % 900)
    file.append((json.dumps({"writer": number, "line": written, "text": text}) + "\\n").encode())
"""


class Calendar:
    """A clock that is set by hand."""

    def __init__(self, now: dt.datetime = NOON) -> None:
        self.moment = now

    def __call__(self) -> dt.datetime:
        return self.moment


def names(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in found if path.suffix != ".lock"}


def test_no_line_is_lost_or_torn_when_several_processes_write_at_midnight(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "signals.jsonl"
    words = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen(
            [*words, str(number), str(LINES)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in range(WRITERS)
    ]
    for each in writers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in writers:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    for each in writers:
        each.communicate(timeout=100)
        assert each.returncode == 0
    told = [json.loads(line) for line in DailyFile(path).lines()]
    found = Counter((each["writer"], each["line"]) for each in told)
    assert set(found.values()) == {1}
    assert len(found) == WRITERS * LINES
    assert names(tmp_path / "logs") == {
        "signals.jsonl",
        "2026-06/signals-2026-06-10.jsonl.gz",
    }


def test_a_new_day_begins_a_new_file_and_packs_the_former_one(tmp_path: Path) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock)
    file.append(b"one\n")
    clock.moment += DAY
    file.append(b"two\n")
    packed = tmp_path / "2026-06" / "a-2026-06-10.jsonl.gz"
    assert gzip.decompress(packed.read_bytes()) == b"one\n"
    assert file.path.read_bytes() == b"two\n"
    assert names(tmp_path) == {"a.jsonl", "2026-06/a-2026-06-10.jsonl.gz"}


def test_lines_of_all_days_are_read_in_order_and_from_a_day_on(tmp_path: Path) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock)
    for number in range(4):
        file.append(f"{number}\n".encode())
        clock.moment += DAY
    (tmp_path / "a-2026-06-09.jsonl").write_bytes(b"left by a crash\n")
    assert list(file.lines()) == [b"left by a crash", b"0", b"1", b"2", b"3"]
    assert list(file.lines(since=dt.date(2026, 6, 12))) == [b"2", b"3"]
    assert list(DailyFile(tmp_path / "absent" / "a.jsonl").lines()) == []


def test_files_of_the_same_folder_do_not_mix(tmp_path: Path) -> None:
    clock = Calendar()
    files = [DailyFile(tmp_path / f"{name}.jsonl", now=clock) for name in ("a", "a-b")]
    for _ in range(2):
        for file in files:
            file.append(f"{file.path.stem}\n".encode())
        clock.moment += DAY
    assert [list(file.lines()) for file in files] == [[b"a", b"a"], [b"a-b", b"a-b"]]


@pytest.mark.parametrize("is_removed", [True, False])
def test_a_crash_while_packing_loses_no_day_and_is_made_good(
    tmp_path: Path, is_removed: bool
) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock)
    file.append(b"one\n")
    clock.moment += DAY
    file.append(b"two\n")
    packed = tmp_path / "2026-06" / "a-2026-06-10.jsonl.gz"
    (tmp_path / "a-2026-06-10.jsonl").write_bytes(b"one\n")  # not removed yet
    if is_removed:
        packed.unlink()  # not packed yet
    assert list(file.lines()) == [b"one", b"two"]
    clock.moment += DAY
    file.append(b"three\n")
    assert list(file.lines()) == [b"one", b"two", b"three"]
    assert "a-2026-06-10.jsonl" not in names(tmp_path)


def test_a_crash_between_renaming_and_the_next_line_goes_on_with_the_new_day(
    tmp_path: Path,
) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock)
    file.append(b"one\n")
    file.path.rename(tmp_path / "a-2026-06-10.jsonl")
    clock.moment += DAY
    file.append(b"two\n")
    assert list(file.lines()) == [b"one", b"two"]


def test_a_clock_that_is_set_back_begins_no_day_twice(tmp_path: Path) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock)
    for step in (0, 1, -1, 1):
        clock.moment += step * DAY
        file.append(b"line\n")
    assert len(list(file.lines())) == 4
    assert names(tmp_path) == {"a.jsonl", "2026-06/a-2026-06-10.jsonl.gz"}


def test_a_file_from_before_days_were_noted_is_put_under_its_last_lines_day(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old\n")
    today = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    file = DailyFile(path, now=Calendar(today + DAY))
    file.append(b"new\n")
    assert list(file.lines()) == [b"old", b"new"]
    assert f"{today:%Y-%m}/a-{today:%Y-%m-%d}.jsonl.gz" in names(tmp_path)


def test_archived_days_are_removed_after_the_days_that_they_are_kept(tmp_path: Path) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock, keep_days=2)
    for number in range(6):
        file.append(f"{number}\n".encode())
        clock.moment += DAY
    assert list(file.lines()) == [b"3", b"4", b"5"]


def test_a_day_that_cannot_be_packed_does_not_keep_the_next_line_from_being_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Calendar()
    file = DailyFile(tmp_path / "a.jsonl", now=clock)
    file.append(b"one\n")
    (tmp_path / "2026-06").write_text("a file in the way of the folder", encoding="utf-8")
    clock.moment += DAY
    file.append(b"two\n")
    assert list(file.lines()) == [b"one", b"two"]
    assert [each.getMessage() for each in caplog.records] == ["former_days_not_packed"]


def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    file = DailyFile(tmp_path / "a.jsonl")
    threads = [
        threading.Thread(target=lambda: [file.append(b"0123456789\n") for _ in range(50)])
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert list(file.lines()) == [b"0123456789"] * 200


def test_a_lock_that_is_never_given_back_stops_nobody_from_writing(
    tmp_path: Path,
) -> None:
    clock = Calendar()
    path = tmp_path / "a.jsonl"
    mine = DailyFile(path, now=clock)
    other = DailyFile(path, now=clock, patience_seconds=0.01)
    mine.append(b"one\n")
    clock.moment += DAY
    with mine._held():
        other.append(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    mine.append(b"three\n")
    assert list(mine.lines()) == [b"one", b"two", b"three"]
