"""What is stored, and how complete it is, told without a gateway."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from sellkit.core.bars import BarSize, SeriesKey, slots_until
from sellkit.core.coverage import Absence, SessionCoverage, by_session
from sellkit.core.instrument import Token
from sellkit.operate.holdings import chosen, coverage, holdings, titles
from tests.build import NOW, bars, new_york
from tests.fakes_store import MemoryBarStore
from tests.operate.workplace import APPLE, MICROSOFT

HALVES = SeriesKey(APPLE, BarSize.M30)
TOKEN = Token("NASDAQ", "AAPL")


def store_without(*places: int, count: int = 40) -> tuple[MemoryBarStore, list[dt.datetime]]:
    """Half-hours up to now, without those at some places."""
    slots = slots_until(NOW, BarSize.M30, new_york(), count=count)
    store = MemoryBarStore()
    store.add(HALVES, bars([slot for place, slot in enumerate(slots) if place not in places]))
    store.name({APPLE: TOKEN})
    return store, [slot.start for slot in slots]


def test_a_series_is_called_by_its_contracts_name_and_by_its_number_without_one() -> None:
    store, _ = store_without()
    store.add(SeriesKey(MICROSOFT, BarSize.M30), store.read(HALVES))
    assert [each.label for each in holdings(store)] == ["NASDAQ:AAPL", f"conId {MICROSOFT}"]


def test_some_tickers_are_chosen_in_any_case_and_all_without_one() -> None:
    store, _ = store_without()
    found = holdings(store)
    assert chosen(found, ["nasdaq:aapl "]) == found == chosen(found, [])
    assert chosen(found, ["NASDAQ:MSFT"]) == []


def test_a_hole_shows_in_its_session_and_what_is_not_to_be_had_does_not_count() -> None:
    store, starts = store_without(10, 11, 30)
    store.note_absent(HALVES, {starts[11]: Absence(NOW)})
    (holding,) = holdings(store)
    told = coverage(store, holding, NOW)
    assert told is not None
    assert sum(one.missing for one in told) == 2
    assert sum(one.absent for one in told) == 1
    by_date = {one.date: one for one in told}
    hole = by_date[starts[10].date()]
    assert (hole.due - hole.stored, hole.missing) == (2, 1)


def test_a_bar_that_is_not_final_yet_is_not_due() -> None:
    store, starts = store_without()
    (holding,) = holdings(store)
    told = coverage(store, holding, starts[-1] + dt.timedelta(minutes=30), dt.timedelta(seconds=5))
    assert told is not None
    assert sum(one.due for one in told) == len(starts) - 1


def test_without_a_calendar_nothing_is_said_of_completeness() -> None:
    store, _ = store_without()
    store.name({APPLE: Token("NOWHERE", "AAPL")})
    (holding,) = holdings(store)
    assert coverage(store, holding, NOW) is None


def test_a_bar_fetched_before_its_end_counts_as_missing() -> None:
    slots = slots_until(NOW, BarSize.M30, new_york(), count=3)
    stored = bars(slots)
    stored.loc[stored.index[1], "fetched_at"] = pd.Timestamp(slots[1].start).as_unit("us")
    date = slots[0].session.date
    assert by_session(stored, slots, {}) == [SessionCoverage(date, 3, 2, 0)]


def test_series_of_one_name_and_size_are_told_apart() -> None:
    store, _ = store_without()
    outside, former = replace(HALVES, rth=False), replace(HALVES, con_id=MICROSOFT)
    for key in (outside, former, replace(HALVES, bar_size=BarSize.H1)):
        store.add(key, store.read(HALVES))
    store.name({MICROSOFT: TOKEN})
    found = titles(holdings(store))
    assert len(set(found.values())) == len(found) == 4
    assert {each.key: title for each, title in found.items()}[outside] == (
        f"NASDAQ:AAPL 30 mins (conId {APPLE}, TRADES, extended hours, clock)"
    )
    assert "NASDAQ:AAPL 1 hour" in found.values()
