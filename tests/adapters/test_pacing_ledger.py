"""The budget on disk: shared by processes, remembered over restarts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sellkit.adapters.pacing_ledger import PacingLedger
from sellkit.core.pacing import Ask, Grant, PacingRules, Urgency, Usage
from sellkit.errors import ConfigError

GATEWAY = "127.0.0.1:4002"
NOW = 1_800_000_000.0
HOUR, MINUTE, BACKFILL = Urgency.HOUR, Urgency.MINUTE, Urgency.BACKFILL


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


class Ledgers:
    """Ledgers of one file and clock, as several processes have them."""

    def __init__(self, folder: Path, time: Time) -> None:
        self.path = folder / "pacing.sqlite"
        self.time = time

    def __call__(self, rules: PacingRules | None = None, gateway: str = GATEWAY) -> PacingLedger:
        return PacingLedger(self.path, gateway, rules or PacingRules(), self.time)


@pytest.fixture
def ledger(tmp_path: Path, time: Time) -> Ledgers:
    return Ledgers(tmp_path, time)


def granted(of: PacingLedger, question: str, urgency: Urgency = HOUR) -> float:
    """Seconds to wait; 0 when it was counted."""
    return of.claim(Ask(question), urgency, of.now()).wait_seconds


def test_two_ledgers_draw_from_one_bucket(ledger: Ledgers, time: Time) -> None:
    rules = PacingRules(burst=2, reserve=0, requests_per_second=1)
    one, other = ledger(rules), ledger(rules)
    assert [granted(one, "a"), granted(other, "b")] == [0, 0]
    assert granted(one, "c") == pytest.approx(1)
    time.now += 1
    assert granted(other, "c") == 0


def test_another_gateway_has_a_budget_of_its_own(ledger: Ledgers) -> None:
    rules = PacingRules(burst=1, reserve=0, requests_per_second=1)
    assert granted(ledger(rules), "a") == 0
    assert granted(ledger(rules, "127.0.0.1:4001"), "a") == 0


def test_what_was_learned_is_remembered_over_a_restart(ledger: Ledgers, time: Time) -> None:
    first = ledger()
    first.slow_down()
    told = first.seconds_for(100)
    first.close()
    again = ledger()
    assert told > 15
    assert again.seconds_for(100) == told
    time.now += 86400
    assert again.seconds_for(100) == pytest.approx(10)


def test_whoever_waited_for_the_same_question_learns_that_it_was_answered(
    ledger: Ledgers, time: Time
) -> None:
    one, other = ledger(), ledger()
    ask = Ask("AAPL")
    assert one.claim(ask, HOUR, NOW).wait_seconds == 0
    time.now = NOW + 1
    assert other.claim(ask, HOUR, NOW + 1).wait_seconds == pytest.approx(14)
    time.now = NOW + 2
    one.settle(ask)
    time.now = NOW + 15
    assert other.claim(ask, HOUR, NOW + 1).is_answered
    afresh = other.claim(ask, HOUR, NOW + 15)
    assert (afresh.wait_seconds, afresh.is_answered) == (0, False)


def test_while_the_budget_is_kept_only_the_hourly_run_asks(ledger: Ledgers, time: Time) -> None:
    run, notebook = ledger(), ledger()
    run.reserve(180)
    assert granted(run, "hour") == 0
    assert granted(notebook, "minute", MINUTE) > 0
    time.now += 179
    assert granted(notebook, "year", BACKFILL) > 0
    run.close()
    assert granted(notebook, "year", BACKFILL) == 0


def test_a_budget_that_was_kept_by_a_run_that_died_is_free_again_in_time(
    ledger: Ledgers, time: Time
) -> None:
    ledger().reserve(180)
    time.now += 181
    assert granted(ledger(), "year", BACKFILL) == 0


def test_no_more_requests_are_open_than_allowed_among_all(ledger: Ledgers) -> None:
    rules = PacingRules(max_open=2)
    one, other = ledger(rules), ledger(rules)
    assert [granted(one, "a"), granted(other, "b")] == [0, 0]
    assert granted(one, "c") > 0
    other.settle(Ask("b"))
    assert granted(one, "c") == 0


def test_requests_of_a_process_that_died_do_not_stay_open_for_ever(
    ledger: Ledgers, time: Time
) -> None:
    rules = PacingRules(max_open=1)
    assert granted(ledger(rules), "a") == 0
    time.now += 60
    assert granted(ledger(rules), "b") > 0
    time.now += 121
    assert granted(ledger(rules), "b") == 0


def test_a_clock_that_went_back_locks_nobody_out(ledger: Ledgers, time: Time) -> None:
    one = ledger()
    assert granted(one, "a") == 0
    time.now -= 86400
    assert granted(one, "a") == pytest.approx(15)
    assert granted(one, "b") == 0


def test_nothing_is_made_before_something_is_counted(tmp_path: Path, time: Time) -> None:
    Ledgers(tmp_path / "data", time)().close()
    assert not (tmp_path / "data").exists()


def test_after_a_clock_went_back_an_answer_of_before_is_nobodys(
    ledger: Ledgers, time: Time
) -> None:
    one, ask = ledger(), Ask("a")
    assert granted(one, "a") == 0
    one.settle(ask)
    time.now -= 3600
    waited = one.claim(ask, HOUR, one.now())
    assert not waited.is_answered
    time.now += waited.wait_seconds
    assert one.claim(ask, HOUR, time.now - 15) == Grant(0.0)


@pytest.mark.parametrize("back", [1, 7200])
def test_a_clock_that_went_back_does_not_keep_the_budget_for_hours(
    ledger: Ledgers, time: Time, back: float
) -> None:
    one = ledger()
    one.reserve(180)
    time.now -= back
    assert one.usage().kept_seconds <= 180 + 1
    time.now += 180 + back
    assert granted(one, "a", BACKFILL) == 0


def test_ledgers_of_a_file_that_was_removed_meet_in_the_new_one(ledger: Ledgers) -> None:
    one = ledger()
    assert granted(one, "a") == 0
    for path in ledger.path.parent.iterdir():
        path.unlink()
    other = ledger()
    assert granted(other, "b") == 0
    assert granted(one, "b") == pytest.approx(15)
    one.close()
    assert granted(other, "b") == pytest.approx(15)


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_file_that_is_torn_is_put_aside_and_counting_begins_anew(
    ledger: Ledgers, content: bytes | None
) -> None:
    one = ledger()
    for number in range(8):
        assert granted(one, f"question {number} " * 500) == 0
    one.close()
    whole = ledger.path.read_bytes()
    torn = content or whole[:8192] + bytes(len(whole) - 8192)
    ledger.path.write_bytes(torn)
    one, other = ledger(), ledger()
    assert [granted(one, "a"), granted(other, "b")] == [0, 0]
    assert granted(other, "a") == pytest.approx(15)
    assert ledger.path.with_name("pacing.sqlite.damaged").read_bytes() == torn


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path, time: Time) -> None:
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be used") as told:
        granted(Ledgers(tmp_path / "data", time)(), "a")
    assert "\n" not in str(told.value)


WORKER = """
import random, sys
from pathlib import Path
from sellkit.adapters.pacing_ledger import PacingLedger
from sellkit.core.pacing import Ask, PacingRules, Urgency, Usage

folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
clock, looked = folder / "clock", [0.0]


def now():
    # Virtual time: the file's length in hundredths of a second, which every look moves on.
    with clock.open("ab") as file:
        file.write(b".")
        looked[0] = 1_800_000_000 + file.tell() / 100
        return looked[0]


ledger = PacingLedger(folder / "pacing.sqlite", "gateway", PacingRules(
    requests_per_second=20, burst=6, reserve=2), now)
for _ in range(60):
    small = chance.random() < 0.5
    series = f"series{chance.randrange(3)}"
    ask = Ask(f"{series}-{chance.randrange(6)}-{small}", series, small, chance.choice((1, 1, 2)))
    urgency, since = chance.choice(list(Urgency)), now()
    for _ in range(200):
        grant = ledger.claim(ask, urgency, since)
        if grant.is_answered:
            break
        if not grant.wait_seconds:
            print(looked[0], ask.question, series, int(small), ask.weight)
            ledger.settle(ask)
            break
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_processes_under_one_virtual_clock_never_break_a_rule_between_them(
    tmp_path: Path, seed: int
) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(seed * 10 + number)],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in range(3)
    ]
    lines = [line for each in workers for line in each.communicate(timeout=60)[0].splitlines()]
    assert [each.returncode for each in workers] == [0, 0, 0]
    log = sorted((float(line.split()[0]), *line.split()[1:]) for line in lines)
    assert len(log) > 60
    tokens, before = 6.0, log[0][0]
    for place, (at, question, series, small, weight) in enumerate(log):
        tokens = min(6.0, tokens + 20 * (at - before)) - 1
        before = at
        assert tokens > -1e-6
        past = log[:place]
        assert all(at - one[0] >= 15 - 1e-6 for one in past if one[1] == question)
        if small == "1":
            burst = [one for one in past if one[2:4] == (series, "1") and at - one[0] < 2 - 1e-6]
            assert len(burst) < 5
            ten = [int(one[4]) for one in past if one[3] == "1" and at - one[0] < 600 - 1e-6]
            assert sum(ten) + int(weight) <= 60


def test_what_is_used_of_the_budget_is_told_to_all(ledger: Ledgers, time: Time) -> None:
    rules = PacingRules(burst=8, requests_per_second=10)
    one, other = ledger(rules), ledger(rules)
    assert one.usage() == Usage(sent=0, open=0, left=8, per_second=10.0, kept_seconds=0.0)
    granted(one, "a")
    granted(one, "b")
    one.settle(Ask("a"))
    one.reserve(90)
    assert other.usage() == Usage(sent=2, open=1, left=6, per_second=10.0, kept_seconds=90.0)
    time.now += 601
    assert other.usage() == Usage(sent=0, open=0, left=8, per_second=10.0, kept_seconds=0.0)


def test_a_wait_for_the_same_question_is_told_apart_from_one_for_a_token(ledger: Ledgers) -> None:
    of = ledger(PacingRules(burst=2, reserve=0, requests_per_second=1))
    granted(of, "a")
    assert of.claim(Ask("a"), HOUR, of.now()).is_own
    granted(of, "b")
    assert not of.claim(Ask("c"), HOUR, of.now()).is_own
