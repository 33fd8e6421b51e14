"""What a person was told: every alert once, every signal among them and no other."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from tests.week.ledger import Ledger, Row, moment

AGAIN = "told once more"
LATE, BACK = "the schedule is late", "the schedule is back"


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the channel's file; `alerts` are numbers of the journal."""

    title: str
    body: str
    alerts: tuple[int, ...]


def messages(path: Path) -> list[Message]:
    """What the channel took, in order; a line that a killed process left unfinished is none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        found.append(Message(told["title"], told["body"], tuple(told["alerts"])))
    return found


def waiting(ledger: Ledger) -> list[int]:
    """Alerts that are to be told still."""
    return [int(each["id"]) for each in _alerts(ledger) if each["id"] not in _over(ledger)]


def unseen(ledger: Ledger) -> list[int]:
    """Decisions that nobody has looked at yet who would tell of them."""
    return [
        int(each["id"])
        for each in ledger.read(
            "SELECT id FROM decision WHERE id > "
            "(SELECT coalesce(max(up_to), 0) FROM noticed WHERE of_table = 'decision')"
        )
    ]


def findings(ledger: Ledger, path: Path, kills: int) -> Iterator[str]:
    """What was told otherwise than once."""
    told = messages(path)
    times = Counter(number for each in told for number in each.alerts)
    repeats = _numbers(ledger, "repeat")
    alerts = {int(each["id"]): each for each in ledger.read("SELECT * FROM alert ORDER BY id")}
    due = {int(each["id"]) for each in _alerts(ledger)}
    for number, alert in alerts.items():
        if number in due and not times[number] and number not in repeats:
            yield f"nobody was told of alert {number}: {_text(alert)}"
        if times[number] and number in repeats:
            yield f"alert {number} was told, and passed over as a repeat: {_text(alert)}"
    for number in sorted(times.keys() - alerts.keys()):
        yield f"alert {number} was told, and the journal has none"
    again = [each for each in told if AGAIN in each.body]
    if len(again) > kills:
        yield f"{len(again)} messages say that they are told once more, after {kills} kills"
    plain = Counter(number for each in told if AGAIN not in each.body for number in each.alerts)
    for number, count in plain.items():
        if count > 1:
            yield f"alert {number} was told {count} times: {_text(alerts[number])}"


def signals(ledger: Ledger, wanted: Set[tuple[str, dt.datetime]]) -> Iterator[str]:
    """How the signals that were told differ from those that there are, by token and bar end."""
    told = Counter(
        (str(each["source"]), _bar_end(str(each["text"])))
        for each in _alerts(ledger)
        if each["kind"] == "signal"
    )
    for token, end in sorted(wanted - told.keys()):
        yield f"of the exit of {token} on the bar to {end} nobody was told"
    for token, end in sorted(told.keys() - wanted):
        yield f"an exit of {token} on the bar to {end} was told, and there is none"
    for (token, end), count in told.items():
        if count > 1:
            yield f"the exit of {token} on the bar to {end} was told as {count} alerts"


def owed(ledger: Ledger, undecided: Set[str], may_be: Set[str]) -> Iterator[str]:
    """What a person has to hear of beside signals: runs that were not, and what is undecided.

    Parameters
    ----------
    undecided, may_be
        The tokens of which a run had to say that it does not know; and those of which one may have
        said it that was killed.
    """
    alerts = ledger.read("SELECT * FROM alert ORDER BY id")
    missed = ledger.read("SELECT max(due) AS due FROM slot WHERE what = 'missed' GROUP BY at")
    lost = ledger.read(
        "SELECT run_id FROM slot JOIN slot_end ON slot_end.id = slot.id "
        "WHERE outcome IN ('lost', 'never began')"
    )
    for words in (
        *(f"no run of hourly_run for {moment(each['due']):%Y-%m-%d %H:%M} UTC" for each in missed),
        *(f"the run {each['run_id']} of hourly_run" for each in lost),
    ):
        count = sum(words in str(each["text"]) for each in alerts)
        if count != 1:
            yield f"{count} alerts say {words!r}, and not one"
    said = {str(each["source"]) for each in alerts if each["kind"] == "undecided"}
    if not undecided <= said <= undecided | may_be:
        yield f"alerts call {sorted(said)} undecided, and runs {sorted(undecided)}"


def silences(path: Path, wanted: int) -> Iterator[str]:
    """How often the watchdog spoke of a schedule that was not heard of, and of its return."""
    told = [each.title for each in messages(path)]
    for words in (LATE, BACK):
        count = sum(words in each for each in told)
        if count != wanted:
            yield f"the watchdog said {count} times that {words}, and not {wanted} times"


def _alerts(ledger: Ledger) -> list[Row]:
    """Those that a channel has to tell: not what was over before it began."""
    return ledger.read(
        "SELECT alert.* FROM alert LEFT JOIN alert_end ON alert_end.id = alert.id "
        "WHERE alert_end.id IS NULL OR alert.id > "
        "(SELECT min(alert) FROM delivery WHERE what = 'joined') ORDER BY alert.id"
    )


def _over(ledger: Ledger) -> set[int]:
    return _numbers(ledger, "told") | _numbers(ledger, "repeat")


def _numbers(ledger: Ledger, what: str) -> set[int]:
    rows = ledger.read("SELECT alert FROM delivery WHERE what = ?", what)
    return {int(each["alert"]) for each in rows}


def _bar_end(text: str) -> dt.datetime:
    """The end of the bar that a signal's text names."""
    words = text.partition("the bar that ended at ")[2][:16]
    return dt.datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=dt.UTC)


def _text(alert: Row) -> str:
    return f"{alert['kind']}, {alert['text']}"
