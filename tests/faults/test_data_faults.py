"""Faults 20 to 35: what happens to the data."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, Contract

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.assignments import Assignment, parse_choice
from sellkit.core.bars import PRICES, Anchor, BarSize, SeriesKey
from sellkit.core.instrument import Token
from sellkit.core.market_time import calendar_for
from sellkit.errors import ConfigError, InvalidBars, NotConnected
from tests.build import limits
from tests.faults.desk import AVERAGE, PACING, Ran
from tests.faults.markets import Eager, Odd, Scaled, TwiceAndBackwards
from tests.faults.play import TURN, Play

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.history import HistoryBar

HOUR = dt.timedelta(hours=1)
HOUR_END = TURN.replace(second=0)
APPLE = Contract(conId=265598, exchange="SMART")
MICROSOFT = 272093
HALVES = SeriesKey(APPLE.conId, BarSize.M30)


def ends(ran: Ran, symbol: str) -> dt.datetime:
    """When the bar ended on which a position was judged."""
    assert ran.decision is not None, ran.error
    for row in ran.decision.rows:
        if row.position.instrument.token.symbol == symbol:
            assert row.signal.certificate is not None
            return row.signal.certificate.slot.end
    raise KeyError(symbol)


@pytest.mark.fault(20)
def test_a_source_without_bars_decides_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    assert "16:00 UTC is missing" in ran.reasons("AAPL")
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))


@pytest.mark.fault(21)
def test_a_source_that_is_asked_too_much_is_asked_again_later(play: Play) -> None:
    play.turn(fall=("AAPL",))
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT PreparedTicket"
    assert play.asked("reqHistoricalData") == 4 + 2
    play.seen(ran.words()["AAPL"], "asked 6 times for 4 series")


@pytest.mark.fault(21)
def test_a_source_that_stays_overloaded_is_not_hammered(play: Play) -> None:
    play.control.inject({"do": "pacing", "symbol": "AAPL"})
    play.turn(fall=("AAPL",))
    patient = replace(PACING, backoff_seconds=0.05, jitter=0.0)
    ran = play.run(play.connect(pacing=patient))
    assert ran.words()["AAPL"] == "UNDECIDED"
    assert "pacing violation" in ran.reasons("AAPL")
    for size in ("1 day", "30 mins"):
        asked = [
            each.seconds
            for each in play.heard("reqHistoricalData")
            if each.fields[2] == "265598" and size in each.fields
        ]
        assert len(asked) == patient.max_attempts
        waits = [after - before for before, after in pairwise(asked)]
        assert all(wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2), strict=True))
    play.seen(f"{ran.words()['AAPL']} after 4 requests for each series, at doubling intervals")


@pytest.mark.fault(22)
def test_bars_that_never_come_are_an_error_and_no_empty_answer(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run(play.connect(request_timeout_seconds=1.0))
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    assert "did not answer" in ran.reasons("AAPL")
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))


@pytest.mark.fault(23)
def test_a_bar_that_is_still_growing_does_not_decide(play: Play) -> None:
    play.turn(rise=("AAPL",))
    within = TURN + dt.timedelta(minutes=40)
    play.control.move_price("AAPL", 0.5)
    play.go_to(within)
    told: list[dt.datetime] = []

    async def ask(ib: IB) -> None:
        bars = await ib.reqHistoricalDataAsync(APPLE, "", "1 D", "30 mins", "TRADES", True, 2)
        told.extend(bar.date for bar in bars)

    play.plain(ask)
    assert told[-1] + HOUR / 2 > within, "the gateway did not tell a growing bar"
    ran = play.run()
    assert ran.words()["AAPL"] == "HOLD"
    assert ends(ran, "AAPL") == TURN.replace(second=0)
    assert play.store().read(HALVES).index[-1] == within - dt.timedelta(minutes=40, seconds=20)
    play.seen(f"HOLD on the bar to {ends(ran, 'AAPL'):%H:%M}; the growing one had fallen by half")


@pytest.mark.fault(23)
@pytest.mark.market.with_args(Eager.of)
def test_a_growing_bar_that_nobody_asked_for_is_not_kept(play: Play) -> None:
    play.turn(rise=("AAPL",))
    play.control.move_price("AAPL", 0.5)
    play.go_to(TURN + dt.timedelta(minutes=10))
    ran = play.run()
    assert ran.words()["AAPL"] == "HOLD"
    assert ends(ran, "AAPL") == HOUR_END
    stored = play.store()
    assert stored.read(HALVES).index[-1] == HOUR_END - HOUR / 2
    days = stored.read(SeriesKey(APPLE.conId, BarSize.D1))
    assert days.index[-1].date() == dt.date(2026, 1, 27)


@pytest.mark.fault(23)
def test_a_bar_that_may_still_change_after_its_end_does_not_decide(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    lag = dt.timedelta(seconds=30)
    assert play.run(lag=lag).words() == {"AAPL": "UNDECIDED", "MSFT": "UNDECIDED"}
    assert play.store().read(HALVES).index[-1] < HOUR_END - HOUR / 2
    play.go_to(TURN + lag)
    assert play.run(lag=lag).words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}


@pytest.mark.fault(23)
def test_a_bar_that_was_told_before_it_was_final_does_not_decide(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.run()
    ran = play.run(lag=dt.timedelta(seconds=30))
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "UNDECIDED"}
    assert "was fetched before it was final, 30 s after its end" in ran.reasons("AAPL")


LATE = dt.timedelta(seconds=60)


@pytest.mark.fault(24)
def test_a_bar_that_comes_late_is_asked_for_again_and_decides(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run(play.waiting(), late_bars=LATE)
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}
    assert ends(ran, "AAPL") == TURN.replace(second=0)
    assert play.clock.now() == TURN + dt.timedelta(seconds=30)
    assert play.asked("reqHistoricalData") == 4 + 2 * 2
    play.seen("there after 40 s, asked for at 20, 35 and 50 s", ran.words()["AAPL"])


@pytest.mark.fault(24)
def test_a_bar_that_never_comes_leaves_the_hour_undecided_at_the_deadline(play: Play) -> None:
    play.control.set_bars(final_after_seconds=600)
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run(play.waiting(), late_bars=LATE)
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "UNDECIDED"}
    assert "16:00 UTC is incomplete: 1 of 2 half-hours" in ran.reasons("AAPL")
    assert "did not come in time, asked for 3 times" in ran.reasons("AAPL")
    assert play.clock.now() == TURN + dt.timedelta(seconds=30), "waited past its deadline"
    assert play.asked("reqHistoricalData") == 4 + 2 * 2
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))


@pytest.mark.fault(24)
def test_where_nothing_is_waited_for_the_hour_is_undecided_at_once(play: Play) -> None:
    play.turn(fall=("AAPL",))
    assert play.run().words()["AAPL"] == "UNDECIDED"
    assert play.asked("reqHistoricalData") == 4


@pytest.mark.fault(24)
def test_an_hour_that_was_undecided_is_decided_once_its_bar_is_there(play: Play) -> None:
    play.turn(fall=("AAPL",))
    assert play.run().words()["AAPL"] == "UNDECIDED"
    play.go_to(TURN + LATE)
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"


def close_of(ran: Ran, symbol: str) -> float:
    """The close that a position was judged on."""
    assert ran.decision is not None, ran.error
    rows = {row.position.instrument.token.symbol: row for row in ran.decision.rows}
    certificate = rows[symbol].signal.certificate
    assert certificate is not None
    return certificate.close


LATER = TURN + dt.timedelta(minutes=5)


@pytest.mark.fault(25)
def test_an_exit_on_a_bar_that_is_corrected_later_stands_and_yields_no_second_order(
    play: Play,
) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    first = play.run()
    assert first.words()["AAPL"] == "EXIT PreparedTicket"
    play.go_to(LATER)
    play.store().clear()
    second = play.run()
    assert second.words() == {"AAPL": "EXIT DeniedTicket", "MSFT": "HOLD"}
    assert second.ticket("AAPL") == first.ticket("AAPL")
    assert close_of(second, "AAPL") == close_of(first, "AAPL")
    told = f"its close was {close_of(first, 'AAPL'):.8g} then and is "
    assert told in second.reasons("AAPL")
    assert "by which it would be HOLD); the decision stands" in second.reasons("AAPL")
    assert "the deciding bar is told differently now" in second.reasons("AAPL")
    with closing(SqliteJournal(play.journal_path)) as journal:
        (retold,) = journal.retellings(second.run_id)
        assert journal.retellings(first.run_id) == ()
    assert (retold["decided_in"], retold["decision"], retold["decision_now"]) == (
        first.run_id,
        "EXIT",
        "HOLD",
    )
    assert retold["close_now"] == pytest.approx(1.5 * close_of(first, "AAPL"), rel=1e-3)
    play.seen(f"first {first.words()['AAPL']}, then", second.reasons("AAPL"))


@pytest.mark.fault(25)
def test_a_hold_on_a_bar_that_is_corrected_later_stands(play: Play) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    first = play.run()
    assert first.words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    play.go_to(LATER)
    play.control.correct_bar("MSFT", HOUR_END, 0.5)
    play.store().clear()
    second = play.run()
    assert second.words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    assert close_of(second, "MSFT") == close_of(first, "MSFT")
    assert "by which it would be EXIT); the decision stands" in second.reasons("MSFT")
    third = play.run()
    assert third.reasons("MSFT") == second.reasons("MSFT")


@pytest.mark.fault(25)
def test_an_exit_on_a_bar_that_is_corrected_a_little_is_prepared_as_it_was(play: Play) -> None:
    play.turn(fall=("MSFT",))
    first = play.run()
    play.go_to(LATER)
    play.control.correct_bar("MSFT", HOUR_END, 0.99)
    play.store().clear()
    second = play.run()
    assert first.words()["MSFT"] == second.words()["MSFT"] == "EXIT PreparedTicket"
    assert second.ticket("MSFT") == first.ticket("MSFT")
    assert close_of(second, "MSFT") == close_of(first, "MSFT")


@pytest.mark.fault(25)
def test_an_exit_that_a_small_correction_takes_back_is_withheld(play: Play) -> None:
    play.control.move_price("MSFT", 0.98)
    play.turn()
    first = play.run()
    assert first.words()["MSFT"] == "EXIT PreparedTicket"
    play.go_to(LATER)
    play.control.correct_bar("MSFT", HOUR_END, 1.05)
    play.store().clear()
    second = play.run()
    assert second.words()["MSFT"] == "EXIT DeniedTicket"
    assert "the next bar decides" in second.reasons("MSFT")


@pytest.mark.fault(25)
def test_a_decision_on_yesterdays_bar_stands_beside_one_on_this_hours(play: Play) -> None:
    play.book.save(Assignment(Token("NASDAQ", "MSFT"), *parse_choice("SMA 10 1D")))
    play.turn(fall=("AAPL",))
    first = play.run()
    assert ends(first, "MSFT") < ends(first, "AAPL")
    assert first.words()["MSFT"] in ("HOLD", "EXIT DeniedTicket")
    factor = 0.7 if first.words()["MSFT"] == "HOLD" else 1.5
    play.control.correct_bar("MSFT", ends(first, "MSFT"), factor)
    play.store().clear()
    second = play.run()
    assert second.words()["MSFT"] == first.words()["MSFT"]
    assert close_of(second, "MSFT") == close_of(first, "MSFT")
    assert "told differently since" in second.reasons("MSFT")


@pytest.mark.fault(25)
def test_another_average_assigned_within_the_hour_is_judged_by_itself(play: Play) -> None:
    play.turn(fall=("AAPL",))
    first = play.run()
    play.go_to(LATER)
    play.store().clear()
    average, timeframe = parse_choice("SMA 10 1H")
    play.book.save(Assignment(Token("NASDAQ", "AAPL"), average, timeframe))
    second = play.run()
    assert second.words()["AAPL"] == "HOLD"
    assert "told differently" not in second.reasons("AAPL")
    play.control.correct_bar("AAPL", HOUR_END, 0.3)
    play.store().clear()
    stays = play.run()
    assert stays.words()["AAPL"] == "HOLD"
    assert close_of(stays, "AAPL") == close_of(second, "AAPL")
    assert "by which it would be EXIT" in stays.reasons("AAPL")
    play.book.save(Assignment(Token("NASDAQ", "AAPL"), *parse_choice(AVERAGE)))
    third = play.run()
    assert third.words()["AAPL"] == "EXIT DeniedTicket"
    assert third.ticket("AAPL") == first.ticket("AAPL")


@pytest.mark.fault(25)
def test_the_next_hour_keeps_what_was_told_before_and_goes_by_what_is_told_now(
    play: Play,
) -> None:
    play.turn(fall=("AAPL",))
    first = play.run()
    play.go_to(TURN + HOUR)
    second = play.run()
    assert ends(second, "AAPL") == HOUR_END + HOUR
    revised = play.store().revisions(HALVES)
    assert list(revised.index) == [HOUR_END - HOUR / 2]
    assert revised["close"].iloc[0] == close_of(first, "AAPL")
    now = play.store().read(HALVES)["close"].loc[HOUR_END - HOUR / 2]
    assert now == pytest.approx(1.5 * close_of(first, "AAPL"), rel=1e-3)
    play.seen("what was told before is kept among the revisions")


@pytest.mark.fault(26)
def test_an_answer_that_comes_twice_changes_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}


@pytest.mark.fault(26)
@pytest.mark.market.with_args(TwiceAndBackwards.of)
def test_bars_that_come_twice_and_backwards_count_once_and_in_order(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}
    stored = play.store()
    keys = stored.keys()
    assert len(keys) == 4
    for key in keys:
        index = stored.read(key).index
        assert index.is_unique
        assert index.is_monotonic_increasing
    play.seen("every bar stored once and in order", ran.words()["AAPL"])


@pytest.mark.fault(27)
def test_an_hour_with_a_hole_is_unknown(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    assert "1 of 2 half-hours" in ran.reasons("AAPL")
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))


@pytest.mark.fault(28)
def test_a_half_day_has_four_hours_and_the_last_ends_at_one(play: Play) -> None:
    close = dt.datetime(2025, 11, 28, 18, tzinfo=dt.UTC)
    play.go_to(close - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(close + dt.timedelta(seconds=20))
    at_close = play.run()
    assert ends(at_close, "AAPL") == close
    assert at_close.words()["AAPL"] == "EXIT DeferredTicket"
    play.go_to(close + 3 * HOUR)
    later = play.run()
    assert ends(later, "AAPL") == close, "an hour that never was"
    assert later.words()["AAPL"] == "EXIT DeniedTicket"
    play.seen("the last hour ends at 13:00", "at 16:00 the same bar, withheld as too old")


@pytest.mark.fault(28)
def test_hours_from_the_opening_on_end_with_a_half_day_too(play: Play) -> None:
    close = dt.datetime(2025, 11, 28, 18, tzinfo=dt.UTC)
    play.go_to(close - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(close + dt.timedelta(seconds=20))
    ran = play.run(anchor=Anchor.SESSION)
    assert ends(ran, "AAPL") == close
    assert ran.words()["AAPL"] == "EXIT DeferredTicket"


@pytest.mark.fault(28)
def test_a_holiday_has_no_hour(play: Play) -> None:
    thanksgiving = dt.datetime(2025, 11, 27, 16, 0, 20, tzinfo=dt.UTC)
    play.go_to(thanksgiving)
    ran = play.run()
    assert ends(ran, "AAPL") == dt.datetime(2025, 11, 26, 21, tzinfo=dt.UTC)


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    "end",
    [
        dt.datetime(2026, 3, 6, 15, tzinfo=dt.UTC),  # the stub to 10:00, before the clocks change
        dt.datetime(2026, 3, 9, 14, tzinfo=dt.UTC),  # the same, after it
        dt.datetime(2026, 3, 6, 16, tzinfo=dt.UTC),  # 11:00
        dt.datetime(2026, 3, 9, 15, tzinfo=dt.UTC),
        dt.datetime(2025, 10, 31, 14, tzinfo=dt.UTC),  # 10:00, before they change back
        dt.datetime(2025, 11, 3, 15, tzinfo=dt.UTC),
    ],
)
def test_hours_stay_those_of_the_exchange(
    play: Play, monkeypatch: pytest.MonkeyPatch, end: dt.datetime
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")  # five and three quarters of an hour off
    time.tzset()
    try:
        play.go_to(end - dt.timedelta(minutes=1))
        play.control.move_price("AAPL", 0.9)
        play.go_to(end + dt.timedelta(seconds=20))
        ran = play.run()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ends(ran, "AAPL") == end
    assert ran.words()["AAPL"] == "EXIT PreparedTicket"
    calendar = calendar_for("NASDAQ")
    halves = play.store().read(HALVES).index
    begun = [each for each in halves if each.date() == end.date()]
    session = calendar.on(end.date())
    assert session is not None
    assert begun[0] == session.open_utc
    assert (begun[0].hour, begun[0].minute) == (13 if _is_summer(end) else 14, 30)
    local = calendar.local(end)
    play.seen(f"the machine in Kathmandu: {local:%H:%M} in New York is {end:%m-%d %H:%M} UTC")


def _is_summer(moment: dt.datetime) -> bool:
    """Whether New York is four hours behind Greenwich, and not five."""
    changes = dt.date(2025, 11, 2), dt.date(2026, 3, 8)
    return not changes[0] <= moment.date() < changes[1]


@pytest.mark.fault(30)
def test_after_a_split_all_is_fetched_anew_and_nothing_is_mixed(play: Play) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    assert play.run().words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    tomorrow = TURN + dt.timedelta(days=1)
    play.go_to(tomorrow - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 1.2)
    play.go_to(tomorrow)
    asked = play.asked("reqHistoricalData")
    ran = play.run()
    assert ran.words()["AAPL"] == "HOLD"
    assert ran.decision is not None
    assert {each.quantity for each in ran.decision.snapshot.positions} == {400, 40}
    stored = play.store()
    keys = [each for each in stored.keys() if each.con_id == APPLE.conId]  # noqa: SIM118 (no dict)
    highest = max(stored.read(key)["close"].max() for key in keys)
    assert highest < 100, "prices of before the split are left"
    again = play.asked("reqHistoricalData") - asked
    play.seen(f"HOLD, on prices fetched anew by {again} requests")


TOMORROW = TURN + dt.timedelta(days=1)
OVERNIGHT = dt.datetime(2026, 1, 29, 3, tzinfo=dt.UTC)


def superseded(play: Play) -> list[str]:
    """The series that were put aside whole, without the time."""
    folder = play.folder / "data" / "superseded"
    return sorted(each.name.partition("~")[0] for each in folder.glob("*.parquet"))


MICROSOFTS = ["272093-1d-TRADES-rth-clock", "272093-30m-TRADES-rth-clock"]


@pytest.mark.fault(30)
@pytest.mark.parametrize("ratio", ["1:10", "3:2", "11:10", "20:1", "100:1"])
def test_whatever_the_ratio_all_is_fetched_anew_and_both_series_are_kept(
    play: Play, ratio: str
) -> None:
    of = Fraction(ratio.replace(":", "/"))
    play.split(MICROSOFT, "MSFT", of, OVERNIGHT)
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    old = play.store().read(SeriesKey(MICROSOFT, BarSize.M30))
    play.go_to(TOMORROW - dt.timedelta(minutes=1))
    play.control.move_price("MSFT", 1.2)
    play.go_to(TOMORROW)
    ran = play.run()
    assert ran.words()["MSFT"] == "HOLD"
    assert not play.store().frozen()
    new = play.store().read(SeriesKey(MICROSOFT, BarSize.M30))
    common = old.index.intersection(new.index)
    assert len(common) > 20
    changed = (new.loc[common, "close"] / old.loc[common, "close"]).to_numpy()
    assert changed == pytest.approx(float(1 / of), rel=2e-3)
    assert [each for each in superseded(play) if each.startswith("272093")] == MICROSOFTS
    play.seen(f"{ratio}: all fetched anew, the old series kept")


@pytest.mark.fault(30)
@pytest.mark.parametrize("fall", [0.995, 0.97, 0.8])
def test_a_fall_overnight_as_by_a_dividend_is_no_split(play: Play, fall: float) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    play.go_to(OVERNIGHT)
    play.control.move_price("MSFT", fall)
    play.go_to(TOMORROW)
    before = play.asked("reqHistoricalData")
    ran = play.run()
    assert ran.words()["MSFT"] in ("HOLD", "EXIT PreparedTicket")
    assert [each for each in superseded(play) if each.startswith("272093")] == []
    asked = [each for each in play.heard("reqHistoricalData")[before:] if "272093" in each.fields]
    assert len(asked) == 2, "one request for each series"


@pytest.mark.fault(30)
@pytest.mark.parametrize("factor", [0.5, 1.01, 4.0])
def test_one_bar_that_is_corrected_is_no_split(play: Play, factor: float) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    yesterday = HOUR_END - dt.timedelta(days=1)
    for end in (yesterday, HOUR_END):
        play.control.correct_bar("MSFT", end, factor)
    play.go_to(TURN + HOUR)
    play.run()
    told = play.store().revisions(SeriesKey(MICROSOFT, BarSize.M30))
    assert list(told.index) == [yesterday - HOUR / 2, HOUR_END - HOUR / 2]
    assert superseded(play) == []
    assert "prices_changed" not in play.ears.events()


@pytest.mark.fault(30)
@pytest.mark.market.with_args(Scaled.of)
@pytest.mark.parametrize(("factor", "is_anew"), [(1.01, True), (0.995, True), (1.001, False)])
def test_prices_that_drift_from_what_is_stored_are_fetched_anew(
    play: Play, factor: float, *, is_anew: bool
) -> None:
    market = play.gateway.market
    assert isinstance(market, Scaled)
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    old = play.store().read(HALVES)
    market.factor = factor
    play.go_to(TURN + HOUR)
    assert play.run().words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    assert not play.store().frozen()
    assert len(superseded(play)) == (2 if is_anew else 0)
    new = play.store().read(HALVES)
    first = new.index.intersection(old.index)[0]
    assert new.loc[first, "close"] / old.loc[first, "close"] == pytest.approx(
        factor if is_anew else 1.0, rel=1e-4
    )


@pytest.mark.fault(30)
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_what_is_fetched_anew_after_a_split_is_resumed_after_a_break(play: Play, nth: int) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    old = play.store().read(HALVES)
    play.go_to(TOMORROW - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 1.2)
    play.go_to(TOMORROW)
    rule = {"message": "reqHistoricalData", "symbol": "AAPL", "nth": nth, "do": "close"}
    play.control.inject(rule)
    broken = play.run()
    assert isinstance(broken.error, NotConnected)
    kept = play.store().read(HALVES)
    assert kept.loc[old.index, "close"].equals(old["close"]), "old and new prices were mixed"
    ran = play.run()
    assert ran.words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    assert not play.store().frozen()
    assert play.store().read(HALVES)["close"].max() < 100, "prices of before the split are left"
    assert superseded(play) == [each.replace("272093", "265598") for each in MICROSOFTS]


@pytest.mark.fault(30)
def test_while_bars_are_fetched_anew_nothing_is_decided_on_the_old_ones(play: Play) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    play.go_to(TOMORROW - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(TOMORROW)
    rule = {"message": "reqHistoricalData", "symbol": "AAPL", "from": 3, "do": "no_data"}
    play.control.inject(rule)
    ran = play.run()
    assert ran.words()["AAPL"] == "UNDECIDED"
    assert "frozen since 2026-01-29 16:00 UTC" in ran.reasons("AAPL")
    assert len(play.store().frozen()) == 2
    play.control.clear()
    before = play.asked("reqHistoricalData")
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"
    assert play.asked("reqHistoricalData") - before == 2, "what is frozen is asked for twice"


NEEDED = HOUR_END - HOUR / 2
"""The half-hour whose close decides at the usual turn."""


def odd(play: Play) -> Odd:
    """The market that tells some of Apple's half-hours otherwise, without the scenario's rule."""
    play.control.clear()
    market = play.gateway.market
    assert isinstance(market, Odd)
    return market


def put_aside(play: Play) -> dict[dt.datetime, str]:
    """What was put aside, and why."""
    told = play.store().quarantined()
    return dict(zip(told["start"], told["reason"], strict=True))


def times(factor: float) -> Callable[[HistoryBar], HistoryBar]:
    """All prices of a bar, multiplied."""

    def tell(bar: HistoryBar) -> HistoryBar:
        prices = (bar.open, bar.high, bar.low, bar.close)
        return bar._replace(
            **dict(zip(PRICES, (round(each * factor, 4) for each in prices), strict=True))
        )

    return tell


def at(start: dt.datetime, tell: Callable[[HistoryBar], HistoryBar]) -> Any:
    """Change one bar, and leave the others."""
    return lambda bar: tell(bar) if bar.start == start else bar


WRONG: dict[str, tuple[Callable[[HistoryBar], HistoryBar], str]] = {
    "a close of -1": (lambda bar: bar._replace(close=-1.0), "not positive"),
    "a close of 0": (lambda bar: bar._replace(close=0.0), "not positive"),
    "a close that is no number": (lambda bar: bar._replace(close=float("nan")), "is missing"),
    "a low of 0": (lambda bar: bar._replace(low=0.0), "not positive"),
    "an open without an end": (lambda bar: bar._replace(open=float("inf")), "outside the bar's"),
    "all prices -1": (
        lambda bar: bar._replace(open=-1.0, high=-1.0, low=-1.0, close=-1.0),
        "not positive",
    ),
    "a close above the high": (lambda bar: bar._replace(close=2 * bar.high), "outside the bar's"),
    "a thousandfold": (times(1000.0), "more than 50 times"),
    "a thousandth": (times(0.001), "more than 50 times"),
}


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Odd.of)
@pytest.mark.parametrize("what", WRONG)
def test_a_bar_that_cannot_be_is_put_aside_and_does_not_decide(play: Play, what: str) -> None:
    tell, reason = WRONG[what]
    odd(play).tell = at(NEEDED, tell)
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    assert "incomplete: 1 of 2 half-hours" in ran.reasons("AAPL")
    assert "1 of the bars told cannot be and were put aside" in ran.reasons("AAPL")
    found = put_aside(play)
    assert list(found) == [NEEDED]
    assert reason in found[NEEDED]
    stored = play.store().read(HALVES)
    assert NEEDED not in stored.index
    assert stored.index[-1] == NEEDED - HOUR / 2, "the good bars of the answer are not there"
    assert len(stored) > 20
    play.seen(f"{what}: {ran.words()['AAPL']}")


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Odd.of)
def test_what_was_put_aside_decides_once_it_is_told_rightly(play: Play) -> None:
    odd(play).tell = at(NEEDED, times(1000.0))
    play.turn(fall=("AAPL",))
    assert play.run().words()["AAPL"] == "UNDECIDED"
    odd(play).tell = None
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Odd.of)
def test_a_wrong_bar_of_the_hour_is_asked_for_again_as_one_that_is_late(play: Play) -> None:
    wrong = at(NEEDED, times(1000.0))
    odd(play).tell = lambda bar: wrong(bar) if play.clock.now() == TURN else bar
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run(play.waiting(), late_bars=LATE)
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}
    assert list(put_aside(play)) == [NEEDED]


@pytest.mark.fault(31)
@pytest.mark.parametrize("price", ["-1", "0", "nan"])
def test_an_impossible_bar_that_no_decision_needs_is_put_aside_alone(
    play: Play, price: str
) -> None:
    play.control.clear()
    rule = {"message": "historicalData", "symbol": "AAPL", "do": "corrupt", "field": 10}
    play.control.inject({**rule, "value": price})
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}
    aside = play.store().quarantined()
    assert list(aside["series"]) == ["265598-1d-TRADES-rth-clock"]
    assert aside["reason"].str.contains("not positive").all()
    days = play.store().read(SeriesKey(APPLE.conId, BarSize.D1))
    assert aside["start"].iloc[0] < days.index[0]
    assert len(days) > 10


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Odd.of)
@pytest.mark.parametrize("price", [0.0, -1.0, float("nan")])
def test_an_impossible_price_of_a_stored_bar_is_no_split(play: Play, price: float) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    before = play.run()
    stored = play.store().read(HALVES)
    odd(play).tell = lambda bar: bar._replace(close=price) if bar.start < HOUR_END else bar
    play.go_to(TURN + HOUR)
    ran = play.run()
    assert ran.words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    assert not play.store().frozen()
    assert "prices_changed" not in play.ears.events()
    again = play.store().read(HALVES)
    assert again.loc[stored.index, "close"].equals(stored["close"])
    assert close_of(before, "AAPL") in set(again["close"])


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Odd.of)
def test_a_price_that_only_stands_still_without_a_trade_does_not_decide(play: Play) -> None:
    market = odd(play)
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    last = float(play.store().read(HALVES)["close"].iloc[-1])

    def still(bar: HistoryBar) -> HistoryBar:
        if isinstance(bar.start, dt.datetime) and bar.start >= HOUR_END:
            return bar._replace(open=last, high=last, low=last, close=last, volume=0)
        return bar

    market.tell = still
    play.go_to(TURN + HOUR)
    ran = play.run()
    assert ran.words()["AAPL"] == "UNDECIDED"
    found = put_aside(play)
    assert list(found) == [HOUR_END, HOUR_END + HOUR / 2]
    assert all("without a trade" in each for each in found.values())
    assert play.store().read(HALVES).index[-1] == NEEDED
    play.seen(f"a price that stands still: {ran.words()['AAPL']}")


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Scaled.of)
def test_a_price_far_from_all_others_decides_nothing(play: Play) -> None:
    market = play.gateway.market
    assert isinstance(market, Scaled)
    market.factor, market.since = 0.001, TURN - HOUR
    play.control.clear()
    play.turn()
    ran = play.run()
    assert ran.words()["AAPL"] == "UNDECIDED"
    assert "put aside" in ran.reasons("AAPL")


@pytest.mark.fault(31)
@pytest.mark.market.with_args(Scaled.of)
@pytest.mark.parametrize(("factor", "word"), [(0.7, "Denied"), (1.5, "Denied"), (1.1, "Prepared")])
def test_a_close_far_from_the_market_is_no_ground_to_sell(
    play: Play, factor: float, word: str
) -> None:
    market = play.gateway.market
    assert isinstance(market, Scaled)
    market.factor = factor
    play.control.clear()
    play.turn(fall=("AAPL",))
    ran = play.run()
    assert ran.words()["AAPL"] == f"EXIT {word}Ticket"
    assert ("lies too far from the market (bid " in ran.reasons("AAPL")) == (word == "Denied")


@pytest.mark.fault(32)
def test_too_few_bars_for_the_average_decide_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    assert "needs 20 bars in a row, has " in ran.reasons("AAPL")
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))


@pytest.mark.fault(33)
@pytest.mark.parametrize("remedy", ["repair", "rebuild"])
@pytest.mark.parametrize("is_folded", [False, True])
def test_a_torn_file_is_named_and_mended_by_fetching_anew(
    play: Play, remedy: str, *, is_folded: bool
) -> None:
    play.turn(fall=("AAPL",))
    before = play.run().words()
    if is_folded:
        play.store().compact()
    torn = max(_files(play), key=lambda path: path.stat().st_size)
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    ran = play.run()
    assert isinstance(ran.error, InvalidBars)
    assert torn.name in str(ran.error)
    assert "`sellkit data repair`" in str(ran.error)
    if remedy == "repair":
        (moved,) = play.store().mend()
        assert moved.where == f"{torn.parent.name}/{torn.name}"
    else:
        play.store().clear()
    assert play.run().words() == before
    play.seen(f"named, nothing decided; as before after data {remedy}")


@pytest.mark.fault(33)
@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_file_of_which_some_bytes_changed_is_not_used(play: Play, at: float) -> None:
    play.turn(fall=("AAPL",))
    before = play.run().words()
    play.store().compact()
    torn = max(_files(play), key=lambda path: path.stat().st_size)
    content = bytearray(torn.read_bytes())
    place = int(len(content) * at)
    content[place : place + 64] = bytes(255 - each for each in content[place : place + 64])
    torn.write_bytes(content)
    ran = play.run()
    assert isinstance(ran.error, InvalidBars)
    assert torn.name in str(ran.error)
    play.store().mend()
    assert play.run().words() == before


@pytest.mark.fault(33)
def test_a_disk_that_takes_no_more_leaves_what_was_there(play: Play) -> None:
    play.turn(fall=("AAPL",))
    folder = play.folder / "data"
    folder.mkdir()
    (folder / "bars").write_text("in the way of every file of bars")
    ran = play.run()
    assert isinstance(ran.error, ConfigError)
    assert "bars" in str(ran.error)
    (folder / "bars").unlink()
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"
    play.seen("nothing decided while bars cannot be written")


@pytest.mark.fault(33)
def test_wherever_a_bit_turns_no_other_bars_are_read(play: Play) -> None:
    play.turn(fall=("AAPL",))
    play.run()
    play.store().compact()
    (altered,) = (each for each in _files(play) if each.name.startswith("265598-30m"))
    before, content = play.store().read(HALVES), altered.read_bytes()
    refused = 0
    for place in range(0, len(content), 11):
        turned = content[place] ^ 1 << place % 8
        altered.write_bytes(content[:place] + bytes([turned]) + content[place + 1 :])
        try:
            told = play.store().read(HALVES)
        except InvalidBars:
            refused += 1
        else:
            assert told.equals(before), f"byte {place} of {len(content)}"
    altered.write_bytes(content)
    assert refused > 100
    play.seen(f"{refused} of {len(range(0, len(content), 11))} turned bits were noticed")


def _files(play: Play) -> list[Path]:
    """The files that hold bars, in pieces or folded."""
    data = play.folder / "data"
    return [*(data / "segments").glob("*.parquet"), *(data / "bars").glob("*.parquet")]


@pytest.mark.fault(34)
def test_prices_that_are_not_live_bear_no_order(play: Play) -> None:
    play.turn(fall=("AAPL", "MSFT"))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT DeniedTicket", "MSFT": "EXIT DeniedTicket"}
    for symbol in ("AAPL", "MSFT"):
        told = f"prices of NASDAQ:{symbol} are not subscribed for this account (354: "
        assert told in ran.reasons(symbol)
    _no_line_is_left(play)
    play.seen(ran.reasons("AAPL"))


REFUSALS = {
    354: "are not subscribed for this account (354: ",
    10089: "are not subscribed for the API (10089: ",
    10090: "are subscribed in part only (10090: ",
    10091: "are subscribed in part only for the API (10091: ",
    10167: "are delayed (10167: ",
    10186: "are not subscribed for this account (10186: ",
    200: "could not be had (200: ",
}


@pytest.mark.fault(34)
@pytest.mark.parametrize("code", REFUSALS)
def test_each_of_the_gateways_refusals_withholds_the_order_with_its_reason(
    play: Play, code: int
) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    refusal = {"do": "error", "code": code, "text": "so it is", "deliver": code != 354}
    play.control.inject({"message": "reqMktData", "symbol": "AAPL", **refusal})
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert f"prices of NASDAQ:AAPL {REFUSALS[code]}so it is)" in ran.reasons("AAPL")
    with closing(SqliteJournal(play.journal_path)) as journal:
        (seen,) = journal.quotes(ran.run_id)
    assert str(code) in str(seen["trouble"])
    _no_line_is_left(play)


@pytest.mark.fault(34)
@pytest.mark.parametrize(
    ("kind", "told"), [("2", "are frozen"), ("3", "are delayed"), ("4", "are")]
)
def test_prices_that_are_said_to_be_of_another_kind_bear_no_order(
    play: Play, kind: str, told: str
) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    rule = {"message": "marketDataType", "do": "corrupt", "field": 4, "value": kind}
    play.control.inject(rule)
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert f"prices of NASDAQ:AAPL {told}" in ran.reasons("AAPL")
    assert f"(market data type {kind})" in ran.reasons("AAPL")


@pytest.mark.fault(34)
def test_prices_that_never_come_bear_no_order(play: Play) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    play.control.inject({"message": "reqMktData", "do": "drop"})
    play.turn(fall=("AAPL",))
    ran = play.run(play.connect(request_timeout_seconds=1.0))
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert "nobody knows whether they are live" in ran.reasons("AAPL")


@pytest.mark.fault(34)
def test_a_rival_session_that_takes_the_prices_leaves_everything_undecided(play: Play) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    play.turn(fall=("AAPL",))
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"
    refusal = {"do": "error", "code": 10197, "text": "rival", "deliver": False}
    play.control.inject({"message": "reqMktData", **refusal})
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "UNDECIDED"}
    assert "another session of the same login" in ran.reasons("AAPL")


@pytest.mark.fault(34)
def test_live_prices_are_asked_for_an_exit_alone_and_not_kept(play: Play) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run(play.connect())
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}
    (asked,) = play.heard("reqMktData")
    assert "265598" in asked.fields
    _no_line_is_left(play)
    with closing(SqliteJournal(play.journal_path)) as journal:
        (seen,) = journal.quotes(ran.run_id)
    bid, ask = float(str(seen["bid"])), float(str(seen["ask"]))
    assert bid < ask
    assert bid == pytest.approx(close_of(ran, "AAPL"), rel=0.05)
    play.seen("with a subscription approved")


@pytest.mark.fault(34)
def test_a_market_that_is_closed_shows_no_quote_and_the_close_alone_counts(play: Play) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    close = dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC)
    play.go_to(close - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(close + 5 * HOUR)
    ran = play.run(limits=limits(max_bar_age=6 * HOUR, max_shares=None, max_notional=None))
    assert ran.words()["AAPL"] == "EXIT DeferredTicket"
    assert ran.decision is not None
    row = next(each for each in ran.decision.rows if each.quote is not None)
    assert "no quote now, so that only the close is known" in row.would_send
    assert row.quote is not None
    assert (row.quote.bid, row.quote.ask, row.quote.trouble) == (None, None, None)


@pytest.mark.fault(34)
def test_what_is_traded_after_hours_says_nothing_of_the_close(play: Play) -> None:
    play.control.set_market_data(symbol="AAPL", subscription="live")
    close = dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC)
    play.go_to(close - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(close + dt.timedelta(seconds=10))
    play.control.move_price("AAPL", 0.7)
    play.go_to(close + dt.timedelta(seconds=20))
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT DeferredTicket"
    assert ran.decision is not None
    row = next(each for each in ran.decision.rows if each.quote is not None)
    assert row.quote is not None
    assert float(row.quote.price or 0) < 0.75 * close_of(ran, "AAPL")


def _no_line_is_left(play: Play) -> None:
    """Every subscription to prices was cancelled, and the gateway keeps none."""
    asked = {each.fields[2] for each in play.heard("reqMktData")}
    ended = {each.fields[2] for each in play.heard("cancelMktData")}
    assert asked == ended
    assert asked
    assert not any(one.streams for one in play.gateway.sessions)


@pytest.mark.fault(35)
def test_many_exits_at_once_wait_for_a_person(play: Play) -> None:
    symbols = ("AAPL", "MSFT", "JPM", "XOM", "NVDA", "IBM")
    play.turn(fall=symbols)
    ran = play.run()
    assert ran.words() == dict.fromkeys(symbols, "EXIT DeniedTicket")
    assert "check the data first" in ran.reasons("JPM")
    play.seen(f"all {len(symbols)} are withheld: {ran.reasons('JPM')}")
