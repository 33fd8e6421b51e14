"""Prices that are moved while the gateway runs, and bars that are late."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.history import HistoryBar, HistoryQuery, Refused
from sellkit.simgateway.listing import Listing
from sellkit.simgateway.market import Market

if TYPE_CHECKING:
    from pathlib import Path

AAPL = Listing("AAPL", "NASDAQ", start_price=200.0)
JPM = Listing("JPM", "NYSE", start_price=200.0)
MOMENT = parse_instant("2025-11-26T12:10:30")
LATER = parse_instant("2025-11-26T15:00:20")


def market(final_after_seconds: float = 0.0) -> Market:
    return Market((AAPL, JPM), final_after_seconds=final_after_seconds)


def bars_of(
    source: Market, now: dt.datetime, size: str = "1 hour", symbol: str = "AAPL"
) -> list[HistoryBar]:
    exchange = {"AAPL": "NASDAQ", "JPM": "NYSE"}[symbol]
    return source.history(
        HistoryQuery(symbol, exchange, None, "2 D", size, "TRADES", rth=True), now
    )


def hour(bar: HistoryBar) -> str:
    assert isinstance(bar.start, dt.datetime)
    return f"{bar.start:%H}"


@pytest.mark.parametrize("size", ["1 min", "30 mins", "1 hour", "1 day"])
def test_a_move_multiplies_what_comes_after_it_and_nothing_before(size: str) -> None:
    plain, moved = market(), market()
    moved.move("AAPL", 0.5, MOMENT)
    before, after = bars_of(plain, LATER, size), bars_of(moved, LATER, size)
    assert after[-1].close == pytest.approx(before[-1].close / 2, abs=0.011)
    assert after[0] == before[0]
    assert [bar.start for bar in after] == [bar.start for bar in before]


def test_the_bar_in_which_the_move_comes_spans_both_levels() -> None:
    plain, moved = market(), market()
    moved.move("AAPL", 0.5, MOMENT)
    noon = bars_of(moved, LATER)[-4]
    same = bars_of(plain, LATER)[-4]
    assert hour(noon) == "17"
    assert noon.open == same.open
    assert noon.high >= same.open
    assert noon.low == pytest.approx(same.low / 2, rel=0.02)
    assert noon.close == pytest.approx(same.close / 2, abs=0.011)


def test_a_move_shows_at_once_in_the_quote_of_its_symbol_only() -> None:
    moved = market()
    other, last = moved.quote("JPM", MOMENT), moved.quote("AAPL", MOMENT).last
    moved.move("AAPL", 1.1, MOMENT)
    quote = moved.quote("AAPL", MOMENT)
    assert quote.last == pytest.approx(last * 1.1, abs=0.011)
    assert quote.bid < quote.last < quote.ask
    assert quote.low <= quote.last <= quote.high
    assert moved.quote("JPM", MOMENT) == other


@pytest.mark.parametrize("time", ["09:30:00", "12:00:00", "12:01:00", "16:00:00"])
def test_a_move_at_a_whole_minute_shows_at_once_and_leaves_the_bars_before_it(time: str) -> None:
    moment = parse_instant(f"2025-11-26T{time}")
    plain, moved = market(), market()
    moved.move("AAPL", 1.1, moment)
    quote, later = moved.quote("AAPL", moment), moment + dt.timedelta(microseconds=1)
    assert quote.last == pytest.approx(plain.quote("AAPL", later).last * 1.1, abs=0.011)
    assert bars_of(moved, moment, "1 min") == bars_of(plain, moment, "1 min")


def test_moves_add_up_and_history_before_them_stays() -> None:
    plain, moved = market(), market()
    moved.move("AAPL", 0.5, MOMENT)
    moved.move("AAPL", 2.0, MOMENT + dt.timedelta(hours=1))
    before, after = bars_of(plain, LATER), bars_of(moved, LATER)
    assert after[-1].close == pytest.approx(before[-1].close, abs=0.021)
    assert (
        bars_of(moved, MOMENT - dt.timedelta(hours=1))[-1]
        == (bars_of(plain, MOMENT - dt.timedelta(hours=1))[-1])
    )


def test_an_unknown_symbol_cannot_be_moved() -> None:
    with pytest.raises(Refused, match="200"):
        market().move("MSFT", 2, MOMENT)


def test_replayed_prices_cannot_be_moved(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: [1.0] for name in ("open", "high", "low", "close", "volume")}
    start = pa.array([dt.datetime(2025, 11, 26, 15, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"ts": start, **columns}), tmp_path / "AAPL.parquet")
    with pytest.raises(Refused, match="Replayed prices cannot be moved"):
        Market((AAPL,), replay={"30m": tmp_path}).move("AAPL", 2, MOMENT)


@pytest.mark.parametrize(
    ("time", "last"),
    [("14:59:59", "19"), ("15:00:00", "18"), ("15:00:59", "18"), ("15:01:00", "20")],
)
def test_a_bar_is_missing_until_it_is_final(time: str, last: str) -> None:
    now = parse_instant(f"2025-11-26T{time}")
    assert hour(bars_of(market(60), now)[-1]) == last


def test_the_last_bar_of_a_session_is_late_too_and_the_quote_is_not() -> None:
    late, prompt = market(60), market()
    now = parse_instant("2025-11-26T16:00:20")
    assert hour(bars_of(late, now)[-1]) == "19"
    assert hour(bars_of(prompt, now)[-1]) == "20"
    assert late.quote("AAPL", now) == prompt.quote("AAPL", now)
    assert bars_of(late, now, "1 day")[-1].start == dt.date(2025, 11, 25)
