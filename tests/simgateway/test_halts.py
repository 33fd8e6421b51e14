"""Halts: bars, quotes, ticks and orders while a contract does not trade, and when it does again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from ib_insync import MarketOrder, StopOrder

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.halts import Halt, HaltKind, Halts
from sellkit.simgateway.history import HistoryBar, HistoryQuery
from sellkit.simgateway.listing import Listing
from sellkit.simgateway.market import Market
from sellkit.simgateway.market_terms import MarketTerms
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import MSFT, connected, go_to, held, place, settled, until
from tests.simgateway.watching import NOON, heard, pass_time, ticks, watched
from tests.simgateway.wire import WireClient, bars, prices

if TYPE_CHECKING:
    from pathlib import Path

    from ib_insync import IB

AAPL = Listing("AAPL", "NASDAQ", start_price=200.0)


def at(time: str, day: str = "2025-11-26") -> dt.datetime:
    return parse_instant(f"{day}T{time}")


def halt(
    start: str, end: str | None, symbol: str = "AAPL", kind: HaltKind = HaltKind.REGULATORY
) -> Halt:
    return Halt(symbol, at(start), None if end is None else at(end), kind)


def market(*halts: Halt, flat: bool = False) -> Market:
    return Market((AAPL,), terms=MarketTerms(halts=halts, flat_when_halted=flat))


def ask(source: Market, size: str, now: dt.datetime, *, back: str = "1 D") -> list[HistoryBar]:
    query = HistoryQuery("AAPL", "NASDAQ", None, back, size, "TRADES", rth=True)
    return source.history(query, now)


def walls(found: list[HistoryBar]) -> list[str]:
    hours = dt.timedelta(hours=5)
    return [f"{one.start - hours:%H:%M}" for one in found if isinstance(one.start, dt.datetime)]


# --- bars


def test_half_hours_inside_a_halt_are_missing_and_those_at_its_edges_hold_their_part() -> None:
    plain, halted = market(), market(halt("11:40:00", "13:10:00"))
    now = at("15:00:00")
    found = dict(zip(walls(ask(halted, "30 mins", now)), ask(halted, "30 mins", now), strict=True))
    whole = ask(plain, "1 min", now)
    assert [time for time in walls(ask(plain, "30 mins", now)) if time not in found] == [
        "12:00",
        "12:30",
    ]
    first, last = found["11:30"], found["13:00"]
    begin = walls(whole).index("11:30")
    assert first.volume == sum(one.volume for one in whole[begin : begin + 10])
    assert first.close == whole[begin + 9].close
    reopening = walls(whole).index("13:10")
    assert last.open == whole[reopening].open
    assert last.volume == sum(one.volume for one in whole[reopening : reopening + 20])


def test_a_halt_in_the_middle_of_a_minute_keeps_what_had_traded_by_then() -> None:
    plain, halted = market(), market(halt("11:40:30", "13:10:20"))
    minutes = ask(halted, "1 min", at("14:00:00"))
    begun = ask(plain, "1 min", at("11:40:30"))[-1]
    assert minutes[walls(minutes).index("11:40")] == begun
    assert "11:41" not in walls(minutes)
    assert "13:09" not in walls(minutes)
    assert "13:10" in walls(minutes)


@pytest.mark.parametrize("size", ["2 mins", "30 mins", "1 hour", "1 day"])
def test_longer_bars_are_the_fold_of_the_minutes_that_traded(size: str) -> None:
    halted = market(halt("11:40:30", "13:10:00"), halt("14:00:00", "14:05:00"))
    now = at("15:30:00")
    minutes, longer = ask(halted, "1 min", now), ask(halted, size, now)
    assert sum(one.volume for one in longer) == sum(one.volume for one in minutes)
    assert longer[-1].close == minutes[-1].close
    assert max(one.high for one in longer) == max(one.high for one in minutes)
    assert min(one.low for one in longer) == min(one.low for one in minutes)


def test_weeks_lack_what_did_not_trade() -> None:
    now = at("15:30:00")
    (week,) = ask(market(halt("11:40:30", "13:10:00")), "1W", now)
    days = ask(market(halt("11:40:30", "13:10:00")), "1 day", now, back="3 D")
    assert week.volume == sum(one.volume for one in days)
    assert week.volume < ask(market(), "1W", now)[-1].volume


def test_halted_bars_are_flat_and_without_volume_where_that_is_wanted() -> None:
    plain, flat = market(), market(halt("11:40:00", "13:10:00"), flat=True)
    now = at("15:00:00")
    found = ask(flat, "30 mins", now)
    assert walls(found) == walls(ask(plain, "30 mins", now))
    noon = found[walls(found).index("12:00")]
    before = found[walls(found).index("11:30")]
    assert (noon.open, noon.high, noon.low, noon.close) == (before.close,) * 4
    assert (noon.volume, noon.count) == (0, 0)
    assert noon.average == before.close


def test_other_days_and_other_symbols_trade_on() -> None:
    listed = (AAPL, Listing("JPM", "NYSE"))
    halted = Market(listed, terms=MarketTerms(halts=(halt("11:40:00", None),)))
    query = HistoryQuery("JPM", "NYSE", None, "2 D", "30 mins", "TRADES", rth=True)
    now = at("15:00:00")
    assert halted.history(query, now) == Market(listed).history(query, now)
    before = ask(halted, "30 mins", at("15:00:00"), back="2 D")[:13]
    assert before == ask(market(), "30 mins", at("15:00:00"), back="2 D")[:13]


def test_a_halt_over_the_night_swallows_the_next_opening() -> None:
    overnight = Halt("AAPL", at("15:00:00"), at("10:00:00", "2025-11-28"), HaltKind.REGULATORY)
    found = ask(market(overnight), "30 mins", at("12:00:00", "2025-11-28"), back="2 D")
    assert walls(found)[-5:] == ["14:30", "10:00", "10:30", "11:00", "11:30"]


def test_a_wholly_halted_day_has_no_bar_and_the_days_around_it_have() -> None:
    long = Halt("AAPL", at("09:00:00"), at("17:00:00"), HaltKind.REGULATORY)
    days = ask(market(long), "1 day", at("12:00:00", "2025-11-28"), back="3 D")
    assert [one.start for one in days] == [dt.date(2025, 11, 25), dt.date(2025, 11, 28)]


def test_recorded_bars_are_missing_inside_a_halt_and_whole_at_its_edges(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    starts = [at("11:30:00") + step * dt.timedelta(minutes=30) for step in range(5)]
    columns = {name: [100.0] * 5 for name in ("open", "high", "low", "close", "volume")}
    table = pa.table({"ts": pa.array(starts, pa.timestamp("us", "UTC")), **columns})
    pq.write_table(table, tmp_path / "AAPL.parquet")
    terms = MarketTerms(halts=(halt("11:40:00", "13:10:00"),))
    source = Market((AAPL,), replay={"30m": tmp_path}, terms=terms)
    found = ask(source, "30 mins", at("15:00:00"))
    assert walls(found) == ["11:30", "13:00", "13:30"]
    assert [one.volume for one in found] == [100, 100, 100]
    assert source.quote("AAPL", at("12:30:00")).volume == 100


# --- quotes


def test_the_quote_stands_still_during_a_halt_and_knows_nothing_of_later_prices() -> None:
    halted = market(halt("11:40:30", "13:10:00"))
    last = market().quote("AAPL", at("11:40:30"))
    for time in ("11:40:30", "11:41:00", "12:30:00", "13:09:59"):
        quote = halted.quote("AAPL", at(time))
        assert (quote.last, quote.volume) == (last.last, last.volume)
    reopened = halted.quote("AAPL", at("13:10:30"))
    assert reopened.last == market().quote("AAPL", at("13:10:30")).last
    assert reopened.volume > last.volume


def test_a_halt_that_ends_with_a_whole_minute_reopens_at_the_price_of_that_minute() -> None:
    source, moved = market(halt("12:00:00", "12:30:00")), at("12:10:30")
    before = source.quote("AAPL", at("12:29:59")).last
    source.move("AAPL", 0.5, moved)
    assert source.quote("AAPL", at("12:29:59")).last == before
    reopened = source.quote("AAPL", at("12:30:00")).last
    assert reopened == pytest.approx(before / 2, rel=0.05)
    assert reopened == source.history(_bar_of_the_minute(), at("12:30:30"))[-1].open


def _bar_of_the_minute() -> HistoryQuery:
    return HistoryQuery("AAPL", "NASDAQ", None, "60 S", "1 min", "TRADES", rth=True)


def test_a_halt_ends_when_it_is_ended() -> None:
    halts = Halts([halt("11:40:00", None), halt("11:50:00", None, kind=HaltKind.VOLATILITY)])
    assert halts.at("AAPL", at("11:39:59")) is None
    assert halts.at("AAPL", at("11:45:00")) is HaltKind.REGULATORY
    assert halts.at("AAPL", at("12:00:00")) is HaltKind.VOLATILITY
    assert halts.end("AAPL", at("12:00:00")) == 2
    assert halts.at("AAPL", at("12:00:00")) is None
    assert halts.at("AAPL", at("11:59:59")) is HaltKind.VOLATILITY
    assert halts.end("AAPL", at("12:00:01")) == 0


# --- what clients hear


@pytest.mark.parametrize("kind", HaltKind)
def test_streams_are_told_of_a_halt_and_of_its_end(kind: HaltKind) -> None:
    own = halt("12:00:10", "12:00:20", kind=kind)
    with watched(halts=(own,)) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7))
        assert ticks(heard(client), 45)[49] == "0.0"
        pass_time(gateway, 5)
        halted = heard(client)
        assert ticks(halted, 45)[49] == f"{float(kind)}"
        pass_time(gateway, 5)
        assert heard(client) == []
        pass_time(gateway, 5)
        assert ticks(heard(client), 45)[49] == "0.0"


def test_delayed_streams_hear_of_a_halt_fifteen_minutes_later() -> None:
    terms = {"subscription": "delayed", "halts": (halt("11:50:00", "11:55:00"),)}
    with watched(**terms) as gateway, WireClient(gateway) as client:
        client.start().send(59, 1, 3)
        client.send(*prices(7))
        assert ticks(heard(client), 45)[90] == "0.0"
        pass_time(gateway, 300)
        assert ticks(heard(client), 45)[90] == "1.0"


def test_a_request_for_bars_shows_the_hole() -> None:
    own = halt("10:30:00", "11:30:00")
    with watched(halts=(own,)) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*bars(7, size="30 mins", duration="1 D"))
    starts = [answer[place][9:14] for place in range(5, len(answer), 8)]
    assert starts == ["09:30", "10:00", "11:30", "12:00"]


# --- orders


def test_an_order_waits_through_a_halt_and_fills_at_the_reopening_price() -> None:
    async def trade(ib: IB) -> None:
        sale = await place(ib, MarketOrder("SELL", 40, tif="DAY"), "Submitted")
        stop = ib.placeOrder(MSFT, StopOrder("BUY", 5, 105.0, tif="DAY"))
        fake.last = 120.0
        go_to(gateway, at("12:29:59"))
        await settled(ib)
        assert sale.orderStatus.status == "Submitted"
        assert held(gateway) == 40
        go_to(gateway, at("12:30:00"))
        await until(lambda: sale.orderStatus.status == "Filled")
        assert sale.orderStatus.avgFillPrice == 119.99
        await until(lambda: stop.orderStatus.avgFillPrice == 120.01)

    fake = FakeMarket()
    own = halt("12:00:00", "12:30:00", "MSFT")
    with watched(market=fake, halts=(own,)) as gateway:
        connected(gateway, trade)


def test_a_cancel_works_during_a_halt() -> None:
    async def trade(ib: IB) -> None:
        sale = await place(ib, MarketOrder("SELL", 40, tif="DAY"), "Submitted")
        ib.cancelOrder(sale.order)
        await until(lambda: sale.orderStatus.status == "Cancelled")
        go_to(gateway, at("12:30:00"))
        await settled(ib)
        assert held(gateway) == 40

    own = halt("12:00:00", "12:30:00", "MSFT")
    with watched(market=FakeMarket(), halts=(own,)) as gateway:
        connected(gateway, trade)


def test_a_market_on_close_order_finds_no_price_in_a_halt() -> None:
    async def trade(ib: IB) -> None:
        order = MarketOrder("SELL", 40, tif="DAY")
        order.orderType = "MOC"
        trade = await place(ib, order, "PreSubmitted")
        go_to(gateway, at("16:00:01"))
        await until(lambda: trade.orderStatus.status == "Cancelled")
        assert held(gateway) == 40

    own = halt("15:00:00", None, "MSFT")
    with watched(at=NOON, market=FakeMarket(), halts=(own,)) as gateway:
        connected(gateway, trade)
