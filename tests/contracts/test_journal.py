"""What every `Journal` does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket, judge
from sellkit.core.past import Past
from sellkit.core.portfolio import GatewayKind, Side
from sellkit.core.precedent import Precedent
from sellkit.core.signals import Decision, Retelling
from sellkit.core.snapshot import SnapshotRow
from sellkit.errors import JournalError
from sellkit.ports import Journal, RunHeader
from tests import build
from tests.fakes_store import MemoryJournal


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    memory = request.param == "memory"
    made: Journal = MemoryJournal() if memory else SqliteJournal(tmp_path / "data" / "j.sqlite")
    yield made
    made.close()


def header(run_id: str = "r1", mode: str = "dry run") -> RunHeader:
    return RunHeader(
        run_id=run_id,
        started_at=build.NOW,
        as_of=build.HOUR_END,
        mode=mode,
        profile="demo",
        account="main",
        gateway=GatewayKind.SIMULATED,
        version="0.1.0",
    )


def exit_row(verdict: str = "prepared") -> SnapshotRow:
    ticket = build.ticket()
    passed = judge(ticket, build.facts(limits=build.limits(require_above_break_even=False)))
    verdicts = {
        "prepared": passed,
        "approved": ApprovedTicket(ticket),
        "withheld": DeniedTicket(ticket, ("too many", "too late")),
        "deferred": DeferredTicket(ticket, build.utc("2026-01-29 14:30")),
    }
    return build.row(signal=ticket.signal, verdict=verdicts[verdict])


def test_a_run_is_told_with_its_outcome(journal: Journal) -> None:
    journal.begin(header())
    assert journal.runs()[0]["outcome"] is None
    journal.finish("r1", build.NOW, "decided")
    assert journal.runs() == (
        {
            "run_id": "r1",
            "started_at": "2026-01-28T20:00:20+00:00",
            "as_of": "2026-01-28T20:00:00+00:00",
            "mode": "dry run",
            "profile": "demo",
            "account": "main",
            "gateway": "simulated",
            "version": "0.1.0",
            "finished_at": "2026-01-28T20:00:20+00:00",
            "outcome": "decided",
        },
    )


def test_runs_come_oldest_first(journal: Journal) -> None:
    for name in ("z", "a", "m"):
        journal.begin(header(name))
    assert [run["run_id"] for run in journal.runs()] == ["z", "a", "m"]


def test_a_run_id_is_used_once(journal: Journal) -> None:
    journal.begin(header())
    with pytest.raises(JournalError, match="r1"):
        journal.begin(header())
    assert len(journal.runs()) == 1


def test_a_decision_is_told_with_its_whole_certificate(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row()])
    assert journal.decisions("r1") == (
        {
            "run_id": "r1",
            "as_of": "2026-01-28T20:00:20+00:00",
            "account": "main",
            "con_id": 265598,
            "ticker": "NASDAQ:AAPL",
            "quantity": "100",
            "average_cost": "90",
            "last_close": 99.0,
            "ma_type": "SMA",
            "ma_length": 50,
            "timeframe": "1H",
            "decision": "EXIT",
            "reasons": ["a reason"],
            "bar_start": "2026-01-28T19:00:00+00:00",
            "bar_end": "2026-01-28T20:00:00+00:00",
            "session_date": "2026-01-28",
            "session_open": "2026-01-28T14:30:00+00:00",
            "session_close": "2026-01-28T21:00:00+00:00",
            "parts_due": 2,
            "parts": 2,
            "fetched_at": "2026-01-28T20:00:05+00:00",
            "close": 99.0,
            "average": 100.0,
            "bars_used": 200,
            "seed_weight": 0.0,
            "price_basis": "TRADES",
        },
    )


def test_a_decision_without_evidence_has_no_ticket_and_no_certificate(journal: Journal) -> None:
    journal.begin(header())
    undecided = build.signal(decision=Decision.UNDECIDED)
    build.record(journal, "r1", [build.row(signal=undecided, last_close=None, readings=())])
    decision = journal.decisions("r1")[0]
    assert decision["decision"] == "UNDECIDED"
    assert decision["bar_end"] is None
    assert decision["last_close"] is None
    assert journal.tickets("r1") == ()


def test_a_prepared_ticket_carries_its_complete_order(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row()])
    ticket = journal.tickets("r1")[0]
    assert ticket["verdict"] == "prepared"
    assert ticket["reasons"] == []
    assert ticket["order"] == build.ticket().order()
    assert ticket["reference"] == build.ticket().reference


def test_a_ticket_that_a_live_run_approved_is_told_as_such(journal: Journal) -> None:
    journal.begin(header(mode="LIVE"))
    build.record(journal, "r1", [exit_row("approved")])
    ticket = journal.tickets("r1")[0]
    assert (ticket["verdict"], ticket["reasons"]) == ("approved", [])
    assert "mode" not in ticket


def test_a_withheld_ticket_carries_every_reason(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row("withheld")])
    ticket = journal.tickets("r1")[0]
    assert (ticket["verdict"], ticket["reasons"]) == ("withheld", ["too many", "too late"])


def test_a_deferred_ticket_tells_until_when(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row("deferred")])
    ticket = journal.tickets("r1")[0]
    assert ticket["verdict"] == "deferred"
    assert ticket["deferred_until"] == "2026-01-29T14:30:00+00:00"


def test_decisions_keep_their_order_and_their_run(journal: Journal) -> None:
    journal.begin(header("r1"))
    journal.begin(header("r2"))
    held = [build.position(f"NYSE:{name}", con_id=n) for n, name in enumerate("CAB")]
    for run_id, positions in (("r1", held), ("r2", held[:1])):
        rows = [build.row(signal=build.signal(each)) for each in positions]
        build.record(journal, run_id, rows)
    assert [each["ticker"] for each in journal.decisions("r1")] == ["NYSE:C", "NYSE:A", "NYSE:B"]
    assert len(journal.decisions("r2")) == 1


@pytest.mark.parametrize("begun", [False, True])
def test_a_run_that_is_not_open_takes_nothing(journal: Journal, begun: bool) -> None:
    if begun:
        journal.begin(header())
        journal.finish("r1", build.NOW, "decided")
    with pytest.raises(JournalError, match="r1"):
        build.record(journal, "r1", [exit_row()])
    with pytest.raises(JournalError, match="r1"):
        journal.finish("r1", build.NOW, "decided")
    assert journal.decisions("r1") == ()


def test_a_run_has_the_standing_that_was_recorded_for_it(journal: Journal) -> None:
    journal.begin(header())
    assert journal.standings("r1") == ()
    build.record(journal, "r1", stood=build.standing("the farm usfarm is broken", epoch=3))
    (told,) = journal.standings("r1")
    assert (told["epoch"], told["is_ready"]) == (3, 0)
    assert told["reason"] == "the farm usfarm is broken"
    assert dt.datetime.fromisoformat(str(told["since"])) == build.standing().since


def test_the_account_number_stands_nowhere(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row()], seen=build.snapshot(orders=[build.open_order()]))
    told = str([journal.runs(), journal.decisions("r1"), journal.tickets("r1")])
    assert build.NUMBER not in told


# --- what was decided before ----------------------------------------------------------------------


def hold_row(con_id: int = 272093) -> SnapshotRow:
    held = build.position("NASDAQ:MSFT", con_id=con_id)
    proof = build.certificate(close=101.0)
    return build.row(signal=build.signal(held, Decision.HOLD, proof))


def test_earlier_decisions_come_with_their_whole_evidence(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row()])
    proof = build.certificate()
    assert journal.precedents("main", build.HOUR_END) == (
        Precedent(
            run_id="r1",
            decided_at=build.NOW,
            con_id=265598,
            label="SMA 50 1H",
            decision=Decision.EXIT,
            reasons=("a reason",),
            start=proof.slot.start,
            end=proof.slot.end,
            parts=proof.parts,
            fetched_at=proof.fetched_at,
            close=99.0,
            average=100.0,
            bars_used=200,
            seed_weight=0.0,
            price_basis="TRADES",
        ),
    )


def test_an_earlier_decision_is_an_exit_or_a_hold(journal: Journal) -> None:
    journal.begin(header())
    undecided = build.row(
        signal=build.signal(decision=Decision.UNDECIDED, proof=build.certificate())
    )
    build.record(journal, "r1", [undecided, hold_row(), exit_row()])
    found = journal.precedents("main", build.HOUR_END)
    assert [each.decision for each in found] == [Decision.HOLD, Decision.EXIT]


def test_earlier_decisions_come_oldest_first_and_also_of_runs_that_failed(
    journal: Journal,
) -> None:
    for name, row in (("r2", exit_row()), ("r1", hold_row())):
        journal.begin(header(name))
        build.record(journal, name, [row])
        journal.finish(name, build.NOW, "failed: a cell raised")
    assert [each.run_id for each in journal.precedents("main", build.HOUR_END)] == ["r2", "r1"]


def test_decisions_on_earlier_bars_and_of_other_accounts_are_not_among_them(
    journal: Journal,
) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row()])
    assert journal.precedents("main", build.HOUR_END + build.SECOND) == ()
    assert journal.precedents("other", build.HOUR_END) == ()


def test_how_a_bar_is_told_now_is_kept_beside_the_decision_on_it(journal: Journal) -> None:
    now = Retelling(
        run_id="r0",
        decided_at=build.HOUR_END,
        decision=Decision.HOLD,
        close=101.0,
        average=100.5,
        told_at=build.NOW,
    )
    journal.begin(header())
    row = exit_row("withheld")
    build.record(
        journal, "r1", [replace(row, signal=replace(row.signal, retelling=now)), hold_row()]
    )
    assert journal.retellings("r1") == (
        {
            "run_id": "r1",
            "con_id": 265598,
            "ticker": "NASDAQ:AAPL",
            "bar_start": "2026-01-28T19:00:00+00:00",
            "bar_end": "2026-01-28T20:00:00+00:00",
            "decided_in": "r0",
            "decided_at": "2026-01-28T20:00:00+00:00",
            "decision": "EXIT",
            "decision_now": "HOLD",
            "close": 99.0,
            "close_now": 101.0,
            "average": 100.0,
            "average_now": 100.5,
            "told_at": "2026-01-28T20:00:20+00:00",
        },
    )


def test_what_the_market_showed_of_an_exit_is_kept(journal: Journal) -> None:
    journal.begin(header())
    delayed = replace(exit_row("withheld"), quote=build.quote(None, "they are delayed"))
    build.record(journal, "r1", [replace(exit_row(), quote=build.quote()), delayed, hold_row()])
    first, second = journal.quotes("r1")
    assert first == {
        "run_id": "r1",
        "con_id": 265598,
        "ticker": "NASDAQ:AAPL",
        "asked_at": "2026-01-28T20:00:20+00:00",
        "bid": "98.99",
        "ask": "99.01",
        "last": "99",
        "trouble": None,
    }
    assert (second["bid"], second["last"], second["trouble"]) == (None, None, "they are delayed")


def test_what_was_switched_is_told_oldest_first(journal: Journal) -> None:
    assert journal.events("halt") == ()
    journal.record_event("halt", build.NOW, "by root", {"reason": "a try"})
    journal.record_event("resume", build.NOW, "by root", {})
    journal.record_event("halt", build.NOW + build.SECOND, "by sellkit", {})
    first, second = journal.events("halt")
    assert (first["text"], first["details"]) == ("by root", {"reason": "a try"})
    assert first["at"] == build.NOW.isoformat()
    assert (second["text"], second["details"]) == ("by sellkit", {})


def test_alerts_end_by_their_numbers_while_others_begin(journal: Journal) -> None:
    assert journal.open_alerts() == ()
    alert = Alert(AlertKind.UNDECIDED, "NYSE:KO: UNDECIDED: no bars", build.NOW)
    journal.renew_alerts(build.NOW, (), [("NYSE:KO", alert), ("NYSE:XOM", alert)])
    first, second = journal.open_alerts()
    assert first == {
        "number": first["number"],
        "at": build.NOW.isoformat(),
        "source": "NYSE:KO",
        "kind": "undecided",
        "text": "NYSE:KO: UNDECIDED: no bars",
    }
    over = [int(str(first["number"]))]
    journal.renew_alerts(build.NOW, over, [("NYSE:T", alert)])
    journal.renew_alerts(build.NOW, over, ())
    assert [each["source"] for each in journal.open_alerts()] == ["NYSE:XOM", "NYSE:T"]
    assert second == journal.open_alerts()[0]


OPENING = build.utc("2026-01-29 14:30")


def test_the_openings_that_tickets_wait_for_are_told_by_ticket(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row("deferred")])
    since = build.NOW
    assert journal.deferrals("main", since) == {build.ticket().ticket_id: OPENING}
    assert journal.deferrals("main", OPENING) == {build.ticket().ticket_id: OPENING}
    assert journal.deferrals("main", OPENING + build.SECOND) == {}
    assert journal.deferrals("other", since) == {}


@pytest.mark.parametrize("verdict", ["prepared", "approved", "withheld"])
def test_a_ticket_that_was_not_deferred_waits_for_no_opening(
    journal: Journal, verdict: str
) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row(verdict)])
    assert journal.deferrals("main", build.NOW) == {}


def test_the_latest_word_on_a_deferred_ticket_counts(journal: Journal) -> None:
    later = OPENING + dt.timedelta(days=1)
    row = exit_row("deferred")
    moved = replace(row, verdict=DeferredTicket(build.ticket(), later))
    journal.begin(header())
    build.record(journal, "r1", [row])
    journal.begin(header("r2"))
    build.record(journal, "r2", [moved])
    assert journal.deferrals("main", build.NOW) == {build.ticket().ticket_id: later}


def test_what_rested_is_that_of_the_latest_snapshot_of_the_account(journal: Journal) -> None:
    main, stop = build.account(), build.open_order("SK1-aaaaaaaaaaaa-1")
    assert journal.resting(main) == ()
    journal.begin(header())
    build.record(journal, "r1", seen=build.snapshot(orders=[stop]))
    (resting,) = journal.resting(main)
    assert (resting.order, resting.seen_at, resting.held) == (stop, build.NOW, 100)
    assert not resting.is_accounted
    assert journal.resting(build.account("DU0000002", "second")) == ()
    build.record(journal, "r1", seen=build.snapshot(taken_at=build.NOW + build.SECOND))
    assert journal.resting(main) == ()


def test_of_a_contract_that_is_not_held_none_was_held(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", seen=build.snapshot([], orders=[build.open_order(stop=None)]))
    (resting,) = journal.resting(build.account())
    assert (resting.held, resting.order.stop_price) == (0, None)


def test_all_of_a_decision_is_recorded_together(journal: Journal) -> None:
    journal.begin(header("r1"))
    seen = build.snapshot(orders=[build.open_order()])
    journal.record_decision("r1", seen, build.standing(epoch=3), [exit_row(), hold_row()])
    assert [each["decision"] for each in journal.decisions("r1")] == ["EXIT", "HOLD"]
    assert [each["epoch"] for each in journal.standings("r1")] == [3]
    assert len(journal.resting(seen.account)) == 1
    assert len(journal.tickets("r1")) == 1


# --- a position's past ----------------------------------------------------------------------------


def test_a_positions_past_is_the_first_decision_on_each_bar_and_its_orders(
    journal: Journal,
) -> None:
    for name, verdict in (("r1", "withheld"), ("r2", "prepared")):
        journal.begin(header(name))
        build.record(journal, name, [exit_row(verdict), hold_row()])
    past = journal.past("main", 265598, build.HOUR_END)
    assert [(each.run_id, each.decision) for each in past.decisions] == [("r1", Decision.EXIT)]
    (order,) = past.orders
    assert (order.reference, order.state) == (build.ticket().reference, "prepared")
    assert (order.at, order.side, order.quantity) == (build.NOW, Side.SELL, Decimal(100))
    assert order.close == 99.0
    assert past.fills == ()


def test_why_an_order_was_withheld_is_part_of_the_past(journal: Journal) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row("withheld")])
    assert journal.past("main", 265598, build.HOUR_END).orders[0].reasons == (
        "too many",
        "too late",
    )


def test_the_past_of_other_positions_accounts_and_earlier_bars_is_not_told(
    journal: Journal,
) -> None:
    journal.begin(header())
    build.record(journal, "r1", [exit_row()])
    assert journal.past("main", 272093, build.HOUR_END) == Past()
    assert journal.past("other", 265598, build.HOUR_END) == Past()
    assert journal.past("main", 265598, build.HOUR_END + build.SECOND) == Past()
