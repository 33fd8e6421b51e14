"""How much history a client may ask for, by the published rules and by the unwritten one."""

from __future__ import annotations

import pytest

from sellkit.simgateway.admission import Admission, Admitted
from sellkit.simgateway.history import HistoryQuery, Refused
from sellkit.simgateway.market_terms import Throttle
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.test_pacing import Steady
from tests.simgateway.watching import JPM, NOON, watched
from tests.simgateway.wire import WireClient, bars, contract


def query(size: str = "5 secs", shown: str = "TRADES", number: int = 0) -> HistoryQuery:
    return HistoryQuery("AAPL", "NASDAQ", None, f"{number + 1} D", size, shown, rth=True)


def admits(admission: Admission, *asked: HistoryQuery, exchange: str = "SMART") -> list[bool]:
    found = []
    for one in asked:
        try:
            admission.bars(one, exchange, 0)
        except Refused as refused:
            told = (refused.code, refused.text.partition(":")[2])
            found.append(told != (162, "Historical data request pacing violation"))
        else:
            found.append(True)
    return found


# --- the published rules


@pytest.mark.parametrize("size", ["1 secs", "5 secs", "10 secs", "15 secs", "30 secs"])
def test_small_bars_are_paced(size: str) -> None:
    admission = Admission(Steady(), None)
    assert admits(admission, query(size), query(size)) == [True, False]


@pytest.mark.parametrize("size", ["1 min", "30 mins", "1 hour", "1 day"])
def test_longer_bars_are_not(size: str) -> None:
    admission = Admission(Steady(), None)
    assert all(admits(admission, *[query(size)] * 70))


def test_another_exchange_is_another_question_and_another_series() -> None:
    admission = Admission(Steady(), None)
    assert admits(admission, query()) == [True]
    assert admits(admission, query(), exchange="NASDAQ") == [True]


def test_six_of_one_series_within_two_seconds_are_too_many_even_if_they_differ() -> None:
    admission = Admission(Steady(), None)
    asked = [query(number=number) for number in range(6)]
    assert admits(admission, *asked) == [True] * 5 + [False]
    assert admits(admission, query(shown="BID")) == [True]


def test_the_limits_count_real_seconds_whatever_the_gateways_clock_shows() -> None:
    with watched(market=FakeMarket()) as gateway, WireClient(gateway) as client:
        client.start()
        assert client.ask(*bars(1, size="5 secs"))[0] == "17"
        gateway.clock.set(NOON.replace(year=2026))  # type: ignore[attr-defined]
        assert "pacing violation" in client.ask(*bars(2, size="5 secs"))[4]


def test_clients_share_the_limits_as_they_share_the_login() -> None:
    with (
        watched(market=FakeMarket()) as gateway,
        WireClient(gateway) as first,
        WireClient(gateway) as second,
    ):
        assert first.start(1).ask(*bars(1, size="5 secs"))[0] == "17"
        assert "pacing violation" in second.start(2).ask(*bars(1, size="5 secs"))[4]


def test_the_first_bars_time_is_paced_like_small_bars_and_open_until_it_is_cancelled() -> None:
    def head(number: int, of: tuple[object, ...] = contract()) -> tuple[object, ...]:
        return (87, number, *of, 0, 1, "TRADES", 1)

    with watched(market=FakeMarket()) as gateway, WireClient(gateway) as client:
        client.start()
        assert client.ask(*head(1))[0] == "88"
        assert "pacing violation" in client.ask(*head(2))[4]
        assert client.ask(*head(3, JPM))[0] == "88"
        assert gateway.open_history == 2
        client.send(90, 1)
        client.send(90, 99)
        client.ask(49, 1)
        assert gateway.open_history == 1
    assert gateway.open_history == 0


# --- the unwritten one


def test_too_much_history_gets_slow_and_then_ends_the_connection() -> None:
    steady = Steady()
    admission = Admission(steady, Throttle(slow_after=2, slow_seconds=0.5, drop_after=4))
    found = [admission.bars(query("1 day"), "SMART", 0) for _ in range(5)]
    assert found == [
        Admitted(),
        Admitted(),
        Admitted(0.5),
        Admitted(1.0),
        Admitted(1.5, drops_client=True),
    ]
    steady.seconds = 600.0
    assert admission.bars(query("1 day"), "SMART", 0) == Admitted()


def test_a_client_that_asks_on_and_on_is_dropped_and_others_are_not() -> None:
    throttle = Throttle(slow_after=1, slow_seconds=0.01, drop_after=2)
    with (
        watched(market=FakeMarket(), throttle=throttle) as gateway,
        WireClient(gateway) as greedy,
        WireClient(gateway) as modest,
    ):
        modest.start(2)
        greedy.start(1)
        assert greedy.ask(*bars(1))[0] == "17"
        assert greedy.ask(*bars(2))[0] == "17"
        greedy.send(*bars(3))
        assert greedy.is_closed()
        assert modest.ask(49, 1)[0] == "49"


def test_other_requests_overtake_bars_that_were_slowed_down() -> None:
    throttle = Throttle(slow_after=1, slow_seconds=0.1)
    with watched(market=FakeMarket(), throttle=throttle) as gateway, WireClient(gateway) as client:
        client.start().ask(*bars(1))
        client.send(*bars(2))
        assert client.ask(49, 1)[0] == "49"
        assert client.receive()[:2] == ("17", "2")
