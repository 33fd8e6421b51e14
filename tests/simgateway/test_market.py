"""The synthetic market: its bars are one another's exact fold, and tell nothing of the future."""

from __future__ import annotations

import datetime as dt
import statistics
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.market_time import calendar_for
from sellkit.errors import ConfigError, NoCalendar
from sellkit.simgateway.history import HistoryBar, HistoryQuery, Refused
from sellkit.simgateway.market import Listing, Market

UTC = dt.UTC
NEW_YORK = calendar_for("NASDAQ").zone
NOW = dt.datetime(2026, 1, 30, 23, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "COARSE", "VOD")
LISTINGS = (
    Listing("AAPL", "NASDAQ"),
    Listing("MSFT", "NASDAQ", start_price=400.0, volatility=0.015),
    Listing("COARSE", "NYSE", tick=Decimal("0.05"), start_price=12.0),
    Listing("VOD", "LSE"),
    Listing("FRESH", "NYSE", listed=dt.date(2025, 11, 5), start_price=30.0),
)
# Around the end of daylight saving and two half days.
MOMENTS = st.integers(0, 62 * 86_400 * 1_000).map(
    lambda ms: dt.datetime(2025, 10, 28, tzinfo=UTC) + dt.timedelta(milliseconds=ms)
)
SIZES = ("2 mins", "3 mins", "5 mins", "10 mins", "15 mins", "20 mins", "30 mins", "1 hour")
LONG_SIZES = ("2 hours", "3 hours", "4 hours", "8 hours", "1 day", "1W", "1M")
GOLDEN_DAY = HistoryBar(
    dt.date(2026, 1, 30), 421.97, 426.69, 416.59, 425.03, 21_961_251, 422.15183545110887, 183_194
)
quickly = settings(deadline=None, max_examples=25)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(LISTINGS)


@pytest.fixture(scope="module")
def open_market() -> Market:
    return Market(LISTINGS, always_open=True)


def ask(
    market: Market,
    symbol: str,
    duration: str,
    size: str,
    *,
    end: dt.datetime | None = None,
    now: dt.datetime = NOW,
    rth: bool = True,
) -> list[HistoryBar]:
    return market.history(HistoryQuery(symbol, "", end, duration, size, "TRADES", rth), now)


def day_of(bar: HistoryBar) -> dt.date:
    # The after-market hours end on the next day of UTC.
    return (
        bar.start.astimezone(NEW_YORK).date() if isinstance(bar.start, dt.datetime) else bar.start
    )


def assert_is_fold(bar: HistoryBar, parts: list[HistoryBar]) -> None:
    assert bar.open == parts[0].open
    assert bar.high == max(part.high for part in parts)
    assert bar.low == min(part.low for part in parts)
    assert bar.close == parts[-1].close
    assert bar.volume == sum(part.volume for part in parts)
    assert bar.count == sum(part.count for part in parts)
    turnover = sum(part.average * part.volume for part in parts)
    assert bar.average == pytest.approx(turnover / bar.volume, rel=1e-12)
    assert bar.low <= bar.average <= bar.high


def grouped(bars: list[HistoryBar], parts: list[HistoryBar]) -> list[list[HistoryBar]]:
    """The parts of each bar: those from its start to the next bar's."""
    groups: list[list[HistoryBar]] = [[] for _ in bars]
    index = 0
    for part in parts:
        while index + 1 < len(bars) and not starts_before(part, bars[index + 1]):
            index += 1
        if not starts_before(part, bars[0]):
            groups[index].append(part)
    return groups


def starts_before(part: HistoryBar, bar: HistoryBar) -> bool:
    if isinstance(part.start, dt.datetime) and isinstance(bar.start, dt.datetime):
        return part.start < bar.start
    return day_of(part) < day_of(bar)


# --- folding


@quickly
@given(
    symbol=st.sampled_from(SYMBOLS),
    size=st.sampled_from(SIZES + LONG_SIZES[:5]),
    end=MOMENTS,
    rth=st.booleans(),
)
def test_every_bar_is_the_fold_of_its_minutes(
    market: Market, symbol: str, size: str, end: dt.datetime, rth: bool
) -> None:
    now = end  # the last bar is then the forming one, and must be a fold as well
    bars = ask(market, symbol, "2 D", size, now=now, rth=rth)
    minutes = ask(market, symbol, "2 D", "1 min", now=now, rth=rth)
    for bar, parts in zip(bars, grouped(bars, minutes), strict=True):
        if bar is bars[-1] and sum(part.volume for part in parts) == 0:
            continue
        assert_is_fold(bar, parts)


@quickly
@given(
    symbol=st.sampled_from(SYMBOLS),
    sizes=st.sampled_from(
        [
            ("5 mins", "15 mins"),
            ("10 mins", "1 hour"),
            ("30 mins", "1 hour"),
            ("1 hour", "3 hours"),
            ("4 hours", "8 hours"),
            ("30 mins", "1 day"),
            ("8 hours", "1 day"),
        ]
    ),
    end=MOMENTS,
    rth=st.booleans(),
)
def test_larger_bars_are_the_fold_of_smaller_ones(
    market: Market, symbol: str, sizes: tuple[str, str], end: dt.datetime, rth: bool
) -> None:
    small, large = (ask(market, symbol, "8 D", size, end=end, rth=rth) for size in sizes)
    for bar, parts in zip(large, grouped(large, small), strict=True):
        if bar is not large[-1]:  # the end may cut the last one's parts off
            assert_is_fold(bar, parts)


@pytest.mark.parametrize("size", ["1W", "1M"])
@pytest.mark.parametrize("rth", [True, False])
def test_weeks_and_months_are_the_fold_of_days(market: Market, size: str, rth: bool) -> None:
    large = ask(market, "AAPL", "2 Y", size, rth=rth)
    days = ask(market, "AAPL", "3 Y", "1 day", rth=rth)
    for bar, parts in zip(large, grouped(large, days), strict=True):
        assert_is_fold(bar, parts)


def test_regular_minutes_are_those_of_the_extended_session(market: Market) -> None:
    extended = ask(market, "AAPL", "2 D", "1 min", rth=False)
    assert set(ask(market, "AAPL", "2 D", "1 min")) < set(extended)


# --- the same question, the same bars


def test_bars_do_not_depend_on_what_was_asked_before(market: Market) -> None:
    fresh = Market(LISTINGS)
    expected = ask(fresh, "MSFT", "5 D", "30 mins")
    ask(fresh, "AAPL", "1 Y", "1 day")
    ask(fresh, "MSFT", "1 M", "1 hour", rth=False)
    assert ask(fresh, "MSFT", "5 D", "30 mins") == expected == ask(market, "MSFT", "5 D", "30 mins")


def test_bars_are_the_same_in_every_process(market: Market) -> None:
    # Written down once: whatever differs between processes, machines or versions would show.
    assert ask(market, "MSFT", "1 D", "1 day")[0] == GOLDEN_DAY


def test_another_seed_or_symbol_is_another_market(market: Market) -> None:
    other_seed = ask(Market(LISTINGS, seed=2), "AAPL", "5 D", "1 day")
    same = ask(market, "AAPL", "5 D", "1 day")
    assert [bar.close for bar in other_seed] != [bar.close for bar in same]
    twins = Market([Listing("A", "NYSE", start_price=50.0), Listing("B", "NYSE", start_price=50.0)])
    assert ask(twins, "A", "5 D", "1 day") != ask(twins, "B", "5 D", "1 day")


def test_memory_of_old_questions_is_bounded_and_does_not_change_answers() -> None:
    crowd = Market([Listing(f"S{number}", "NYSE") for number in range(60)])
    first = ask(crowd, "S0", "2 D", "30 mins")
    for number in range(60):
        ask(crowd, f"S{number}", "1 M", "1 hour")
    assert ask(crowd, "S0", "2 D", "30 mins") == first


# --- nothing of the future


@quickly
@given(
    symbol=st.sampled_from(SYMBOLS),
    size=st.sampled_from(("1 min", *SIZES, *LONG_SIZES)),
    moments=st.tuples(MOMENTS, MOMENTS).map(sorted),
    rth=st.booleans(),
)
def test_completed_bars_are_the_same_at_a_later_time(
    market: Market, symbol: str, size: str, moments: list[dt.datetime], rth: bool
) -> None:
    early, late = moments
    then = ask(market, symbol, "3 D", size, now=early, rth=rth)
    later = {bar.start: bar for bar in ask(market, symbol, "80 D", size, now=late, rth=rth)}
    assert [later[bar.start] for bar in then[:-1]] == then[:-1]
    forming = then[-1]
    assert forming.open == later[forming.start].open
    assert forming.high <= later[forming.start].high
    assert forming.low >= later[forming.start].low
    assert forming.volume <= later[forming.start].volume


@quickly
@given(symbol=st.sampled_from(SYMBOLS), now=MOMENTS, rth=st.booleans())
def test_no_bar_starts_at_now_or_after(
    market: Market, symbol: str, now: dt.datetime, rth: bool
) -> None:
    whole = now.replace(second=0, microsecond=0)
    for moment in (now, whole):
        bars = ask(market, symbol, "1 D", "1 min", now=moment, rth=rth)
        assert all(isinstance(bar.start, dt.datetime) and bar.start < moment for bar in bars)


# --- prices


@pytest.mark.parametrize(("symbol", "tick"), [("AAPL", "0.01"), ("COARSE", "0.05")])
def test_prices_lie_on_the_tick_grid(market: Market, symbol: str, tick: str) -> None:
    for bar in ask(market, symbol, "20 D", "1 min", rth=False):
        for price in bar[1:5]:
            assert Decimal(str(price)) % Decimal(tick) == 0


def test_prices_are_consistent_and_positive(market: Market) -> None:
    for symbol in SYMBOLS:
        for bar in ask(market, symbol, "20 D", "1 min", rth=False):
            assert 0 < bar.low <= min(bar.open, bar.close)
            assert bar.high >= max(bar.open, bar.close)
            assert bar.volume > 0
            assert bar.count > 0


def test_the_wildest_cheapest_stock_stays_positive() -> None:
    wild = Market([Listing("WILD", "NYSE", start_price=0.1, volatility=0.25)])
    bars = ask(wild, "WILD", "26 Y", "1 day")
    assert min(bar.low for bar in bars) > 0


def test_prices_go_on_where_they_stopped(market: Market) -> None:
    minutes = ask(market, "AAPL", "5 D", "1 min", rth=False)
    assert all(
        after.open == pytest.approx(before.close, abs=0.011) for before, after in pairwise(minutes)
    )


def test_overnight_gaps_are_small_against_a_days_move(market: Market) -> None:
    days = ask(market, "MSFT", "2 Y", "1 day")
    gaps = [after.open / before.close - 1 for before, after in pairwise(days)]
    assert 0.003 < statistics.pstdev(gaps) < 0.008


def test_volatility_is_what_was_asked_for(market: Market) -> None:
    days = ask(market, "MSFT", "8 Y", "1 day")
    moves = [after.close / before.close - 1 for before, after in pairwise(days)]
    assert statistics.pstdev(moves) == pytest.approx(0.015, rel=0.1)


def test_default_volatility_is_one_to_two_per_cent_and_differs_by_symbol() -> None:
    crowd = Market([Listing(f"S{number}", "NYSE") for number in range(12)])
    found = []
    for number in range(12):
        days = ask(crowd, f"S{number}", "4 Y", "1 day")
        moves = [after.close / before.close - 1 for before, after in pairwise(days)]
        found.append(statistics.pstdev(moves))
    assert 0.009 < min(found) < 0.014 < max(found) < 0.023


def test_closes_cross_their_own_average_both_ways(market: Market) -> None:
    for symbol in SYMBOLS:
        closes = [bar.close for bar in ask(market, symbol, "2 Y", "1 day")]
        sides = [
            closes[index] < statistics.fmean(closes[index - 49 : index + 1])
            for index in range(49, len(closes))
        ]
        assert sum(before != after for before, after in pairwise(sides)) >= 8


def test_a_price_stays_near_the_one_that_was_asked_for(market: Market) -> None:
    closes = [bar.close for bar in ask(market, "MSFT", "20 Y", "1 day")]
    assert 200 < statistics.median(closes) < 800
    assert min(closes) > 80
    assert max(closes) < 2000


def test_volume_is_highest_at_the_edges_of_the_session(market: Market) -> None:
    bars = ask(market, "AAPL", "20 D", "30 mins", end=dt.datetime(2025, 11, 26, 21, tzinfo=UTC))
    by_place = [statistics.fmean(bar.volume for bar in bars[place::13]) for place in range(13)]
    assert by_place[0] > 1.5 * by_place[6] < by_place[12]
    early = ask(market, "AAPL", "1 D", "30 mins", rth=False)[0]
    assert early.volume < by_place[6] / 10


# --- listing


def test_a_listing_has_no_bar_before_its_date_and_opens_at_its_price(market: Market) -> None:
    days = ask(market, "FRESH", "1 Y", "1 day")
    assert days[0].start == dt.date(2025, 11, 5)
    assert days[0].open == 30.0
    assert ask(market, "FRESH", "1 Y", "1W")[0].start == dt.date(2025, 11, 5)
    with pytest.raises(Refused, match="no data"):
        ask(market, "FRESH", "1 Y", "1 day", now=dt.datetime(2025, 11, 4, 20, tzinfo=UTC))


def test_the_first_time_is_the_first_opening(market: Market) -> None:
    assert market.head_timestamp("FRESH", "TRADES", True) == dt.datetime(
        2025, 11, 5, 14, 30, tzinfo=UTC
    )
    assert market.head_timestamp("AAPL", "TRADES", False) == dt.datetime(2000, 1, 3, 9, tzinfo=UTC)
    first = ask(market, "AAPL", "68 Y", "1 day")[0]
    assert first.start == dt.date(2000, 1, 3)


def test_the_first_time_of_an_unknown_symbol_is_refused(market: Market) -> None:
    with pytest.raises(Refused, match="200"):
        market.head_timestamp("NOPE", "TRADES", True)


@pytest.mark.parametrize(
    "wrong", [{"tick": Decimal(0)}, {"start_price": 0.0}, {"volatility": -0.1}, {"volatility": 1.5}]
)
def test_a_listing_without_possible_prices_is_refused(wrong: dict[str, Decimal | float]) -> None:
    with pytest.raises(ConfigError, match="AAPL"):
        Listing("AAPL", "NASDAQ", **wrong)  # type: ignore[arg-type]


def test_an_exchange_without_a_calendar_is_refused_at_once() -> None:
    with pytest.raises(NoCalendar, match="MOON"):
        Market([Listing("AAPL", "MOON")])


# --- quotes


def test_a_quote_shows_the_last_trade_and_the_session_so_far(market: Market) -> None:
    now = dt.datetime(2025, 12, 2, 17, 17, 30, tzinfo=UTC)
    quote = market.quote("AAPL", now)
    today = ask(market, "AAPL", "1 D", "1 day", now=now, rth=False)[-1]
    assert (quote.open, quote.high, quote.low, quote.last) == today[1:5]
    assert quote.volume == today.volume
    assert quote.bid < quote.last < quote.ask
    assert quote.bid == round(quote.last - 0.01, 2)
    assert min(quote.bid_size, quote.ask_size, quote.last_size) >= 100
    assert quote.last == ask(market, "AAPL", "1 D", "1 min", now=now)[-1].close
    assert quote.previous_close == ask(market, "AAPL", "2 D", "1 day", now=now)[0].close


def test_a_quote_moves_within_the_minute(market: Market) -> None:
    start = dt.datetime(2025, 12, 2, 14, 30, tzinfo=UTC)
    lasts = {
        market.quote("MSFT", start + dt.timedelta(seconds=5 * step)).last for step in range(1, 60)
    }
    assert len(lasts) > 10


def test_a_quote_at_the_weekend_is_fridays(market: Market) -> None:
    saturday = market.quote("AAPL", dt.datetime(2025, 12, 6, 15, tzinfo=UTC))
    friday = ask(market, "AAPL", "2 D", "1 day", end=dt.datetime(2025, 12, 6, 15, tzinfo=UTC))
    assert saturday.previous_close == friday[0].close


def test_a_quote_without_any_price_is_refused(market: Market) -> None:
    with pytest.raises(Refused, match="354"):
        market.quote("FRESH", dt.datetime(2025, 11, 3, 20, tzinfo=UTC))
    with pytest.raises(Refused, match="200"):
        market.quote("NOPE", NOW)


# --- hours


def test_hours_are_told_for_six_days_with_half_and_closed_days(market: Market) -> None:
    trading, liquid = market.hours("NASDAQ", dt.datetime(2025, 11, 27, 3, tzinfo=UTC))
    assert trading == (
        "20251126:0400-20251126:2000;20251127:CLOSED;20251128:0400-20251128:1700;"
        "20251129:CLOSED;20251130:CLOSED;20251201:0400-20251201:2000"
    )
    assert liquid == (
        "20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300;"
        "20251129:CLOSED;20251130:CLOSED;20251201:0930-20251201:1600"
    )


def test_hours_of_an_unlisted_exchange_are_told_too(market: Market) -> None:
    assert (
        "20251201:0900-20251201:1730"
        in market.hours("IBIS", dt.datetime(2025, 12, 1, tzinfo=UTC))[1]
    )


# --- always open


def test_an_open_market_trades_every_day_around_the_clock(open_market: Market) -> None:
    saturday = dt.datetime(2025, 12, 6, 15, 30, tzinfo=UTC)
    bars = ask(open_market, "AAPL", "1 D", "1 hour", now=saturday)
    assert [bar.start for bar in bars] == [
        dt.datetime(2025, 12, 6, hour, tzinfo=UTC) for hour in range(5, 16)
    ]
    assert len(ask(open_market, "AAPL", "9 D", "1 day", now=saturday)) == 9
    assert open_market.hours("NASDAQ", saturday)[0].startswith("20251206:0000-20251207:0000;2025")


@pytest.mark.parametrize(("day", "hours"), [(dt.date(2025, 11, 2), 25), (dt.date(2025, 3, 9), 23)])
def test_an_open_markets_clock_change_day_has_its_hours(
    open_market: Market, day: dt.date, hours: int
) -> None:
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), NEW_YORK).astimezone(UTC)
    bars = ask(open_market, "AAPL", "1 D", "1 hour", end=end)
    assert len(bars) == hours
    minutes = ask(open_market, "AAPL", "1 D", "1 min", end=end)
    for size in ("30 mins", "1 hour", "2 hours", "8 hours", "1 day"):
        large = ask(open_market, "AAPL", "1 D", size, end=end)
        for bar, parts in zip(large, grouped(large, minutes), strict=True):
            assert_is_fold(bar, parts)
