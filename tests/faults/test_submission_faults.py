"""Faults 36 to 54: what can happen to a closing order on its way, with a sellkit that sends."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest

from sellkit.adapters.ib.returning import Returning
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import AlertKind
from sellkit.core.fills import counted
from sellkit.core.limits import OrderType
from sellkit.core.resolving import WORDS
from sellkit.core.tickets import TicketRecord
from sellkit.operate.desk import Desk
from sellkit.operate.reconcile import Reconciliation
from tests.faults.desk import dry_options, laid_out
from tests.faults.evidence import gather
from tests.faults.live import QUICK
from tests.faults.play import TURN, Play, until
from tests.faults.process import killed

LONG_AGO: Final = TURN - dt.timedelta(days=300)
LOOKED_AT_AGAIN: Final = dt.timedelta(seconds=61)
IMPATIENT: Final = replace(QUICK, acknowledge=0.2, fill=0.2, cancel=0.2, settle=0.2)
SOON: Final = Returning(settle_seconds=0.05, first_delay_seconds=0.05)
QUANTITY: Final = 17
LIMIT: Final = 19
"""Where shares and limit stand in the message of an order."""
A_CENT: Final = {
    "direction": "out",
    "message": "marketRule",
    "do": "corrupt",
    "field": 5,
    "value": "0.01",
}
"""The gateway tells of smaller steps than it takes."""
HASTY: Final = 0.3
"""Seconds after which a connection gives a question up, where the gateway falls silent."""


def records(play: Play) -> dict[str, TicketRecord]:
    """Every attempt that the journal knows, as `AAPL 1`."""
    with closing(SqliteJournal(play.journal_path)) as journal:
        found = journal.book.ticket_records("main", LONG_AGO)
    return {f"{each.ticker.partition(':')[2]} {each.attempt}": each for each in found}


def states(play: Play) -> dict[str, str]:
    """In which state each of them stands, and with how many shares executed."""
    return {
        name: f"{each.state} {each.filled.normalize():f}" for name, each in records(play).items()
    }


def held(play: Play) -> Decimal:
    """Shares of Apple at the gateway."""
    holdings = play.gateway.exchange.holdings()
    return sum((h.quantity for h in holdings if h.security.symbol == "AAPL"), Decimal(0))


@contextmanager
def reconciling(play: Play) -> Iterator[Desk]:
    """The desk of `sellkit reconcile`, over a connection of its own; nothing is followed."""
    with (
        closing(SqliteJournal(play.journal_path)) as journal,
        closing(play.connect(sends_orders=True)) as broker,
    ):
        layout = (play.folder, broker, journal, "0", dry_options())
        desk = laid_out(*layout, armoury=play.armoury)
        assert desk.parts.live is not None
        with closing(desk.parts.live):
            yield desk


def looked(play: Play) -> Reconciliation:
    """What `sellkit reconcile` finds."""
    with reconciling(play) as desk:
        found = desk.reconcile()
    assert found is not None
    return found


def looked_twice(play: Play) -> None:
    """What `sellkit reconcile --wait` does: the minute is over at once."""
    with reconciling(play) as desk:
        desk.reconcile()
        play.go_to(play.clock.now() + LOOKED_AT_AGAIN)
        desk.reconcile()


def alarms(play: Play, kind: AlertKind) -> int:
    """How often a person was told of something."""
    return play.armoury.kinds().count(kind)


def codes(play: Play) -> set[int]:
    """The codes that the gateway said of orders, as the journal keeps them."""
    with closing(sqlite3.connect(play.journal_path)) as file:
        rows = file.execute("SELECT DISTINCT code FROM report_heard WHERE code IS NOT NULL")
        return {int(code) for (code,) in rows}


def fill_all(play: Play) -> None:
    """Let the one order that works fill, in whole."""
    (order,) = play.gateway.exchange.orders()
    play.gateway.terminal.fill(order.perm_id)


@contextmanager
def behind(
    play: Play, has_come: Callable[[], object], act: Callable[[Play], None]
) -> Iterator[None]:
    """Do something at the gateway as soon as something has come there."""

    def run() -> None:
        until(has_come)
        act(play)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run)
        yield
        done.result()


# --- killed ---------------------------------------------------------------------------------------


@pytest.mark.fault(36)
@pytest.mark.parametrize("step", ["recorded live", "intended"])
def test_a_run_killed_before_its_claim_is_made_good_once(play: Play, step: str) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    killed(play, step)
    assert states(play) == ({} if step == "recorded live" else {"AAPL 1": "INTENT 0"})
    play.run_live()
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert play.asked("placeOrder") == 1
    where = "before" if step == "recorded live" else "behind"
    play.seen(f"killed {where} its intent; the next run sends it, the one after that nothing")


@pytest.mark.fault(37)
def test_a_claim_without_an_order_is_never_sent(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    killed(play, "claimed")
    ran = play.run_live()
    assert states(play) == {"AAPL 1": "UNCERTAIN 0"}
    assert alarms(play, AlertKind.ORDER_UNCERTAIN) == 1
    assert "a former ticket on it is not settled" in ran.reasons("AAPL")
    play.go_to(TURN + LOOKED_AT_AGAIN)
    play.run_live()  # over another connection: nobody knows what happened in between
    assert states(play) == {"AAPL 1": "UNCERTAIN 0"}
    looked_twice(play)
    assert states(play) == {"AAPL 1": "NOT_RECEIVED 0"}
    play.run_live()
    assert play.asked("placeOrder") == 0
    play.seen("UNCERTAIN, an alarm; a minute later proven to be unsent, and left at that")


@pytest.mark.fault(38)
def test_an_order_that_rests_is_adopted_by_its_reference(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    killed(play, "sent")
    assert states(play) == {"AAPL 1": "SUBMITTING 0"}
    found = looked(play)
    assert found.is_settled
    assert states(play) == {"AAPL 1": "ACKNOWLEDGED 0"}
    (order,) = play.gateway.exchange.orders()
    assert records(play)["AAPL 1"].perm_id == str(order.perm_id)
    play.gateway.terminal.fill(order.perm_id)
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert play.asked("placeOrder") == 1
    play.seen("adopted by its reference while it rests, DONE once it has filled; one order")


@pytest.mark.fault(38)
def test_an_adopted_order_that_does_not_fill_is_cancelled(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    killed(play, "sent")
    play.armoury.patience = replace(QUICK, fill=0.2)
    play.run_live()
    assert states(play) == {"AAPL 1": "CANCELLED 0"}
    assert alarms(play, AlertKind.ORDER_UNFINISHED) == 1
    assert (play.asked("placeOrder"), play.asked("cancelOrder")) == (1, 1)
    assert not play.gateway.exchange.orders()
    play.seen("adopted, not executed in time, cancelled with an alarm; one order")


@pytest.mark.fault(39)
def test_an_order_that_filled_is_adopted_by_its_executions(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    killed(play, "sent")
    assert states(play) == {"AAPL 1": "SUBMITTING 0"}
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert play.asked("placeOrder") == 1
    assert not play.armoury.alarms
    play.seen("found among the executions, DONE; one order")


@pytest.mark.fault(40)
def test_an_order_that_was_rejected_is_adopted_from_the_completed_ones(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    killed(play, "sent")
    play.run_live()
    assert states(play) == {"AAPL 1": "REJECTED 0"}
    assert alarms(play, AlertKind.ORDER_REJECTED) == 1
    assert play.asked("placeOrder") == 1
    play.seen("found among the completed orders, REJECTED with an alarm; one order")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        pytest.param("CANCELLED 0", [AlertKind.ORDER_UNFINISHED], marks=pytest.mark.fault(38)),
        pytest.param("DONE 100", [], marks=pytest.mark.fault(39)),
        pytest.param("REJECTED 0", [AlertKind.ORDER_REJECTED], marks=pytest.mark.fault(40)),
    ],
    ids=["rests", "filled", "rejected"],
)
def test_a_run_that_outlives_the_drop_finds_its_order_again(
    play: Play, end: str, told: list[AlertKind]
) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = replace(QUICK, fill=0.2)
    broker = play.connect(sends_orders=True, returning=SOON)
    until(lambda: broker.standing.is_ready)
    play.run_live(broker)
    assert broker.standing.epoch > 1
    assert states(play) == {"AAPL 1": end}
    assert play.armoury.kinds() == told
    assert play.asked("placeOrder") == 1
    play.seen(f"not killed, the connection comes back: {end}, one order")


# --- silence --------------------------------------------------------------------------------------


@pytest.mark.fault(41)
def test_an_order_that_nobody_answers_is_left_to_a_person(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = IMPATIENT
    play.run_live()
    assert states(play) == {"AAPL 1": "UNCERTAIN 0"}
    assert alarms(play, AlertKind.ORDER_UNCERTAIN) == 1
    play.run_live()
    assert states(play) == {"AAPL 1": "UNCERTAIN 0"}
    with closing(SqliteJournal(play.journal_path)) as journal:
        reference = records(play)["AAPL 1"].reference
        journal.book.resolve(reference, WORDS["rejected"], play.clock.now(), "not in TWS")
    play.run_live()
    assert states(play) == {"AAPL 1": "REJECTED 0"}
    assert play.asked("placeOrder") == 1
    play.seen("UNCERTAIN with an alarm, still so in the next run, settled by a person; one order")


@pytest.mark.fault(41)
def test_an_order_that_was_never_received_is_sent_once_more_where_that_is_allowed(
    play: Play,
) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = IMPATIENT
    play.armoury.retries_proven_unsent = True
    play.run_live()
    play.run_live()
    assert play.asked("placeOrder") == 1
    looked_twice(play)
    play.run_live()
    assert states(play) == {"AAPL 1": "NOT_RECEIVED 0", "AAPL 2": "DONE 100"}
    assert play.asked("placeOrder") == 2
    play.seen("proven to be unsent by looks a minute apart, and sent once more as was chosen")


@pytest.mark.fault(42)
@pytest.mark.parametrize("is_patient", [True, False], ids=["patient", "impatient"])
def test_an_order_that_is_held_back_stays_the_only_one(play: Play, is_patient: bool) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = play.connect(sends_orders=True, returning=SOON)
    until(lambda: broker.standing.is_ready)
    if not is_patient:
        play.armoury.patience = replace(IMPATIENT, acknowledge=0.05, settle=0.05)
    play.run_live(broker)
    if not is_patient:
        assert states(play) == {"AAPL 1": "UNCERTAIN 0"}
        assert alarms(play, AlertKind.ORDER_UNCERTAIN) == 1
        until(lambda: not held(play) and broker.standing.is_ready)
        play.run_live(broker)
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert play.asked("placeOrder") == 1
    play.seen(
        "one order, DONE" if is_patient else "UNCERTAIN, and found by the next run; one order"
    )


# --- what is said ---------------------------------------------------------------------------------


@pytest.mark.fault(44)
def test_an_order_that_sounds_cancelled_is_followed_to_its_fill(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.run_live(speed=120)
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert (play.asked("placeOrder"), play.asked("cancelOrder")) == (1, 0)
    assert held(play) == 0
    play.seen("10148 is heard, the order followed to its fill; one order, DONE")


@pytest.mark.fault(44)
def test_a_fill_that_comes_after_the_end_is_adopted_by_the_next_run(play: Play) -> None:
    late = {"message": "cancelOrder", "do": "fill_after_cancelled", "seconds": 0.3}
    play.control.inject(late)
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = replace(QUICK, fill=0.1)
    play.run_live()
    assert states(play) == {"AAPL 1": "CANCELLED 0"}
    assert alarms(play, AlertKind.ORDER_UNFINISHED) == 1
    until(lambda: not held(play))
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert alarms(play, AlertKind.ORDER_UNCERTAIN) == 1
    assert play.asked("placeOrder") == 1
    play.seen("CANCELLED by every list, filled afterwards: adopted by the next run, aloud; DONE")


@pytest.mark.fault(46)
def test_a_limit_is_rounded_to_the_steps_of_the_contract(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.changes = {"order_type": OrderType.MARKETABLE_LIMIT}
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    (order,) = play.heard("placeOrder")
    limit = Decimal(order.fields[LIMIT])
    assert limit > 0
    assert limit % Decimal("0.05") == 0
    play.seen(f"a limit at {limit}, in steps of five cents: DONE")


@pytest.mark.fault(46)
def test_a_price_off_the_tick_is_a_rejection(play: Play) -> None:
    play.control.inject(A_CENT)
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.changes = {"order_type": OrderType.MARKETABLE_LIMIT}
    play.run_live()
    assert states(play) == {"AAPL 1": "REJECTED 0"}
    assert alarms(play, AlertKind.ORDER_REJECTED) == 1
    assert "110" in records(play)["AAPL 1"].cause
    assert play.asked("placeOrder") == 1
    play.seen("told of steps of a cent, refused with 110: REJECTED with an alarm, no waiting")


@pytest.mark.fault(47)
def test_ids_that_go_back_are_not_used_again(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    (stop,) = play.gateway.exchange.orders()
    broker = play.connect(sends_orders=True)
    assert play.gateway.exchange.next_order_id(1) == stop.order_id
    play.run_live(broker)
    assert states(play) == {"AAPL 1": "DONE 100"}
    (order,) = play.heard("placeOrder")
    assert int(order.fields[1]) > stop.order_id
    assert not play.gateway.exchange.orders()
    assert play.asked("cancelOrder") == 1
    play.seen(f"the stop is order {stop.order_id}, the close goes out as {order.fields[1]}; DONE")


@pytest.mark.fault(47)
def test_an_order_whose_id_was_taken_goes_out_anew_only_once_all_is_reconciled(play: Play) -> None:
    taken = {"do": "error", "code": 103, "text": "Duplicate order id"}
    play.control.inject({"message": "placeOrder", "nth": 1} | taken)
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = IMPATIENT
    play.armoury.retries_proven_unsent = True
    play.run_live()
    assert states(play) == {"AAPL 1": "UNCERTAIN 0"}
    assert {AlertKind.ORDER_UNCERTAIN, AlertKind.UNPROTECTED} <= set(play.armoury.kinds())
    play.run_live()
    assert play.asked("placeOrder") == 1
    looked_twice(play)
    play.run_live()
    assert states(play) == {"AAPL 1": "NOT_RECEIVED 0", "AAPL 2": "DONE 100"}
    first, second = (each.fields[1] for each in play.heard("placeOrder"))
    (stop,) = gather(play).resting
    assert str(stop.order_id) not in (first, second)
    play.seen("103: UNCERTAIN, aloud; proven to be unsent, and sent once more as was chosen: DONE")


@pytest.mark.fault(48)
def test_an_order_that_arrives_twice_is_one_order(play: Play) -> None:
    play.control.inject({"message": "placeOrder", "do": "duplicate"})
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert held(play) == 0
    play.seen("the second copy of the order is refused as a change of the first; one order, DONE")


@pytest.mark.fault(48)
def test_what_is_told_twice_counts_once(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert held(play) == 0
    assert play.asked("placeOrder") == 1
    play.seen("100 shares executed by the journal; one order, DONE")


@pytest.mark.fault(49)
def test_executions_without_a_status_count(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert play.asked("placeOrder") == 1
    play.seen("DONE by its executions, though no status ever said so")


@pytest.mark.fault(50)
def test_a_corrected_execution_takes_the_place_of_the_first(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.run_live()
    (execution,) = play.gateway.exchange.ledger.executions
    play.gateway.terminal.correct(execution.exec_id, Decimal(200))
    play.run_live()
    assert states(play) == {"AAPL 1": "DONE 100"}
    with closing(SqliteJournal(play.journal_path)) as journal:
        told = journal.book.fills(records(play)["AAPL 1"].reference)
    assert len(told) == 2
    assert [(each.quantity, each.price) for each in counted(told)] == [(100, 200)]
    assert play.asked("placeOrder") == 1
    assert not play.armoury.alarms
    play.seen("both are in the ledger, the correction counts: 100 shares at 200; DONE stays")


# --- parts and cancels ----------------------------------------------------------------------------


@pytest.mark.fault(51)
def test_after_a_part_and_silence_the_next_run_sends_the_confirmed_rest_alone(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = IMPATIENT
    with closing(play.connect(sends_orders=True, request_timeout_seconds=HASTY)) as broker:
        play.run_live(broker)
    assert states(play) == {"AAPL 1": "UNCERTAIN 30"}
    assert alarms(play, AlertKind.ORDER_UNCERTAIN) == 1
    play.gateway.terminal.set_habits(fill_after_seconds=86_400)
    (order,) = play.gateway.exchange.orders()
    play.run_live()
    assert states(play) == {"AAPL 1": f"CANCELLED {order.filled}", "AAPL 2": "CANCELLED 0"}
    left = 100 - order.filled
    assert [int(each.fields[QUANTITY]) for each in play.heard("placeOrder")] == [100, left]
    told = [text for kind, text in play.armoury.alarms if kind is AlertKind.ORDER_UNFINISHED]
    assert f"{left} of 100 shares are left" in told[0]
    assert held(play) == left > 0
    play.seen(f"UNCERTAIN with a part executed; the next run cancels the rest, then sends {left}")


@pytest.mark.fault(51)
def test_after_a_part_and_a_cancel_the_confirmed_rest_alone_is_sent(play: Play) -> None:
    play.control.clear()
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = replace(IMPATIENT, attempts=5)
    play.run_live()
    *former, last = records(play).values()
    assert former
    assert {str(each.state) for each in former} == {"CANCELLED"}
    assert str(last.state) == "DONE"
    left = [100 - sum(each.filled for each in former[:count]) for count in range(len(former) + 1)]
    assert [int(each.fields[QUANTITY]) for each in play.heard("placeOrder")] == left
    assert held(play) == 0
    play.seen(f"orders for {', '.join(map(str, left))}, each after the end of the former; DONE")


@pytest.mark.fault(52)
def test_a_cancel_that_meets_the_fill_leaves_nothing_to_do(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = replace(QUICK, fill=0.2, cancel=5)
    play.run_live(speed=15)
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert (play.asked("placeOrder"), play.asked("cancelOrder")) == (1, 1)
    assert held(play) == 0
    play.seen("the cancel waits, the order fills, the position is read: DONE, one order")


@pytest.mark.fault(53)
def test_a_cancel_that_is_not_confirmed_withholds_the_close(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = IMPATIENT
    play.run_live()
    assert states(play) == {"AAPL 1": "ABANDONED 0"}
    assert alarms(play, AlertKind.WITHHELD_EXIT) == 1
    assert (play.asked("placeOrder"), play.asked("cancelOrder")) == (0, 1)
    assert len(play.gateway.exchange.orders()) == 1
    play.seen("the stop is asked to go once, and stays: no close, an alarm")


@pytest.mark.fault(52)
def test_a_cancel_that_comes_after_the_fill_leaves_nothing_to_do(play: Play) -> None:
    told = cancelled_too_late(play)
    assert 10148 in told
    play.seen("10148 answers the cancel, the lists tell of the fill: DONE, one order")


@pytest.mark.fault(54)
def test_a_cancel_that_finds_nothing_sends_to_the_lists(play: Play) -> None:
    told = cancelled_too_late(play)
    assert 10147 in told
    play.seen("10147 answers the cancel, the executions tell of the fill: DONE, one order")


def cancelled_too_late(play: Play) -> set[int]:
    """A run whose order fills while its cancel is on the way; the codes that came back."""
    play.gateway.terminal.set_habits(fill_after_seconds=86_400, tells_filled=False)
    play.control.inject({"message": "cancelOrder", "do": "delay", "seconds": 0.5})
    play.control.inject({"message": "execDetails", "nth": 1, "do": "drop"})
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.patience = replace(QUICK, fill=0.1, cancel=5)
    with behind(play, lambda: play.asked("cancelOrder"), fill_all):
        play.run_live(speed=1)
    assert states(play) == {"AAPL 1": "DONE 100"}
    assert (play.asked("placeOrder"), play.asked("cancelOrder")) == (1, 1)
    assert held(play) == 0
    return codes(play)
