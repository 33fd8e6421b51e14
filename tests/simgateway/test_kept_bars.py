"""Bars that are kept up to date, over a plain socket and with the real client."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.fault_actions import Sequence, Step
from sellkit.simgateway.history import HistoryBar
from sellkit.simgateway.market import Market
from sellkit.simgateway.market_terms import Subscription, UntilFinal
from tests.simgateway.fake_market import OPENED, FakeMarket
from tests.simgateway.trading import AAPL as CONTRACT
from tests.simgateway.trading import connected, until
from tests.simgateway.watching import NOON, SCENARIO, codes, heard, pass_time, watched
from tests.simgateway.wire import WireClient, bars

if TYPE_CHECKING:
    from ib_insync import IB

    from sellkit.simgateway.gateway import Gateway

HALF_PAST = parse_instant("2025-11-26T12:29:55")


def kept(request_id: int, size: str = "30 mins", **more: object) -> tuple[object, ...]:
    return bars(request_id, size=size, duration="1 D", keep=1, **more)  # type: ignore[arg-type]


def updates(client: WireClient) -> list[tuple[str, ...]]:
    return [one for one in heard(client) if one[0] == "90"]


# --- the messages


@pytest.mark.parametrize(
    ("versions", "volume"), [("v100..157", "20"), ("v157..176", "2000"), ("v157..178", "2000")]
)
def test_an_update_has_its_own_order_of_fields(versions: str, volume: str) -> None:
    market = FakeMarket()
    with watched(market=market) as gateway, WireClient(gateway) as client:
        assert client.start(1, versions).ask(*kept(7))[0] == "17"
        market.bars[-1] = HistoryBar(
            OPENED + dt.timedelta(hours=1), 1.0, 2.5, 0.25, 1.75, 2000, 1.6, 9
        )
        pass_time(gateway, 5)
        (update,) = updates(client)
    assert update == (
        *("90", "7", "9", "20251128 10:30:00 US/Eastern"),
        *("1.0", "1.75", "2.5", "0.25", "1.6", volume),
    )


def test_an_update_keeps_the_form_of_dates_that_was_asked_for() -> None:
    with watched(at=NOON) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7, date_format=2))
        client.ask(*kept(8, size="1 day", date_format=2))
        pass_time(gateway, 5)
        dates = {one[1]: one[3] for one in updates(client)}
    assert dates == {
        "7": str(int(parse_instant("2025-11-26T12:00:00").timestamp())),
        "8": "20251126",
    }


def test_quotes_that_are_kept_have_neither_volume_nor_average_nor_count() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7, show="MIDPOINT"))
        pass_time(gateway, 30)
        (update,) = updates(client)
    assert (update[2], update[8], update[9]) == ("-1", "-1.0", "-1")


# --- when they come


def test_the_forming_bar_is_told_every_five_seconds_as_a_request_would_show_it() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        pass_time(gateway, 5)
        (first,) = updates(client)
        pass_time(gateway, 4)
        assert updates(client) == []
        pass_time(gateway, 1)
        (second,) = updates(client)
        answer = client.ask(*bars(8, size="30 mins", duration="1 D"))
    assert first[3] == second[3] == "20251126 12:00:00 US/Eastern"
    assert int(second[9]) > int(first[9])
    date, opened, high, low, close, volume, average, count = answer[-8:]
    assert second[2:] == (count, date, opened, close, high, low, average, volume)


def test_a_new_bar_comes_behind_the_final_form_of_the_one_before() -> None:
    with watched(at=HALF_PAST) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        pass_time(gateway, 10)
        ended, begun = updates(client)
        final = client.ask(*bars(8, end="20251126-17:30:00", size="30 mins", duration="1 D"))
    assert ended[3] == "20251126 12:00:00 US/Eastern"
    assert begun[3] == "20251126 12:30:00 US/Eastern"
    assert (ended[5], ended[9]) == (final[-4], final[-3])


def test_bars_that_were_jumped_over_come_all_in_order() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7, size="1 hour"))
        pass_time(gateway, 5 * 86_400)
        dates = [one[3][:8] for one in updates(client)]
    assert dates == sorted(dates)
    # The rest of Wednesday, half of Friday, and Monday up to noon.
    assert Counter(dates) == {"20251126": 4, "20251128": 4, "20251201": 4}


def test_nothing_comes_while_the_market_is_closed() -> None:
    at = parse_instant("2025-11-26T16:00:30")
    with watched(at=at) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        pass_time(gateway, 600)
        assert updates(client) == []


def test_a_bar_that_is_not_final_holds_updates_back() -> None:
    market = Market.of(SCENARIO)
    market.final_after_seconds = 20
    with watched(at=HALF_PAST, market=market) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        pass_time(gateway, 10)
        assert updates(client) == []
        pass_time(gateway, 20)
        assert [one[3][9:14] for one in updates(client)] == ["12:00", "12:30"]


def test_a_provisional_bar_takes_nothing_back() -> None:
    market = Market.of(SCENARIO)
    market.final_after_seconds, market.until_final = 20, UntilFinal.PROVISIONAL
    at = parse_instant("2025-11-26T12:29:58")
    with watched(at=at, market=market) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        pass_time(gateway, 5)
        assert updates(client) == []
        pass_time(gateway, 20)
        assert [one[3][9:14] for one in updates(client)] == ["12:00", "12:30"]


# --- what is refused, and how it ends


@pytest.mark.parametrize(
    "asked",
    [
        kept(7, end="20251126-16:00:00"),
        kept(7, show="BID_ASK"),
        kept(7, show="ADJUSTED_LAST"),
        kept(7, size="1 day", show="SCHEDULE"),
    ],
)
def test_an_end_or_what_is_no_plain_price_cannot_be_kept(asked: tuple[object, ...]) -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().send(*asked)
        assert codes(heard(client)) == [(7, 321)]


def test_a_cancel_ends_it_with_162_and_a_second_one_finds_nothing() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        answer = client.ask(25, 1, 7)
        assert answer[2:4] == ("7", "162")
        assert answer[4].endswith("API historical data query cancelled: 7")
        pass_time(gateway, 60)
        assert heard(client) == []
        assert client.ask(25, 1, 7)[3] == "366"
        assert client.ask(*kept(7))[0] == "17"


def test_kept_bars_count_among_the_fifty_until_they_are_cancelled() -> None:
    with watched(market=FakeMarket()) as gateway, WireClient(gateway) as client:
        client.start()
        for number in range(50):
            client.send(*kept(number))
        while len(gateway.sessions[0].bar_streams) < 50:
            heard(client)
        heard(client)
        client.send(*bars(50))
        assert codes(heard(client)) == [(50, 162)]
        client.send(25, 1, 3)
        heard(client)
        client.send(*bars(51))
        assert client.until(17)[-1][1] == "51"
        client.send(*kept(4))
        assert codes(heard(client)) == [(4, 322)]


def test_kept_bars_die_silently_with_the_connection_and_prices_live_on() -> None:
    played = (Step(0, 1100, "lost"), Step(0, 1102, "back"))
    assert alive_after(*played) == {"tick"}
    assert alive_after(*played, bars_survive_outage=True) == {"tick", "bar"}
    assert alive_after(Step(0, 1100, "lost"), Step(0, 1101, "back")) == set()


def alive_after(*steps: Step, **terms: object) -> set[str]:
    """What still flows after notices: ticks, bars."""
    with watched(**terms) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        client.send(1, 11, 9, *bars(0)[2:14], 0, "", 0, 0, "")
        heard(client)
        play(gateway, *steps)
        pass_time(gateway, 5)
        flows = {one[0] for one in heard(client)}
    return {name for name, numbers in (("tick", "12"), ("bar", ("90",))) if flows & set(numbers)}


def play(gateway: Gateway, *steps: Step) -> None:
    async def run() -> None:
        Sequence(steps).play(gateway)

    asyncio.run_coroutine_threadsafe(run(), gateway.loop).result(10)


def test_nothing_is_told_while_the_gateway_is_cut_off_and_everything_after() -> None:
    market = FakeMarket()
    with watched(market=market) as gateway, WireClient(gateway) as client:
        client.start().send(1, 11, 9, *bars(0)[2:14], 0, "", 0, 0, "")
        heard(client)
        play(gateway, Step(0, 1100, "lost", mute=True))
        market.last = 103.0
        pass_time(gateway, 5)
        play(gateway, Step(0, 1102, "back", mute=False))
        pass_time(gateway, 1)
        prices = [one for one in heard(client) if one[0] == "1"]
    assert [one[4] for one in prices] == ["102.99", "103.01", "103.0"]


def test_kept_bars_that_survive_a_cut_tell_afterwards_what_came_in_it() -> None:
    with watched(bars_survive_outage=True) as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        play(gateway, Step(0, 1100, "lost", mute=True))
        pass_time(gateway, 5)
        play(gateway, Step(0, 1102, "back", mute=False))
        pass_time(gateway, 0)
        assert len(updates(client)) == 1


def test_kept_bars_wait_while_they_may_not_be_seen() -> None:
    with watched() as gateway, WireClient(gateway) as client:
        client.start().ask(*kept(7))
        gateway.rights.subscription = Subscription.NONE
        pass_time(gateway, 5)
        assert updates(client) == []
        gateway.rights.subscription = Subscription.LIVE
        pass_time(gateway, 5)
        assert len(updates(client)) == 1


# --- the real client


def test_the_real_clients_bars_grow_and_its_events_say_so() -> None:
    async def look(ib: IB) -> None:
        events: list[tuple[int, bool]] = []
        ib.barUpdateEvent += lambda some, is_new: events.append((len(some), is_new))
        own = await ib.reqHistoricalDataAsync(
            CONTRACT, "", "1 D", "30 mins", "TRADES", True, formatDate=2, keepUpToDate=True
        )
        begun, before = len(own), own[-1].volume
        await asyncio.to_thread(pass_time, gateway, 5)
        await asyncio.to_thread(pass_time, gateway, 6)
        await until(lambda: len(events) == 3)
        assert events == [(begun, False), (begun, False), (begun + 1, True)]
        assert own[-2].volume > before
        plain = await ib.reqHistoricalDataAsync(
            CONTRACT, "", "1 D", "30 mins", "TRADES", True, formatDate=2
        )
        assert list(own) == list(plain)
        ib.cancelHistoricalData(own)
        await asyncio.to_thread(pass_time, gateway, 60)
        await ib.reqCurrentTimeAsync()
        assert len(events) == 3

    with watched(at=parse_instant("2025-11-26T12:29:50")) as gateway:
        connected(gateway, look)


def test_after_a_bust_event_the_real_client_asks_anew_and_goes_on() -> None:
    async def look(ib: IB) -> None:
        seen: list[int] = []
        ib.errorEvent += lambda _id, code, *_: seen.append(code)
        own = await ib.reqHistoricalDataAsync(
            CONTRACT, "", "1 D", "30 mins", "TRADES", True, formatDate=2, keepUpToDate=True
        )
        before = own[-1].volume
        await asyncio.to_thread(bust)
        await until(lambda: 10225 in seen)
        await until(lambda: gateway.sessions[0].bar_streams)
        await asyncio.to_thread(pass_time, gateway, 5)
        await until(lambda: own[-1].volume > before)
        assert seen[:2] == [10225, 366]

    def bust() -> None:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            assert control.ask("bust", symbol="AAPL") == {"ended": 1}

    with watched(control_port=0) as gateway:
        connected(gateway, look)
