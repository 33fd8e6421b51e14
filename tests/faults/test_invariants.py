"""Every invariant of the faults catches the breach that it is there for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ib_insync import IB, Contract, LimitOrder, MarketOrder, Order

from tests.faults.catalogue import FAULTS
from tests.faults.evidence import Evidence, gather
from tests.faults.invariants import INVARIANTS, Breach, breaches, check
from tests.faults.play import PLAIN, Play, playing
from tests.simgateway.trading import until

APPLE = Contract(conId=265598, exchange="SMART")
MARGIN, ORDINARY = 59, 61


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Play]:
    """A play in which one exit and one hold have been decided."""
    number = getattr(request, "param", ORDINARY)
    with playing(FAULTS[number], tmp_path) as play:
        play.turn(fall=("AAPL",), rise=("MSFT",))
        assert play.run().words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}
        yield play


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The evidence of such a play, for breaches that are put into it by hand."""
    with playing(FAULTS[ORDINARY], tmp_path_factory.mktemp("sound")) as play:
        play.turn(fall=("AAPL",), rise=("MSFT",))
        play.run()
        play.run()
        return gather(play)


def place(play: Play, client_id: int, *orders: Order, done: str = "Submitted") -> None:
    """Place orders on Apple, one after the other, and wait for a status of each."""

    async def use(ib: IB) -> None:
        for order in orders:
            order.tif = "DAY"
            trade = ib.placeOrder(APPLE, order)
            await until(lambda trade=trade: trade.orderStatus.status == done)

    play.plain(use, client_id)


def broken(evidence: Evidence) -> set[str]:
    return {each.partition(":")[0] for each in breaches(evidence)}


def test_a_sound_play_breaks_none(stage: Play) -> None:
    check(stage)


def test_every_invariant_is_there() -> None:
    assert list(INVARIANTS) == ["I1", "I2", "I3", "I4", "I5", "I6"]


# --- orders ---------------------------------------------------------------------------------------


def test_two_closing_orders_that_live_at_once_break_the_first(stage: Play) -> None:
    place(stage, 1, LimitOrder("SELL", 50, 900.0), LimitOrder("SELL", 50, 901.0))
    assert broken(gather(stage)) == {"I1", "I3"}


def test_one_closing_order_after_the_other_does_not(stage: Play) -> None:
    place(stage, 1, MarketOrder("SELL", 50), MarketOrder("SELL", 50), done="Filled")
    assert broken(gather(stage)) == {"I3"}


@pytest.mark.parametrize("stage", [MARGIN], indirect=True)
def test_a_sale_of_more_than_is_held_breaks_the_second(stage: Play) -> None:
    place(stage, 1, MarketOrder("SELL", 150), done="Filled")
    found = breaches(gather(stage))
    assert {each.partition(":")[0] for each in found} == {"I2", "I3"}
    assert "I2: the position in 265598 went from 100 to -50" in found


@pytest.mark.parametrize("stage", [MARGIN], indirect=True)
def test_a_person_who_sells_more_than_is_held_breaks_none(stage: Play) -> None:
    stage.gateway.terminal.place("AAPL", "SELL", Decimal(150))
    assert not broken(gather(stage))


def test_a_position_that_changes_without_a_fill_breaks_the_second(stage: Play) -> None:
    stage.gateway.terminal.hold("AAPL", Decimal(70), Decimal(100))
    assert broken(gather(stage)) == {"I2"}


def test_an_order_under_an_id_of_sellkit_breaks_the_third_and_fails_the_play(stage: Play) -> None:
    place(stage, 1, MarketOrder("SELL", 100), done="Filled")
    with pytest.raises(Breach, match="I3: sellkit sent placeOrder"):
        check(stage)


def test_a_cancel_under_an_id_of_sellkit_breaks_the_third(stage: Play) -> None:
    async def use(ib: IB) -> None:
        ib.client.reqGlobalCancel()
        await asyncio.wait_for(ib.reqCurrentTimeAsync(), 5)

    stage.plain(use, 1)
    assert broken(gather(stage)) == {"I3"}


def test_an_order_of_somebody_else_breaks_none(stage: Play) -> None:
    place(stage, PLAIN, MarketOrder("SELL", 100), done="Filled")
    assert not broken(gather(stage))


# --- the journal ----------------------------------------------------------------------------------


def changed(evidence: Evidence, what: str, **facts: Any) -> Evidence:
    """The evidence with other facts in the first row of decisions or tickets."""
    runs = dict(getattr(evidence, what))
    run_id, rows = next(iter(runs.items()))
    runs[run_id] = ({**rows[0], **facts}, *rows[1:])
    return replace(evidence, **{what: runs})


def test_an_exit_without_its_ticket_breaks_the_fourth(sound: Evidence) -> None:
    tickets = {run_id: () for run_id in sound.tickets}
    assert broken(replace(sound, tickets=tickets)) == {"I4"}


def test_a_ticket_without_a_verdict_breaks_the_fourth(sound: Evidence) -> None:
    assert broken(changed(sound, "tickets", verdict="")) == {"I4"}


def test_a_ticket_that_is_withheld_in_silence_breaks_the_fourth(sound: Evidence) -> None:
    told = changed(sound, "tickets", verdict="withheld", reasons=["a reason"])
    assert broken(told) == {"I4"}


def test_a_run_without_an_end_breaks_the_fourth_unless_it_was_killed(sound: Evidence) -> None:
    open_run = replace(sound, runs=({**sound.runs[0], "outcome": None}, *sound.runs[1:]))
    assert broken(open_run) == {"I4"}
    assert not broken(replace(open_run, was_killed=True))


@pytest.mark.parametrize(
    "facts",
    [
        {"close": None},
        {"parts": 1},
        {"fetched_at": "2026-01-28T15:59:59+00:00"},
        {"bar_end": "2026-01-28T17:00:00+00:00"},
        {"close": 1e9},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_a_decision_on_doubtful_data_breaks_the_fifth(
    sound: Evidence, facts: dict[str, Any]
) -> None:
    assert "I5" in broken(changed(sound, "decisions", **facts))


def test_a_decision_without_a_ready_connection_breaks_the_fifth(sound: Evidence) -> None:
    ran = tuple(replace(each, was_ready=False) for each in sound.ran)
    assert broken(replace(sound, ran=ran)) == {"I5"}


@pytest.mark.parametrize("facts", [{"is_ready": 0}, None], ids=["not ready", "unknown"])
def test_a_decision_recorded_without_a_ready_connection_breaks_the_fifth(
    sound: Evidence, facts: dict[str, Any] | None
) -> None:
    told = {
        run_id: tuple({**row, **facts} for row in rows) if facts else ()
        for run_id, rows in sound.standings.items()
    }
    assert broken(replace(sound, standings=told)) == {"I5"}


def test_bars_that_change_behind_the_journal_break_the_sixth(stage: Play) -> None:
    store = stage.store()
    for key in store.keys():  # noqa: SIM118  (no dict)
        bars = store.read(key)
        prices = ["open", "high", "low", "close"]
        bars[prices] *= 2.0
        store.drop(key)
        store.add(key, bars)
    assert broken(gather(stage)) == {"I6"}


def test_two_references_for_one_bar_break_the_sixth(sound: Evidence) -> None:
    first, *others = sound.tickets.items()
    other = {run_id: ({**rows[0], "reference": "SK1-x-1"},) for run_id, rows in others}
    assert broken(replace(sound, tickets=dict([first]) | other)) == {"I6"}
