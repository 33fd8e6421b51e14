"""A day of real runs at a simulated gateway, judged again from the journal and the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.decision_facts import of_decision
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.bars import PRICES, Anchor, BarSize, SeriesKey
from sellkit.core.limits import AtClose
from sellkit.core.retraced import Likeness, RecordedRun, RetracedRun, canonical
from sellkit.operate.retrace import Retracer
from sellkit.research.course import Course, ReplayTerms, Subject
from sellkit.wiring.retracing import retraced
from tests.build import assignment, limits, utc
from tests.faults.catalogue import FAULTS
from tests.faults.desk import Ran, journal_at
from tests.faults.play import Play, playing

# On Wednesday 2026-01-28, UTC; the last is the bell. The bar to 16:00 is corrected at 16:05.
TIMES = ("15:00", "16:00", "16:10", "17:00", "18:00", "19:00", "20:00", "21:00")
APPLE = 265598
HALVES = SeriesKey(APPLE, BarSize.M30)
CLOCK = Anchor.CLOCK


@dataclass(frozen=True, slots=True)
class Day:
    """A recorded day.

    Attributes
    ----------
    folder
        Where its sellkit kept everything.
    ran
        Its runs.
    """

    folder: Path
    ran: list[Ran]

    def again(self) -> list[RetracedRun]:
        """Every run of it, judged again on what lies there now."""
        retracer = Retracer(self.store(), self.ran[0].options)
        return [retraced(each, retracer) for each in self.recorded()]

    def recorded(self) -> list[RecordedRun]:
        with closing(SqliteJournal(journal_at(self.folder))) as journal:
            found = [journal.recordings.recorded(each.run_id) for each in self.ran]
        return [each for each in found if each is not None]

    def store(self) -> ParquetBarStore:
        return ParquetBarStore(self.folder / "data")

    def copy(self, folder: Path) -> Day:
        """The same in another folder, to be meddled with."""
        copytree(self.folder, folder)
        return Day(folder, self.ran)

    def likeness(self) -> set[Likeness]:
        return {each.likeness for run in self.again() for each in run.decisions}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Hours and days are judged, prices move, and a bar is corrected across its average."""
    with playing(FAULTS[25], tmp_path_factory.mktemp("day")) as play:
        play.book.save(assignment("EMA 10 1D", "NASDAQ:MSFT"))
        return Day(play.folder, list(played(play)))


def played(play: Play) -> Iterator[Ran]:
    for number, time in enumerate(TIMES):
        moment = utc(f"2026-01-28 {time}") + dt.timedelta(seconds=20)
        play.go_to(moment - dt.timedelta(minutes=2))
        if number > 2:
            play.control.move_price("AAPL", 0.9 if number % 2 else 1.12)
        play.go_to(moment)
        ran = play.run()
        assert ran.error is None
        yield ran


def test_a_recorded_day_is_judged_again_byte_for_byte(day: Day) -> None:
    retracer = Retracer(day.store(), day.ran[0].options)
    for run in day.recorded():
        again = [canonical(of_decision(run.run_id, row)) for row in retracer.decide(run).rows]
        assert again == [canonical(row) for row in run.rows]
    assert day.likeness() == {Likeness.EQUAL}
    assert len(day.recorded()) == len(TIMES)


def test_the_day_had_something_to_decide(day: Day) -> None:
    words = {word for ran in day.ran for word in ran.words().values()}
    assert {word.split()[0] for word in words} == {"EXIT", "HOLD"}
    assert len(day.store().revisions(HALVES)) == 1


def test_a_replay_of_the_day_says_what_its_runs_said(day: Day) -> None:
    """By the way of `sellkit replay --from`, on the same store; one bar was corrected since."""
    store, runs = day.store(), [run for run in day.recorded() if run.as_of.minute == 0]
    halves, days = (SeriesKey(APPLE, size) for size in (BarSize.M30, BarSize.D1))
    held = next(e for e in runs[0].snapshot.positions if e.instrument.con_id == APPLE)
    subject = Subject(
        held,
        assignment("SMA 20 1H"),
        *(store.read(halves), store.read(days)),
        revised_halves=store.revisions(halves),
        revised_days=store.revisions(days),
    )
    terms = ReplayTerms(begin=runs[0].as_of.replace(second=0), end=runs[-1].as_of, anchor=CLOCK)
    found = [each.signal for each in Course(subject, terms)]
    recorded = [row for run in runs for row in run.rows if row["con_id"] == APPLE]
    assert len(found) == len(recorded) == len(TIMES) - 1
    for signal, row in zip(found, recorded, strict=True):
        proof = signal.certificate
        assert proof is not None
        told = (str(signal.decision), list(signal.reasons), proof.close, proof.average)
        assert told == (row["decision"], row["reasons"], row["close"], row["average"])
        assert (proof.bars_used, proof.parts) == (row["bars_used"], row["parts"])


def test_a_run_is_judged_on_no_bar_that_was_told_after_it(day: Day) -> None:
    first = day.recorded()[0]
    earlier = Retracer(Truncated(day.store(), first.known_at), day.ran[0].options)
    assert retraced(first, earlier).likeness is Likeness.EQUAL


def test_a_folded_store_knows_all_but_when_a_bar_was_first_told(day: Day, tmp_path: Path) -> None:
    folded = day.copy(tmp_path / "folded")
    assert folded.store().compact() > 0
    assert folded.likeness() == {Likeness.EQUAL, Likeness.TOLD_AGAIN}
    names = {e.name for run in folded.again() for each in run.decisions for e in each.differences}
    assert names == {"fetched_at"}


def test_bars_that_were_exchanged_since_give_differences_by_name(day: Day, tmp_path: Path) -> None:
    changed = day.copy(tmp_path / "changed")
    store = changed.store()
    bars = store.read(HALVES)
    store.drop(HALVES)
    store.add(HALVES, bars.assign(**{name: bars[name] / 2 for name in PRICES}))
    last = changed.again()[-1]
    assert last.likeness is Likeness.DIFFERENT
    apple = next(each for each in last.decisions if each.token == "NASDAQ:AAPL")
    assert {"close", "average"} <= {each.name for each in apple.differences} or (
        apple.decision != "UNDECIDED" and "decision" in {e.name for e in apple.differences}
    )
    assert "NASDAQ:AAPL different: " in repr(last)


def test_a_decision_that_was_upheld_is_upheld_again_and_lost_bars_are_not_made_up(
    tmp_path: Path,
) -> None:
    with playing(FAULTS[25], tmp_path) as play:
        play.turn(fall=("AAPL",))
        first = play.run()
        play.go_to(utc("2026-01-28 16:06"))
        play.store().clear()
        second = play.run()
        assert "told differently since" in second.reasons("AAPL")
        before, after = Day(play.folder, [first, second]).again()
    assert after.likeness is Likeness.EQUAL
    assert before.likeness is Likeness.DIFFERENT
    apple = next(each for each in before.decisions if each.token == "NASDAQ:AAPL")
    assert {"decision", "close", "average"} <= {each.name for each in apple.differences}


def test_what_was_undecided_is_undecided_again_for_the_same_reason(tmp_path: Path) -> None:
    with playing(FAULTS[27], tmp_path) as play:
        play.turn()
        found = Day(play.folder, [play.run()])
        assert found.ran[0].words()["AAPL"] == "UNDECIDED"
        assert found.likeness() == {Likeness.EQUAL}


def test_a_bar_that_was_judged_before_its_end_is_said_to_be_lost(tmp_path: Path) -> None:
    with playing(FAULTS[56], tmp_path) as play:
        early = limits(at_close=AtClose.BEFORE_CLOSE)
        play.go_to(utc("2026-01-28 20:55") + dt.timedelta(seconds=1))
        first = play.run(limits=early)
        assert "PROVISIONAL" in first.reasons("AAPL")
        play.go_to(utc("2026-01-28 21:00") + dt.timedelta(seconds=20))
        found = Day(play.folder, [first, play.run(limits=early)]).again()
    assert [each.likeness for each in found] == [Likeness.NOT_KEPT, Likeness.EQUAL]
    assert "on what no store keeps" in repr(found[0])


class Truncated(ParquetBarStore):
    """A store as if nothing had been told after a moment."""

    def __init__(self, store: ParquetBarStore, at: dt.datetime) -> None:
        super().__init__(store._layout.folder)
        self._at = at

    def tellings(self, key: SeriesKey) -> pd.DataFrame:
        found = super().tellings(key)
        return found[found["fetched_at"] <= self._at]
