"""Faults 20 to 35: what happens to the data."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from ib_insync import IB, Contract

from sellkit.errors import ConfigError, InvalidBars
from tests.faults.desk import PACING, Ran
from tests.faults.markets import Scaled, TwiceAndBackwards
from tests.faults.play import TURN, Play

HOUR = dt.timedelta(hours=1)
APPLE = Contract(conId=265598, exchange="SMART")
MICROSOFT = Contract(conId=272093, exchange="SMART")


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
    assert ran.words()["AAPL"] == "EXIT ApprovedTicket"
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
    play.seen(f"HOLD on the bar to {ends(ran, 'AAPL'):%H:%M}; the growing one had fallen by half")


@pytest.mark.not_built
@pytest.mark.fault(24)
def test_a_bar_that_comes_late_is_asked_for_again(play: Play) -> None:
    play.turn(fall=("AAPL",))
    ran = play.run()
    assert ran.words()["AAPL"] == "UNDECIDED"
    assert "16:00 UTC is" in ran.reasons("AAPL")
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))
    play.not_built("asking again until a deadline; the hour is left undecided at once")


@pytest.mark.not_built
@pytest.mark.fault(25)
def test_a_bar_that_is_corrected_later_reverses_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",))
    first = play.run()
    assert first.words()["AAPL"] == "EXIT ApprovedTicket"
    play.go_to(TURN + dt.timedelta(minutes=5))
    play.store().clear()
    second = play.run()
    assert second.words()["AAPL"] == "HOLD"
    play.seen(f"first {first.words()['AAPL']}, then {second.words()['AAPL']}, both journalled")
    play.not_built("later runs that take up what was decided on a bar, instead of judging it anew")


@pytest.mark.fault(26)
def test_an_answer_that_comes_twice_changes_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT ApprovedTicket", "MSFT": "HOLD"}


@pytest.mark.fault(26)
@pytest.mark.market.with_args(TwiceAndBackwards.of)
def test_bars_that_come_twice_and_backwards_count_once_and_in_order(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT ApprovedTicket", "MSFT": "HOLD"}
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
def test_a_holiday_has_no_hour(play: Play) -> None:
    thanksgiving = dt.datetime(2025, 11, 27, 16, 0, 20, tzinfo=dt.UTC)
    play.go_to(thanksgiving)
    ran = play.run()
    assert ends(ran, "AAPL") == dt.datetime(2025, 11, 26, 21, tzinfo=dt.UTC)


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    "end",
    [
        dt.datetime(2026, 3, 6, 16, tzinfo=dt.UTC),  # 11:00, before the clocks change
        dt.datetime(2026, 3, 9, 15, tzinfo=dt.UTC),  # 11:00, after it
    ],
)
def test_hours_stay_those_of_the_exchange(
    play: Play, monkeypatch: pytest.MonkeyPatch, end: dt.datetime
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
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
    assert ran.words()["AAPL"] == "EXIT ApprovedTicket"
    play.seen(f"the machine in Tokyo: 11:00 in New York is {end:%m-%d %H:%M} UTC")


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


@pytest.mark.fault(31)
@pytest.mark.parametrize("price", ["-1", "0", "nan"])
def test_an_impossible_price_decides_nothing(play: Play, price: str) -> None:
    play.control.clear()
    rule = {"message": "historicalData", "symbol": "AAPL", "do": "corrupt", "field": 10}
    play.control.inject({**rule, "value": price})
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    play.seen(f"{price}: {ran.words()['AAPL']}")


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
    play.seen(f"a thousandth of the price: {ran.words()['AAPL']}")


@pytest.mark.fault(32)
def test_too_few_bars_for_the_average_decide_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "HOLD"}
    assert "needs 20 bars in a row, has " in ran.reasons("AAPL")
    play.seen(ran.words()["AAPL"], ran.reasons("AAPL"))


@pytest.mark.fault(33)
def test_a_torn_file_is_named_and_a_repair_fetches_its_bars_anew(play: Play) -> None:
    play.turn(fall=("AAPL",))
    before = play.run().words()
    torn = max(_files(play), key=lambda path: path.stat().st_size)
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    ran = play.run()
    assert isinstance(ran.error, InvalidBars)
    assert torn.name in str(ran.error)
    assert "sellkit data repair" in str(ran.error)
    assert [each.where for each in play.store().mend()] == [f"{torn.parent.name}/{torn.name}"]
    assert play.run().words() == before
    play.seen("named with its remedy, nothing decided", "after the repair as before")


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
    assert play.run().words()["AAPL"] == "EXIT ApprovedTicket"
    play.seen("nothing decided while bars cannot be written")


def _files(play: Play) -> list[Path]:
    return list((play.folder / "data" / "segments").rglob("*.parquet"))


@pytest.mark.not_built
@pytest.mark.fault(34)
def test_delayed_prices_bear_no_live_decision(play: Play) -> None:
    play.turn(fall=("AAPL",))
    codes: set[int] = set()

    async def subscribe(ib: IB) -> None:
        ib.errorEvent += lambda _id, code, _text, _contract: codes.add(code)
        ib.reqMarketDataType(3)
        for contract in (APPLE, MICROSOFT):
            ib.reqMktData(contract)
        while not {354, 10167} <= codes:
            await asyncio.sleep(0.01)

    play.plain(subscribe)
    ran = play.run()
    play.seen(f"a plain client hears {', '.join(map(str, sorted(codes & {354, 10167})))}")
    assert ran.decision is not None
    play.not_built("live mode, and with it a look at whether prices are live")


@pytest.mark.not_built
@pytest.mark.fault(35)
def test_many_exits_at_once_wait_for_a_person(play: Play) -> None:
    symbols = ("AAPL", "MSFT", "JPM", "XOM", "NVDA", "IBM")
    play.turn(fall=symbols)
    ran = play.run()
    assert ran.words() == dict.fromkeys(symbols, "EXIT DeniedTicket")
    assert "check the data first" in ran.reasons("JPM")
    play.seen(f"all {len(symbols)} are withheld: {ran.reasons('JPM')}")
    play.not_built("a way for a person to confirm them")
