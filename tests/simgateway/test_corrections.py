"""Bars that are late, provisional, or told anew with another close."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.corrections import Correction
from sellkit.simgateway.history import HistoryBar, HistoryQuery
from sellkit.simgateway.listing import Listing
from sellkit.simgateway.market import Market
from sellkit.simgateway.market_terms import MarketTerms, UntilFinal

if TYPE_CHECKING:
    from pathlib import Path

AAPL = Listing("AAPL", "NASDAQ", start_price=200.0)


def at(time: str) -> dt.datetime:
    return parse_instant(f"2025-11-26T{time}")


CORRECTION = Correction("AAPL", at("11:00:00"), 0.9, at("11:05:00"))


def market(*corrections: Correction, **more: object) -> Market:
    return Market((AAPL,), terms=MarketTerms(corrections=corrections), **more)  # type: ignore[arg-type]


def ask(
    source: Market, size: str, now: str, *, end: str | None = None, show: str = "TRADES"
) -> list[HistoryBar]:
    until = None if end is None else at(end)
    query = HistoryQuery("AAPL", "NASDAQ", until, "2 D", size, show, rth=True)
    return source.history(query, at(now))


def ending_at(found: list[HistoryBar], start: str) -> HistoryBar:
    (bar,) = [one for one in found if one.start == at(start)]
    return bar


# --- corrections


@pytest.mark.parametrize(
    ("size", "start"), [("1 min", "10:59:00"), ("30 mins", "10:30:00"), ("1 hour", "10:00:00")]
)
def test_every_bar_that_ends_there_gets_another_close_once_it_is_known(
    size: str, start: str
) -> None:
    plain, corrected = market(), market(CORRECTION)
    assert ask(corrected, size, "11:04:59") == ask(plain, size, "11:04:59")
    old = ending_at(ask(plain, size, "11:05:00"), start)
    new = ending_at(ask(corrected, size, "11:05:00"), start)
    assert new.close == pytest.approx(old.close * 0.9, abs=0.006)
    assert round(new.close * 100) == pytest.approx(new.close * 100)
    assert new.low == new.close
    assert (new.open, new.high, new.volume) == (old.open, old.high, old.volume)


def test_nothing_else_changes_but_the_range_of_longer_bars() -> None:
    before, after = (
        ask(market(), "30 mins", "12:00:00"),
        ask(market(CORRECTION), "30 mins", "12:00:00"),
    )
    assert [a.start for a, b in zip(before, after, strict=True) if a != b] == [at("10:30:00")]
    day, corrected = (
        ask(market(), "1 day", "16:30:00")[-1],
        ask(market(CORRECTION), "1 day", "16:30:00")[-1],
    )
    assert corrected.close == day.close
    assert corrected.low < day.low


def test_the_quotes_around_a_correction_agree_with_the_bars() -> None:
    bid = ending_at(ask(market(CORRECTION), "30 mins", "12:00:00", show="BID"), "10:30:00")
    trade = ending_at(ask(market(CORRECTION), "30 mins", "12:00:00"), "10:30:00")
    assert bid.close == round(trade.close - 0.01, 2)


def test_a_correction_can_be_added_while_the_market_runs() -> None:
    source = market()
    before = ending_at(ask(source, "1 hour", "12:00:00"), "10:00:00")
    source.corrections.add(Correction("AAPL", at("11:00:00"), 1.5, at("12:00:00")))
    after = ending_at(ask(source, "1 hour", "12:00:00"), "10:00:00")
    assert after.close == after.high == pytest.approx(before.close * 1.5, abs=0.006)


def test_the_close_of_a_day_can_be_corrected_the_day_after() -> None:
    after_close = Correction("AAPL", at("16:00:00"), 0.9, at("20:00:00"))
    old, new = (
        ask(market(), "1 day", "20:30:00")[-1],
        ask(market(after_close), "1 day", "20:30:00")[-1],
    )
    assert new.close == pytest.approx(old.close * 0.9, abs=0.006)
    assert ask(market(after_close), "1 day", "19:59:59")[-1] == old


def test_recorded_bars_can_be_corrected_too(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    starts = [at("10:00:00"), at("10:30:00"), at("11:00:00")]
    columns = {name: [100.0] * 3 for name in ("open", "high", "low", "close", "volume")}
    table = pa.table({"ts": pa.array(starts, pa.timestamp("us", "UTC")), **columns})
    pq.write_table(table, tmp_path / "AAPL.parquet")
    source = market(CORRECTION, replay={"30m": tmp_path})
    assert [one.close for one in ask(source, "30 mins", "12:00:00")] == [100.0, 90.0, 100.0]
    (stub, *_) = hourly = ask(source, "1 hour", "12:00:00")
    assert (stub.close, stub.low, stub.high) == (90.0, 90.0, 100.0)
    assert len(hourly) == 2


# --- bars that are not final


def test_an_explicit_end_before_the_late_bar_gets_everything_asked_for() -> None:
    late = market(final_after_seconds=60)
    for size in ("30 mins", "1 hour"):
        own = ask(late, size, "11:00:10", end="10:00:00")
        assert own == ask(market(), size, "11:00:10", end="10:00:00")


def test_an_explicit_end_at_the_late_bars_end_lacks_it_until_it_is_final() -> None:
    late = market(final_after_seconds=60)
    assert ask(late, "1 hour", "11:00:59", end="11:00:00")[-1].start == at("09:30:00")
    assert ask(late, "1 hour", "11:01:00", end="11:00:00")[-1].start == at("10:00:00")


def test_a_provisional_bar_is_there_as_it_stood_before_its_end() -> None:
    source = market(final_after_seconds=60)
    source.until_final = UntilFinal.PROVISIONAL
    final = ending_at(ask(market(), "1 hour", "11:00:10"), "10:00:00")
    for end in (None, "11:00:00"):
        bar = ask(source, "1 hour", "11:00:10", end=end)[-1]
        assert bar == ask(market(), "1 hour", "10:59:55")[-1]
        assert bar.volume < final.volume
    assert ending_at(ask(source, "1 hour", "11:01:00"), "10:00:00") == final
    assert ask(source, "1 hour", "11:00:10", end="10:00:00")[-1].start == at("09:30:00")
