"""The library's objects into sellkit's."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from ib_insync import BarData, Contract, ContractDetails, Order, OrderStatus, Trade
from ib_insync.objects import Position as IbPosition
from ib_insync.util import UNSET_DOUBLE

from sellkit.adapters.ib import translate
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import Account, GatewayKind, Side
from sellkit.errors import BrokerError, InvalidBars

ACCOUNT = Account("main", "DU1234567")
SENT = dt.datetime(2025, 12, 5, 16, 0, 5, tzinfo=dt.UTC)
HALF_HOUR = dt.timedelta(minutes=30)


def stock(**changes: Any) -> Contract:
    usual = {
        "conId": 265598,
        "symbol": "AAPL",
        "secType": "STK",
        "exchange": "SMART",
        "primaryExchange": "NASDAQ",
        "currency": "USD",
        "localSymbol": "AAPL",
    }
    return Contract(**(usual | changes))


def trade(remaining: float = 60.0, filled: float = 40.0, **changes: Any) -> Trade:
    usual: dict[str, Any] = {
        "orderId": 7,
        "clientId": 3,
        "permId": 1400000001,
        "action": "SELL",
        "totalQuantity": 100.0,
        "orderType": "LMT",
        "lmtPrice": 250.5,
        "auxPrice": 0.0,
        "trailStopPrice": UNSET_DOUBLE,
        "tif": "GTC",
        "orderRef": "SK1-0123456789ab-1",
        "account": ACCOUNT.number,
    }
    order = Order(**(usual | changes))
    status = OrderStatus(status="Submitted", filled=filled, remaining=remaining)
    return Trade(stock(), order, status, [], [])


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(100.0, "100"), (0.1, "0.1"), (-40.0, "-40"), (2.5, "2.5"), (1e8, "100000000")],
)
def test_a_number_is_written_as_the_gateway_wrote_it(value: float, text: str) -> None:
    assert str(translate.number(value)) == text


@pytest.mark.parametrize("value", [UNSET_DOUBLE, 0.0, float("inf"), float("nan"), None])
def test_a_price_that_is_not_set_is_none(value: float | None) -> None:
    assert translate.price(value) is None


def test_a_negative_price_is_a_price() -> None:
    assert translate.price(-1.25) == Decimal("-1.25")


# --- kind ---------------------------------------------------------------------------------------

REAL = ["Market data farm connection is OK:usfarm", "HMDS data farm connection is OK:ushmds"]


@pytest.mark.parametrize(
    ("notices", "accounts", "kind"),
    [
        ([*REAL, "HMDS data farm connection is OK:sellkitsim"], ("U1",), GatewayKind.SIMULATED),
        (["Sec-def data farm connection is OK:sellkitsim"], ("DU1",), GatewayKind.SIMULATED),
        (REAL, ("DU1", "DF2"), GatewayKind.PAPER),
        (REAL, ("DU1", "U2"), GatewayKind.LIVE),
        (REAL, ("U1",), GatewayKind.LIVE),
        ([], ("DU1",), GatewayKind.PAPER),
        (["Market data farm connection is OK:sellkitsimilar"], ("U1",), GatewayKind.LIVE),
        (REAL, (), GatewayKind.LIVE),
    ],
)
def test_the_kind_follows_from_farms_and_accounts(
    notices: list[str], accounts: tuple[str, ...], kind: GatewayKind
) -> None:
    assert translate.kind_of(notices, accounts) is kind


# --- contracts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "token"),
    [
        (stock(), "NASDAQ:AAPL"),
        (stock(primaryExchange="", exchange="NYSE"), "NYSE:AAPL"),
        (stock(primaryExchange="ISLAND"), "NASDAQ:AAPL"),
        (stock(symbol="BRK B", localSymbol="BRK B", primaryExchange="NYSE"), "NYSE:BRK.B"),
        (stock(localSymbol=""), "NASDAQ:AAPL"),
        (
            stock(
                secType="OPT", primaryExchange="", exchange="", localSymbol="AAPL  251219C00250000"
            ),
            "OPT:AAPL.251219C00250000",
        ),
        (stock(secType="FUT", primaryExchange="", exchange="CME", localSymbol="ESZ5"), "CME:ESZ5"),
        (
            stock(secType="CASH", primaryExchange="", exchange="SMART", localSymbol="EUR.USD"),
            "CASH:EUR.USD",
        ),
        (stock(secType="OPT", primaryExchange="", exchange="", localSymbol="*?*"), "OPT:265598"),
        (stock(localSymbol="", symbol=""), "STK:265598"),
        (stock(primaryExchange="", exchange="", secType="", localSymbol="A*"), "STK:265598"),
    ],
)
def test_every_contract_gets_a_token(contract: Contract, token: str) -> None:
    assert str(translate.token_of(contract)) == token


def test_an_instrument_takes_tick_and_name_from_the_details() -> None:
    details = ContractDetails(contract=stock(), minTick=0.01, longName="APPLE INC")

    found = translate.instrument(stock(), details)

    assert found.con_id == 265598
    assert found.token == Token("NASDAQ", "AAPL")
    assert (found.tick, found.long_name) == (Decimal("0.01"), "APPLE INC")
    assert (found.security_type, found.currency) == ("STK", "USD")


def test_without_details_the_tick_is_unknown() -> None:
    assert translate.instrument(stock()).tick is None


# --- positions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "known"), [(205.4, Decimal("205.4")), (0.0, None), (-3.0, None), (UNSET_DOUBLE, None)]
)
def test_an_average_cost_not_above_zero_is_unknown(cost: float, known: Decimal | None) -> None:
    held = Instrument(265598, Token("NASDAQ", "AAPL"))

    position = translate.position(IbPosition(ACCOUNT.number, stock(), 100.0, cost), held, ACCOUNT)

    assert position.average_cost == known
    assert position.quantity == Decimal(100)
    assert position.account is ACCOUNT


# --- orders -------------------------------------------------------------------------------------


def test_an_order_is_told_in_full() -> None:
    order = translate.open_order(trade(), ACCOUNT)

    assert (order.order_id, order.client_id, order.perm_id) == ("7", "3", "1400000001")
    assert order.reference == "SK1-0123456789ab-1"
    assert order.is_own
    assert (order.side, order.order_type, order.time_in_force) == (Side.SELL, "LMT", "GTC")
    assert (order.quantity, order.remaining) == (Decimal(100), Decimal(60))
    assert (order.limit_price, order.stop_price) == (Decimal("250.5"), None)
    assert (order.con_id, order.status) == (265598, "Submitted")


@pytest.mark.parametrize(
    ("prices", "limit", "stop"),
    [
        ({"orderType": "STP", "lmtPrice": 0.0, "auxPrice": 180.25}, None, "180.25"),
        ({"orderType": "STP LMT", "lmtPrice": 179.0, "auxPrice": 180.0}, "179", "180"),
        ({"orderType": "STPLMT", "lmtPrice": 179.0, "auxPrice": 180.0}, "179", "180"),
        ({"orderType": "STP PRT", "lmtPrice": UNSET_DOUBLE, "auxPrice": 180.0}, None, "180"),
        (
            {"orderType": "TRAIL", "lmtPrice": 0.0, "auxPrice": 5.0, "trailStopPrice": 190.5},
            None,
            "190.5",
        ),
        ({"orderType": "TRAIL", "lmtPrice": 0.0, "auxPrice": 5.0}, None, None),
        (
            {
                "orderType": "TRAIL LIMIT",
                "lmtPrice": 189.0,
                "auxPrice": 5.0,
                "trailStopPrice": 190.0,
            },
            "189",
            "190",
        ),
        ({"orderType": "LMT", "lmtPrice": 200.0, "trailStopPrice": 150.0}, "200", None),
        ({"orderType": "MKT", "lmtPrice": 0.0}, None, None),
        ({"orderType": "MKT", "lmtPrice": UNSET_DOUBLE, "auxPrice": UNSET_DOUBLE}, None, None),
    ],
)
def test_the_stop_price_stands_where_the_order_type_puts_it(
    prices: dict[str, Any], limit: str | None, stop: str | None
) -> None:
    order = translate.open_order(trade(**prices), ACCOUNT)

    assert order.limit_price == (None if limit is None else Decimal(limit))
    assert order.stop_price == (None if stop is None else Decimal(stop))


def test_an_order_without_a_status_yet_remains_in_full() -> None:
    order = translate.open_order(trade(remaining=0.0, filled=0.0), ACCOUNT)

    assert order.remaining == Decimal(100)


def test_an_order_that_is_filled_has_nothing_left() -> None:
    order = translate.open_order(trade(remaining=0.0, filled=100.0), ACCOUNT)

    assert order.remaining == Decimal(0)


def test_an_unknown_action_is_an_error_not_a_guess() -> None:
    with pytest.raises(BrokerError, match="HOLD"):
        translate.open_order(trade(action="HOLD"), ACCOUNT)


# --- bars ---------------------------------------------------------------------------------------


def bar(date: dt.datetime | dt.date, close: float = 101.0, **changes: float) -> BarData:
    usual = {"open": 100.0, "high": 102.0, "low": 99.0, "close": close, "volume": 1000.0}
    return BarData(date=date, **(usual | changes))  # type: ignore[arg-type]


def halves(count: int) -> list[BarData]:
    first = dt.datetime(2025, 12, 5, 14, 30, tzinfo=dt.UTC)
    return [bar(first + step * HALF_HOUR) for step in range(count)]


def test_intraday_bars_are_indexed_by_their_start_in_utc() -> None:
    frame = translate.bar_frame(halves(2), SENT, "a test")

    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame.index.name == "start"
    assert [str(each) for each in frame.index] == [
        "2025-12-05 14:30:00+00:00",
        "2025-12-05 15:00:00+00:00",
    ]
    assert set(frame.dtypes[["open", "high", "low", "close", "volume"]].astype(str)) == {"float64"}
    assert set(frame["fetched_at"]) == {pd.Timestamp(SENT)}


def test_a_zone_other_than_utc_is_converted() -> None:
    zone = dt.timezone(dt.timedelta(hours=-5))
    start = dt.datetime(2025, 12, 5, 9, 30, tzinfo=zone)

    frame = translate.bar_frame([bar(start)], SENT, "a test")

    assert str(frame.index[0]) == "2025-12-05 14:30:00+00:00"


def test_daily_bars_are_labelled_with_their_date_at_midnight_utc() -> None:
    frame = translate.bar_frame(
        [bar(dt.date(2025, 12, 4)), bar(dt.date(2025, 12, 5))], SENT, "a test"
    )

    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert [str(each) for each in frame.index] == [
        "2025-12-04 00:00:00+00:00",
        "2025-12-05 00:00:00+00:00",
    ]


def test_values_are_kept_to_the_last_digit() -> None:
    frame = translate.bar_frame([bar(SENT, close=100.0 + 1e-9, volume=123456789.0)], SENT, "a test")

    assert frame["close"].iloc[0] == 100.0 + 1e-9
    assert frame["volume"].iloc[0] == 123456789.0


def test_bars_that_overlap_or_lie_out_of_order_are_put_in_order_the_later_one_winning() -> None:
    first, second = halves(2)
    again = bar(first.date, close=99.5)

    frame = translate.bar_frame([second, first, again], SENT, "a test")

    assert list(frame["close"]) == [99.5, 101.0]
    assert frame.index.is_monotonic_increasing


@pytest.mark.parametrize(
    "wrong",
    [
        {"close": -1.0},
        {"close": 0.0},
        {"close": float("nan")},
        {"close": 1000.0},
        {"low": 101.5},
        {"volume": -1.0},
    ],
)
def test_an_impossible_bar_is_told_as_it_came(wrong: dict[str, float]) -> None:
    frame = translate.bar_frame([bar(SENT, **wrong)], SENT, "bars of AAPL")
    ((name, value),) = wrong.items()
    assert frame[name].iloc[0] == pytest.approx(value, nan_ok=True)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidBars, match="not an instant"):
        translate.bar_frame([bar(dt.datetime(2025, 12, 5, 9, 30))], SENT, "a test")  # noqa: DTZ001


def test_dates_among_times_are_refused() -> None:
    with pytest.raises(InvalidBars, match="not an instant"):
        translate.bar_frame([*halves(1), bar(dt.date(2025, 12, 5))], SENT, "a test")
