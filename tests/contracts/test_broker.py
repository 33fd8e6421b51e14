"""What every broker does: the fake one, and the real adapter before the simulated gateway."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from sellkit.adapters.ib.broker import IbBroker
from sellkit.core.bars import BarSize, checked, slots_until
from sellkit.core.instrument import Instrument, Token
from sellkit.core.pacing import PacingRules
from sellkit.core.portfolio import Account, GatewayKind, OpenOrder, Position, Side
from sellkit.core.windows import BarRequest
from sellkit.errors import ConfigError, NoBars, NotConnected, RequestRejected, UnknownInstrument
from sellkit.ports import Broker
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from tests.build import bars, new_york
from tests.fakes import FakeBroker, FakeClock

NOW = dt.datetime(2025, 12, 5, 16, 0, 5, tzinfo=dt.UTC)
BEFORE_ANY = dt.datetime(1999, 6, 1, tzinfo=dt.UTC)
ACCOUNT = Account("main", default_scenario().accounts[0])
AAPL = Instrument(265598, Token("NASDAQ", "AAPL"))
RULES = PacingRules(identical_gap_seconds=0, requests_per_second=1000, burst=100)


def fake() -> FakeBroker:
    scenario = default_scenario()
    positions = [
        Position(
            ACCOUNT,
            Instrument(
                each.security.con_id,
                Token(each.security.primary_exchange, each.security.symbol),
            ),
            each.quantity,
            each.average_cost,
        )
        for each in scenario.holdings
    ]
    stop = scenario.orders[0]
    order = OpenOrder(
        account=ACCOUNT,
        con_id=stop.security.con_id,
        order_id="1",
        client_id="1",
        perm_id="1400000001",
        reference=stop.reference,
        side=Side(stop.action),
        order_type=stop.order_type,
        quantity=stop.quantity,
        remaining=stop.quantity,
        limit_price=None,
        stop_price=stop.aux_price,
        time_in_force=stop.time_in_force,
        status="PreSubmitted",
    )
    end = NOW + dt.timedelta(days=1)
    histories = {
        (AAPL.con_id, size): bars(slots_until(end, size, new_york(), count=count))
        for size, count in ((BarSize.M30, 700), (BarSize.D1, 700))
    }
    return FakeBroker(
        FakeClock(NOW),
        positions=positions,
        orders=[order],
        bars=histories,
        account_numbers=scenario.accounts,
    )


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve(default_scenario(), clock=VirtualClock(NOW, 0)) as gateway:
        yield gateway.port


@pytest.fixture(params=["fake", "simulated gateway"])
def open_broker(request: pytest.FixtureRequest) -> Callable[[], Broker]:
    if request.param == "fake":
        return fake
    number = request.getfixturevalue("port")
    return lambda: IbBroker.connect(host="127.0.0.1", port=number, client_id=7, pacing=RULES)


@pytest.fixture
def broker(open_broker: Callable[[], Broker]) -> Iterator[Broker]:
    opened = open_broker()
    yield opened
    opened.close()


def ask(end: dt.datetime = NOW, duration: str = "5 D", size: BarSize = BarSize.M30) -> BarRequest:
    return BarRequest(AAPL, size, end, duration)


def test_it_tells_its_kind_and_its_accounts(broker: Broker) -> None:
    assert broker.kind is GatewayKind.SIMULATED
    assert broker.account_numbers == (ACCOUNT.number,)


def test_it_is_ready_and_a_snapshot_carries_its_epoch(broker: Broker) -> None:
    standing = broker.standing
    assert (standing.is_ready, standing.reason) == (True, "")
    assert broker.snapshot(ACCOUNT).epoch == standing.epoch == 1


def test_its_time_is_aware_and_in_whole_seconds(broker: Broker) -> None:
    assert broker.server_time() == NOW
    assert broker.server_time().utcoffset() == dt.timedelta(0)


def test_a_snapshot_holds_every_position_with_its_cost(broker: Broker) -> None:
    snapshot = broker.snapshot(ACCOUNT)

    held = {str(each.instrument): (each.quantity, each.average_cost) for each in snapshot.positions}
    assert held["NASDAQ:AAPL"] == (Decimal(100), Decimal("205.40"))
    assert held["ARCA:SPY"] == (Decimal(30), Decimal("512.88"))
    assert len(held) == 6
    assert all(each.account == ACCOUNT for each in snapshot.positions)


def test_a_snapshot_is_timed_by_the_clock(broker: Broker) -> None:
    assert broker.snapshot(ACCOUNT).taken_at == NOW


def test_a_snapshot_holds_the_resting_stop_with_its_price(broker: Broker) -> None:
    (order,) = broker.snapshot(ACCOUNT).orders_on(AAPL.con_id)

    assert (order.side, order.order_type, order.stop_price) == (Side.SELL, "STP", Decimal(150))
    assert (order.quantity, order.remaining) == (Decimal(100), Decimal(100))
    assert order.limit_price is None
    assert order.status == "PreSubmitted"


def test_an_account_of_somebody_else_is_refused(broker: Broker) -> None:
    with pytest.raises(ConfigError, match="stranger"):
        broker.snapshot(Account("stranger", "DU9999999"))


def test_a_token_is_found_by_its_exact_name(broker: Broker) -> None:
    assert broker.find(Token("NASDAQ", "AAPL")).con_id == AAPL.con_id


@pytest.mark.parametrize("token", ["NYSE:AAPL", "NASDAQ:NOSUCH"])
def test_a_token_that_names_nothing_is_an_error(broker: Broker, token: str) -> None:
    with pytest.raises(UnknownInstrument, match=token):
        broker.find(Token.parse(token))


@pytest.mark.parametrize("size", [BarSize.M30, BarSize.D1])
def test_bars_keep_the_schema_and_carry_the_time_of_asking(broker: Broker, size: BarSize) -> None:
    frame = broker.bars(ask(size=size))

    assert checked(frame, "the broker") is frame
    assert frame.index.name == "start"
    assert set(frame["fetched_at"]) == {NOW}


def test_bars_start_before_the_end_that_was_asked_for(broker: Broker) -> None:
    end = dt.datetime(2025, 12, 4, 16, tzinfo=dt.UTC)

    frame = broker.bars(ask(end))

    assert frame.index[-1] == end - dt.timedelta(minutes=30)


def test_days_count_sessions_the_present_one_included(broker: Broker) -> None:
    frame = broker.bars(ask(duration="3 D"))

    dates = sorted({str(start.date()) for start in frame.index})
    assert dates == ["2025-12-03", "2025-12-04", "2025-12-05"]


def test_a_daily_bar_is_labelled_with_its_date(broker: Broker) -> None:
    frame = broker.bars(ask(duration="2 D", size=BarSize.D1))

    assert [str(start) for start in frame.index] == [
        "2025-12-04 00:00:00+00:00",
        "2025-12-05 00:00:00+00:00",
    ]


def test_years_go_by_the_calendar(broker: Broker) -> None:
    frame = broker.bars(ask(duration="1 Y", size=BarSize.D1))

    assert 249 <= len(frame) <= 252


def test_the_bar_in_progress_is_told_and_can_be_told_by_its_time(broker: Broker) -> None:
    last = broker.bars(ask(end=NOW)).iloc[-1]

    assert last.name == NOW.replace(second=0)
    assert last["fetched_at"] < last.name + dt.timedelta(minutes=30)


def test_a_window_without_bars_is_an_error_not_an_empty_frame(broker: Broker) -> None:
    with pytest.raises(NoBars):
        broker.bars(ask(BEFORE_ANY))


def test_no_bars_can_be_told_from_other_refusals() -> None:
    assert issubclass(NoBars, RequestRejected)
    assert not NoBars.retryable


def test_a_closed_broker_answers_nothing(open_broker: Callable[[], Broker]) -> None:
    broker = open_broker()
    broker.close()

    assert "was closed" in broker.standing.reason
    with pytest.raises(NotConnected):
        broker.snapshot(ACCOUNT)
    with pytest.raises(NotConnected):
        broker.bars(ask())
    with pytest.raises(NotConnected):
        broker.find(AAPL.token)
    with pytest.raises(NotConnected):
        broker.server_time()


def test_closing_twice_does_nothing(open_broker: Callable[[], Broker]) -> None:
    broker = open_broker()
    broker.close()
    broker.close()


# --- present prices -------------------------------------------------------------------------------


def test_present_prices_are_live_and_stand_around_the_last_trade(broker: Broker) -> None:
    (quote,) = broker.quotes([AAPL]).values()
    assert quote.trouble is None
    assert quote.bid is not None
    assert quote.ask is not None
    assert 0 < quote.bid <= quote.ask
    assert quote.last is None or quote.bid <= quote.last <= quote.ask
    assert quote.asked_at == NOW


def test_present_prices_come_by_contract_for_as_many_as_are_asked(broker: Broker) -> None:
    held = [each.instrument for each in broker.snapshot(ACCOUNT).positions]
    assert set(broker.quotes(held)) == {each.con_id for each in held}
    assert broker.quotes([]) == {}


def test_prices_over_a_lost_connection_are_no_live_prices(
    open_broker: Callable[[], Broker],
) -> None:
    broker = open_broker()
    broker.close()
    (quote,) = broker.quotes([AAPL]).values()
    assert quote.trouble is not None
    assert "closed" in quote.trouble
    assert quote.price is None
