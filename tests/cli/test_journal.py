"""`sellkit tickets` and `sellkit audit`, which ask no gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.cli import main
from sellkit.core.alerts import Alert, AlertKind
from tests import build, ticketing
from tests.adapters.journal_writers import RUN
from tests.ticketing import REFERENCE, TICKET, S, brought_to, other

SETTINGS = """\
profile = "demo"
[profiles.demo]
port = 4012
clock = "{clock}"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, as the current one; the gateway's clock tells the time."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sellkit.toml").write_text(SETTINGS.format(clock="broker"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def journal(place: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(place / "data" / "demo" / "journal.sqlite")) as made:
        made.begin(RUN)
        yield made


def told(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    """What a command prints, on either way; it ends with this code."""
    assert main(words) == code
    said = capsys.readouterr()
    return said.out + said.err


def resolve(name: str = REFERENCE, word: str = "cancelled") -> tuple[str, ...]:
    return ("tickets", "resolve", name, "--as", word, "--reason", "I asked the broker")


# --- tickets --------------------------------------------------------------------------------------


def test_without_a_journal_there_is_no_ticket_and_none_is_made(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no ticket" in told(capsys, 0, "tickets")
    assert "no journal" in told(capsys, 2, *resolve())
    assert not (place / "data").exists()


def test_tickets_of_the_day_are_listed_with_where_they_stand(
    journal: SqliteJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    brought_to(journal.book, S.UNCERTAIN)
    ticketing.claimed(journal.book, other())
    journal.book.step(other().reference, S.REJECTED, ticketing.after(9), "201: no")
    first, second = told(capsys, 0, "tickets").splitlines()
    assert f"{REFERENCE}  main  NASDAQ:AAPL  SELL 100, 0 executed  UNCERTAIN" in first
    assert "NASDAQ:MSFT" in second
    assert second.endswith("REJECTED: 201: no")
    assert "no ticket" in told(capsys, 0, "tickets", "--account", "other")


def test_of_earlier_days_only_the_unsettled_are_listed(
    place: Path, journal: SqliteJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "config" / "sellkit.toml").write_text(SETTINGS.format(clock="system"))
    brought_to(journal.book, S.UNCERTAIN)
    ticketing.claimed(journal.book, other())
    journal.book.step(other().reference, S.REJECTED, ticketing.after(9), "201: no")
    assert [REFERENCE in each for each in told(capsys, 0, "tickets").splitlines()] == [True]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("filled", S.DONE),
        ("cancelled", S.CANCELLED),
        ("not-received", S.NOT_RECEIVED),
        ("rejected", S.REJECTED),
    ],
)
@pytest.mark.parametrize("name", [REFERENCE, TICKET.ticket_id])
def test_an_uncertain_ticket_is_settled_by_a_persons_word(
    journal: SqliteJournal, capsys: pytest.CaptureFixture[str], word: str, state: S, name: str
) -> None:
    brought_to(journal.book, S.UNCERTAIN)
    line = told(capsys, 0, *resolve(name, word))
    assert f"is {state} now, by your word" in line
    assert "nothing was sent" in line
    record = journal.book.ticket(REFERENCE)
    assert record is not None
    assert (record.state, record.cause) == (state, "by hand: I asked the broker")
    details = journal.book.steps(REFERENCE)[-1]["details"]
    said = {"by": "a person", "reason": "I asked the broker", "filled": "0"}
    assert details == said


def test_the_alert_about_a_ticket_ends_with_a_persons_word(
    journal: SqliteJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    brought_to(journal.book, S.UNCERTAIN)
    for text in (REFERENCE, other().reference):
        alert = Alert(AlertKind.ORDER_UNCERTAIN, f"NYSE:KO: {text} is unclear", build.NOW)
        journal.renew_alerts(build.NOW, (), [("orders", alert)])
    ticketing.claimed(journal.book, other())
    told(capsys, 0, *resolve())
    (left,) = journal.open_alerts()
    assert other().reference in str(left["text"])


@pytest.mark.parametrize("states", [(), (S.ACKNOWLEDGED,), (S.FILLED,), (S.UNCERTAIN, S.CANCELLED)])
def test_a_ticket_in_any_other_state_is_not_settled_by_hand(
    journal: SqliteJournal, capsys: pytest.CaptureFixture[str], states: tuple[S, ...]
) -> None:
    before = brought_to(journal.book, *states)
    line = told(capsys, 2, *resolve())
    assert f"is {before.state}" in line
    assert "nothing was written" in line
    assert journal.book.ticket(REFERENCE) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (resolve("SK1-absent-1"), "no ticket SK1-absent-1"),
        (resolve("0123456789ab"), "no ticket 0123456789ab"),
        (("tickets", "resolve", REFERENCE), "--as"),
        (("tickets", "resolve", REFERENCE, "--as", "filled"), "--reason"),
        (("tickets", "resolve", REFERENCE, "--as", "filled", "--reason", " "), "--reason"),
        (("tickets", "--reason", "so"), "resolve` alone"),
        (("audit", "accept"), "--reason"),
        (("audit", "verify", "--reason", "so"), "accept"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(
    journal: SqliteJournal,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    says: str,
) -> None:
    line = told(capsys, 2, *words)
    assert says in line
    assert line.count("\n") == 1


# --- audit ----------------------------------------------------------------------------------------


def test_an_audit_of_nothing_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no journal" in told(capsys, 2, "audit", "verify")
    assert not (place / "data").exists()


def test_an_audit_without_findings_says_how_much_it_read(
    journal: SqliteJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, 0, "audit", "verify") == "1 row and 0 notebooks read: all well\n"


def test_an_audit_names_each_finding_in_a_line(
    place: Path, journal: SqliteJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = place / "data" / "demo" / "runs" / "2026-01-28" / "200020Z_r9.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text("{}")
    lines = told(capsys, 1, "audit", "verify").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("runs/2026-01-28/200020Z_r9.ipynb: the journal has no run r9")
    assert lines[1] == "1 row and 1 notebook read: 1 finding"


def test_a_journal_whose_head_was_lost_is_accepted_on_a_persons_word(
    place: Path, journal: SqliteJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "data" / "demo" / "journal.head").unlink()
    assert "journal.head is missing" in told(capsys, 1, "audit", "verify")
    assert "journal.head is missing" in told(capsys, 0, "audit", "accept", "--reason", "a new disk")
    assert "all well" in told(capsys, 0, "audit", "verify")
