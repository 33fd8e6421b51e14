"""Present prices over a plain socket: who may see them, of which kind, and what else is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from ib_insync import Contract

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.market_terms import Subscription, UnpaidHistory
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import AAPL as APPLE
from tests.simgateway.trading import connected, until
from tests.simgateway.watching import JPM, SATURDAY, codes, heard, pass_time, ticks, watched
from tests.simgateway.wire import WireClient, bars, contract, prices

if TYPE_CHECKING:
    from ib_insync import IB

JP_MORGAN = Contract(conId=1520593, exchange="SMART")
LIVE = {1, 2, 4, 6, 7, 9, 14}
DELAYED = {66, 67, 68, 72, 73, 75, 76}


def data_type(messages: list[tuple[str, ...]]) -> list[str]:
    return [one[3] for one in messages if one[0] == "58"]


# --- what every request gets


def test_a_live_stream_begins_with_every_default_tick() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7))
        messages = heard(client)
    assert [one[0] for one in messages[:2]] == ["58", "81"]
    assert messages[0] == ("58", "1", "7", "1")
    assert messages[1] == ("81", "7", "0.01", "", "0")
    assert set(ticks(messages, 1)) == LIVE
    assert set(ticks(messages, 2)) == {0, 3, 5, 8}
    assert ticks(messages, 45) == {49: "0.0"}
    assert ticks(messages, 46) == {45: str(int(parse_instant("2025-11-26T12:00:05").timestamp()))}


@pytest.mark.parametrize(
    ("versions", "unit"), [("v100..157", 100), ("v157..176", 1), ("v157..178", 1)]
)
def test_ticks_have_the_same_fields_in_every_version_and_sizes_in_its_unit(
    versions: str, unit: int
) -> None:
    market = FakeMarket()
    with watched(market=market) as gateway, WireClient(gateway) as client:
        client.start(1, versions).send(*prices(7, generic="233"))
        messages = heard(client)
    lengths = {one[0]: len(one) for one in messages}
    assert lengths == {"58": 4, "81": 5, "1": 7, "2": 5, "45": 5, "46": 5}
    assert ticks(messages, 2)[8] == str(1250 // unit)
    assert ticks(messages, 46)[48] == f"100.0;{100 // unit};;{1250 // unit};;true"


def test_a_stream_tells_of_a_trade_with_its_time() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7, generic="233,293,375"))
        first = heard(client)
        pass_time(gateway, 1)
        second = heard(client)
    price, size, moment, volume, _average, _one = ticks(second, 46)[48].split(";")
    before = ticks(first, 46)[48].split(";")
    assert int(moment) - int(before[2]) == 1000
    assert int(volume) - int(before[3]) == int(size)
    assert price == ticks(second, 1).get(4, ticks(first, 1)[4])
    assert ticks(second, 46)[77] == ticks(second, 46)[48]
    assert int(ticks(second, 46)[45]) * 1000 == int(moment)
    assert float(ticks(second, 45)[54]) > float(ticks(first, 45)[54])


def test_dividends_and_the_mark_are_told_where_they_are_asked_for() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7, generic="221, 456"))
        messages = heard(client)
    assert ticks(messages, 46)[59] == ",,,"
    assert ticks(messages, 1)[37] == ticks(messages, 1)[4]


# --- requests that are refused


@pytest.mark.parametrize("generic", ["999", "233,x", "1e3", "²"])
def test_a_generic_tick_that_does_not_exist_is_refused_with_the_legal_ones(generic: str) -> None:
    with watched() as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*prices(7, generic=generic.encode("ascii", "replace").decode()))
    assert answer[2:4] == ("7", "321")
    assert "233(RTVolume)" in answer[4]


def test_a_snapshot_takes_no_generic_ticks() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*prices(7, generic="233", snapshot=1))
    assert answer[2:4] == ("7", "321")
    assert "Snapshot market data subscription is not applicable" in answer[4]


def test_an_id_that_is_in_use_is_322_and_the_stream_goes_on() -> None:
    market = FakeMarket()
    with watched(market=market) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7))
        client.send(*prices(7, of=JPM))
        assert codes(heard(client)) == [(7, 322)]
        market.last = 101.0
        pass_time(gateway, 1)
        assert ticks(heard(client), 1)[4] == "101.0"


def test_a_cancelled_stream_is_silent_and_a_second_cancel_is_300() -> None:
    market = FakeMarket()
    with watched(market=market) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7))
        client.send(2, 2, 7)
        heard(client)
        market.last = 101.0
        pass_time(gateway, 1)
        assert heard(client) == []
        assert client.ask(2, 2, 7)[2:5] == ("7", "300", "Can't find EId with tickerId:7")


def test_the_lines_are_shared_by_all_clients_and_used_up_with_101() -> None:
    with (
        watched(market=FakeMarket(), lines=3) as gateway,
        WireClient(gateway) as first,
        WireClient(gateway) as second,
    ):
        first.start(1)
        second.start(2)
        first.send(*prices(1))
        first.send(*prices(2, of=JPM))
        heard(first)
        second.send(*prices(1))
        assert codes(heard(second)) == []
        second.send(*prices(2, of=JPM))
        assert codes(heard(second)) == [(2, 101)]
        first.send(2, 2, 1)
        heard(first)
        second.send(*prices(2, of=JPM))
        assert codes(heard(second)) == []


# --- the types


def test_live_prices_of_a_closed_market_have_no_sides_and_frozen_ones_have() -> None:
    with watched(at=SATURDAY) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7))
        live = heard(client)
        client.send(59, 1, 2)
        client.send(*prices(8))
        frozen = heard(client)
    assert data_type(live) == ["1"]
    assert (ticks(live, 1)[1], ticks(live, 1)[2], ticks(live, 2)[0]) == ("-1.0", "-1.0", "0")
    assert data_type(frozen) == ["2"]
    assert float(ticks(frozen, 1)[1]) < float(ticks(live, 1)[4]) < float(ticks(frozen, 1)[2])
    assert ticks(frozen, 45)[49] == "-1.0"


def test_frozen_prices_turn_live_at_the_open() -> None:
    at = parse_instant("2025-11-26T03:59:59")
    with watched(at=at) as gateway, WireClient(gateway) as client:
        client.start().send(59, 1, 2)
        client.send(*prices(7))
        assert data_type(heard(client)) == ["2"]
        pass_time(gateway, 31)
        messages = heard(client)
    assert data_type(messages) == ["1"]
    assert ticks(messages, 45)[49] == "0.0"


@pytest.mark.parametrize("wanted", [1, 2, 3, 4])
def test_who_may_see_live_prices_gets_them_whatever_is_wanted(wanted: int) -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().send(59, 1, wanted)
        client.send(*prices(7))
        messages = heard(client)
    assert data_type(messages) == ["1"]
    assert set(ticks(messages, 1)) == LIVE


@pytest.mark.parametrize(("wanted", "kind"), [(3, "3"), (4, "3")])
def test_delayed_prices_are_fifteen_minutes_old_and_have_their_own_numbers(
    wanted: int, kind: str
) -> None:
    with (
        watched(symbols={"AAPL": Subscription.DELAYED}) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(59, 1, wanted)
        client.send(*prices(7))
        messages = heard(client)
        old = gateway.market.quote("AAPL", parse_instant("2025-11-26T11:45:05"))
    assert codes(messages) == [(7, 10167)]
    assert messages[0][4].endswith("Displaying delayed market data.")
    assert data_type(messages) == [kind]
    assert set(ticks(messages, 1)) == DELAYED
    assert set(ticks(messages, 2)) == {69, 70, 71, 74}
    assert ticks(messages, 1)[68] == str(old.last)
    moment = str(int(parse_instant("2025-11-26T11:45:05").timestamp()))
    assert ticks(messages, 46) == {88: moment}
    assert ticks(messages, 45) == {90: "0.0"}


def test_delayed_prices_of_a_closed_market_are_frozen_where_that_is_wanted() -> None:
    with (
        watched(at=SATURDAY, subscription=Subscription.DELAYED) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(59, 1, 3)
        client.send(*prices(7))
        plain = heard(client)
        client.send(59, 1, 4)
        client.send(*prices(8))
        frozen = heard(client)
    assert (data_type(plain), ticks(plain, 1)[66]) == (["3"], "-1.0")
    assert data_type(frozen) == ["4"]
    assert float(ticks(frozen, 1)[66]) > 0


# --- who may see what


@pytest.mark.parametrize(
    ("subscription", "wanted", "code", "text"),
    [
        (Subscription.DELAYED, 1, 354, "not subscribed.Delayed market data is available."),
        (Subscription.DELAYED, 2, 354, "not subscribed.Delayed market data is available."),
        (Subscription.NONE, 1, 354, "Requested market data is not subscribed."),
        (Subscription.NONE, 3, 354, "Requested market data is not subscribed."),
        (Subscription.NOT_FOR_API, 1, 10089, "requires additional subscription for API."),
    ],
)
def test_what_is_not_subscribed_is_refused_and_takes_no_line(
    subscription: Subscription, wanted: int, code: int, text: str
) -> None:
    with (
        watched(market=FakeMarket(), subscription=subscription, lines=1) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(59, 1, wanted)
        client.send(*prices(7))
        (answer,) = heard(client)
        assert answer[2:4] == ("7", str(code))
        assert text in answer[4]
        assert client.ask(2, 2, 7)[3] == "300"


def test_delayed_prices_that_are_not_enabled_are_10186() -> None:
    terms = {"subscription": Subscription.DELAYED, "delayed_enabled": False}
    with watched(**terms) as gateway, WireClient(gateway) as client:
        client.start().send(59, 1, 3)
        client.send(*prices(7))
        assert codes(heard(client)) == [(7, 10186)]


@pytest.mark.parametrize(
    ("subscription", "code"),
    [(Subscription.PARTLY, 10090), (Subscription.PARTLY_FOR_API, 10091)],
)
def test_a_part_is_shown_without_the_generic_ticks(subscription: Subscription, code: int) -> None:
    with watched(subscription=subscription) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7, generic="233"))
        messages = heard(client)
    assert codes(messages) == [(7, code)]
    assert set(ticks(messages, 1)) == LIVE
    assert 48 not in ticks(messages, 46)


def test_a_symbols_own_subscription_counts_before_its_exchanges() -> None:
    terms = {
        "exchanges": {"NASDAQ": Subscription.NONE},
        "symbols": {"AAPL": Subscription.LIVE, "JPM": Subscription.NOT_FOR_API},
    }
    with watched(market=FakeMarket(), **terms) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(1))
        client.send(*prices(2, of=contract(272093)))
        client.send(*prices(3, of=JPM))
        assert codes(heard(client)) == [(2, 354), (3, 10089)]


def test_a_competing_session_stops_streams_and_its_end_lets_them_go_on() -> None:
    market = FakeMarket()
    with watched(market=market, competing=True) as gateway, WireClient(gateway) as client:
        client.start().send(*prices(7))
        client.send(*prices(8, snapshot=1))
        assert codes(heard(client)) == [(7, 10197), (8, 10197)]
        pass_time(gateway, 1)
        assert heard(client) == []
        client.send(59, 1, 3)
        client.send(*prices(9))
        assert codes(heard(client)) == [(9, 10167)]


# --- snapshots


def test_a_snapshot_without_sides_ends_when_its_time_is_up() -> None:
    with (
        watched(at=SATURDAY, snapshot_seconds=0.05) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(*prices(7, snapshot=1))
        assert "57" not in {one[0] for one in heard(client)}
        assert client.receive() == ("57", "1", "7")
        assert client.ask(2, 2, 7)[3] == "300"


def test_a_waiting_snapshot_can_be_given_up() -> None:
    with (
        watched(at=SATURDAY, snapshot_seconds=0.05) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(*prices(7, snapshot=1))
        client.send(2, 2, 7)
        client.send(*prices(8, snapshot=1))
        assert client.until(57)[-1] == ("57", "1", "8")


# --- bars of what may not be seen


@pytest.mark.parametrize(
    ("subscription", "text"),
    [
        (Subscription.DELAYED, "No market data permissions for ISLAND STK"),
        (Subscription.NONE, "No market data permissions for ISLAND STK"),
        (Subscription.NOT_FOR_API, "STK. Requested market data requires additional subscription"),
    ],
)
def test_bars_need_a_live_subscription(subscription: Subscription, text: str) -> None:
    with watched(subscription=subscription) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*bars(7))
        assert answer[2:4] == ("7", "162")
        assert text in answer[4]
        head = client.ask(87, 8, *contract(), 0, 1, "TRADES", 1)
        assert head[2:5] == ("8", "354", "Requested market data is not subscribed.")


@pytest.mark.parametrize("code", [354, 10187])
def test_the_code_of_a_refusal_of_bars_can_be_chosen(code: int) -> None:
    terms = {"subscription": Subscription.NONE, "history_code": code}
    with watched(**terms) as gateway, WireClient(gateway) as client:
        assert client.start().ask(*bars(7))[2:4] == ("7", str(code))


def test_bars_can_be_told_late_or_openly_instead() -> None:
    def last(history: UnpaidHistory) -> str:
        terms = {"subscription": Subscription.DELAYED, "history": history}
        with watched(**terms) as gateway, WireClient(gateway) as client:
            return client.start().ask(*bars(7, size="1 min", duration="1 D"))[-8]

    assert last(UnpaidHistory.DELAYED) == "20251126 11:45:00 US/Eastern"
    assert last(UnpaidHistory.OPEN) == "20251126 12:00:00 US/Eastern"


def test_bars_are_refused_during_a_competing_session() -> None:
    with watched(competing=True) as gateway, WireClient(gateway) as client:
        answer = client.start().ask(*bars(7))
    assert answer[2:4] == ("7", "162")
    assert answer[4].endswith("Trading TWS session is connected from a different IP address")


# --- the real client


def test_the_real_client_sees_live_and_delayed_prices_and_is_told_why() -> None:
    async def look(ib: IB) -> None:
        told: list[int] = []
        ib.errorEvent += lambda _id, code, *_: told.append(code)
        live = ib.reqMktData(APPLE, "233,293,456")
        ib.reqMarketDataType(3)
        late = ib.reqMktData(JP_MORGAN)
        await until(lambda: live.last == live.last and late.last == late.last)
        await ib.reqCurrentTimeAsync()
        assert told == [10167]
        assert (live.marketDataType, late.marketDataType) == (1, 3)
        assert live.bid < live.last < live.ask
        assert late.bid < late.last < late.ask
        now = gateway.market.quote("JPM", gateway.clock.now())
        assert (late.last, late.volume) != (now.last, now.volume)
        assert (live.halted, live.minTick, live.rtVolume) == (0.0, 0.01, live.volume)
        before = live.volume
        await asyncio.to_thread(pass_time, gateway, 30)
        await until(lambda: live.volume > before)
        ib.cancelMktData(APPLE)
        await ib.reqCurrentTimeAsync()
        assert told == [10167]

    with watched(symbols={"JPM": Subscription.DELAYED}) as gateway:
        connected(gateway, look)


def test_the_real_clients_snapshot_fails_at_once_without_a_subscription() -> None:
    async def look(ib: IB) -> None:
        told: list[int] = []
        ib.errorEvent += lambda _id, code, *_: told.append(code)
        (ticker,) = await asyncio.wait_for(ib.reqTickersAsync(APPLE), 5)
        assert ticker.last != ticker.last
        assert told == [354]

    with watched(subscription=Subscription.NONE) as gateway:
        connected(gateway, look)
