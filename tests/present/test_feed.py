"""The snapshots of a watch on a thread: who gets them, and what becomes of the connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sellkit.core.watched import Watched
from sellkit.errors import ConfigError, NotConnected
from sellkit.present.feed import Feed
from sellkit.present.refreshing import Refreshers
from tests.present.live_desk import SECONDS, MadeUpDesk, row_of, watched


@pytest.fixture
def refreshers() -> Iterator[Refreshers]:
    made = Refreshers()
    yield made
    made.stop_all()


@pytest.fixture
def feed(refreshers: Refreshers) -> Feed:
    return Feed("test", refreshers, again_seconds=0.01)


@pytest.fixture
def desk() -> MadeUpDesk:
    return MadeUpDesk()


class Heard:
    """What a subscriber was told."""

    def __init__(self) -> None:
        self.told: list[Watched] = []
        self._came = threading.Semaphore(0)

    def __call__(self, found: Watched) -> None:
        self.told.append(found)
        self._came.release()

    def wait(self) -> None:
        assert self._came.acquire(timeout=SECONDS)


def test_every_subscriber_gets_every_snapshot(feed: Feed, desk: MadeUpDesk) -> None:
    first, second = Heard(), Heard()
    feed.subscribe(first)
    feed.subscribe(second)
    feed.begin(desk)
    assert desk.connected.acquire(timeout=SECONDS)
    snapshot = watched([row_of(1)])
    desk.open[0].give(snapshot)
    first.wait()
    second.wait()
    assert first.told == second.told == [snapshot]


def test_who_comes_late_gets_the_newest_at_once_and_who_leaves_gets_no_more(
    feed: Feed, desk: MadeUpDesk
) -> None:
    first, late = Heard(), Heard()
    leave = feed.subscribe(first)
    feed.begin(desk)
    assert desk.connected.acquire(timeout=SECONDS)
    desk.open[0].give(watched([row_of(1)]))
    first.wait()
    feed.subscribe(late)
    late.wait()
    leave()
    desk.open[0].give(watched([row_of(2)], minute=2))
    late.wait()
    assert [each.minute for each in late.told] == [1, 2]
    assert len(first.told) == 1


def test_a_subscriber_that_fails_ends_nobody_and_is_told_of(feed: Feed, desk: MadeUpDesk) -> None:
    def fail(_found: Watched) -> None:
        raise ValueError("a chart that cannot be drawn")

    heard = Heard()
    feed.subscribe(fail)
    feed.subscribe(heard)
    feed.begin(desk)
    assert desk.connected.acquire(timeout=SECONDS)
    desk.open[0].give(watched([row_of(1)]))
    heard.wait()
    assert feed.mishap == "ValueError: a chart that cannot be drawn"
    assert feed.is_running


def test_a_gateway_that_is_away_is_tried_again_until_it_is_there(
    feed: Feed, desk: MadeUpDesk
) -> None:
    desk.trouble = NotConnected("nothing listens")
    feed.begin(desk)
    for _ in range(3):
        assert desk.asked.acquire(timeout=SECONDS)
    assert feed.trouble == "nothing listens"
    desk.trouble = None
    assert desk.connected.acquire(timeout=SECONDS)
    heard = Heard()
    feed.subscribe(heard)
    desk.open[0].give(watched([row_of(1)]))
    heard.wait()
    assert feed.trouble == ""


def test_settings_that_cannot_be_used_end_it_and_say_so(feed: Feed, desk: MadeUpDesk) -> None:
    desk.trouble = ConfigError("port 0 is not a port")
    feed.begin(desk)
    assert feed.join(SECONDS)
    assert feed.trouble == "port 0 is not a port"
    assert not feed.is_running


def test_an_error_of_our_own_is_shown_and_not_lost(feed: Feed, desk: MadeUpDesk) -> None:
    desk.trouble = ZeroDivisionError("division by zero")
    feed.begin(desk)
    assert feed.join(SECONDS)
    assert "ZeroDivisionError: division by zero" in feed.trouble


def test_to_begin_again_frees_the_former_connection_before_the_next_is_made(
    feed: Feed, desk: MadeUpDesk
) -> None:
    for _ in range(5):
        feed.begin(desk)
        assert desk.connected.acquire(timeout=SECONDS)
    assert desk.most_open == 1
    assert [each.is_closed.is_set() for each in desk.opened] == [True] * 4 + [False]
    feed.end()
    assert feed.join(SECONDS)
    assert desk.open == []


def test_the_end_of_the_kernel_frees_the_connection(
    feed: Feed, desk: MadeUpDesk, refreshers: Refreshers
) -> None:
    feed.begin(desk)
    assert desk.connected.acquire(timeout=SECONDS)
    refreshers.stop_all(SECONDS)
    assert desk.open == []
    assert feed.watch is None
