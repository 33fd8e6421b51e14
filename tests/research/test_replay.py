"""The replay of the assignments: the live evaluator at each moment, and nothing of what comes."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.evaluate import DailyBasis, evaluate
from sellkit.core.limits import AtClose
from sellkit.core.schedule import due_on
from sellkit.operate.study import Archive, Studies
from sellkit.research.course import Course
from sellkit.research.knowledge import Knowledge, Told
from sellkit.research.replay import BEFORE, Replaying
from sellkit.research.series import Costs
from tests import build
from tests.fakes_store import MemoryBarStore
from tests.operate.workplace import options
from tests.research.replaying import (
    PER_SESSION,
    Silent,
    days_of,
    halves,
    judged,
    replayed,
    sessions,
    subject,
    terms,
    wavy,
    without,
)

quickly = settings(deadline=None, max_examples=15)
CHOICES = ("SMA 5 1H", "EMA 10 1H", "SMA 20 1H", "SMA 5 1D", "EMA 5 1D")


# --- the evaluator's own answers, at the scheduler's moments --------------------------------------


@quickly
@given(
    seed=st.integers(0, 2**32 - 1),
    choice=st.sampled_from(CHOICES),
    holes=st.sets(st.integers(0, 12 * PER_SESSION - 1), max_size=4),
    late=st.sets(st.integers(0, 12 * PER_SESSION - 1), max_size=2),
    basis=st.sampled_from(list(DailyBasis)),
    split=st.integers(0, 12),
)
def test_every_moment_is_judged_as_a_run_would_have_judged_it(
    seed: int, choice: str, holes: set[int], late: set[int], basis: DailyBasis, split: int
) -> None:
    """Also where days from before a split lie beside hours from after it."""
    whole = halves(wavy(12 * PER_SESSION, seed))
    whole.iloc[list(late), -1] = whole.index[list(late)]  # told before their ends
    bars = without(whole, holes.__contains__)
    days = days_of(bars)
    days.iloc[:split, :4] *= 4.0 if split % 2 else 1.0
    held, how = subject(bars, choice, days=days), terms(bars, daily_basis=basis)
    found = judged(held, how)
    chosen = options(daily_basis=basis)
    for each in found[:: max(1, len(found) // 12)]:
        store = MemoryBarStore()
        for size, frame in ((build.BarSize.M30, held.halves), (build.BarSize.D1, held.days)):
            ended = frame["fetched_at"] <= each.at + dt.timedelta(minutes=1)
            key = chosen.key(held.position.instrument.con_id, size)
            store.bars[key] = frame[ended & (frame.index < pd.Timestamp(each.at))]
        studies = Studies(store, Archive(chosen, each.at), is_present=False)
        history = studies.of(held.position.instrument).history
        assert each.signal == evaluate(held.position, held.assignment, history, basis), each.at


@pytest.mark.parametrize("choice", ["SMA 5 1H", "SMA 5 1D"])
def test_the_moments_are_those_of_the_scheduler(choice: str) -> None:
    first = dt.date(2025, 11, 24)  # Thanksgiving, and the half day after it
    days = sessions(6, first)
    bars = halves(wavy(6 * PER_SESSION - 6), first)
    dues = [due for day in days for due in due_on(build.new_york(), day.date)]
    closes = {day.close_utc for day in days}
    wanted = dues if choice.endswith("H") else [due for due in dues if due in closes]
    end = days[-1].close_utc
    found = judged(subject(bars, choice), terms(bars, end=end))
    assert [each.at for each in found] == wanted
    assert {each.at for each in found if each.is_close} == closes


def test_a_daily_average_is_judged_each_hour_where_the_settings_say_so() -> None:
    bars = halves(wavy(10 * PER_SESSION))
    held = subject(bars, "SMA 5 1D")
    assert len(Course(held, terms(bars))) == 10
    assert len(Course(held, terms(bars, daily_basis=DailyBasis.HOURLY))) == 10 * 7


# --- nothing is known before it is ----------------------------------------------------------------


@quickly
@given(
    seed=st.integers(0, 2**32 - 1),
    cut=st.integers(1, 12 * PER_SESSION - 1),
    choice=st.sampled_from(CHOICES),
    factor=st.floats(0.2, 5.0),
    basis=st.sampled_from(list(DailyBasis)),
    is_split=st.booleans(),
)
def test_another_future_changes_no_decision_of_the_past(
    seed: int, cut: int, choice: str, factor: float, basis: DailyBasis, is_split: bool
) -> None:
    """Also one in which hours and days speak of different prices, as after a split."""
    closes = wavy(12 * PER_SESSION, seed)
    moved = [round(each * factor, 2) if at >= cut else each for at, each in enumerate(closes)]
    one, other = halves(closes), halves(moved)
    how = terms(one, daily_basis=basis)
    moment = one.index[cut].to_pydatetime()
    held = subject(one, choice)
    changed = subject(other, choice, **({"days": held.days} if is_split else {}))
    first, second = judged(held, how), judged(changed, how)
    before = [each for each in first if each.at <= moment]
    assert before == [each for each in second if each.at <= moment]
    sold = [
        [each.at for each in replayed(each_of, how).exits if each.at <= moment]
        for each_of in (held, changed)
    ]
    assert sold[0] == sold[1]


def test_a_future_that_is_not_there_yet_changes_no_decision_either() -> None:
    bars = halves(wavy(12 * PER_SESSION))
    part = bars.iloc[: 7 * PER_SESSION]
    whole, cut = judged(subject(bars), terms(bars)), judged(subject(part), terms(part))
    assert cut == whole[: len(cut)]


def told_anew(
    bars: pd.DataFrame, place: int, close: float, after: dt.timedelta
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bars with another close told later, and the revision that is kept of it."""
    fresh, row = bars.copy(), bars.iloc[[place]]
    moment = row["fetched_at"].iloc[0] + after
    fresh.iloc[place, fresh.columns.get_indexer(["high", "low", "close"])] = [200.0, 1.0, close]
    fresh.iloc[place, fresh.columns.get_loc("fetched_at")] = moment
    return fresh, row.assign(replaced_at=pd.DatetimeIndex([moment]).as_unit("us"))


@quickly
@given(
    seed=st.integers(0, 2**32 - 1),
    place=st.integers(0, 12 * PER_SESSION - 1),
    hours=st.integers(1, 200),
    choice=st.sampled_from(CHOICES[:3]),
)
def test_a_correction_is_not_known_before_it_was_told(
    seed: int, place: int, hours: int, choice: str
) -> None:
    bars = halves(wavy(12 * PER_SESSION, seed))
    corrected, revised = told_anew(bars, place, 90.0, dt.timedelta(hours=hours))
    days, how = days_of(bars), terms(bars)
    whole = judged(subject(bars, choice, days=days), how)
    anew = judged(subject(corrected, choice, days=days, revised_halves=revised), how)
    at_once = judged(subject(corrected, choice, days=days), how)
    moment = revised["replaced_at"].iloc[0] - dt.timedelta(minutes=2)
    before = sum(each.at < moment for each in whole)
    assert anew[:before] == whole[:before]
    assert anew[before:] == at_once[before:]


def test_a_bar_that_was_corrected_twice_is_known_in_three_ways_one_after_the_other() -> None:
    bars, place = halves([100.0] * 4 * PER_SESSION), PER_SESSION + 2  # the close of 11:00
    once, first = told_anew(bars, place, 110.0, dt.timedelta(hours=1))
    twice, second = told_anew(once, place, 120.0, dt.timedelta(hours=2))
    held = subject(twice, days=days_of(bars), revised_halves=pd.concat([first, second]))
    eleven = bars.index[place].to_pydatetime() + dt.timedelta(minutes=30)
    averages = [
        each.signal.certificate.average
        for each in judged(held, terms(bars))
        if each.signal.certificate is not None and eleven <= each.at
    ]
    assert averages[:6] == [100.0, 102.0, 102.0, 104.0, 104.0, 100.0]
    assert replayed(held, terms(bars)).corrected == 2


def test_another_volume_alone_makes_nothing_be_judged_anew() -> None:
    bars = halves(wavy(4 * PER_SESSION))
    revised = bars.assign(volume=5.0, replaced_at=bars["fetched_at"] + pd.Timedelta(hours=1))
    known = Knowledge.of(Told.of(bars, revised), Told.of(days_of(bars), None))
    assert len(known.bounds) == 0
    assert known.at(0)[0] is bars
    held = subject(bars, revised_halves=revised)
    assert judged(held, terms(bars)) == judged(subject(bars), terms(bars))
    assert replayed(held, terms(bars)).corrected == 0


# --- exits, and what became of them ---------------------------------------------------------------


def flat_then(*closes: float) -> pd.DataFrame:
    """Two sessions at 100, then these half-hours."""
    return halves([100.0] * 2 * PER_SESSION + list(closes))


def test_an_exit_meets_the_open_of_the_next_bar() -> None:
    bars = flat_then(90.0, 91.0, 92.0, 93.0, 94.0)
    bars.iloc[2 * PER_SESSION + 1, 0] = 88.5  # what the half-hour from 10:00 opens at
    bars.iloc[2 * PER_SESSION + 1, 2] = 88.5
    found = replayed(subject(bars), terms(bars))
    (sold,) = found.exits
    open_at = sessions(3)[2].open_utc
    assert sold.at == open_at + dt.timedelta(minutes=30)
    assert (sold.close, sold.average) == (90.0, 98.0)
    assert sold.fill is not None
    assert (sold.fill.at, sold.fill.price) == (sold.at, 88.5)
    assert sold.was_held


def test_a_run_of_exits_is_one_exit_and_a_hold_makes_room_for_the_next() -> None:
    closes = [90.0] * 5 + [120.0] * 6 + [100.0] * 2
    bars = flat_then(*closes)
    how = terms(bars)
    words = [str(each.signal.decision) for each in judged(subject(bars), how)]
    falls = [at for at in range(1, len(words)) if words[at] == "EXIT" != words[at - 1]]
    assert words.count("EXIT") > len(falls) == 2
    found = replayed(subject(bars), how)
    assert [each.at for each in found.exits] == [judged(subject(bars), how)[at].at for at in falls]
    assert [each.was_held for each in found.exits] == [True, False]


def test_an_exit_at_the_close_waits_for_the_next_opening_or_is_skipped() -> None:
    closes = [100.0] * (PER_SESSION - 1) + [90.0]
    bars = halves([100.0] * 2 * PER_SESSION + closes + [90.0] * PER_SESSION)
    bars.iloc[3 * PER_SESSION, 0] = 85.0
    bars.iloc[3 * PER_SESSION, 2] = 85.0
    close, reopening = sessions(4)[2].close_utc, sessions(4)[3].open_utc
    (sold,) = replayed(subject(bars), terms(bars)).exits
    assert sold.at == close
    assert sold.fill is not None
    assert (sold.fill.at, sold.fill.price) == (reopening, 85.0)
    (later,) = replayed(subject(bars), terms(bars, at_close=AtClose.SKIP)).exits
    assert later.at == reopening + dt.timedelta(minutes=30)
    by_days = subject(bars, "SMA 5 1D", days=days_of(halves([100.0] * 5 * PER_SESSION + [9.0])))
    assert replayed(by_days, terms(bars, at_close=AtClose.SKIP)).exits == ()


def test_what_became_of_the_price_is_told_in_bars_and_days() -> None:
    session = [90.0, *([80.0] * 2), *([70.0] * 2), *([95.0] * 8)]
    bars = halves([100.0] * 2 * PER_SESSION + session + [50.0] * PER_SESSION)
    sold, *_ = replayed(subject(bars), terms(bars)).exits
    assert sold.fill is not None
    assert sold.fill.price == 90.0
    assert sold.after_bars == {
        1: pytest.approx(-100 / 9),
        5: pytest.approx(50 / 9),
        20: None,
    }
    assert sold.after_days == {1: pytest.approx(50 / 9), 5: None, 20: None}
    assert sold.since_percent == pytest.approx(-400 / 9)
    assert sold.back_above == 3
    assert sold.is_whipsaw
    assert sold.avoided_percent == pytest.approx(200 / 9)


def test_a_whipsaw_is_one_only_within_so_many_bars() -> None:
    bars = flat_then(90.0, *[80.0] * 4, *[95.0] * 8)
    soon = replayed(subject(bars), terms(bars))
    late = replayed(subject(bars), terms(bars, whipsaw_bars=2))
    assert soon.whipsaws == 1
    assert late.whipsaws == 0
    assert late.exits[0].back_above == soon.exits[0].back_above == 3


def test_what_is_sold_stays_sold_and_pays_its_costs() -> None:
    bars = flat_then(90.0, *[80.0] * 12)
    found = replayed(subject(bars), terms(bars, costs=Costs(0.1, 20.0)))
    (sold,) = found.exits
    assert sold.proceeds == pytest.approx(90.0 - 0.09 - 0.1)
    assert found.equity.rule_percent == pytest.approx(-10.19)
    assert found.equity.holding_percent == pytest.approx(-20.0)
    assert found.edge_percent == pytest.approx(9.81)
    # Five of the 14 hours before had too few bars; out are the six after that of the sale.
    assert found.decided == 17
    assert found.out_percent == pytest.approx(100 * 6 / 17)


def test_who_re_enters_buys_at_the_open_after_a_close_strictly_above() -> None:
    closes = [90.0, *[80.0] * 2, *[100.0] * 2, *[110.0] * 8]
    bars = flat_then(*closes)
    found = replayed(subject(bars), terms(bars, reenters=True))
    # Sold at 90; the hour to 12:00 closes above, and the next opens at 100.
    assert found.equity.rule_percent == pytest.approx((0.9 * 110 / 100 - 1) * 100)
    assert found.out_percent == pytest.approx(100 * 2 / found.decided)


def test_an_average_that_owes_too_much_to_its_seed_sells_nothing() -> None:
    bars = flat_then(90.0, 80.0, 70.0)
    found = replayed(subject(bars, "EMA 10 1H"), terms(bars, max_seed_weight=0.001))
    assert found.exits == ()
    assert found.withheld > 0
    warm = replayed(subject(bars, "EMA 10 1H"), terms(bars))
    assert len(warm.exits) == 1


# --- what cannot be told --------------------------------------------------------------------------


def test_undecided_moments_are_counted_with_their_reasons() -> None:
    bars = without(halves([100.0] * 4 * PER_SESSION), lambda place: place == 20)
    how = terms(bars, begin=sessions(1)[0].open_utc - dt.timedelta(days=5))
    found = replayed(subject(bars), how)
    assert found.undecided == {
        BEFORE: 14,
        "history is too short: SMA 5 1H needs 5 bars in a row, has fewer": 8,
        "the bar is incomplete: 1 of 2 half-hours": 1,
    }
    assert found.moments == found.decided + sum(found.undecided.values())


def test_bars_that_were_told_late_are_counted() -> None:
    bars = halves([100.0] * 3 * PER_SESSION)
    bars["fetched_at"] = bars["fetched_at"].max()
    found = replayed(subject(bars), terms(bars))
    assert 0 < found.told_later < found.decided
    frozen = subject(bars, doubt="frozen since 2026-01-05")
    assert replayed(frozen, terms(bars)).undecided == {"frozen since 2026-01-05": 21}


def test_what_was_done_stays_when_a_replay_is_interrupted() -> None:
    class Impatient(Silent):
        def advance(self, steps: int = 1, *, of: str = "") -> None:
            if replaying.done:
                raise KeyboardInterrupt

    bars = halves(wavy(5 * PER_SESSION))
    replaying = Replaying([subject(bars), subject(bars, "SMA 10 1H")], terms(bars))
    with pytest.raises(KeyboardInterrupt):
        replaying.run(Impatient())
    part = replaying.result()
    assert not part.is_whole
    assert [each.assignment.label for each in part.positions] == ["SMA 5 1H"]
    whole = replaying.run(Silent())
    assert whole.is_whole
    assert len(whole.positions) == 2


def test_without_a_bar_after_it_an_exit_has_no_fill() -> None:
    bars = flat_then(90.0)
    (sold,) = replayed(subject(bars), terms(bars)).exits
    assert sold.fill is None
    assert sold.proceeds is None
    assert (sold.after_bars[1], sold.avoided_percent) == (None, None)


def test_a_sale_after_the_last_close_has_no_move_up_to_it() -> None:
    bars = flat_then(90.0, *[80.0] * 12, 50.0)
    end = bars.index[2 * PER_SESSION + 1].to_pydatetime()
    (sold,) = replayed(subject(bars), terms(bars, end=end)).exits
    assert sold.fill is not None
    assert sold.fill.at == end == sold.at
    assert sold.since_percent is None
    later, *_ = replayed(subject(bars), terms(bars)).exits
    assert later.since_percent is not None


def test_all_positions_together_have_equal_shares() -> None:
    falling, steady = flat_then(90.0, *[80.0] * 12), flat_then(*[100.0] * 13)
    replay = Replaying([subject(falling), subject(steady)], terms(falling)).run(Silent())
    assert replay.equity.holding_percent == pytest.approx(-10.0)
    assert replay.equity.rule_percent == pytest.approx(-5.0)
    assert replay.equity.holding_drawdown == pytest.approx(10.0)
    assert "2 positions from 2026-01-05 to 2026-01-07: 1 exit" in repr(replay)
