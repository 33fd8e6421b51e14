"""What runs leave undecided, withheld or open stays before a person's eyes until it is over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import pytest

from sellkit.core.alerts import ORDERS, Alert, AlertKind, Ending, kinds_that_end
from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket, PreparedTicket
from sellkit.core.signals import Decision
from sellkit.core.snapshot import SnapshotRow
from sellkit.core.tickets import TicketRecord
from sellkit.errors import JournalError
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.telling import REPEATED_AFTER, end_seen, end_settled, tell
from tests.build import NOW, position, row, signal, snapshot, standing, ticket
from tests.fakes import FakeClock
from tests.fakes_route import FakeRoute
from tests.fakes_store import MemoryJournal
from tests.fakes_tickets import FakeTicketBook
from tests.operate.test_live import Told, live_on
from tests.operate.workplace import Workplace
from tests.ticketing import claimed

HOUR = dt.timedelta(hours=1)
HOLD = row(signal=signal(decision=Decision.HOLD))
UNDECIDED = row(signal=signal(decision=Decision.UNDECIDED))
WITHHELD = row(verdict=DeniedTicket(ticket(), ("halted", "not armed")))
PREPARED = row(verdict=PreparedTicket(ticket()))
APPROVED = row(verdict=ApprovedTicket(ticket()))
DEFERRED = row(verdict=DeferredTicket(ticket(), NOW + HOUR))


@dataclass
class Runs:
    """One run after another, each an hour later."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    now: dt.datetime = NOW

    def __call__(self, *rows: SnapshotRow, is_live: bool = False, hours: float = 1) -> list[str]:
        """What is open after a run that decided so."""
        self.now += hours * HOUR
        place = Workplace()
        live = live_on(FakeTicketBook(), FakeRoute([position()]), Told()) if is_live else None
        parts = replace(place.parts(), journal=self.journal, clock=FakeClock(self.now), live=live)
        decision = HourlyDecision(self.now, snapshot(), standing(), rows, {})
        tell(parts, decision, self.journal.open_alerts())
        return self.texts

    @property
    def texts(self) -> list[str]:
        return [str(each["text"]) for each in self.journal.open_alerts()]


def test_an_undecided_position_is_an_alert_once_while_it_lasts() -> None:
    runs = Runs()
    assert runs(UNDECIDED) == ["NASDAQ:AAPL: UNDECIDED: a reason"]
    assert runs(UNDECIDED) == ["NASDAQ:AAPL: UNDECIDED: a reason"]
    (alert,) = runs.journal.open_alerts()
    assert (alert["kind"], alert["at"]) == ("undecided", (NOW + HOUR).isoformat())


def test_what_lasts_is_told_again_with_its_beginning() -> None:
    runs = Runs()
    runs(UNDECIDED)
    first, again = runs(UNDECIDED, hours=REPEATED_AFTER / HOUR)
    assert again == "NASDAQ:AAPL: still UNDECIDED since 2026-01-28 21:00 UTC: a reason"
    assert len(runs(UNDECIDED)) == 2
    assert len(runs(UNDECIDED, hours=2)) == 3
    assert first == "NASDAQ:AAPL: UNDECIDED: a reason"


@pytest.mark.parametrize("decided", [HOLD, PREPARED, DEFERRED])
def test_a_position_that_is_decided_again_is_no_alert_any_more(decided: SnapshotRow) -> None:
    runs = Runs()
    runs(UNDECIDED)
    runs(UNDECIDED, hours=4)
    assert runs(decided) == []


def test_an_exit_that_the_gates_withhold_is_an_alert_with_every_reason() -> None:
    runs = Runs()
    (text,) = runs(WITHHELD, is_live=True)
    assert text == "NASDAQ:AAPL: EXIT withheld: halted; not armed"
    assert runs(WITHHELD, is_live=True) == [text]
    assert [each["kind"] for each in runs.journal.open_alerts()] == ["withheld exit"]
    assert runs(APPROVED, is_live=True) == []


def test_a_dry_run_that_would_send_ends_no_alert_of_a_live_one_that_did_not() -> None:
    runs = Runs()
    live = runs(WITHHELD, is_live=True)
    assert runs(PREPARED) == live
    assert runs(UNDECIDED)[:1] == live
    assert runs(PREPARED) == live
    assert runs(HOLD) == []


def test_a_live_run_that_sends_ends_the_alert_of_a_dry_one() -> None:
    runs = Runs()
    (text,) = runs(WITHHELD)
    assert text == "NASDAQ:AAPL: EXIT that a dry run withholds: halted; not armed"
    assert runs(APPROVED, is_live=True) == []


def test_a_position_that_turns_from_undecided_to_withheld_is_told_anew() -> None:
    runs = Runs()
    runs(UNDECIDED)
    assert runs(WITHHELD) == ["NASDAQ:AAPL: EXIT that a dry run withholds: halted; not armed"]


def test_other_reasons_are_told_at_once_and_other_figures_are_not() -> None:
    def withheld(*reasons: str) -> SnapshotRow:
        return row(verdict=DeniedTicket(ticket(), reasons))

    runs = Runs()
    runs(withheld("not probed", "close 99.10 is not above 101"))
    assert len(runs(withheld("not probed", "close 98.05 is not above 102.5"))) == 1
    _, again = runs(withheld("close 98.05 is not above 102.5"))
    since = "since 2026-01-28 21:00 UTC"
    text = f"still EXIT that a dry run withholds {since}: close 98.05 is not above 102.5"
    assert again == f"NASDAQ:AAPL: {text}"


def test_of_two_positions_each_has_its_own_alert() -> None:
    other = row(signal=signal(position("NYSE:KO", con_id=8894), Decision.UNDECIDED))
    runs = Runs()
    assert len(runs(UNDECIDED, other)) == 2
    assert runs(HOLD, other) == ["NYSE:KO: UNDECIDED: a reason"]
    assert runs(HOLD) == [], "it is held no more"


def test_what_is_shown_and_never_decided_is_no_alert() -> None:
    assert Runs()(row(signal=signal(decision=Decision.EXCLUDED))) == []


def test_a_live_run_ends_what_a_former_one_withheld_on_its_way_out_and_a_dry_one_does_not() -> None:
    runs = Runs()
    withheld = Alert(AlertKind.WITHHELD_EXIT, "NASDAQ:AAPL: the exit was not sent: a flip", NOW)
    rejected = Alert(AlertKind.ORDER_REJECTED, "NASDAQ:AAPL: SK1-0-1 was rejected", NOW)
    runs.journal.renew_alerts(NOW, (), [(ORDERS, withheld), (ORDERS, rejected)])
    assert runs(HOLD) == [withheld.text, rejected.text]
    assert runs(HOLD, is_live=True) == [rejected.text]


def test_what_a_run_told_itself_on_its_way_out_stays() -> None:
    place, journal = Workplace(), MemoryJournal()
    live = live_on(FakeTicketBook(), FakeRoute([position()]), Told())
    parts = replace(place.parts(), journal=journal, live=live)
    before = journal.open_alerts()
    alert = Alert(AlertKind.WITHHELD_EXIT, "NASDAQ:AAPL: the exit was not sent: late", NOW)
    journal.renew_alerts(NOW, (), [(ORDERS, alert)])
    tell(parts, HourlyDecision(NOW, snapshot(), standing(), (APPROVED,), {}), before)
    assert len(journal.open_alerts()) == 1


def test_a_run_about_the_past_tells_nothing_of_the_present() -> None:
    place = Workplace(positions=[position()], as_of=NOW - HOUR)
    place.desk.begin()
    place.desk.record(place.desk.decide())
    assert place.journal.decisions(place.desk.run.run_id)[0]["decision"] == "UNDECIDED"
    assert place.journal.open_alerts() == ()


def test_a_run_journals_an_alert_for_what_it_cannot_decide() -> None:
    place = Workplace(positions=[position()])
    place.desk.begin()
    place.desk.record(place.desk.decide())
    (alert,) = place.journal.open_alerts()
    assert str(alert["text"]).startswith("NASDAQ:AAPL: UNDECIDED: unassigned")
    assert alert["kind"] == "unassigned"


def test_the_exits_of_a_live_run_are_told_although_sending_failed() -> None:
    class Broken(FakeTicketBook):
        def intend(self, *_: object) -> TicketRecord:
            raise JournalError("the disk is full")

    place = Workplace(positions=[position()])
    told = Told()
    live = live_on(Broken(), FakeRoute([position()]), told)
    live.permission.lease.take()
    place.desk.parts = replace(place.parts(), live=live)
    place.desk.begin()
    rows = (APPROVED, replace(WITHHELD, signal=signal(position("NYSE:KO", con_id=8894))))
    with pytest.raises(JournalError):
        place.desk.submit(HourlyDecision(NOW, snapshot(), standing(), rows, {}))
    (alert,) = place.journal.open_alerts()
    assert alert["text"] == "NYSE:KO: EXIT withheld: halted; not armed"


# --- what became of orders ------------------------------------------------------------------------


def test_an_order_whose_fate_was_open_is_over_when_its_ticket_is_settled() -> None:
    journal, book = MemoryJournal(), FakeTicketBook()
    record = claimed(book)
    mine = Alert(AlertKind.ORDER_UNCERTAIN, f"NASDAQ:AAPL: {record.reference} is unclear", NOW)
    gone = Alert(AlertKind.ORDER_UNCERTAIN, "NYSE:KO: SK1-ffffffffffff-1 is unclear", NOW)
    journal.renew_alerts(NOW, (), [(ORDERS, mine), (ORDERS, gone)])
    end_settled(journal, book.unsettled("main"), NOW)
    assert [each["text"] for each in journal.open_alerts()] == [mine.text]
    end_settled(journal, (), NOW)
    assert journal.open_alerts() == ()


def test_a_run_that_finds_everything_explained_ends_what_was_not() -> None:
    place = Workplace(positions=[position()])
    live = live_on(FakeTicketBook(), FakeRoute([position()]), Told())
    place.desk.parts = replace(place.parts(), live=live)
    unexplained = Alert(AlertKind.UNEXPLAINED, "an order that nobody knows", NOW)
    seen = Alert(AlertKind.UNPROTECTED, "NASDAQ:AAPL: its stop is gone", NOW)
    place.journal.renew_alerts(NOW, (), [(ORDERS, unexplained), (ORDERS, seen)])
    live.permission.lease.take()
    place.desk.begin()
    place.desk.reconcile()
    assert [each["text"] for each in place.journal.open_alerts()] == [seen.text]


def test_what_a_person_has_seen_is_over_and_the_rest_is_not() -> None:
    journal = MemoryJournal()
    told = [(ORDERS, Alert(each, f"{each}", NOW)) for each in AlertKind]
    journal.renew_alerts(NOW, (), told)
    end_seen(journal, NOW)
    left = {each["kind"] for each in journal.open_alerts()}
    assert left == set(AlertKind) - kinds_that_end(Ending.TOLD) - {
        *(
            AlertKind.BOUND_ORDER,
            AlertKind.ORDER_REJECTED,
            AlertKind.ORDER_UNFINISHED,
            AlertKind.UNPROTECTED,
        ),
        *(AlertKind.PROTECTION_GONE, AlertKind.POSITION_FLIPPED, AlertKind.JOURNAL),
    }
