"""Live runs at the turn of an hour and at an opening, by the command line, on virtual time.

Three stories, two at a time: one begins ahead of the hour, one is fired by the schedule, and one
sends at the opening what the close before deferred.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sellkit.config import Overrides, load
from sellkit.core.market_time import UTC
from sellkit.core.portfolio import Account
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from sellkit.wiring.parts import connect
from sellkit.wiring.probed import open_probes, probed_gateway
from tests.cli.command import ACCOUNT, Answer, Workspace, finish, gateway, portfolio, start
from tests.cli.test_live import LIMITS, SECRET, arm
from tests.cli.warm import Process
from tests.probes import probe_record

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HELD = {"AAPL", "XOM"}
ASSIGNED = """\
ticker,type,length,timeframe
NASDAQ:AAPL,SMA,50,1H
NYSE:XOM,SMA,20,1D
"""
BEFORE_THE_HOUR = dt.datetime(2026, 6, 10, 14, 59, 30, tzinfo=UTC)
HOUR = dt.datetime(2026, 6, 10, 15, tzinfo=UTC)
AFTER_THE_CLOSE = dt.datetime(2026, 6, 10, 20, 0, 20, tzinfo=UTC)
OPENING = dt.datetime(2026, 6, 11, 13, 30, tzinfo=UTC)
SECONDS = 120


@dataclass(frozen=True)
class Story:
    """What commands answered, and what reached the gateway."""

    place: Workspace
    answers: tuple[Answer, ...]
    placed: tuple[tuple[str, ...], ...]
    sent_at: tuple[dt.datetime, ...]

    @property
    def last(self) -> Answer:
        return self.answers[-1]


@dataclass(frozen=True)
class Stage:
    """A gateway with two positions, and a folder that is armed and has probed it."""

    place: Workspace
    gateway: Gateway
    clock: VirtualClock

    def begin(self, *words: str) -> Process:
        return start(*words, cwd=self.place.folder, variables={"SELLKIT_LIVE_SECRET": SECRET})

    def run(self, *words: str) -> Answer:
        return finish(self.begin(*words))

    def ends(self, *answers: Answer) -> Story:
        orders = self.gateway.exchange.placed_orders
        book = self.gateway.exchange.book
        every = (*book.working(), *book.ended_since(BEFORE_THE_HOUR - dt.timedelta(days=9)))
        times = [each.placed_at for each in every if each.placed_at is not None]
        return Story(self.place, answers, tuple(each.fields for each in orders), tuple(times))


@dataclass(frozen=True)
class Stories:
    prepared: Future[Story]
    fired: Future[Story]
    opened: Future[Story]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    root = tmp_path_factory.mktemp("hours")
    with ThreadPoolExecutor(2) as pool:
        yield Stories(
            prepared=pool.submit(told, root / "prepared", BEFORE_THE_HOUR, ahead_of_the_hour),
            opened=pool.submit(told, root / "opened", AFTER_THE_CLOSE, at_the_opening),
            fired=pool.submit(told, root / "fired", BEFORE_THE_HOUR, by_the_schedule),
        )


def told(folder: Path, moment: dt.datetime, story: Callable[[Stage], Story]) -> Story:
    scenario = portfolio()
    holdings = tuple(each for each in scenario.holdings if each.security.symbol in HELD)
    clock = VirtualClock(moment, 0)
    with gateway(replace(scenario, holdings=holdings, orders=()), clock=clock) as running:
        place = Workspace.make(folder, running.port)
        text = place.settings.read_text(encoding="utf-8")
        place.settings.write_text(text + LIMITS.format(many=3, part=0.5), encoding="utf-8")
        place.assigned.write_text(ASSIGNED, encoding="utf-8")
        arm(place, moment - dt.timedelta(hours=1), days=2)
        probe(place, moment)
        return story(Stage(place, running, clock))


def probe(place: Workspace, moment: dt.datetime) -> None:
    """As `sellkit probe` leaves it."""
    chosen = Overrides(config=str(place.settings), data_dir=str(place.folder / "data"))
    settings = load(chosen)
    broker = connect(settings)
    try:
        found = probed_gateway(settings, broker, Account("demo", ACCOUNT))
    finally:
        broker.close()
    open_probes(settings).write(probe_record(at=moment, gateway=found))


def ahead_of_the_hour(stage: Stage) -> Story:
    """The hour ends once the run has all its bars and asks for nothing but the time."""
    process = stage.begin("run", "--live", "--prepare")
    wait_until(lambda: asks_for_the_time_alone(stage.gateway), process)
    stage.clock.set(HOUR + dt.timedelta(seconds=3))
    stage.clock.set_speed(1)
    return stage.ends(finish(process))


def by_the_schedule(stage: Stage) -> Story:
    """The hour ends once the schedule has said that it waits."""
    process = stage.begin("schedule", "--live", "--once")
    assert process.stdout is not None
    announced = process.stdout.readline()
    stage.clock.set(HOUR + dt.timedelta(seconds=19))
    stage.clock.set_speed(1)
    answer = finish(process)
    return stage.ends(replace(answer, out=announced + answer.out))


def at_the_opening(stage: Stage) -> Story:
    """A run after the close defers; one before the opening is refused; one at it sends."""
    deferred = stage.run("run", "--live")
    early = stage.run("run", "--live", "--open")
    stage.clock.set(OPENING + dt.timedelta(seconds=20))
    stage.clock.set_speed(1)
    return stage.ends(deferred, early, stage.run("run", "--live", "--open"))


def asks_for_the_time_alone(running: Gateway) -> bool:
    names = [each.name for each in list(running.requests)]
    return "reqHistoricalData" in names and set(names[-4:]) == {"reqCurrentTime"}


def wait_until(is_so: Callable[[], bool], process: Process) -> None:
    end = time.monotonic() + SECONDS
    pause = threading.Event()
    while not is_so():
        assert process.poll() is None, finish(process)
        assert time.monotonic() < end
        pause.wait(0.05)


def orders(answer: Answer) -> list[str]:
    return [each for each in answer.out.splitlines() if each.startswith("order ")]


def parameters(place: Workspace) -> Mapping[str, object]:
    """The parameters that the last executed notebook was given."""
    content = json.loads(place.notebooks[-1].read_text(encoding="utf-8"))
    (cell,) = [
        each
        for each in content["cells"]
        if "injected-parameters" in each["metadata"].get("tags", [])
    ]
    found: dict[str, object] = {}
    exec("".join(cell["source"]), {}, found)
    return found


# --- ahead of the hour ----------------------------------------------------------------------------


def test_a_live_run_that_began_ahead_sends_right_after_the_hour(stories: Stories) -> None:
    story = stories.prepared.result()
    assert story.last.code == 0, story.last.out + story.last.err
    (order,) = orders(story.last)
    assert order.startswith("order DONE: SELL 100 NASDAQ:AAPL, 100 executed"), order
    assert len(story.placed) == 1
    (at,) = story.sent_at
    assert HOUR < at < HOUR + dt.timedelta(minutes=2)


def test_the_notebook_of_it_says_that_it_waited_for_the_hour_and_was_live(stories: Stories) -> None:
    given = parameters(stories.prepared.result().place)
    assert (given["prepare"], given["dry_run"]) == (True, False)


def timed(part: str) -> str:
    return rf"{part} \d+\.\d{{3}} s"


def test_how_long_each_part_of_it_took_is_shown(stories: Stories) -> None:
    story = stories.prepared.result()
    inner = ("last answer to decision", "decision to journal", "journal to first order")
    of_that = ", ".join(timed(part) for part in inner)
    to_order = rf"{timed('last answer to first order')} \(of that {of_that}\)"
    outer = (timed("bar end to last answer"), to_order, timed("first order to first fill"))
    told = "time " + ", ".join(outer)
    assert re.search(rf"^{told}$", story.last.out, re.MULTILINE), story.last.out
    assert re.search(told.removeprefix("time "), story.place.notebooks[-1].read_text("utf-8"))


# --- the schedule ---------------------------------------------------------------------------------


def test_the_schedule_fires_a_live_run_that_sends(stories: Stories) -> None:
    story = stories.fired.result()
    assert story.last.code == 0, story.last.out + story.last.err
    assert story.last.out.startswith("next run at 2026-06-10 15:00:20 UTC\n")
    (order,) = orders(story.last)
    assert order.startswith("order DONE: SELL 100 NASDAQ:AAPL, 100 executed"), order
    assert len(story.placed) == 1
    assert parameters(story.place)["dry_run"] is False


# --- the opening ----------------------------------------------------------------------------------


def test_a_live_run_after_the_close_defers_its_exit_and_sends_nothing(stories: Stories) -> None:
    deferred = stories.opened.result().answers[0]
    assert deferred.code == 0, deferred.out + deferred.err
    assert "ticket SELL 100 MKT: deferred" in deferred.out
    assert orders(deferred) == []


def test_a_run_for_the_opening_is_refused_at_another_time(stories: Stories) -> None:
    early = stories.opened.result().answers[1]
    assert (early.code, early.out) == (2, "")
    assert "the next one opens at 2026-06-11 13:30 UTC" in early.err


def test_a_run_at_the_opening_sends_what_the_close_deferred(stories: Stories) -> None:
    story = stories.opened.result()
    assert story.last.code == 0, story.last.out + story.last.err
    (order,) = orders(story.last)
    assert order.startswith("order DONE: SELL 100 NASDAQ:AAPL, 100 executed"), order
    assert "ticket SELL 100 MKT: approved" in story.last.out
    (at,) = story.sent_at
    assert OPENING < at < OPENING + dt.timedelta(minutes=5)
    assert len(story.placed) == 1
