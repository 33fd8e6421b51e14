"""Questions for bars: which are legal, how far back they reach, and where bars lie."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.core.market_time import calendar_for
from sellkit.errors import NoCalendar
from sellkit.simgateway.history import HistoryBar, HistoryQuery, Refused, parse_end
from sellkit.simgateway.market import Listing, Market

UTC = dt.UTC
NEW_YORK = calendar_for("NASDAQ").zone
HALF_DAY = dt.date(2025, 11, 28)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market([Listing("AAPL", "NASDAQ"), Listing("VOD", "LSE")])


def new_york(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


NOW = new_york("2025-12-05T18:00")


def ask(
    market: Market,
    duration: str,
    size: str,
    *,
    end: str | None = None,
    now: dt.datetime = NOW,
    show: str = "TRADES",
    rth: bool = True,
    symbol: str = "AAPL",
) -> list[HistoryBar]:
    until = None if end is None else new_york(end)
    return market.history(HistoryQuery(symbol, "NASDAQ", until, duration, size, show, rth), now)


def walls(bars: list[HistoryBar]) -> list[str]:
    starts = [bar.start for bar in bars]
    return [f"{s.astimezone(NEW_YORK):%H:%M}" for s in starts if isinstance(s, dt.datetime)]


def code_of(refusal: pytest.ExceptionInfo[Refused]) -> int:
    return refusal.value.code


# --- end times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20250425 10:00:00 US/Eastern", dt.datetime(2025, 4, 25, 14, tzinfo=UTC)),
        ("20250425 10:00:00 UTC", dt.datetime(2025, 4, 25, 10, tzinfo=UTC)),
        ("20250425-10:00:00", dt.datetime(2025, 4, 25, 10, tzinfo=UTC)),
        ("20250425 10:00:00", dt.datetime(2025, 4, 25, 9, tzinfo=UTC)),
        ("", None),
    ],
)
def test_each_legal_form_of_an_end_time_is_read(text: str, expected: dt.datetime | None) -> None:
    assert parse_end(text, "Europe/London") == expected


@pytest.mark.parametrize(
    "text",
    [
        "20250425",
        "2025-04-25 10:00:00",
        "20250230 10:00:00",
        "20250425 25:00:00",
        "20250425  10:00:00",
        "20250425-10:00:00 UTC",
        "20250425 10:00:00 Mars/Olympus",
        "20250425 10:00:00 ../etc/passwd",
        "20250425 10:00:00 UTC ",
        "99991231 23:59:59 US/Eastern",
        "00010101 00:00:00 Asia/Tokyo",
        " ",
    ],
)
def test_any_other_end_time_is_refused_with_10314(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_end(text, "US/Eastern")
    assert code_of(refusal) == 10314


def test_an_unknown_zone_of_the_gateway_itself_is_named() -> None:
    with pytest.raises(NoCalendar, match="Mars/Olympus"):
        parse_end("", "Mars/Olympus")


# --- what is refused


@pytest.mark.parametrize(
    "duration", ["", "1", "D", "1D", "1  D", " 1 D", "1 D ", "0 D", "-1 D", "1.5 D", "1 d", "1 H"]
)
def test_a_malformed_duration_is_refused_with_321(market: Market, duration: str) -> None:
    with pytest.raises(Refused) as refusal:
        ask(market, duration, "1 day")
    assert code_of(refusal) == 321


@pytest.mark.parametrize("duration", ["86401 S", "366 D", "53 W", "13 M", "69 Y"])
def test_a_duration_beyond_the_limit_of_its_unit_is_refused(market: Market, duration: str) -> None:
    with pytest.raises(Refused) as refusal:
        ask(market, duration, "1 day")
    assert code_of(refusal) == 321


@pytest.mark.parametrize("duration", ["4 Y", "20 Y"])
def test_more_bars_than_an_answer_holds_are_refused_before_they_are_made(
    market: Market, duration: str
) -> None:
    with pytest.raises(Refused, match="too many for one answer") as refusal:
        ask(market, duration, "1 min")
    assert code_of(refusal) == 162


def test_more_than_365_days_must_be_asked_in_years(market: Market) -> None:
    with pytest.raises(Refused, match="must be made in years"):
        ask(market, "366 D", "1 day")
    assert len(ask(market, "365 D", "1 day")) == 365


@pytest.mark.parametrize(
    "size", ["1 sec", "1 mins", "60 mins", "1 hours", "1 D", "1d", "", "2 days"]
)
def test_an_unknown_bar_size_is_refused_with_the_legal_ones(market: Market, size: str) -> None:
    with pytest.raises(Refused, match=r"1 secs, 5 secs.*8 hours, 1 day, 1W, 1M") as refusal:
        ask(market, "1 D", size)
    assert code_of(refusal) == 321


@pytest.mark.parametrize("size", ["1 secs", "5 secs", "10 secs", "15 secs", "30 secs"])
def test_bars_finer_than_a_minute_have_no_data(market: Market, size: str) -> None:
    with pytest.raises(Refused, match="HMDS query returned no data: AAPL@SMART Trades") as refusal:
        ask(market, "1 D", size)
    assert code_of(refusal) == 162


@pytest.mark.parametrize(
    ("show", "code"),
    [("PRICES", 321), ("trades", 321), ("SCHEDULE", 321), ("HISTORICAL_VOLATILITY", 162)],
)
def test_what_cannot_be_shown_is_refused(market: Market, show: str, code: int) -> None:
    with pytest.raises(Refused) as refusal:
        ask(market, "1 D", "1 day", show=show)
    assert code_of(refusal) == code


def test_adjusted_prices_take_no_end(market: Market) -> None:
    with pytest.raises(Refused) as refusal:
        ask(market, "1 D", "1 day", show="ADJUSTED_LAST", end="2025-12-01T16:00")
    assert code_of(refusal) == 321


def test_adjusted_prices_equal_trades(market: Market) -> None:
    assert ask(market, "9 D", "1 day", show="ADJUSTED_LAST") == ask(market, "9 D", "1 day")


def test_an_unknown_symbol_is_refused_with_200(market: Market) -> None:
    with pytest.raises(Refused) as refusal:
        ask(market, "1 D", "1 day", symbol="NOPE")
    assert code_of(refusal) == 200


@pytest.mark.parametrize("year", [1999, 2060])
def test_a_time_outside_the_calendar_has_no_data(market: Market, year: int) -> None:
    with pytest.raises(Refused) as refusal:
        ask(market, "1 D", "1 day", now=dt.datetime(year, 6, 1, 15, tzinfo=UTC))
    assert code_of(refusal) == 162


# --- how far back


def test_days_count_sessions_with_the_one_in_progress(market: Market) -> None:
    bars = ask(market, "3 D", "1 day", now=new_york("2025-12-02T11:00"))
    assert [bar.start for bar in bars] == [HALF_DAY, dt.date(2025, 12, 1), dt.date(2025, 12, 2)]


def test_days_before_the_opening_count_from_the_session_before(market: Market) -> None:
    bars = ask(market, "2 D", "1 day", now=new_york("2025-12-02T09:30"))
    assert [bar.start for bar in bars] == [HALF_DAY, dt.date(2025, 12, 1)]


def test_days_on_a_weekend_count_from_the_last_session(market: Market) -> None:
    bars = ask(market, "1 D", "30 mins", end="2025-11-30T12:00")
    assert walls(bars) == ["09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30"]


def test_an_end_inside_a_session_gives_the_whole_bars_that_start_before_it(market: Market) -> None:
    bars = ask(market, "2 D", "1 hour", end="2025-12-02T11:30")
    assert len(bars) == 7 + 3
    assert bars[-1] == ask(market, "1 D", "1 hour", end="2025-12-02T16:00")[2]


def test_an_end_on_a_bars_start_leaves_that_bar_out(market: Market) -> None:
    assert walls(ask(market, "1 D", "30 mins", end="2025-12-02T10:30"))[-1] == "10:00"


def test_an_end_after_now_means_now(market: Market) -> None:
    now = new_york("2025-12-02T11:17")
    early = ask(market, "2 D", "30 mins", now=now, end="2025-12-04T16:00")
    assert early == ask(market, "2 D", "30 mins", now=now)


def test_sixty_days_with_two_half_days_are_414_hourly_bars(market: Market) -> None:
    bars = ask(market, "60 D", "1 hour", end="2026-01-16T16:00", now=new_york("2026-02-02T12:00"))
    assert len(bars) == 60 * 7 - 2 * 3


@pytest.mark.parametrize(("duration", "count"), [("3600 S", 2), ("1800 S", 1), ("86400 S", 48)])
def test_seconds_count_inside_sessions(market: Market, duration: str, count: int) -> None:
    bars = ask(market, duration, "30 mins", end="2025-11-14T16:00")
    assert len(bars) == count


def test_seconds_reach_over_the_night(market: Market) -> None:
    bars = ask(market, "3600 S", "30 mins", end="2025-12-02T10:00")
    assert walls(bars) == ["15:30", "09:30"]


@pytest.mark.parametrize(
    ("duration", "first"),
    [
        ("1 W", dt.date(2025, 11, 24)),
        ("1 M", dt.date(2025, 10, 29)),
        ("9 M", dt.date(2025, 3, 3)),
        ("1 Y", dt.date(2024, 11, 29)),
    ],
)
def test_weeks_months_and_years_follow_the_calendar(
    market: Market, duration: str, first: dt.date
) -> None:
    # 2025-11-28 and 2025-02-28 are Fridays; at 11:00 the latter had opened already.
    bars = ask(market, duration, "1 day", end="2025-11-28T11:00")
    assert bars[0].start == first
    assert bars[-1].start == HALF_DAY


def test_a_month_back_from_the_31st_ends_on_the_months_last_day(market: Market) -> None:
    bars = ask(market, "1 M", "1 day", end="2025-03-31T09:31")
    assert bars[0].start == dt.date(2025, 3, 3)


def test_a_year_has_about_250_daily_bars(market: Market) -> None:
    assert 249 <= len(ask(market, "1 Y", "1 day")) <= 253


# --- where bars lie


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1 hour", "09:30 10:00 11:00 12:00 13:00 14:00 15:00"),
        ("2 hours", "09:30 10:00 12:00 14:00"),
        ("3 hours", "09:30 12:00 15:00"),
        ("4 hours", "09:30 12:00"),
        ("8 hours", "09:30"),
    ],
)
def test_long_bars_lie_on_the_clock_with_a_stub_at_the_opening(
    market: Market, size: str, expected: str
) -> None:
    assert walls(ask(market, "1 D", size, end="2025-12-02T16:00")) == expected.split()


@pytest.mark.parametrize(
    ("size", "full", "half"),
    [
        ("1 hour", 7, 4),
        ("30 mins", 13, 7),
        ("20 mins", 20, 11),
        ("15 mins", 26, 14),
        ("1 min", 390, 210),
    ],
)
def test_a_session_has_its_number_of_bars(market: Market, size: str, full: int, half: int) -> None:
    assert len(ask(market, "1 D", size, end="2025-11-26T16:00")) == full
    assert len(ask(market, "1 D", size, end="2025-11-28T13:00")) == half


def test_extended_hours_run_from_four_to_eight(market: Market) -> None:
    full = walls(ask(market, "1 D", "1 hour", end="2025-11-26T20:00", rth=False))
    assert full == [f"{hour:02}:00" for hour in range(4, 20)]
    half = walls(ask(market, "1 D", "30 mins", end="2025-11-28T20:00", rth=False))
    assert (half[0], half[-1]) == ("04:00", "16:30")


def test_hours_stay_on_the_exchanges_clock_over_a_clock_change(market: Market) -> None:
    bars = ask(market, "2 D", "1 hour", end="2025-11-03T16:00")
    assert walls(bars)[:7] == walls(bars)[7:]
    assert bars[0].start == dt.datetime(2025, 10, 31, 13, 30, tzinfo=UTC)
    assert bars[7].start == dt.datetime(2025, 11, 3, 14, 30, tzinfo=UTC)


def test_london_keeps_its_own_hours(market: Market) -> None:
    bars = ask(market, "1 D", "30 mins", end="2025-12-02T16:00", symbol="VOD")
    assert len(bars) == 17
    assert bars[0].start == dt.datetime(2025, 12, 2, 8, tzinfo=UTC)


def test_weeks_and_months_are_whole_and_dated_by_their_first_session(market: Market) -> None:
    weeks = ask(market, "3 D", "1W", end="2025-11-26T11:00")
    assert [bar.start for bar in weeks] == [dt.date(2025, 11, 24)]
    assert weeks[0].volume == sum(
        b.volume for b in ask(market, "1 W", "1 day", end="2025-11-28T20:00")
    )
    months = ask(market, "2 M", "1M", end="2025-11-26T11:00")
    assert [bar.start for bar in months] == [
        dt.date(2025, 9, 2),
        dt.date(2025, 10, 1),
        dt.date(2025, 11, 3),
    ]
    assert weeks == ask(market, "3 D", "1 week", end="2025-11-26T11:00")
    assert months == ask(market, "2 M", "1 month", end="2025-11-26T11:00")


# --- the bar in progress


def test_the_last_bar_is_the_forming_one(market: Market) -> None:
    now = new_york("2025-12-02T11:17:30")
    forming = ask(market, "1 D", "30 mins", now=now)[-1]
    minutes = ask(market, "1 D", "1 min", now=now)[-18:]
    assert forming.start == minutes[0].start
    assert forming.open == minutes[0].open
    assert forming.high == max(bar.high for bar in minutes)
    assert forming.low == min(bar.low for bar in minutes)
    assert forming.close == minutes[-1].close
    assert forming.volume == sum(bar.volume for bar in minutes)
    assert forming.volume < ask(market, "1 D", "30 mins", end="2025-12-02T11:30")[-1].volume


def test_a_forming_day_grows_to_the_completed_one(market: Market) -> None:
    days = [
        ask(market, "1 D", "1 day", now=new_york(f"2025-12-02T{time}"))[-1]
        for time in ("09:31", "12:00", "15:59:59", "16:00", "18:00")
    ]
    assert [day.open for day in days] == [days[0].open] * 5
    assert [day.volume for day in days[:4]] == sorted({day.volume for day in days})
    assert days[3] == days[4]


def test_at_a_bars_end_it_is_complete_and_the_next_has_not_begun(market: Market) -> None:
    bars = ask(market, "1 D", "30 mins", now=new_york("2025-12-02T11:00"))
    assert walls(bars)[-1] == "10:30"
    assert bars == ask(market, "1 D", "30 mins", end="2025-12-02T11:00")


# --- quotes as bars


@pytest.mark.parametrize(("show", "ticks"), [("BID", -1), ("MIDPOINT", 0), ("ASK", 1)])
def test_bars_of_quotes_lie_by_the_trades_and_have_no_volume(
    market: Market, show: str, ticks: int
) -> None:
    for quoted, traded in zip(
        ask(market, "2 D", "1 hour", show=show), ask(market, "2 D", "1 hour"), strict=True
    ):
        assert quoted[1:5] == tuple(round(price + ticks * 0.01, 2) for price in traded[1:5])
        assert quoted[5:] == (-1, -1, -1)


def test_bid_and_ask_together_span_both(market: Market) -> None:
    for both, traded in zip(
        ask(market, "2 D", "1 hour", show="BID_ASK"), ask(market, "2 D", "1 hour"), strict=True
    ):
        assert both.low == round(traded.low - 0.01, 2)
        assert both.high == round(traded.high + 0.01, 2)
        assert both.low <= both.open < both.close <= both.high
        assert both.volume == -1
