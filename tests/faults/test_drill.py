"""The drill: whom it plays, what it calls a pass, and what its table says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.faults.catalogue import COUNT, FAULTS
from tests.faults.drill import main
from tests.faults.outcome import Outcome, chosen
from tests.faults.table import summary, table

FAKED = """
import pytest
pytestmark = pytest.mark.fault(7)

@pytest.mark.fault(1)
def test_a(record_property):
    record_property("seen", "a wonder")

@pytest.mark.fault(2)
def test_b():
    assert 1 + 1 == 3

@pytest.mark.not_built
@pytest.mark.fault(3)
def test_c():
    pytest.fail("not built yet: the moon", pytrace=False)

@pytest.mark.not_built
@pytest.mark.fault(4)
def test_d():
    pass

@pytest.mark.fault(5)
def test_e():
    pytest.skip("no time")

@pytest.fixture
def stage():
    yield
    raise RuntimeError("the stage collapsed")

@pytest.mark.fault(6)
def test_f(stage):
    pass

def test_g():
    pass

def test_h():
    pytest.fail("not built yet: half of it", pytrace=False)
"""
USUAL = """
import pytest

@pytest.mark.not_built
@pytest.mark.fault(36)
def test_it_comes_as_far_as_the_ticket(play):
    play.not_built("the rest of the way")

@pytest.mark.fault(66)
def test_of_a_fraction(play):
    pass
"""
CALL = """
import sys
from pathlib import Path
from tests.faults import drill
outcomes, is_whole = drill.played(frozenset(range(1, 9)), Path(sys.argv[1]))
for each in outcomes:
    print(each.number, each.result, each.told(), sep="|")
print("", is_whole, sep="|")
print("usual", flush=True)
import pytest
words = ["-q", "-p", "no:cacheprovider", "-p", "tests.faults.conftest", "--collect-only"]
sys.exit(pytest.main([sys.argv[2], "-c", "pyproject.toml", *words]))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """What the drill says of tests that are made up, by number, and the usual run of such.

    Whether it came to its end stands under an empty name. Both are one process, for its imports.
    """
    folder = tmp_path_factory.mktemp("drill")
    (folder / "test_made_up.py").write_text(FAKED, encoding="utf-8")
    usual_folder = tmp_path_factory.mktemp("usual")
    (usual_folder / "test_usual.py").write_text(USUAL, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(folder), str(usual_folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    drilled, usual = done.stdout.split("usual\n")
    found = {row.split("|")[0]: tuple(row.split("|")[1:]) for row in drilled.splitlines()}
    return found | {"progress": (done.stderr,), "usual": (usual,)}


def test_a_fault_whose_test_passes_passes_and_says_what_was_seen(
    told: dict[str, tuple[str, ...]],
) -> None:
    assert told["1"] == ("pass", "a wonder")
    assert told[""] == ("True",)


def test_a_fault_whose_test_fails_fails(told: dict[str, tuple[str, ...]]) -> None:
    assert told["2"][0] == "FAIL"
    assert "1 + 1" in told["2"][1]


def test_what_is_not_built_says_what_is_missing(told: dict[str, tuple[str, ...]]) -> None:
    assert told["3"] == ("not built", "not built yet: the moon")


def test_what_is_marked_as_not_built_and_passes_fails(told: dict[str, tuple[str, ...]]) -> None:
    assert told["4"][0] == "FAIL"
    assert "take the mark away" in told["4"][1]


def test_a_fault_whose_test_is_skipped_fails(told: dict[str, tuple[str, ...]]) -> None:
    assert told["5"][0] == "FAIL"


def test_a_fault_whose_stage_collapses_fails(told: dict[str, tuple[str, ...]]) -> None:
    assert told["6"][0] == "FAIL"
    assert "the stage collapsed" in told["6"][1]


def test_a_fault_passes_only_when_all_of_its_tests_do(told: dict[str, tuple[str, ...]]) -> None:
    assert told["7"][0] == "not built"


def test_a_fault_without_any_test_fails(told: dict[str, tuple[str, ...]]) -> None:
    assert told["8"] == ("FAIL", "no test bears this number")


def test_the_usual_run_says_how_many_faults_it_leaves_out(told: dict[str, tuple[str, ...]]) -> None:
    (said,) = told["usual"]
    assert "faults not built yet, and left out: see `make drill`" in said
    assert "deselected" in said
    assert "test_of_a_fraction" in said


def test_a_line_for_each_fault_says_how_far_it_has_come(told: dict[str, tuple[str, ...]]) -> None:
    assert "[1/7] fault 1: pass" in told["progress"][0]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("43", {43}), ("1-3", {1, 2, 3}), ("3,5-6 7", {3, 5, 6, 7}), ("", set(FAULTS))],
)
def test_faults_are_chosen_by_number_and_range(text: str, numbers: set[int]) -> None:
    assert chosen(text) == numbers


@pytest.mark.parametrize("text", ["x", "75", "0-3", "5-", "-5", "7-5", ","])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|number"):
        chosen(text)


def test_the_drill_refuses_a_number_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["99"]) == 2
    assert "there is no fault 99" in capsys.readouterr().err


def test_every_fault_has_a_test() -> None:
    marked = re.compile(r"mark\.fault\((\d+)\)")
    files = Path(__file__).parent.glob("test_*_faults.py")
    numbers = {int(each) for file in files for each in marked.findall(file.read_text("utf-8"))}
    assert sorted(numbers) == sorted(FAULTS)


def test_the_table_keeps_to_its_width_and_says_everything() -> None:
    outcomes = [
        Outcome(1, tests=1, seconds=0.25, seen=["three attempts, each later than the last"]),
        Outcome(74, tests=1, missing=["the lock"]),
    ]
    lines = table(outcomes, 120).splitlines()
    assert max(map(len, lines)) <= 120
    text = " ".join(" ".join(lines).split())
    for part in ("what is done", "expected", "seen", "result", "0.25", "pass", "not built yet:"):
        assert part in text


def test_the_summary_counts_every_result() -> None:
    outcomes = [Outcome(1, tests=1), Outcome(2, tests=1, missing=["x"]), Outcome(3)]
    assert summary(outcomes).startswith("1 of 3 pass (there are 74), 1 are not built yet, 1 FAIL")
    whole = [Outcome(number, tests=1) for number in range(1, COUNT + 1)]
    assert summary(whole).startswith("74 of 74 pass;")
