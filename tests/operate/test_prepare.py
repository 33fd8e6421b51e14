"""A run that starts ahead of the hour: the same decision as without, from one question a bar."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from sellkit.core.bars import BarSize
from sellkit.core.pacing import Urgency
from sellkit.core.portfolio import Position
from sellkit.core.signals import Decision
from sellkit.errors import ConfigError
from sellkit.operate.decision import HourlyDecision
from tests.build import HOUR_END, assignment, position
from tests.operate.workplace import (
    APPLE,
    COCA_COLA,
    MICROSOFT,
    Workplace,
    header,
    histories,
    options,
)

AHEAD = HOUR_END - dt.timedelta(seconds=60)
LAG = dt.timedelta(seconds=5)
MSFT = position("NASDAQ:MSFT", con_id=MICROSOFT)
COKE = position("NYSE:KO", con_id=COCA_COLA)
HELD = (position(), MSFT, COKE)
CHOICES = ("SMA 5 1H", "EMA 20 1D", "SMA 50 1H")
CLOSE = dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC)


class Scene:
    """A workplace a minute before an hour's end, with nothing stored yet."""

    def __init__(
        self,
        *held: Position,
        choices: Iterable[str] = CHOICES,
        end: dt.datetime = HOUR_END,
        step: float = -5.0,
        **changes: Any,
    ) -> None:
        self.end = end
        positions = held or HELD
        named = [str(each.instrument.token) for each in positions]
        con_ids = (each.instrument.con_id for each in positions)
        # The session is told to its end: the gateway cuts off what has not begun.
        told = histories(*con_ids, now=end, step=step)
        self.place = Workplace(
            positions=positions,
            assignments=[assignment(*both) for both in zip(choices, named, strict=False)],
            told=told,
            options=options(lag=LAG, **changes),
        )
        self.broker, self.clock, self.desk = self.place.broker, self.place.clock, self.place.desk
        self.clock.time = end - dt.timedelta(seconds=60)
        self.desk.begin()

    def prepared(self, before: Callable[[], None] = lambda: None) -> HourlyDecision:
        """What is decided by a run that waited; something may happen while it does."""
        slept = self.clock.sleep_until

        def sleep_until(instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
            if instant == self.end + LAG:
                self.asked_before = len(self.broker.requests)
                before()
            slept(instant, at_most_seconds)

        self.desk.parts = replace(self.desk.parts, clock=Waiting(self.clock.now, sleep_until))
        self.desk.prepare()
        return self.desk.record(self.desk.decide())

    def at_the_hour(self) -> HourlyDecision:
        """What is decided on the same store by a run that begins when the bars are final."""
        self.desk.bring_up_to_date()
        self.clock.time = self.end + LAG
        self.desk.bring_up_to_date()
        return self.desk.record(self.desk.decide())

    @property
    def asked_after(self) -> list[tuple[int, BarSize, str]]:
        """What was asked for once the hour had ended."""
        return [
            (each.instrument.con_id, each.bar_size, each.duration)
            for each in self.broker.requests[self.asked_before :]
        ]


class Waiting:
    """A clock that tells of its waits."""

    def __init__(self, now: Callable[[], dt.datetime], sleep_until: Callable[..., None]) -> None:
        self.now = now
        self.sleep_until = sleep_until


@pytest.mark.parametrize("end", [HOUR_END, CLOSE], ids=["hour", "close"])
def test_the_decision_is_the_one_that_a_run_at_the_hour_makes(end: dt.datetime) -> None:
    ahead, plain = Scene(end=end), Scene(end=end)
    early, late = ahead.prepared(), plain.at_the_hour()
    assert early.as_of == late.as_of == end + LAG
    assert early.rows == late.rows
    assert any(row.signal.decision is Decision.EXIT for row in early.rows)
    for con_id, study in late.studies.items():
        for mine, theirs in (
            (early.studies[con_id].history.hours, study.history.hours),
            (early.studies[con_id].history.days, study.history.days),
        ):
            # A download at the hour tells older bars of the session once more.
            same = mine.frame.drop(columns="fetched_at")
            pd.testing.assert_frame_equal(same, theirs.frame.drop(columns="fetched_at"))


def test_after_the_hour_one_short_question_is_asked_of_each_instrument() -> None:
    scene = Scene()
    scene.prepared()
    assert sorted(scene.asked_after) == [
        (con_id, BarSize.M30, "1 D") for con_id in sorted((APPLE, MICROSOFT, COCA_COLA))
    ]
    assert {each.urgency for each in scene.broker.requests} == {Urgency.HOUR}


def test_at_the_close_the_day_is_asked_for_as_well() -> None:
    scene = Scene(position(), choices=("SMA 5 1D",), end=CLOSE)
    decision = scene.prepared()
    assert sorted(scene.asked_after, key=str) == sorted(
        [(APPLE, BarSize.M30, "1 D"), (APPLE, BarSize.D1, "2 D")], key=str
    )
    assert decision.rows[0].signal.decision is Decision.EXIT


def test_a_bar_that_is_late_is_asked_for_again_and_then_decided_on() -> None:
    scene = Scene(position(), MSFT, choices=CHOICES, late_bars=dt.timedelta(seconds=60))
    key = (APPLE, BarSize.M30)
    whole = scene.broker.histories[key]
    scene.broker.histories[key] = whole.iloc[:-1]
    asked = 0

    def bars(request: Any) -> pd.DataFrame:
        nonlocal asked
        if request.instrument.con_id == APPLE and scene.clock.time >= HOUR_END:
            asked += 1
            if asked == 3:
                scene.broker.histories[key] = whole
        return told(request)

    told = scene.broker.bars
    scene.broker.bars = bars  # type: ignore[method-assign]
    decision = scene.prepared()
    assert asked == 3
    assert all(row.signal.decision is not Decision.UNDECIDED for row in decision.rows)


def test_a_bar_that_never_comes_leaves_its_own_position_undecided_alone() -> None:
    scene = Scene(position(), MSFT, choices=("SMA 5 1H", "SMA 5 1H"))
    key = (APPLE, BarSize.M30)
    scene.broker.histories[key] = scene.broker.histories[key].iloc[:-1]
    decision = scene.prepared()
    found = {row.position.instrument.con_id: row.signal.decision for row in decision.rows}
    assert found == {APPLE: Decision.UNDECIDED, MICROSOFT: Decision.EXIT}


def test_prices_told_otherwise_at_the_hour_are_fetched_anew_as_without() -> None:
    ahead, plain = Scene(position()), Scene(position())

    def split(scene: Scene) -> None:
        for key, bars in scene.broker.histories.items():
            halved = bars.copy()
            halved[["open", "high", "low", "close"]] /= 2
            scene.broker.histories[key] = halved

    early = ahead.prepared(lambda: split(ahead))
    plain.desk.bring_up_to_date()
    split(plain)
    late = plain.at_the_hour()
    assert [row.signal for row in early.rows] == [row.signal for row in late.rows]
    assert early.rows[0].signal.decision is Decision.EXIT


def test_a_position_bought_while_it_waited_is_decided_as_well() -> None:
    scene = Scene(position(), choices=("SMA 5 1H",))
    scene.place.book.save(assignment("SMA 5 1H", str(MSFT.instrument.token)))
    bars = histories(MICROSOFT, now=HOUR_END, step=-5.0)
    scene.broker.histories |= bars
    decision = scene.prepared(lambda: scene.broker.positions.append(MSFT))
    assert [row.signal.decision for row in decision.rows] == [Decision.EXIT, Decision.EXIT]


def test_nothing_is_prepared_for_a_past_moment() -> None:
    place = Workplace(positions=(position(),), as_of=HOUR_END - dt.timedelta(days=1))
    with pytest.raises(ConfigError, match="which is past: leave out --prepare"):
        place.desk.prepare()


def test_an_hour_that_ends_much_later_is_not_waited_for() -> None:
    scene = Scene(position())
    scene.clock.time = HOUR_END + dt.timedelta(minutes=10)
    with pytest.raises(ConfigError, match="more than 30 minutes ahead"):
        scene.desk.prepare()
    assert not scene.broker.requests


def test_an_hour_that_has_just_ended_is_waited_for_until_its_bars_are_final() -> None:
    scene = Scene(position())
    scene.clock.time = HOUR_END + dt.timedelta(seconds=2)
    assert scene.prepared().as_of == HOUR_END + LAG


def test_a_desk_brought_up_to_date_afterwards_decides_on_the_later_moment() -> None:
    scene = Scene(position(), choices=("SMA 5 1H",))
    scene.prepared()
    scene.clock.time += dt.timedelta(seconds=30)
    scene.desk.run = header(as_of=scene.clock.time)
    scene.desk.bring_up_to_date()
    assert scene.desk.decide().as_of == HOUR_END + LAG + dt.timedelta(seconds=30)


def test_the_parts_of_its_time_are_journalled() -> None:
    scene = Scene(position())
    scene.prepared()
    (parts,) = scene.place.journal.timings(scene.desk.run.run_id)
    assert parts["bar_end"] == HOUR_END.isoformat()
    assert parts["bar_end_to_last_answer"] >= 5.0
    assert "last_answer_to_first_order" not in parts
