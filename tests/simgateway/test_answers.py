"""Answers about bars, contracts and prices over a plain socket."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.history import Refused
from sellkit.simgateway.scenario import Holding, Security
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.wire import AAPL, WireClient, bars, contract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

NOON = parse_instant("2025-11-28T12:00:05")
DEFAULT = default_scenario()
OPTION = Security(
    con_id=700_001, symbol="AAPL", sec_type="OPT", primary_exchange="CBOE", multiplier="100"
)
SCENARIO = replace(
    DEFAULT,
    holdings=(*DEFAULT.holdings, Holding(DEFAULT.accounts[0], OPTION, Decimal(-2), Decimal(350))),
)
MARKET_DATA = ("", 1, 0, "")


@pytest.fixture
def market() -> Iterator[FakeMarket]:
    fake = FakeMarket()
    yield fake
    fake.gate.set()


@pytest.fixture
def gateway(market: FakeMarket) -> Iterator[Gateway]:
    with serve(SCENARIO, market=market, clock=VirtualClock(NOON, 0)) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway, market: FakeMarket) -> Iterator[WireClient]:
    with WireClient(gateway) as connected:
        yield connected.start()
        market.gate.set()


def code_of(message: tuple[str, ...]) -> tuple[str, int, int]:
    """Message number, request id and code of an error."""
    return message[0], int(message[2]), int(message[3])


# --- bars -----------------------------------------------------------------------------------------


def test_bars_have_eight_fields_with_the_average_before_the_count(client: WireClient) -> None:
    answer = client.ask(*bars(7, size="30 mins"))
    assert answer[:2] == ("17", "7")
    assert answer[4] == "3"
    assert answer[5:13] == (
        *("20251128 09:30:00 US/Eastern", "1.0", "2.0", "0.5", "1.5", "1250", "1.4", "7"),
    )


def test_date_format_2_gives_seconds_after_1970(client: WireClient) -> None:
    assert client.ask(*bars(7, size="30 mins", date_format=2))[5] == "1764340200"


@pytest.mark.parametrize("date_format", [0, 3, ""])
def test_any_other_date_format_is_refused(client: WireClient, date_format: object) -> None:
    assert code_of(client.ask(*bars(7, date_format=date_format))) == ("4", 7, 321)


@pytest.mark.parametrize(("versions", "volume"), [("v100..157", "12"), ("v157..178", "1250")])
def test_volume_is_in_lots_before_version_175_and_in_shares_from_then_on(
    gateway: Gateway, versions: str, volume: str
) -> None:
    with WireClient(gateway) as other:
        assert other.start(2, versions).ask(*bars(7))[10] == volume


def test_the_query_reaches_the_market_as_it_was_asked(
    client: WireClient, market: FakeMarket
) -> None:
    client.ask(*bars(7, end="20251126-21:00:00", size="1 hour", duration="3 D"))
    query = market.queries[0]
    assert (query.symbol, query.exchange) == ("AAPL", "NASDAQ")
    assert (query.bar_size, query.duration, query.what_to_show) == ("1 hour", "3 D", "TRADES")
    assert query.end == parse_instant("2025-11-26T16:00:00")
    assert query.rth


def test_an_end_without_a_zone_is_taken_as_new_yorks_with_a_warning(
    client: WireClient, market: FakeMarket
) -> None:
    assert code_of(client.ask(*bars(7, end="20251126 16:00:00"))) == ("4", 7, 2174)
    assert client.receive()[0] == "17"
    assert market.queries[0].end == parse_instant("2025-11-26T16:00:00")


def test_a_bad_end_is_10314(client: WireClient) -> None:
    assert code_of(client.ask(*bars(7, end="yesterday"))) == ("4", 7, 10314)


def test_a_refusal_of_the_market_is_passed_on(client: WireClient, market: FakeMarket) -> None:
    market.error = Refused(162, "HMDS query returned no data")
    assert client.ask(*bars(7))[2:5] == ("7", "162", "HMDS query returned no data")


def test_no_bars_at_all_are_162(client: WireClient, market: FakeMarket) -> None:
    market.bars = []
    answer = client.ask(*bars(7))
    assert code_of(answer) == ("4", 7, 162)
    assert answer[4].endswith("HMDS query returned no data: AAPL@SMART Trades")


def test_only_the_newest_bars_are_given_when_so_set(gateway: Gateway, client: WireClient) -> None:
    gateway.max_bars_per_answer = 2
    answer = client.ask(*bars(7, size="30 mins"))
    assert answer[4:6] == ("2", "20251128 10:00:00 US/Eastern")


def test_a_running_request_can_be_cancelled(client: WireClient, market: FakeMarket) -> None:
    market.gate.clear()
    client.send(*bars(7))
    answer = client.ask(25, 1, 7)
    assert code_of(answer) == ("4", 7, 162)
    assert answer[4].endswith("API historical data query cancelled: 7")
    market.gate.set()
    assert client.ask(*bars(8))[:2] == ("17", "8")


@pytest.mark.parametrize("answered", [False, True])
def test_cancelling_what_does_not_run_is_366(client: WireClient, answered: bool) -> None:
    if answered:
        client.ask(*bars(7))
    answer = client.ask(25, 1, 7)
    assert answer[2:5] == ("7", "366", "No historical data query found for ticker id:7")


def test_a_request_id_that_still_runs_is_refused(client: WireClient, market: FakeMarket) -> None:
    market.gate.clear()
    client.send(*bars(7))
    assert code_of(client.ask(*bars(7))) == ("4", 7, 322)


def test_other_requests_do_not_wait_for_bars(client: WireClient, market: FakeMarket) -> None:
    market.gate.clear()
    client.send(*bars(7))
    assert client.ask(49, 1)[0] == "49"
    market.gate.set()
    assert client.receive()[0] == "17"


@pytest.mark.parametrize("wrong", [{"duration": "1D"}, {"show": "trades"}])
def test_what_is_not_valid_is_no_matter_of_pacing(
    client: WireClient, wrong: dict[str, str]
) -> None:
    for number in (7, 8):
        answer = client.ask(*bars(number, size="5 secs", **wrong))
        assert code_of(answer) == ("4", number, 321)


def test_the_51st_open_request_is_a_pacing_violation(
    gateway: Gateway, client: WireClient, market: FakeMarket
) -> None:
    market.gate.clear()
    for number in range(50):
        client.send(*bars(number))
    answer = client.ask(*bars(50))
    assert code_of(answer) == ("4", 50, 162)
    assert "pacing violation" in answer[4]
    market.gate.set()
    assert {client.receive()[1] for _ in range(50)} == {str(number) for number in range(50)}
    assert client.ask(*bars(51))[:2] == ("17", "51")
    assert len(gateway.sessions) == 1


def test_requests_of_a_client_that_left_are_no_longer_open(
    gateway: Gateway, market: FakeMarket
) -> None:
    market.gate.clear()
    with WireClient(gateway) as gone:
        gone.start(2)
        for number in range(50):
            gone.send(*bars(number))
        gone.ask(49, 1)
    market.gate.set()
    with WireClient(gateway) as client:
        client.start(3)
        while len(gateway.sessions) > 1:
            client.ask(49, 1)
        assert client.ask(*bars(1))[:2] == ("17", "1")


def test_the_same_small_bars_twice_are_a_pacing_violation(client: WireClient) -> None:
    assert client.ask(*bars(1, size="5 secs"))[0] == "17"
    assert "pacing violation" in client.ask(*bars(2, size="5 secs"))[4]
    assert client.ask(*bars(3, size="1 min"))[0] == "17"
    assert client.ask(*bars(4, size="1 min"))[0] == "17"


def test_what_has_no_prices_is_held_at_its_cost_and_has_no_bars(client: WireClient) -> None:
    assert code_of(client.ask(*bars(7, of=contract(OPTION.con_id)))) == ("4", 7, 162)
    head = client.ask(87, 8, *contract(OPTION.con_id), 0, 1, "TRADES", 1)
    assert code_of(head) == ("4", 8, 162)
    prices = client.ask(1, 11, 9, *contract(OPTION.con_id), 0, *MARKET_DATA)
    assert code_of(prices) == ("4", 9, 354)
    client.send(6, 2, 1, "")
    (held,) = [one for one in client.until(54) if one[0] == "7" and one[2] == str(OPTION.con_id)]
    assert held[13:18] == ("-2", "3.5", "-700.0", "350", "0.0")


@pytest.mark.parametrize(("date_format", "text"), [(1, "20251128-14:30:00"), (2, "1764340200")])
def test_the_first_bar_s_time_is_told_in_utc(
    client: WireClient, date_format: int, text: str
) -> None:
    answer = client.ask(87, 7, *contract(), 0, 1, "TRADES", date_format)
    assert answer == ("88", "7", text)
    client.send(90, 7)
    assert client.ask(49, 1)[0] == "49"


# --- contracts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        contract(AAPL, "", ""),
        contract(AAPL, "", "NASDAQ"),
        contract(0, "AAPL", "SMART"),
        contract(0, "aapl", "ISLAND"),
    ],
)
def test_a_contract_is_found_by_number_alone_or_by_symbol(
    client: WireClient, of: tuple[object, ...]
) -> None:
    client.send(9, 8, 7, *of, 0, "", "", "")
    details, end = client.until(52)
    assert details[12] == str(AAPL)
    assert details[7] == (of[7] or "SMART")
    assert end == ("52", "1", "7")


@pytest.mark.parametrize(
    "of",
    [contract(1), contract(0, "ZZZ"), contract(AAPL, "", "LSE"), contract(0, ""), contract(-5)],
)
def test_an_unknown_contract_is_200(client: WireClient, of: tuple[object, ...]) -> None:
    answer = client.ask(9, 8, 7, *of, 0, "", "", "")
    assert answer[2:5] == ("7", "200", "No security definition has been found for the request")
    assert code_of(client.ask(*bars(8, of=of))) == ("4", 8, 200)


def test_contract_details_need_no_issuer_at_157(gateway: Gateway) -> None:
    with WireClient(gateway) as other:
        other.start(2, "v100..157").send(9, 8, 7, *contract(), 0, "", "")
        assert len(other.until(52)[0]) == 39


def test_a_market_rule_gives_the_tick(client: WireClient) -> None:
    assert client.ask(91, 26) == ("93", "26", "1", "0.0", "0.01")
    assert code_of(client.ask(91, 27)) == ("4", -1, 321)


def test_symbols_are_found_by_their_beginning_or_name(client: WireClient) -> None:
    assert client.ask(81, 7, "jp")[3:5] == ("1520593", "JPM")
    assert client.ask(81, 7, "exxon")[2:5] == ("1", "13977", "XOM")
    assert client.ask(81, 7, "")[2] == "0"


# --- prices ---------------------------------------------------------------------------------------


def test_a_snapshot_gives_prices_and_sizes_and_ends(client: WireClient) -> None:
    client.send(1, 11, 7, *contract(), 0, *MARKET_DATA)
    messages = client.until(57)
    prices = {message[3]: message[4:6] for message in messages if message[0] == "1"}
    sizes = {message[3]: message[4] for message in messages if message[0] == "2"}
    assert [message[0] for message in messages[:2]] == ["58", "81"]
    assert {len(message) for message in messages if message[0] == "1"} == {7}
    assert prices["1"] == ("99.99", "200")
    assert prices["4"] == ("100.0", "100")
    assert prices["9"] == ("97.0", "0")
    assert sizes == {"0": "200", "3": "300", "5": "100", "8": "1250"}


def test_a_stream_tells_changes_only_and_ends_when_cancelled(market: FakeMarket) -> None:
    clock = VirtualClock(NOON, 20)
    with (
        serve(replace(DEFAULT, orders=()), market=market, clock=clock) as gateway,
        WireClient(gateway) as client,
    ):
        client.start().send(1, 11, 7, *contract(), 0, "", 0, 0, "")
        client.send(49, 1)
        client.until(49)
        market.last = 100.5
        changes = [client.receive() for _ in range(3)]
        assert [(change[3], change[4]) for change in changes] == [
            ("1", "100.49"),
            ("2", "100.51"),
            ("4", "100.5"),
        ]
        client.send(2, 2, 7)
        client.ask(49, 1)
        market.last = 101.0
        client.socket.settimeout(0.6)
        with pytest.raises(TimeoutError):
            client.receive()


def test_a_market_data_type_that_does_not_exist_is_refused(client: WireClient) -> None:
    assert code_of(client.ask(59, 1, 5)) == ("4", -1, 321)
    client.send(59, 1, 3)
    assert client.ask(49, 1)[0] == "49"
