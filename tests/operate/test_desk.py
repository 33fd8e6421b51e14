"""The desk: the steps of a run, and what they leave alone."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.bars import PRICES, BarSize, SeriesKey
from sellkit.core.custody import Freeze
from sellkit.core.gates import DeniedTicket, PreparedTicket
from sellkit.core.instrument import Token
from sellkit.core.signals import Decision
from sellkit.core.snapshot import SnapshotRow
from sellkit.errors import (
    ConfigError,
    DataError,
    JournalError,
    NotConnected,
    RequestTimedOut,
    UnknownInstrument,
)
from sellkit.operate.desk import Desk
from tests.build import NOW, account, assignment, instrument, open_order, position, quote, utc
from tests.fakes import FakeBroker
from tests.fakes_store import MemoryBarStore
from tests.operate.workplace import (
    APPLE,
    COCA_COLA,
    MICROSOFT,
    RUN,
    SPIDER,
    Workplace,
    header,
    histories,
    options,
)

DEFAULT = assignment("SMA 20 1H", "ARCA:SPY")
APPLE_HELD = position(con_id=APPLE)
MICROSOFT_HELD = position("NASDAQ:MSFT", con_id=MICROSOFT)
SPIDER_HELD = position("ARCA:SPY", con_id=SPIDER)
HELD = (APPLE_HELD, MICROSOFT_HELD, SPIDER_HELD)
MICROSOFT_TOKEN = Token("NASDAQ", "MSFT")


def with_default(*assigned: str, **changes: object) -> Workplace:
    """Three stocks, a short one and an option; the default is SMA 20 on hours."""
    odd = (
        position("NYSE:KO", "-50", con_id=COCA_COLA),
        position("NASDAQ:AMD", "2", con_id=11, security_type="OPT"),
    )
    return Workplace(
        positions=(*HELD, *odd),
        assignments=[assignment("SMA 5 1H", token) for token in assigned],
        told=histories(APPLE, MICROSOFT, SPIDER),
        options=options(default_assignment=(DEFAULT.average, DEFAULT.timeframe)),
        **changes,  # type: ignore[arg-type]
    )


def usual(**changes: object) -> Workplace:
    """Apple and Microsoft, both on SMA 5 of hours; Apple has just fallen below it."""
    told = {**histories(MICROSOFT), **histories(APPLE, step=-3)}
    return Workplace(
        positions=(APPLE_HELD, MICROSOFT_HELD),
        assignments=[assignment("SMA 5 1H"), assignment("SMA 5 1H", "NASDAQ:MSFT")],
        told=told,
        **changes,  # type: ignore[arg-type]
    )


def whole_run(place: Workplace) -> dict[str, Decision]:
    place.desk.begin()
    place.desk.bring_up_to_date()
    decision = place.desk.record(place.desk.decide())
    return {str(row.position.instrument): row.signal.decision for row in decision.rows}


# --- the default assignment -----------------------------------------------------------------------


def test_the_default_goes_to_long_stock_without_any_row_and_is_written_back() -> None:
    place = with_default("NASDAQ:AAPL", incomplete=[MICROSOFT_TOKEN])
    whole_run(place)
    assert place.book.saved == [DEFAULT]


def test_a_position_that_got_the_default_is_decided_in_the_same_run() -> None:
    place = with_default("NASDAQ:AAPL", "NASDAQ:MSFT")
    assert whole_run(place)["ARCA:SPY"] is Decision.HOLD


def test_an_assigned_position_keeps_its_average_whatever_the_default_says() -> None:
    place = with_default("NASDAQ:AAPL", "NASDAQ:MSFT", "ARCA:SPY")
    before = dict(place.book.assignments)
    whole_run(place)
    assert (place.book.saved, place.book.assignments) == ([], before)


def test_a_position_whose_row_is_unfinished_is_undecided_and_not_given_the_default() -> None:
    place = with_default("NASDAQ:AAPL", incomplete=[MICROSOFT_TOKEN])
    assert whole_run(place)["NASDAQ:MSFT"] is Decision.UNDECIDED
    assert MICROSOFT_TOKEN not in place.book.assignments


def test_without_a_default_nothing_is_written() -> None:
    place = Workplace(positions=HELD)
    assert set(whole_run(place).values()) == {Decision.UNDECIDED}
    assert place.book.saved == []


def test_whoever_only_looks_writes_no_default() -> None:
    place = with_default()
    place.desk.bring_up_to_date()
    place.desk.decide()
    assert place.book.saved == []


def test_the_default_is_not_written_when_the_time_asked_for_is_refused() -> None:
    place = with_default(as_of=NOW + dt.timedelta(minutes=1))
    place.desk.begin()
    with pytest.raises(ConfigError):
        place.desk.bring_up_to_date()
    assert place.book.saved == []


# --- what is gone, and what is empty --------------------------------------------------------------


def test_a_position_that_disappears_never_removes_its_row() -> None:
    place = usual()
    before = dict(place.book.assignments)
    place.broker.hold(position("NASDAQ:MSFT", "0", con_id=MICROSOFT))
    assert set(whole_run(place)) == {"NASDAQ:AAPL"}
    assert (place.book.saved, place.book.assignments) == ([], before)


def test_a_contract_that_is_gone_gets_no_average_and_no_bars_and_the_others_go_on() -> None:
    gone = replace(APPLE_HELD.instrument, problem="its contract is gone")
    place = with_default()
    place.broker.hold(replace(APPLE_HELD, instrument=gone))
    words = whole_run(place)
    assert words["NASDAQ:AAPL"] == Decision.UNDECIDED
    assert words["NASDAQ:MSFT"] == Decision.HOLD
    assert gone.token not in place.book.assignments
    assert APPLE not in {each.instrument.con_id for each in place.broker.requests}


def test_a_stop_that_is_gone_is_said_once_by_a_run_that_nobody_watches() -> None:
    heard: list[tuple[AlertKind, str]] = []
    place = usual()
    place.desk.parts = replace(place.parts(), alarm=lambda kind, text: heard.append((kind, text)))
    place.broker.orders.append(open_order("SK1-aaaaaaaaaaaa-1"))
    whole_run(place)
    assert heard == []
    place.broker.orders.clear()
    for number in range(2):
        place.desk = Desk(place.desk.parts, account(), place.options, header(f"{number:08x}"))
        whole_run(place)
    ((kind, text),) = heard
    assert kind is AlertKind.PROTECTION_GONE
    assert "NASDAQ:AAPL: the protective order SELL 100 STP at 80 (number 1234)" in text


def test_an_empty_list_of_positions_changes_nothing() -> None:
    place = usual()
    place.desk.bring_up_to_date()
    rows, bars = dict(place.book.assignments), dict(place.store.bars)
    place.broker.positions.clear()
    assert whole_run(place) == {}
    assert place.book.assignments == rows
    assert place.store.bars == bars
    assert [each["outcome"] for each in place.journal.runs()] == ["decided"]


def test_positions_that_could_not_be_read_end_the_run_without_a_decision() -> None:
    place = usual()
    place.desk.begin()
    place.desk.bring_up_to_date()
    place.broker.failure = RequestTimedOut("the end marker of positions did not come")
    with pytest.raises(RequestTimedOut):
        place.desk.decide()
    assert place.journal.decisions(RUN) == ()


def test_a_lost_connection_ends_the_download_and_leaves_the_assignments() -> None:
    place = usual()
    place.broker.failure = NotConnected("the connection was lost")
    with pytest.raises(NotConnected):
        place.desk.bring_up_to_date()
    assert (place.store.bars, place.book.saved) == ({}, [])


# --- the moment -----------------------------------------------------------------------------------


class InterruptingStore(MemoryBarStore):
    """A store whose reading takes long enough for something to happen meanwhile."""

    def __init__(self, store: MemoryBarStore, happens: Callable[[], None]) -> None:
        super().__init__()
        vars(self).update(vars(store))
        self._happens = happens

    def read(self, key: SeriesKey) -> pd.DataFrame:
        self._happens()
        return super().read(key)


def gone(broker: FakeBroker) -> None:
    broker.interrupt("the gateway has lost Interactive Brokers (1100)")


def there_and_back(broker: FakeBroker) -> None:
    """An interruption that is over, in the same epoch, by the time that anybody looks."""
    broker.clock.time += dt.timedelta(seconds=1)
    broker.standing = replace(broker.standing, since=broker.clock.now())


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (gone, "the gateway has lost Interactive Brokers (1100)"),
        (FakeBroker.come_back, "it was interrupted after the positions were read; decide again"),
        (there_and_back, "it was interrupted after the positions were read; decide again"),
    ],
)
def test_what_was_interrupted_while_it_was_decided_is_not_decided(
    happens: Callable[[FakeBroker], None], reason: str
) -> None:
    place = usual()
    place.desk.bring_up_to_date()
    store = InterruptingStore(place.store, lambda: happens(place.broker))
    place.desk.parts = replace(place.desk.parts, store=store)

    decision = place.desk.decide()

    assert {row.signal.decision for row in decision.rows} == {Decision.UNDECIDED}
    assert {row.signal.reasons for row in decision.rows} == {
        (f"the connection is not ready: {reason}",)
    }
    assert [row.verdict for row in decision.rows] == [None, None]


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (gone, "the gateway has lost Interactive Brokers (1100)"),
        (FakeBroker.come_back, "it was interrupted after the positions were read; decide again"),
        (there_and_back, "it was interrupted after the positions were read; decide again"),
    ],
)
def test_what_was_interrupted_before_it_is_recorded_is_recorded_as_undecided(
    happens: Callable[[FakeBroker], None], reason: str
) -> None:
    place = usual()
    place.desk.bring_up_to_date()
    decision = place.desk.decide()
    assert len(decision.exits) == 1
    happens(place.broker)

    recorded = place.desk.record(decision)

    told = [f"the connection is not ready: {reason}"]
    journalled = place.journal.decisions(RUN)
    assert [(each["decision"], each["reasons"]) for each in journalled] == [("UNDECIDED", told)] * 2
    assert place.journal.tickets(RUN) == ()
    assert {row.signal.decision for _, row in place.signal_log.rows} == {Decision.UNDECIDED}
    assert len(recorded.undecided) == 2
    assert place.journal.runs()[0]["outcome"] == "undecided"
    (standing,) = place.journal.standings(RUN)
    assert (standing["is_ready"], standing["reason"]) == (0, reason)


def test_a_decision_is_recorded_with_the_standing_that_it_had() -> None:
    place = usual()
    place.broker.come_back()
    whole_run(place)
    (standing,) = place.journal.standings(RUN)
    assert (standing["epoch"], standing["is_ready"], standing["reason"]) == (2, 1, "")


def test_a_connection_that_is_not_ready_ends_the_run_with_its_reason() -> None:
    place = usual()
    place.broker.interrupt("the positions' end marker did not come")
    with pytest.raises(NotConnected, match="the positions' end marker did not come"):
        place.desk.decide()


def test_a_time_in_the_future_is_refused_before_anything_is_fetched() -> None:
    place = usual(as_of=NOW + dt.timedelta(seconds=1))
    with pytest.raises(ConfigError, match=r"2026-01-28T20:00:21\+00:00, lies after the present"):
        place.desk.bring_up_to_date()
    assert place.broker.requests == []


def test_the_present_moment_itself_may_be_asked_for() -> None:
    place = usual(as_of=NOW)
    assert whole_run(place)["NASDAQ:AAPL"] is Decision.EXIT


def test_a_time_before_all_data_is_refused() -> None:
    place = usual(as_of=utc("2019-03-06 15:00"))
    with pytest.raises(DataError, match=r"no bar of any position up to 2019-03-06T15:00:00\+00:00"):
        place.desk.bring_up_to_date()


def test_a_time_before_all_data_is_refused_although_later_bars_are_stored() -> None:
    later = usual()
    later.desk.bring_up_to_date()
    place = usual(as_of=utc("2019-03-06 15:00"))
    place.store.bars = later.store.bars
    kept = dict(place.store.bars)
    with pytest.raises(DataError, match="no bar of any position"):
        place.desk.bring_up_to_date()
    assert place.store.bars == kept


def test_a_past_moment_is_judged_on_the_bars_of_then() -> None:
    place = usual(as_of=NOW - dt.timedelta(hours=1))
    assert set(whole_run(place).values()) == {Decision.HOLD}
    (certificate_end,) = {each["bar_end"] for each in place.journal.decisions(RUN)}
    assert certificate_end == "2026-01-28T19:00:00+00:00"


def test_a_desk_that_was_asked_for_no_moment_describes_the_present() -> None:
    place = usual()
    place.clock.time = NOW + dt.timedelta(minutes=20)
    place.desk.bring_up_to_date()
    assert place.desk.decide().as_of == NOW + dt.timedelta(minutes=20)


# --- whose bars are fetched -----------------------------------------------------------------------


def asked_for(place: Workplace) -> set[int]:
    place.desk.bring_up_to_date()
    return {request.instrument.con_id for request in place.broker.requests}


def test_only_assigned_positions_are_downloaded() -> None:
    place = Workplace(
        positions=HELD, assignments=[assignment("SMA 5 1H")], told=histories(APPLE, MICROSOFT)
    )
    assert asked_for(place) == {APPLE}


def test_all_positions_are_downloaded_when_that_is_asked_for() -> None:
    place = Workplace(
        positions=(*HELD, position("NYSE:KO", "-50", con_id=COCA_COLA)),
        told=histories(APPLE),
        options=options(all_positions=True),
    )
    assert asked_for(place) == {APPLE, MICROSOFT, SPIDER}


def test_an_exchange_without_a_calendar_is_said_beside_undecided() -> None:
    token = "TSEJ:7203"
    place = Workplace(
        positions=(APPLE_HELD, position(token, con_id=13)),
        assignments=[assignment("SMA 5 1H"), assignment("SMA 5 1H", token)],
        told=histories(APPLE),
    )
    assert whole_run(place) == {"NASDAQ:AAPL": Decision.HOLD, token: Decision.UNDECIDED}
    (row,) = [each for each in place.journal.decisions(RUN) if each["ticker"] == token]
    assert "no session calendar is known for the exchange TSEJ" in str(row["reasons"])


def test_an_exchange_without_a_calendar_is_said_once_in_a_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    token = "TSEJ:7203"
    odd = position(token, con_id=11)
    place = Workplace(positions=[odd], assignments=[assignment("SMA 5 1D", token)])
    with caplog.at_level(logging.INFO):
        assert whole_run(place) == {token: Decision.UNDECIDED}
    (row,) = place.journal.decisions(RUN)
    told = "no session calendar is known for the exchange TSEJ"
    assert row["reasons"] == ["no bars could be had", told]
    assert place.broker.requests == []
    said = [each for each in caplog.records if "TSEJ" in str(vars(each))]
    assert [(each.getMessage(), each.levelno) for each in said] == [
        ("decision_undecided", logging.CRITICAL)
    ]


def test_why_bars_could_not_be_had_stands_beside_undecided() -> None:
    place = usual()
    del place.broker.histories[APPLE, BarSize.M30], place.broker.histories[APPLE, BarSize.D1]
    assert whole_run(place) == {
        "NASDAQ:AAPL": Decision.UNDECIDED,
        "NASDAQ:MSFT": Decision.HOLD,
    }


# --- evidence -------------------------------------------------------------------------------------


def test_a_run_is_journalled_with_what_it_saw_and_decided() -> None:
    place = usual()
    place.broker.orders.append(open_order(reference="SK1-0123456789ab-1", con_id=APPLE))
    whole_run(place)
    (run,) = place.journal.runs()
    ((_, seen),) = place.journal.snapshots
    assert (run["run_id"], run["outcome"], run["mode"]) == (RUN, "decided", "DRY RUN")
    assert (len(seen.positions), len(seen.open_orders)) == (2, 1)
    decisions = {each["ticker"]: each["decision"] for each in place.journal.decisions(RUN)}
    assert decisions == {"NASDAQ:AAPL": "EXIT", "NASDAQ:MSFT": "HOLD"}
    (ticket,) = place.journal.tickets(RUN)
    assert (ticket["ticker"], ticket["side"], ticket["quantity"]) == ("NASDAQ:AAPL", "SELL", "100")


def test_a_run_with_an_undecided_position_is_journalled_as_such() -> None:
    place = Workplace(positions=HELD)
    whole_run(place)
    assert [each["outcome"] for each in place.journal.runs()] == ["undecided"]


def test_every_position_gets_its_line_in_the_signal_log() -> None:
    place = usual()
    whole_run(place)
    assert [(run, str(row.position.instrument)) for run, row in place.signal_log.rows] == [
        (RUN, "NASDAQ:AAPL"),
        (RUN, "NASDAQ:MSFT"),
    ]


def test_a_run_is_recorded_once() -> None:
    place = usual()
    whole_run(place)
    with pytest.raises(JournalError):
        place.desk.record(place.desk.decide())
    assert len(place.journal.decisions(RUN)) == 2
    assert len(place.signal_log.rows) == 2


def test_an_undecided_position_is_said_as_loudly_as_a_log_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = Workplace(positions=[APPLE_HELD])
    with caplog.at_level(logging.INFO, "sellkit.operate.decide"):
        whole_run(place)
    loud = [each for each in caplog.records if each.levelno == logging.CRITICAL]
    assert [(each.getMessage(), vars(each)["token"]) for each in loud] == [
        ("decision_undecided", "NASDAQ:AAPL")
    ]


# --- instruments and the end ----------------------------------------------------------------------


def test_a_position_is_found_by_its_token_without_a_search() -> None:
    assert usual().desk.find(Token("NASDAQ", "MSFT")).con_id == MICROSOFT


def test_what_is_not_held_is_found_at_the_gateway() -> None:
    place = usual()
    place.broker.instruments.append(instrument("NYSE:KO", COCA_COLA))
    assert place.desk.find(Token("NYSE", "KO")).con_id == COCA_COLA


def test_what_nobody_knows_is_not_found() -> None:
    with pytest.raises(UnknownInstrument):
        usual().desk.find(Token("NASDAQ", "NOSUCH"))


def test_the_end_of_a_with_block_closes_the_connection_also_after_an_error() -> None:
    place = usual()
    with pytest.raises(ZeroDivisionError), place.desk:
        raise ZeroDivisionError
    assert place.broker.is_closed


# --- what was decided before, and what the market shows -------------------------------------------


def again(place: Workplace, run_id: str = "ffff0000") -> SnapshotRow:
    """Apple's row of another run on the same desk."""
    place.desk = Desk(place.parts(), place.desk.account, place.options, header(run_id))
    place.desk.begin()
    place.desk.bring_up_to_date()
    decision = place.desk.record(place.desk.decide())
    return next(each for each in decision.rows if each.position.instrument.con_id == APPLE)


def corrected(place: Workplace, close: float) -> None:
    """Let the last half-hour of Apple be stored as it is told later."""
    key = place.options.key(APPLE, BarSize.M30)
    last = place.store.read(key).iloc[-1:].copy()
    last[PRICES] = close
    last["fetched_at"] += pd.Timedelta(minutes=5)
    place.store.add(key, last)


def test_a_later_run_keeps_the_decision_of_the_first() -> None:
    place = usual()
    whole_run(place)
    (first,) = place.journal.tickets(RUN)
    corrected(place, 110.0)
    row = again(place)
    assert row.signal.decision is Decision.EXIT
    assert isinstance(row.verdict, DeniedTicket)
    assert row.verdict.ticket.ticket_id == first["ticket_id"]
    assert row.signal.certificate is not None
    assert row.last_close == row.signal.certificate.close == pytest.approx(100.99)
    assert row.assigned is not None
    assert row.assigned.value == row.signal.certificate.average
    (retold,) = place.journal.retellings("ffff0000")
    assert (retold["close"], retold["close_now"]) == (row.last_close, 110.0)
    assert retold["decided_in"] == RUN


def test_a_later_run_on_the_same_bars_prepares_the_same_ticket_again() -> None:
    place = usual()
    whole_run(place)
    row = again(place)
    assert isinstance(row.verdict, PreparedTicket)
    assert place.journal.retellings("ffff0000") == ()
    (first,), (second,) = place.journal.tickets(RUN), place.journal.tickets("ffff0000")
    assert first["reference"] == second["reference"]


def test_the_ticket_of_a_kept_decision_is_for_what_is_held_now() -> None:
    place = usual()
    whole_run(place)
    place.broker.hold(replace(APPLE_HELD, quantity=Decimal(40)))
    row = again(place)
    assert row.verdict is not None
    assert row.verdict.ticket.quantity == 40
    assert row.verdict.ticket.ticket_id == place.journal.tickets(RUN)[0]["ticket_id"]


def test_what_is_in_doubt_now_is_undecided_whatever_was_decided_before() -> None:
    place = usual()
    whole_run(place)
    key = place.options.key(APPLE, BarSize.M30)
    place.store.freeze(key, Freeze(NOW, 0.5, "a split"))
    place.broker.histories.clear()
    assert again(place).signal.decision is Decision.UNDECIDED
    place.store.ice.clear()
    assert again(place, "ffff0001").signal.decision is Decision.EXIT


def test_whoever_only_looks_sees_the_decision_that_was_taken() -> None:
    place = usual()
    whole_run(place)
    corrected(place, 110.0)
    place.desk = Desk(place.parts(), place.desk.account, place.options, header("ffff0000"))
    (row,) = place.desk.decide().exits
    assert row.signal.retelling is not None


def test_the_market_is_asked_about_exits_alone() -> None:
    place = usual()
    whole_run(place)
    assert place.broker.quoted == [APPLE]
    (seen,) = place.journal.quotes(RUN)
    assert (seen["con_id"], seen["trouble"]) == (APPLE, None)


def test_without_an_exit_the_market_is_not_asked() -> None:
    place = usual()
    place.broker.histories.update(histories(APPLE))
    whole_run(place)
    assert place.broker.quoted == []


def test_prices_that_are_not_live_withhold_the_order_of_a_dry_run() -> None:
    place = usual()
    place.broker.shown[APPLE] = quote("101", "prices of NASDAQ:AAPL are delayed (10167: ...)")
    whole_run(place)
    (ticket,) = place.journal.tickets(RUN)
    assert ticket["verdict"] == "withheld"
    assert ticket["reasons"] == ["prices of NASDAQ:AAPL are delayed (10167: ...)"]


def test_a_close_far_from_the_market_withholds_the_order() -> None:
    place = usual()
    place.broker.shown[APPLE] = quote("0.1")
    whole_run(place)
    (ticket,) = place.journal.tickets(RUN)
    assert ticket["verdict"] == "withheld"
    assert "lies too far from the market" in ticket["reasons"][0]  # type: ignore[index]


def test_a_past_moment_asks_nothing_of_the_present_market() -> None:
    place = usual(as_of=NOW)
    place.clock.time += dt.timedelta(hours=1)
    whole_run(place)
    assert place.broker.quoted == []
    (ticket,) = place.journal.tickets(RUN)
    assert "a past moment was asked for; orders are for the present" in ticket["reasons"]  # type: ignore[operator]
    assert "live" not in str(ticket["reasons"])
