"""A year of hours of thirty positions, replayed: judged moment by moment by the live evaluator.

The peer is the way of a run: for each moment the store's bars up to it folded, looked through and
averaged anew. It is asked for some moments only, spread over the year, for all would take minutes.
"""

from __future__ import annotations

import datetime as dt
import time

import pytest

from sellkit.core.assignments import ALL_AVERAGES, Timeframe
from sellkit.core.bars import Anchor, BarSize
from sellkit.core.evaluate import evaluate
from sellkit.operate.study import Archive, Studies
from sellkit.research.course import Course, ReplayTerms, Subject
from sellkit.research.replay import Replaying
from tests import build
from tests.fakes_store import MemoryBarStore
from tests.operate.workplace import options
from tests.research.replaying import NO_COSTS, PER_SESSION, Silent, days_of, halves, wavy

POSITIONS = 30
SESSIONS = 252
ASKED = 20
GOAL_SECONDS = 10.0
GOAL = 20.0
FIRST = dt.date(2025, 1, 2)


def subjects() -> list[Subject]:
    found = []
    for place in range(POSITIONS):
        average = ALL_AVERAGES[place % len(ALL_AVERAGES)]
        bars = halves(wavy(SESSIONS * PER_SESSION - 20, seed=place), FIRST)
        held = build.position(quantity="1", cost=None)
        given = build.assignment(f"{average} {Timeframe.H1}")
        found.append(Subject(held, given, bars, days_of(bars)))
    return found


def test_a_year_of_thirty_positions_takes_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    held = subjects()
    begin = held[0].halves.index[0].to_pydatetime()
    end = held[0].halves.index[-1].to_pydatetime() + dt.timedelta(minutes=30)
    terms = ReplayTerms(begin=begin, end=end, anchor=Anchor.CLOCK, costs=NO_COSTS)
    started = time.perf_counter()
    found = Replaying(held, terms).run(Silent())
    seconds = time.perf_counter() - started
    moments = sum(each.moments for each in found.positions)
    peer = _by_runs(held[0], terms)
    ratio = peer / (seconds / moments)
    with capsys.disabled():
        print(
            f"\n{moments:,} moments of {POSITIONS} positions in {seconds:.2f} s, "
            f"{seconds / moments * 1e6:.0f} us each; as a run does it {peer * 1e6:.0f} us: "
            f"{ratio:.0f} x"
        )
    assert seconds < GOAL_SECONDS
    assert ratio > GOAL


def _by_runs(held: Subject, terms: ReplayTerms) -> float:
    """Seconds for one moment, judged as a run judges it; the answers are the same."""
    judged = list(Course(held, terms))
    some = judged[:: len(judged) // ASKED]
    chosen, store = options(), MemoryBarStore()
    instrument = held.position.instrument
    for size, frame in ((BarSize.M30, held.halves), (BarSize.D1, held.days)):
        store.bars[chosen.key(instrument.con_id, size)] = frame
    started = time.perf_counter()
    for each in some:
        study = Studies(store, Archive(chosen, each.at), is_present=False).of(instrument)
        signal = evaluate(held.position, held.assignment, study.history, chosen.daily_basis)
        assert signal == each.signal
    return (time.perf_counter() - started) / len(some)
