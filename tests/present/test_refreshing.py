"""Background work of panels: one of each name, and all of it ends."""

from __future__ import annotations

import subprocess
import sys
import threading

from sellkit.present.refreshing import Refresher, Refreshers

SECONDS = 30.0


def test_work_goes_on_until_it_is_told_to_end() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(own: Refresher) -> None:
        begun.set()
        while own.wait(SECONDS):
            raise AssertionError("it was not told")
        ended.set()

    refreshers = Refreshers()
    refresher = refreshers.start("a", work)
    assert begun.wait(SECONDS)
    assert refreshers.running() == ("a",)
    refresher.stop()
    assert refresher.join(SECONDS)
    assert ended.is_set()
    assert refreshers.running() == ()


def test_the_next_of_a_name_begins_only_when_the_former_has_ended() -> None:
    said: list[str] = []
    may_end, is_told = threading.Event(), threading.Event()

    def first(own: Refresher) -> None:
        own.on_stop(is_told.set)
        own.wait(SECONDS)
        assert may_end.wait(SECONDS)
        said.append("first ended")

    refreshers = Refreshers()
    refreshers.start("a", first)
    second = refreshers.start("a", lambda _own: said.append("second began"))
    assert is_told.wait(SECONDS)
    assert said == []
    may_end.set()
    assert second.join(SECONDS)
    assert said == ["first ended", "second began"]


def test_one_that_is_replaced_before_it_began_never_works() -> None:
    said: list[str] = []
    may_end = threading.Event()
    refreshers = Refreshers()
    refreshers.start("a", lambda _own: may_end.wait(SECONDS) and None)
    refreshers.start("a", lambda _own: said.append("second"))
    third = refreshers.start("a", lambda _own: said.append("third"))
    may_end.set()
    assert third.join(SECONDS)
    assert said == ["third"]


def test_another_name_is_left_alone() -> None:
    refreshers = Refreshers()
    kept = refreshers.start("a", lambda own: own.wait(SECONDS) and None)
    refreshers.start("b", lambda own: own.wait(SECONDS) and None)
    refreshers.start("b", lambda _own: None)
    assert not kept.is_over
    refreshers.stop_all()
    assert refreshers.running() == ()


def test_what_is_to_be_called_at_the_end_is_called_once_also_when_it_comes_too_late() -> None:
    said: list[str] = []
    refresher = Refresher("a", lambda own: own.wait(SECONDS) and None)
    refresher.on_stop(lambda: said.append("in time"))
    refresher.start()
    refresher.stop()
    refresher.stop()
    refresher.on_stop(lambda: said.append("late"))
    assert said == ["in time", "late"]
    assert refresher.join(SECONDS)


def test_the_end_of_the_process_ends_all_and_is_not_kept_waiting() -> None:
    program = """
from sellkit.present.refreshing import REFRESHERS
def work(own):
    own.wait(1000)
    print("ended", flush=True)
REFRESHERS.start("a", work)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "ended\n"
