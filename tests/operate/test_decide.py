"""Decisions: who is judged, on which bar, and what stands between a signal and an order."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from sellkit.core.assignments import ALL_AVERAGES
from sellkit.core.bars import PRICES, Anchor, BarSize, SeriesKey, slots_until
from sellkit.core.custody import Freeze
from sellkit.core.evaluate import DailyBasis
from sellkit.core.gates import DeferredTicket, DeniedTicket, PreparedTicket
from sellkit.core.signals import Decision
from sellkit.operate.decide import Decider
from sellkit.operate.decision import HourlyDecision
from tests.build import (
    NOW,
    assignment,
    bars,
    instrument,
    limits,
    new_york,
    open_order,
    position,
    quote,
    snapshot,
    standing,
    utc,
)
from tests.fakes_store import MemoryBarStore
from tests.operate.workplace import APPLE, MICROSOFT, histories, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.core.assignments import Assignment
    from sellkit.core.portfolio import OpenOrder, Position
    from sellkit.core.precedent import Precedent
    from sellkit.core.quotes import Quote
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.operate.options import DeskOptions
from sellkit.operate.study import Archive, Studies

HALVES, DAYS = SeriesKey(APPLE, BarSize.M30), SeriesKey(APPLE, BarSize.D1)
HOURS = SeriesKey(APPLE, BarSize.H1)
FALLEN = -3.0


def store_of(*con_ids: int, step: float = 0.0, now: dt.datetime = NOW) -> MemoryBarStore:
    store = MemoryBarStore()
    for (con_id, size), told in histories(*con_ids, step=step, now=now).items():
        store.add(SeriesKey(con_id, size), told)
    return store


def decide(
    *held: Position,
    assigned: Iterable[Assignment] = (assignment("SMA 5 1H"),),
    store: MemoryBarStore | None = None,
    settings: DeskOptions | None = None,
    orders: Iterable[OpenOrder] = (),
    as_of: dt.datetime = NOW,
    now: dt.datetime | None = None,
    problems: dict[int, str] | None = None,
    connection: Standing | None = None,
    before: Sequence[Precedent] = (),
    shown: Quote | None = None,
) -> HourlyDecision:
    chosen = settings or options()
    studies = Studies(store or store_of(APPLE), Archive(chosen, as_of), is_present=True)
    shown = shown or quote("105")
    return Decider(
        snapshot=snapshot(held or [position()], orders, taken_at=now or as_of),
        standing=connection or standing(),
        assignments={each.token: each for each in assigned},
        study=studies.of,
        options=chosen,
        as_of=as_of,
        now=now or as_of,
        is_present=True,
        problems=problems or {},
        incomplete=frozenset(),
        precedents=lambda _since: tuple(before),
        quotes=lambda asked: {each.con_id: shown for each in asked},
    ).decide()


def only(decision: HourlyDecision) -> SnapshotRow:
    (row,) = decision.rows
    return row


def decided(decision: HourlyDecision) -> dict[str, Decision]:
    return {str(row.position.instrument): row.signal.decision for row in decision.rows}


# --- who is judged --------------------------------------------------------------------------------


def test_an_unassigned_position_is_undecided_and_says_what_to_do() -> None:
    row = only(decide(assigned=()))
    assert row.signal.decision is Decision.UNDECIDED
    assert row.signal.reasons[0].startswith("unassigned")
    assert "sellkit assign NASDAQ:AAPL" in row.signal.reasons[0]


@pytest.mark.parametrize(
    ("assigned", "held"),
    [
        ("NASDAQ:A", "NASDAQ:META"),
        ("NASDAQ:META", "NYSE:A"),
        ("NASDAQ:META", "NASDAQ:A"),
        ("NYSE:AAPL", "NASDAQ:AAPL"),
        ("NYSE:BRK", "NYSE:BRK.B"),
    ],
)
def test_an_average_decides_only_the_very_instrument_it_was_assigned_to(
    assigned: str, held: str
) -> None:
    decision = decide(
        position(held), assigned=[assignment("SMA 5 1H", assigned)], store=store_of(APPLE)
    )
    assert decided(decision) == {held: Decision.UNDECIDED}
    assert only(decision).signal.reasons[0].startswith("unassigned")


def test_a_short_position_is_excluded_although_its_price_is_below() -> None:
    row = only(decide(position(quantity="-50"), store=store_of(APPLE, step=FALLEN)))
    assert (row.signal.decision, row.verdict) == (Decision.EXCLUDED, None)
    assert row.signal.reasons == ("a short position is shown and never decided",)


@pytest.mark.parametrize("kind", ["OPT", "FUT", "CASH"])
def test_what_is_no_stock_is_excluded_whatever_its_assignment(kind: str) -> None:
    row = only(decide(position(security_type=kind), store=store_of(APPLE, step=FALLEN)))
    assert (row.signal.decision, row.verdict) == (Decision.EXCLUDED, None)
    assert row.signal.reasons == (f"{kind} is shown and never decided",)


# --- which bar decides ----------------------------------------------------------------------------


def test_a_close_strictly_below_the_average_is_an_exit_on_the_last_completed_hour() -> None:
    row = only(decide(store=store_of(APPLE, step=FALLEN)))
    proof = row.signal.certificate
    assert row.signal.decision is Decision.EXIT
    assert proof is not None
    assert (proof.slot.start, proof.slot.end, proof.parts) == (
        utc("2026-01-28 19:00"),
        utc("2026-01-28 20:00"),
        2,
    )


def test_a_close_at_the_average_holds() -> None:
    store = MemoryBarStore()
    slots = slots_until(NOW, BarSize.M30, new_york(), count=40)
    store.add(HALVES, bars(slots, [100.0] * 40))
    assert only(decide(store=store)).signal.decision is Decision.HOLD


def test_a_bar_that_has_not_ended_does_not_decide() -> None:
    store = store_of(APPLE, step=FALLEN)
    earlier = utc("2026-01-28 19:59:59")
    row = only(decide(store=store, as_of=earlier))
    assert row.signal.decision is Decision.HOLD
    assert row.signal.certificate is not None
    assert row.signal.certificate.slot.end == utc("2026-01-28 19:00")


@pytest.mark.parametrize(("lost", "named"), [(1, "1 of 2 half-hours"), (2, "is missing")])
def test_an_hour_that_lacks_a_half_is_undecided_and_neither_hold_nor_sell(
    lost: int, named: str
) -> None:
    store = store_of(APPLE, step=FALLEN)
    store.bars[HALVES] = store.bars[HALVES].iloc[:-lost]
    row = only(decide(store=store))
    assert (row.signal.decision, row.verdict) == (Decision.UNDECIDED, None)
    assert named in row.signal.reasons[0]


def test_a_bar_that_was_fetched_before_its_end_is_undecided() -> None:
    store = store_of(APPLE)
    newest = store.bars[HALVES].index[-1]
    store.bars[HALVES].loc[newest, "fetched_at"] = newest
    row = only(decide(store=store))
    assert row.signal.decision is Decision.UNDECIDED
    assert "before its end" in row.signal.reasons[0]


def test_a_history_shorter_than_the_average_is_undecided_with_both_numbers() -> None:
    store = store_of(APPLE)
    store.bars[HALVES] = store.bars[HALVES].iloc[-8:]
    row = only(decide(store=store))
    assert row.signal.decision is Decision.UNDECIDED
    assert "SMA 5 1H needs 5 bars in a row, has 4" in row.signal.reasons[0]


def test_without_any_bars_a_position_is_undecided_and_the_bar_that_lacks_is_named() -> None:
    row = only(decide(store=MemoryBarStore()))
    assert row.signal.decision is Decision.UNDECIDED
    assert row.signal.reasons == ("the bar 2026-01-28 19:00 to 20:00 UTC is missing",)


def test_why_bars_could_not_be_had_follows_the_reason() -> None:
    row = only(decide(store=MemoryBarStore(), problems={APPLE: "no answer in 60 s"}))
    assert row.signal.reasons[1:] == ("no answer in 60 s",)


def test_a_trouble_of_the_download_that_did_not_matter_is_not_said() -> None:
    row = only(decide(problems={APPLE: "no answer in 60 s"}))
    assert row.signal.decision is Decision.HOLD
    assert len(row.signal.reasons) == 1


def test_a_daily_average_is_judged_on_the_last_closed_day() -> None:
    row = only(decide(assigned=[assignment("SMA 5 1D")], store=store_of(APPLE, step=FALLEN)))
    proof = row.signal.certificate
    assert row.signal.decision is Decision.EXIT
    assert proof is not None
    assert proof.slot.session.date == dt.date(2026, 1, 27)


def test_a_daily_average_may_be_held_against_every_hourly_close() -> None:
    store = store_of(APPLE)
    halves = store.bars[HALVES]
    halves.loc[halves.index[-1], ["low", "close"]] = 90.0
    by_hour = options(daily_basis=DailyBasis.HOURLY)
    daily = [assignment("SMA 5 1D")]
    assert only(decide(store=store, assigned=daily)).signal.decision is Decision.HOLD
    row = only(decide(store=store, assigned=daily, settings=by_hour))
    assert row.signal.decision is Decision.EXIT
    assert row.signal.certificate is not None
    assert row.signal.certificate.close == 90.0


def test_hours_may_begin_at_the_opening_of_the_session() -> None:
    row = only(decide(settings=options(anchor=Anchor.SESSION)))
    assert row.signal.certificate is not None
    assert row.signal.certificate.slot.end == utc("2026-01-28 19:30")


def test_bars_of_regular_hours_do_not_stand_in_for_extended_ones() -> None:
    row = only(decide(settings=options(rth=False)))
    assert row.signal.decision is Decision.UNDECIDED


# --- what becomes of an exit ----------------------------------------------------------------------


def test_an_exit_that_no_gate_withholds_is_approved_for_all_whole_shares() -> None:
    row = only(decide(position(quantity="60.5"), store=store_of(APPLE, step=FALLEN)))
    assert isinstance(row.verdict, PreparedTicket)
    ticket = row.verdict.ticket
    assert (str(ticket.side), ticket.quantity, ticket.fraction) == (
        "SELL",
        Decimal(60),
        Decimal("0.5"),
    )


def test_an_exit_carries_the_reason_of_every_gate_that_withholds_it() -> None:
    strict = limits(max_shares=Decimal(10), max_notional=Decimal(100))
    row = only(
        decide(
            position(cost="500"),
            assigned=[assignment("EMA 200 1H")],
            store=store_of(APPLE, step=FALLEN),
            settings=options(limits=strict),
            orders=[open_order()],
            now=NOW + dt.timedelta(hours=2),
        )
    )
    assert row.signal.decision is Decision.EXIT
    assert isinstance(row.verdict, DeniedTicket)
    named = (
        "the deciding bar ended 2:00:20 ago",
        "rests on its seed",
        "not above break-even",
        "orders that sellkit did not place rest on it",
        "exceed orders.max_shares 10",
        "the session is closed",
    )
    assert len(row.verdict.reasons) == len(named)
    for reason, words in zip(row.verdict.reasons, named, strict=True):
        assert words in reason


def test_ages_are_held_against_the_time_of_the_decision_and_not_the_moment_described() -> None:
    late = decide(store=store_of(APPLE, step=FALLEN), now=NOW + dt.timedelta(minutes=30))
    row = only(late)
    assert isinstance(row.verdict, DeniedTicket)
    assert row.verdict.reasons == ("the deciding bar ended 0:30:20 ago, more than 0:10:00",)
    assert late.as_of == NOW


def test_an_exit_at_the_close_waits_for_the_next_open() -> None:
    close = utc("2026-01-28 21:00:10")
    row = only(decide(store=store_of(APPLE, step=FALLEN, now=close), as_of=close))
    assert isinstance(row.verdict, DeferredTicket)
    assert row.verdict.until == utc("2026-01-29 14:30")


def test_a_position_that_is_not_to_be_sold_has_no_verdict() -> None:
    assert only(decide()).verdict is None


def test_exits_are_counted_over_all_positions() -> None:
    ids = range(1, 5)
    held = [position(f"NYSE:X{con_id}", con_id=con_id) for con_id in ids]
    assigned = [assignment("SMA 5 1H", f"NYSE:X{con_id}") for con_id in ids]
    decision = decide(*held, assigned=assigned, store=store_of(*ids, step=FALLEN))
    assert len(decision.exits) == 4
    for row in decision.exits:
        assert isinstance(row.verdict, DeniedTicket)
        assert "4 of 4 positions signal at once" in row.verdict.reasons[0]


@pytest.mark.parametrize("key", [HALVES, DAYS])
def test_nothing_is_decided_on_a_series_that_is_being_fetched_anew(key: SeriesKey) -> None:
    store = store_of(APPLE, step=FALLEN)
    store.freeze(key, Freeze(NOW, 0.25, "prices are told 0.25 times as high now"))
    row = only(decide(store=store))
    assert row.signal.decision is Decision.UNDECIDED
    assert "being fetched anew: prices are told 0.25 times" in row.signal.reasons[0]


def test_orders_on_another_contract_do_not_matter() -> None:
    orders = [open_order(con_id=MICROSOFT)]
    row = only(decide(store=store_of(APPLE, step=FALLEN), orders=orders))
    assert isinstance(row.verdict, PreparedTicket)
    assert row.open_orders == ()


# --- averages -------------------------------------------------------------------------------------


def test_averages_are_stored_apart_from_the_bars_they_were_computed_of() -> None:
    store = store_of(APPLE)
    raw = {key: frame.copy() for key, frame in store.bars.items()}
    decide(store=store)
    assert set(store.averages) == {HOURS, DAYS}
    assert set(store.bars) == {HALVES, DAYS}
    for key, frame in raw.items():
        pd.testing.assert_frame_equal(store.bars[key], frame)


def test_stored_averages_are_those_of_every_length_and_kind_over_the_completed_bars() -> None:
    store = store_of(APPLE)
    decide(store=store)
    table = store.averages[DAYS]
    closes = store.bars[DAYS]["close"]
    assert list(table.columns) == [*(average.column for average in ALL_AVERAGES), "bars_used"]
    assert list(table.index) == list(closes.index)
    expected = closes.rolling(20).mean().rename("sma_20")
    pd.testing.assert_series_equal(table["sma_20"], expected, check_freq=False)


def test_a_second_decision_on_the_same_bars_writes_no_averages() -> None:
    store = store_of(APPLE)
    first = decide(store=store)
    kept = dict(store.averages)
    second = decide(store=store)
    assert all(store.averages[key] is table for key, table in kept.items())
    assert only(second).signal == only(first).signal
    assert only(second).readings == only(first).readings


def test_a_row_reads_all_28_averages_with_those_that_lack_bars_empty() -> None:
    readings = only(decide()).readings
    assert len(readings) == 28
    empty = {each.label for each in readings if each.value is None}
    assert empty == {f"{kind} {length} 1D" for kind in ("SMA", "EMA") for length in (100, 150, 200)}


def test_the_bars_of_a_row_are_those_of_its_assigned_timeframe() -> None:
    daily = decide(assigned=[assignment("SMA 5 1D")])
    assert daily.bars(only(daily)).index[-1] == utc("2026-01-27 00:00")
    unassigned = decide(assigned=())
    assert unassigned.bars(only(unassigned)).index[-1] == utc("2026-01-28 19:00")


def test_an_exchange_without_a_calendar_gets_no_bars_and_is_undecided() -> None:
    odd = replace(position(), instrument=instrument("TSEJ:7203", 13))
    row = only(decide(odd, assigned=[assignment("SMA 5 1H", "TSEJ:7203")]))
    assert (row.signal.decision, row.readings) == (Decision.UNDECIDED, ())


def test_hours_and_days_of_different_price_bases_decide_nothing() -> None:
    store = store_of(APPLE)
    days = store.bars[SeriesKey(APPLE, BarSize.D1)]
    days[PRICES] = days[PRICES] * 10
    row = only(decide(store=store))
    assert row.signal.decision is Decision.UNDECIDED
    assert row.signal.reasons[0].startswith("hourly and daily closes of 2025-12-11 differ")


# --- a connection that cannot be decided on -------------------------------------------------------


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        (standing("the farm usfarm is broken"), "the farm usfarm is broken"),
        (standing(epoch=2), "it was made anew after the positions were read"),
    ],
)
def test_on_a_connection_that_is_not_that_of_the_positions_nothing_is_decided(
    connection: Standing, reason: str
) -> None:
    decision = decide(
        position(),
        position("NASDAQ:MSFT", con_id=MICROSOFT),
        store=store_of(APPLE, MICROSOFT, step=FALLEN),
        connection=connection,
    )
    assert set(decided(decision).values()) == {Decision.UNDECIDED}
    for row in decision.rows:
        assert row.signal.reasons == (f"the connection is not ready: {reason}",)
        assert row.verdict is None
