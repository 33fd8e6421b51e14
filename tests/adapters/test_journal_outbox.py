"""What has been told of the journal's alerts, and what the journal itself has to tell."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.adapters.journal_outbox import JournalOutbox
from sellkit.adapters.journal_schema import _ADDED
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import ORDERS, Alert, AlertKind, Level
from sellkit.core.gates import ApprovedTicket, DeniedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.message import Pending
from sellkit.core.outbox import Channel
from sellkit.core.signals import Decision
from tests import build, ticketing
from tests.adapters.journal_writers import RUN
from tests.build import NOW
from tests.ticketing import REFERENCE, S, after

MAIL, PHONE = Channel("mail", Level.INFO), Channel("phone", Level.INFO)
SECOND = dt.timedelta(seconds=1)
LOST = Alert(AlertKind.UPSTREAM_LOST, "the gateway has lost Interactive Brokers", NOW)
UNCLEAR = Alert(AlertKind.ORDER_UNCERTAIN, "NYSE:KO: SK1-0-1 is unclear", NOW)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as made:
        made.begin(RUN)
        yield made


@pytest.fixture
def outbox(journal: SqliteJournal) -> JournalOutbox:
    """With a channel `mail` that was there from the beginning."""
    journal.outbox.join([MAIL], NOW)
    journal.outbox.gather(NOW)
    return journal.outbox


def raised(journal: SqliteJournal, *alerts: Alert, source: str = ORDERS) -> None:
    journal.renew_alerts(NOW, (), [(source, each) for each in alerts])


def numbers(waiting: tuple[Pending, ...]) -> list[int]:
    return [each.number for each in waiting]


# --- what waits -----------------------------------------------------------------------------------


def test_an_alert_waits_until_it_was_told(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    raised(journal, LOST, UNCLEAR)
    assert numbers(outbox.waiting("mail")) == [1, 2]
    outbox.begin("mail", [1], NOW)
    assert numbers(outbox.waiting("mail")) == [1, 2]
    outbox.end("mail", [1], "told", NOW)
    assert numbers(outbox.waiting("mail")) == [2]
    outbox.end("mail", [2], "repeat", NOW)
    assert outbox.waiting("mail") == ()


def test_an_alert_waits_as_it_was_raised(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    raised(journal, LOST, source="client 1")
    (told,) = outbox.waiting("mail")
    assert told == Pending(
        number=1, at=NOW, source="client 1", kind=AlertKind.UPSTREAM_LOST, text=LOST.text
    )


def test_each_channel_tells_for_itself(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    outbox.join([MAIL, PHONE], NOW)
    raised(journal, LOST)
    outbox.begin("mail", [1], NOW)
    outbox.end("mail", [1], "told", NOW)
    assert outbox.waiting("mail") == ()
    assert numbers(outbox.waiting("phone")) == [1]


def test_a_channel_that_joins_hears_what_is_open_and_what_comes(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    raised(journal, LOST, UNCLEAR)
    journal.renew_alerts(NOW, [1], ())
    outbox.join([MAIL, PHONE], NOW)
    assert numbers(outbox.waiting("phone")) == [2]
    raised(journal, LOST)
    journal.renew_alerts(NOW, [3], ())
    outbox.join([MAIL, PHONE], NOW)
    assert numbers(outbox.waiting("phone")) == [2, 3]


def passing(journal: SqliteJournal, *alerts: Alert) -> None:
    """Alerts that are over as soon as they were raised."""
    raised(journal, *alerts)
    fresh = journal.open_alerts()[-len(alerts) :]
    journal.renew_alerts(NOW, [int(str(each["number"])) for each in fresh], ())


def at(journal: SqliteJournal, *channels: Channel) -> JournalOutbox:
    """The outbox of a process that begins, with these channels in its settings."""
    outbox = JournalOutbox(journal.outbox._file)
    outbox.join(channels, NOW)
    return outbox


CRITICAL = replace(PHONE, level=Level.CRITICAL)


def test_what_was_below_a_channels_level_is_not_told_when_that_is_lowered(
    journal: SqliteJournal,
) -> None:
    at(journal, CRITICAL)
    passing(journal, LOST, UNCLEAR)
    raised(journal, LOST)
    outbox = at(journal, PHONE)
    passing(journal, replace(LOST, text="lost again"))
    assert numbers(outbox.waiting("phone")) == [2, 3, 4]


def test_what_was_below_a_level_of_meanwhile_is_not_told_either(journal: SqliteJournal) -> None:
    at(journal, PHONE)
    passing(journal, LOST, UNCLEAR)
    at(journal, CRITICAL)
    assert numbers(at(journal, PHONE).waiting("phone")) == [2]


def test_a_channel_that_was_away_from_the_settings_begins_anew(journal: SqliteJournal) -> None:
    at(journal, MAIL, CRITICAL)
    passing(journal, UNCLEAR)
    at(journal, MAIL)
    passing(journal, UNCLEAR)
    raised(journal, UNCLEAR)
    outbox = at(journal, MAIL, CRITICAL)
    passing(journal, replace(UNCLEAR, text="NYSE:T: SK1-1-1 is unclear"))
    assert numbers(outbox.waiting("phone")) == [3, 4]
    assert numbers(outbox.waiting("mail")) == [1, 2, 3, 4]


def test_nothing_is_lost_for_a_channel_by_a_restart(journal: SqliteJournal) -> None:
    at(journal, CRITICAL)
    passing(journal, UNCLEAR)
    rows = journal.evidence.rows()
    assert numbers(at(journal, CRITICAL).waiting("phone")) == [1]
    assert journal.evidence.rows() == rows


def test_processes_with_other_settings_do_not_change_the_channels_in_turn(
    journal: SqliteJournal,
) -> None:
    old, new = at(journal, PHONE), at(journal, CRITICAL)
    rows = journal.evidence.rows()
    for _ in range(3):
        old.join([PHONE], NOW)
        new.join([CRITICAL], NOW)
    assert journal.evidence.rows() == rows


def test_a_channel_of_before_levels_were_kept_keeps_what_waits(journal: SqliteJournal) -> None:
    journal.outbox.join([PHONE], NOW)
    with journal.outbox._file.appending() as pen:
        joined = {"alert": 0, "channel": "old", "what": "joined", "at": "", "reason": ""}
        pen.append("delivery", joined)
    passing(journal, LOST, UNCLEAR)
    outbox = at(journal, PHONE, replace(CRITICAL, alias="old"))
    assert numbers(outbox.waiting("old")) == [2]
    assert journal.evidence.flaws() == ()


def test_what_has_ended_is_told_as_over(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    raised(journal, LOST)
    journal.renew_alerts(NOW, [1], ())
    assert [each.is_over for each in outbox.waiting("mail")] == [True]


def test_what_was_begun_and_never_ended_is_known_after_a_restart(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    raised(journal, LOST)
    outbox.begin("mail", [1], NOW)
    journal.close()
    assert [each.is_again for each in outbox.waiting("mail")] == [True]
    outbox.end("mail", [1], "failed", NOW, "no network")
    (left,) = outbox.waiting("mail")
    assert (left.is_again, left.tries) == (False, 1)


def test_what_has_happened_is_over_at_once(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    raised(journal, Alert(AlertKind.LOGIN_DUE, "log in", NOW), source="week of 2026-02-02")
    assert journal.open_alerts() == ()
    assert numbers(outbox.waiting("mail")) == [1]
    assert outbox.is_known(AlertKind.LOGIN_DUE, "week of 2026-02-02")
    assert not outbox.is_known(AlertKind.LOGIN_DUE, "week of 2026-02-09")


# --- what a channel has behind it -----------------------------------------------------------------


def test_failures_in_a_row_are_counted_until_one_is_told(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    raised(journal, LOST, UNCLEAR)
    for second in range(3):
        outbox.begin("mail", [1, 2], NOW + second * SECOND)
        outbox.end("mail", [1, 2], "failed", NOW + second * SECOND, "no network")
    former = outbox.former("mail", NOW)
    assert (former.failures, former.failed_at) == (3, NOW + 2 * SECOND)
    assert outbox.trouble("mail") == "no network"
    outbox.end("mail", [1], "told", NOW + 3 * SECOND)
    former = outbox.former("mail", NOW)
    assert (former.failures, former.failed_at) == (0, None)
    assert outbox.trouble("mail") == ""


def test_the_last_batch_is_the_last_that_was_not_critical(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    raised(journal, LOST, UNCLEAR)
    outbox.end("mail", [1], "told", NOW)
    outbox.end("mail", [2], "told", NOW + SECOND)
    former = outbox.former("mail", NOW + SECOND)
    assert former.batch_at == NOW
    assert numbers(tuple(former.told)) == [2]


def test_only_one_tells_at_a_time(outbox: JournalOutbox) -> None:
    with outbox.turn(0) as first, outbox.turn(0) as second:
        assert (first, second) == (True, False)
    with outbox.turn(0) as again:
        assert again


# --- evidence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["delivery", "noticed"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET at = at", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_nothing_that_was_told_is_ever_changed_or_removed(
    journal: SqliteJournal, outbox: JournalOutbox, tmp_path: Path, table: str, statement: str
) -> None:
    exits(journal)
    assert outbox.gather(NOW) == 1
    with (
        closing(sqlite3.connect(tmp_path / "journal.sqlite")) as database,
        pytest.raises(sqlite3.IntegrityError, match=r"append only|already"),
    ):
        database.execute(statement.format(table))


def test_what_was_told_is_chained(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    raised(journal, LOST)
    outbox.begin("mail", [1], NOW)
    exits(journal)
    outbox.gather(NOW)
    assert journal.evidence.flaws() == ()
    assert journal.evidence.doubt() is None


# --- what the journal itself has to tell ----------------------------------------------------------


def exits(journal: SqliteJournal, run_id: str = "r1") -> None:
    """A run that decided on an exit."""
    ticket = ticketing.TICKET
    row = build.row(signal=ticket.signal, verdict=ApprovedTicket(ticket))
    build.record(journal, run_id, [row])


def told(outbox: JournalOutbox) -> list[tuple[str, str]]:
    return [(str(each.kind), each.text) for each in outbox.waiting("mail")]


def test_a_signal_is_told_with_its_bar_its_average_and_what_became_of_it(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    exits(journal)
    assert outbox.gather(NOW) == 1
    ((kind, text),) = told(outbox)
    assert kind == "signal"
    assert "NASDAQ:AAPL: EXIT, the bar that ended at 2026-01-28 20:00 UTC closed at" in text
    assert "below SMA 50 1H" in text
    assert "approved, live run r1" in text
    assert journal.open_alerts() == ()


def test_nothing_is_gathered_twice(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    exits(journal)
    assert [outbox.gather(NOW), outbox.gather(NOW)] == [1, 0]
    journal.close()
    assert outbox.gather(NOW) == 0


def test_what_was_signalled_while_there_was_no_channel_is_not_told_to_one_that_is_back(
    journal: SqliteJournal,
) -> None:
    at(journal, MAIL).gather(NOW)
    at(journal)
    exits(journal)
    outbox = at(journal, MAIL)
    assert outbox.gather(NOW) == 0
    assert outbox.waiting("mail") == ()
    assert len(outbox.all()) == 1


def test_the_same_bar_judged_again_is_no_other_signal(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    exits(journal)
    outbox.gather(NOW)
    journal.begin(replace(RUN, run_id="r2"))
    exits(journal, "r2")
    assert outbox.gather(NOW) == 0


def test_a_run_about_the_past_signals_nothing(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    journal.begin(replace(RUN, run_id="r2", as_of=NOW - 3600 * SECOND))
    exits(journal, "r2")
    assert outbox.gather(NOW) == 0
    exits(journal)
    assert outbox.gather(NOW) == 1


@pytest.mark.parametrize("decision", [Decision.HOLD, Decision.UNDECIDED, Decision.EXCLUDED])
def test_only_an_exit_is_a_signal(
    journal: SqliteJournal, outbox: JournalOutbox, decision: Decision
) -> None:
    build.record(journal, "r1", [build.row(signal=build.signal(decision=decision))])
    assert outbox.gather(NOW) == 0


def test_a_withheld_exit_is_a_signal_too(journal: SqliteJournal, outbox: JournalOutbox) -> None:
    ticket = ticketing.TICKET
    row = build.row(signal=ticket.signal, verdict=DeniedTicket(ticket, ("too many",)))
    build.record(journal, "r1", [row])
    outbox.gather(NOW)
    ((_, text),) = told(outbox)
    assert "withheld" in text


def test_an_order_is_told_once_it_is_at_the_market(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    ticketing.claimed(journal.book)
    assert outbox.gather(NOW) == 0, "nobody knows yet whether the gateway has it"
    journal.book.step(REFERENCE, S.ACKNOWLEDGED, after(3), "numbered", perm_id="9")
    assert outbox.gather(NOW) == 1
    assert told(outbox) == [
        ("order", f"NASDAQ:AAPL: SELL 100 MKT, {REFERENCE} is at the market"),
    ]
    journal.book.step(REFERENCE, S.FILLED, after(4), "executed")
    assert outbox.gather(NOW) == 0


@pytest.mark.parametrize("end", [S.ABANDONED, S.REJECTED, S.UNCERTAIN])
def test_what_never_came_to_the_market_is_no_order(
    journal: SqliteJournal, outbox: JournalOutbox, end: TicketState
) -> None:
    ticketing.claimed(journal.book)
    journal.book.step(REFERENCE, end, after(3), "so it went")
    assert outbox.gather(NOW) == 0


def test_the_executions_of_an_order_since_the_last_time_are_told_together(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    ticketing.claimed(journal.book)
    fills = [ticketing.fill(f"0.0{each}", quantity=f"{each}0") for each in (1, 2)]
    journal.book.note_fills(tuple(fills))
    assert outbox.gather(NOW) == 1
    ((kind, text),) = told(outbox)
    assert kind == "fill"
    assert "NASDAQ:AAPL: SELL 30 of 100 at" in text
    assert "2 executions" in text
    journal.book.note_fills((ticketing.fill("0.03", quantity="70"),))
    assert outbox.gather(NOW) == 1
    assert "SELL 70 of 100" in told(outbox)[1][1]


def test_the_executions_of_others_are_not_told(
    journal: SqliteJournal, outbox: JournalOutbox
) -> None:
    journal.book.note_fills((ticketing.fill("0.01", reference="by hand"),))
    assert outbox.gather(NOW) == 0


def test_a_journal_that_nobody_looked_at_begins_with_its_latest_run(
    journal: SqliteJournal,
) -> None:
    exits(journal)
    ticketing.claimed(journal.book)
    journal.book.note_fills((ticketing.fill("0.01"),))
    later = NOW + 3600 * SECOND
    journal.begin(replace(RUN, run_id="r2", started_at=later, as_of=later))
    proof = build.certificate(end=build.HOUR_END + 3600 * SECOND)
    row = build.row(signal=build.signal(proof=proof, decision=Decision.EXIT))
    build.record(journal, "r2", [row])
    journal.outbox.join([MAIL], later)
    assert journal.outbox.gather(later) == 1
    ((kind, text),) = told(journal.outbox)
    assert kind == "signal"
    assert "run r2" in text


def test_a_journal_of_the_seventh_version_is_carried_on(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    raised(journal, LOST)
    journal.close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as database:
        for table in reversed(_ADDED[8]):
            database.execute(f"DROP TABLE {table}")
        database.execute("PRAGMA user_version = 7")
    journal.outbox.join([MAIL], NOW)
    assert numbers(journal.outbox.waiting("mail")) == [1]
    assert journal.evidence.flaws() == ()
    assert journal.evidence.doubt() is None
