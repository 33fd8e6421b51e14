"""Replayed bars: real ones against an independent computation, and what a folder cannot tell."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sellkit.errors import ConfigError, InvalidBars
from sellkit.simgateway.history import HistoryBar, HistoryQuery, Refused
from sellkit.simgateway.market import Listing, Market

UTC = dt.UTC
TICKERS = (
    "AAPL",
    "JPM",
    "MSFT",
    "NFLX",
    "NVDA",
    "ORCL",
    "SPY",
    "TGT",
    "TSLA",
    "WEBL",
    "XLE",
    "XOM",
)
LISTINGS = [Listing(ticker, "NASDAQ") for ticker in TICKERS]
AFTER = dt.datetime(2026, 3, 10, 12, tzinfo=UTC)
HALF_HOURS = pd.DatetimeIndex(
    [f"2025-11-26 {hour}:{minute}" for hour in range(15, 21) for minute in ("00", "30")], tz="UTC"
).insert(0, pd.Timestamp("2025-11-26 14:30", tz="UTC"))


def ask(
    market: Market,
    duration: str,
    size: str,
    *,
    symbol: str = "AAPL",
    end: dt.datetime | None = None,
    now: dt.datetime = AFTER,
    rth: bool = True,
) -> list[HistoryBar]:
    return market.history(HistoryQuery(symbol, "NASDAQ", end, duration, size, "TRADES", rth), now)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def recorded(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    frame["wall"] = frame["ts"].dt.tz_convert("America/New_York")
    return frame


def folded(frame: pd.DataFrame, keys: list[pd.Series]) -> list[tuple[object, ...]]:
    """Start and prices of each group, by pandas alone."""
    groups = frame.groupby(keys, sort=True)
    table = pd.DataFrame(
        {
            "start": groups["ts"].min(),
            "open": groups["open"].first(),
            "high": groups["high"].max(),
            "low": groups["low"].min(),
            "close": groups["close"].last(),
            "volume": groups["volume"].sum(),
        }
    )
    return list(table.itertuples(index=False, name=None))


def write(folder: Path, symbol: str = "AAPL", **columns: Any) -> Path:
    """A made-up session of half hours, one unit of price up each, 1000 shares each."""
    folder.mkdir(exist_ok=True)
    rows = range(len(HALF_HOURS))
    frame = pd.DataFrame(
        {
            "ts": HALF_HOURS.astype("datetime64[s, UTC]"),
            "open": [100.0 + row for row in rows],
            "high": [101.5 + row for row in rows],
            "low": [99.5 + row for row in rows],
            "close": [101.0 + row for row in rows],
            "volume": [1000 for _ in rows],
        }
    )
    frame.assign(**columns).to_parquet(folder / f"{symbol}.parquet")
    return folder


def write_day(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame(
        {
            "ts": pd.DatetimeIndex(["2025-11-25", "2025-11-26"]).astype("datetime64[s]"),
            "open": [90.0, 100.5],
            "high": [96.0, 120.0],
            "low": [89.0, 95.0],
            "close": [95.0, 113.5],
            "volume": [5000, 7000],
        }
    )
    frame.to_parquet(folder / "AAPL.parquet")
    return folder


@pytest.fixture
def made_up(tmp_path: Path) -> Market:
    return Market(LISTINGS, replay={"30m": write(tmp_path / "30m")})


@pytest.fixture(scope="module")
def real(market_data: Path) -> Market:
    return Market(LISTINGS, replay={"30m": market_data / "intraday_30m"})


# --- the real bars


@pytest.mark.parametrize("ticker", TICKERS)
def test_half_hours_are_those_of_the_file(real: Market, market_data: Path, ticker: str) -> None:
    frame = recorded(market_data / "intraday_30m" / f"{ticker}.parquet")
    columns = ["ts", "open", "high", "low", "close", "volume"]
    expected = list(frame[columns].itertuples(index=False, name=None))
    assert [bar[:6] for bar in ask(real, "1 Y", "30 mins", symbol=ticker)] == expected


@pytest.mark.parametrize("ticker", TICKERS)
def test_hours_and_days_equal_an_independent_fold(
    real: Market, market_data: Path, ticker: str
) -> None:
    frame = recorded(market_data / "intraday_30m" / f"{ticker}.parquet")
    dates, hours = frame["wall"].dt.date.rename("date"), frame["wall"].dt.hour.rename("hour")
    hourly = ask(real, "1 Y", "1 hour", symbol=ticker)
    assert [bar[:6] for bar in hourly] == folded(frame, [dates, hours])
    assert len(hourly) == 204 * 7 + 3 * 4
    daily = ask(real, "1 Y", "1 day", symbol=ticker)
    assert [bar[1:6] for bar in daily] == [row[1:] for row in folded(frame, [dates])]
    assert [bar.start for bar in daily] == sorted(set(dates))


def test_the_half_day_has_four_hours_the_last_of_two_halves(
    real: Market, market_data: Path
) -> None:
    bars = ask(real, "1 D", "1 hour", end=at("2025-11-28T18:00"))
    frame = recorded(market_data / "intraday_30m" / "AAPL.parquet")
    noon = frame[frame["wall"].dt.strftime("%Y%m%d%H") == "2025112812"]
    assert len(noon) == 2
    assert [bar.start for bar in bars] == [
        at(f"2025-11-28T{time}") for time in ("14:30", "15:00", "16:00", "17:00")
    ]
    assert bars[-1].close == noon["close"].iloc[-1]
    assert bars[-1].volume == noon["volume"].sum()


def test_hours_stay_on_new_yorks_clock_when_it_changes(real: Market) -> None:
    bars = ask(real, "2 D", "1 hour", end=at("2025-11-03T21:00"))
    starts = [bar.start.time() for bar in bars if isinstance(bar.start, dt.datetime)]
    assert starts[0] == dt.time(13, 30)
    assert starts[7] == dt.time(14, 30)
    assert starts[8] == dt.time(15)


def test_weeks_are_folded_from_the_days(real: Market) -> None:
    days = ask(real, "1 W", "1 day", end=at("2025-11-28T22:00"))
    week = ask(real, "1 W", "1W", end=at("2025-11-28T22:00"))[-1]
    assert len(days) == 4
    assert (week.start, week.open, week.close) == (days[0].start, days[0].open, days[-1].close)
    assert week.volume == sum(day.volume for day in days)


def test_real_daily_bars_are_told_as_recorded(market_data: Path) -> None:
    folder = market_data / "daily_2018_2023"
    market = Market(LISTINGS, replay={"1d": folder})
    frame = pd.read_parquet(folder / "AAPL.parquet")
    bars = ask(market, "6 Y", "1 day", now=at("2024-01-01T12:00"))
    columns = ["open", "high", "low", "close", "volume"]
    assert [bar.start for bar in bars] == list(frame["ts"].dt.date)
    assert [bar[1:6] for bar in bars] == list(frame[columns].itertuples(index=False, name=None))


def test_no_replayed_bar_knows_what_comes_after_now(real: Market) -> None:
    for minutes in range(0, 60 * 10, 7):
        now = at("2025-11-28T13:00") + dt.timedelta(minutes=minutes)
        for size in ("30 mins", "1 hour", "1 day"):
            then = ask(real, "3 D", size, now=now)
            later = {bar.start: bar for bar in ask(real, "1 Y", size)}
            assert [later[bar.start] for bar in then[:-1]] == then[:-1]
            assert then[-1].volume <= later[then[-1].start].volume
            assert later[then[-1].start].low <= then[-1].low


# --- the bar in progress


def test_a_forming_bar_tells_its_open_and_nothing_else(made_up: Market) -> None:
    bar = ask(made_up, "1 D", "30 mins", now=at("2025-11-26T15:47"))[-1]
    assert bar == HistoryBar(at("2025-11-26T15:30"), 102.0, 102.0, 102.0, 102.0, 0, 102.0, 0)


def test_a_forming_hour_has_its_first_half_and_the_open_of_its_second(made_up: Market) -> None:
    bar = ask(made_up, "1 D", "1 hour", now=at("2025-11-26T15:47"))[-1]
    assert bar[:6] == (at("2025-11-26T15:00"), 101.0, 102.5, 100.5, 102.0, 1000)


def test_a_bar_is_whole_at_its_end(made_up: Market) -> None:
    bar = ask(made_up, "1 D", "1 hour", now=at("2025-11-26T16:00"))[-1]
    assert bar[:6] == (at("2025-11-26T15:00"), 101.0, 103.5, 100.5, 103.0, 2000)


def test_the_last_bar_of_a_session_ends_with_it(made_up: Market) -> None:
    assert ask(made_up, "1 D", "30 mins", now=at("2025-11-26T21:00"))[-1].volume == 1000
    assert ask(made_up, "1 D", "30 mins", now=at("2025-11-26T20:59"))[-1].volume == 0


def test_a_recorded_day_in_progress_tells_only_its_open(tmp_path: Path) -> None:
    market = Market(LISTINGS, replay={"1d": write_day(tmp_path / "1d")})
    whole, forming = ask(market, "2 D", "1 day", now=at("2025-11-26T19:00"))
    assert whole[1:6] == (90.0, 96.0, 89.0, 95.0, 5000)
    assert forming[1:6] == (100.5, 100.5, 100.5, 100.5, 0)


# --- which folder serves


def test_daily_bars_come_from_the_daily_file_where_there_is_one(tmp_path: Path) -> None:
    halves = write(tmp_path / "30m")
    write(halves, "MSFT")
    market = Market(LISTINGS, replay={"30m": halves, "1d": write_day(tmp_path / "1d")})
    now = at("2025-11-26T22:00")
    assert ask(market, "1 D", "1 day", now=now)[0][1:6] == (100.5, 120.0, 95.0, 113.5, 7000)
    other = ask(market, "1 D", "1 day", now=now, symbol="MSFT")[0]
    assert other[1:6] == (100.0, 113.5, 99.5, 113.0, 13_000)
    assert ask(market, "1 D", "1 hour", now=now)[0].close == 101.0


def test_longer_bars_come_from_the_finest_size_that_serves(tmp_path: Path) -> None:
    rough = write(tmp_path / "1h", close=[1.0] * 13, low=[1.0] * 13)
    market = Market(LISTINGS, replay={"1h": rough, "30m": write(tmp_path / "30m")})
    assert ask(market, "1 D", "2 hours", now=at("2025-11-26T22:00"))[-1].close == 113.0


@pytest.mark.parametrize("size", ["1 min", "15 mins", "20 mins", "30 secs"])
def test_a_finer_bar_than_any_replayed_has_no_data(made_up: Market, size: str) -> None:
    with pytest.raises(Refused, match="HMDS query returned no data: AAPL@SMART Trades") as refusal:
        ask(made_up, "1 D", size)
    assert refusal.value.code == 162


def test_a_size_that_does_not_divide_the_one_asked_for_does_not_serve(tmp_path: Path) -> None:
    market = Market(LISTINGS, replay={"20m": write(tmp_path / "20m")})
    with pytest.raises(Refused, match="162"):
        ask(market, "1 D", "30 mins")


def test_a_listed_symbol_without_a_file_has_no_data(made_up: Market) -> None:
    for size in ("30 mins", "1 day"):
        with pytest.raises(Refused, match=r"162: .*no data: XOM@SMART Trades"):
            ask(made_up, "1 D", size, symbol="XOM")
    with pytest.raises(Refused, match="354"):
        made_up.quote("XOM", AFTER)
    with pytest.raises(Refused, match="162"):
        made_up.head_timestamp("XOM", "TRADES", True)


def test_a_time_without_recorded_bars_has_no_data(made_up: Market) -> None:
    with pytest.raises(Refused, match="162"):
        ask(made_up, "5 D", "30 mins", now=at("2024-06-03T20:00"))


# --- what is not whole


def test_a_missing_half_hour_stays_missing_and_keeps_its_hours_start(tmp_path: Path) -> None:
    folder = write(tmp_path / "30m")
    path = folder / "AAPL.parquet"
    pd.read_parquet(path).drop(index=[3, 6]).to_parquet(path)
    market = Market(LISTINGS, replay={"30m": folder})
    now = at("2025-11-26T22:00")
    assert len(ask(market, "1 D", "30 mins", now=now)) == 11
    hours = ask(market, "1 D", "1 hour", now=now)
    assert [bar.start for bar in hours] == [
        at("2025-11-26T14:30"),
        *(at(f"2025-11-26T{hour}:00") for hour in range(15, 21)),
    ]
    assert hours[2][1:6] == (104.0, 105.5, 103.5, 105.0, 1000)


def test_bars_outside_sessions_or_without_a_number_are_left_out(tmp_path: Path) -> None:
    holiday = [stamp + pd.Timedelta(days=1) for stamp in HALF_HOURS[:5]]
    starts = [*HALF_HOURS[:8], *holiday]
    folder = write(tmp_path / "30m", ts=starts, low=[float("nan")] + [1.0] * 12)
    bars = ask(
        Market(LISTINGS, replay={"30m": folder}), "60 D", "30 mins", now=at("2025-12-31T12:00")
    )
    assert [bar.start for bar in bars] == [stamp.to_pydatetime() for stamp in HALF_HOURS[1:8]]


def test_an_unsorted_file_with_doubles_is_put_in_order(tmp_path: Path) -> None:
    folder = write(tmp_path / "30m")
    expected = ask(
        Market(LISTINGS, replay={"30m": folder}), "1 D", "30 mins", now=at("2025-11-26T22:00")
    )
    path = folder / "AAPL.parquet"
    frame = pd.read_parquet(path)
    pd.concat([frame.iloc[5:], frame.iloc[:8]]).to_parquet(path)
    again = Market(LISTINGS, replay={"30m": folder})
    assert ask(again, "1 D", "30 mins", now=at("2025-11-26T22:00")) == expected


def test_stamps_without_a_zone_are_utc(tmp_path: Path) -> None:
    naive = HALF_HOURS.tz_localize(None).astype("datetime64[s]")
    folder = write(tmp_path / "30m", ts=naive)
    bars = ask(
        Market(LISTINGS, replay={"30m": folder}), "1 D", "30 mins", now=at("2025-11-26T22:00")
    )
    assert bars[0].start == at("2025-11-26T14:30")
    assert len(bars) == 13


def test_a_folder_that_cannot_be_replayed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        Market(LISTINGS, replay={"30m": tmp_path / "nowhere"})
    with pytest.raises(ConfigError, match=r"'7m'.*30m"):
        Market(LISTINGS, replay={"7m": write(tmp_path / "30m")})


def test_a_torn_file_is_named_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "30m")
    path = folder / "AAPL.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidBars, match=r"AAPL\.parquet"):
        Market(LISTINGS, replay={"30m": folder})


def test_a_file_without_a_column_is_named_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "30m")
    path = folder / "AAPL.parquet"
    pd.read_parquet(path).drop(columns="volume").to_parquet(path)
    with pytest.raises(InvalidBars, match="no column volume"):
        Market(LISTINGS, replay={"30m": folder})


# --- the rest of a replayed market


def test_a_replayed_quote_is_the_last_bars_close(made_up: Market) -> None:
    quote = made_up.quote("AAPL", at("2025-11-26T22:00"))
    assert (quote.open, quote.high, quote.low, quote.last) == (100.0, 113.5, 99.5, 113.0)
    assert quote.volume == 13_000
    assert (quote.bid, quote.ask) == (112.99, 113.01)
    assert made_up.quote("AAPL", at("2025-11-26T15:47")).last == 102.0


def test_at_its_very_start_a_replayed_bar_s_open_is_the_price(made_up: Market) -> None:
    # Else what waits for the open would fill at the close of the day before.
    (first,) = ask(made_up, "60 S", "30 mins", now=at("2025-11-26T14:30:01"))
    quote = made_up.quote("AAPL", at("2025-11-26T14:30:00"))
    assert (quote.last, quote.open, quote.volume) == (first.open, first.open, 0)
    assert made_up.quote("AAPL", at("2025-11-26T15:30:00")).last == 102.0


def test_a_replayed_quote_knows_the_day_before(real: Market) -> None:
    quote = real.quote("AAPL", at("2025-11-26T16:10"))
    assert quote.previous_close == ask(real, "1 D", "1 day", end=at("2025-11-25T22:00"))[0].close


def test_the_first_time_is_the_first_recorded_session(tmp_path: Path) -> None:
    folders = {"30m": write(tmp_path / "30m"), "1d": write_day(tmp_path / "1d")}
    market = Market(LISTINGS, replay=folders)
    assert market.head_timestamp("AAPL", "TRADES", True) == at("2025-11-25T14:30")


def test_replayed_averages_lie_in_the_bar_and_weigh_volume(made_up: Market) -> None:
    first, *_ = ask(made_up, "1 D", "1 day", now=at("2025-11-26T22:00"))
    assert first.average == pytest.approx(106.5)
    assert first.count == 130


def test_an_always_open_replay_keeps_the_sessions_of_its_bars(tmp_path: Path) -> None:
    market = Market(LISTINGS, replay={"30m": write(tmp_path / "30m")}, always_open=True)
    bars = ask(market, "1 D", "1 hour", now=at("2025-11-26T22:00"))
    assert len(bars) == 7
    assert market.hours("NASDAQ", at("2025-11-29T22:00"))[1].startswith("20251129:0000-")


def test_replayed_prices_are_split_like_made_up_ones(tmp_path: Path) -> None:
    market = Market(LISTINGS, replay={"30m": write(tmp_path / "30m")})
    evening, just_before = at("2025-11-26 21:00"), AFTER - dt.timedelta(seconds=1)
    before = ask(market, "1 D", "1 hour", end=evening)
    market.split("AAPL", Fraction(3), AFTER)
    assert ask(market, "1 D", "1 hour", end=evening, now=just_before) == before
    after = ask(market, "1 D", "1 hour", end=evening)
    assert [bar.close for bar in after] == pytest.approx([bar.close / 3 for bar in before])
    assert [bar.volume for bar in after] == [3 * bar.volume for bar in before]
