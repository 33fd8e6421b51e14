"""What no run notices by itself is an alert as well."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest

from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.upkeep import LOGIN, Window
from sellkit.operate.attending import Attendance
from tests.build import new_york, utc
from tests.fakes_store import MemoryJournal

IN_SESSION = utc("2026-01-28 16:00")
SUNDAY = Window.parse(LOGIN, "Sunday 01:00 America/New_York", dt.timedelta(hours=24))
MINUTE = dt.timedelta(minutes=1)


@dataclass
class House:
    """An account whose surroundings a test sets."""

    now: dt.datetime = IN_SESSION
    free: float = 5000.0
    is_own_time: bool = False
    login: Window | None = SUNDAY
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    known: set[tuple[str, str]] = field(default_factory=set)
    is_well: bool = False
    asked: int = 0

    def answers(self) -> bool:
        self.asked += 1
        return self.is_well

    def look(self) -> list[tuple[str, str]]:
        """What is open after a look."""
        attendance = Attendance(
            journal=self.journal,
            now=lambda: self.now,
            calendars=None if self.is_own_time else [new_york()],
            disconnected=10 * MINUTE,
            free_megabytes=lambda: self.free,
            least_megabytes=1000,
            login=self.login,
            login_notice=dt.timedelta(hours=12),
            is_known=lambda kind, source: (str(kind), source) in self.known,
            answers=self.answers,
        )
        attendance.look()
        return [(str(each["kind"]), str(each["text"])) for each in self.journal.open_alerts()]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.look()]

    def lost(self, source: str = "client 1") -> None:
        lost = Alert(AlertKind.UPSTREAM_LOST, "the gateway has lost them", self.now)
        self.journal.renew_alerts(self.now, (), [(source, lost)])


def test_a_connection_that_stays_lost_is_said_once_more_and_louder() -> None:
    house = House()
    house.lost()
    assert house.kinds() == ["upstream lost"]
    house.now += 10 * MINUTE
    _, (kind, text) = house.look()
    assert kind == "disconnected"
    assert text == (
        "client 1 has had no connection that is ready since 2026-01-28 16:00:00 UTC: "
        "the gateway has lost them"
    )
    house.now += 60 * MINUTE
    assert len(house.look()) == 2


def test_a_short_loss_is_not() -> None:
    house = House()
    house.lost()
    house.journal.renew_alerts(house.now, [1], ())
    house.now += 20 * MINUTE
    assert house.look() == []


def test_a_loss_that_nobody_is_left_to_end_is_over_when_the_gateway_is_well() -> None:
    """The run at the close met it, and no other connects before the next session."""
    house = House(now=utc("2026-01-28 20:59"))
    house.lost("client 1")
    house.now, house.is_well = utc("2026-01-29 13:29"), True
    assert house.kinds() == ["upstream lost"]
    assert house.asked == 0
    house.now = utc("2026-01-29 13:31")
    assert house.kinds() == []
    assert house.asked == 1
    house.look()
    assert house.asked == 1


def test_the_gateway_is_asked_only_after_the_limit() -> None:
    house = House(is_well=True)
    house.lost()
    house.now += 9 * MINUTE
    assert house.kinds() == ["upstream lost"]
    assert house.asked == 0


def test_that_a_connection_is_there_again_is_told_where_its_loss_was() -> None:
    house = House()
    house.lost("client 1")
    house.now += 10 * MINUTE
    house.look()
    house.lost("client 11")
    house.now += 10 * MINUTE
    house.is_well = True
    assert house.look() == []
    told = [each["text"] for each in house.journal.told if each["kind"] == "connected again"]
    assert told == ["the gateway takes connections again, as client 1 had none"]


@pytest.mark.parametrize(
    "kind",
    [
        AlertKind.CLIENT_ID_IN_USE,
        AlertKind.COMPETING_SESSION,
        AlertKind.READ_ONLY,
        AlertKind.TOO_MANY_MESSAGES,
    ],
)
def test_what_another_connection_cannot_disprove_stays_though_the_gateway_is_well(
    kind: AlertKind,
) -> None:
    house = House(is_well=True)
    house.journal.renew_alerts(house.now, (), [("client 1", Alert(kind, "told", house.now))])
    house.now += 60 * MINUTE
    assert house.kinds() == [str(kind)]


def test_a_loss_at_night_waits_for_the_hour_before_the_session() -> None:
    house = House(now=utc("2026-01-29 04:00"))
    house.lost()
    house.now = utc("2026-01-29 13:29")
    assert house.kinds() == ["upstream lost"]
    house.now = utc("2026-01-29 13:31")
    assert house.kinds() == ["upstream lost", "disconnected"]


def test_on_the_gateways_time_a_loss_counts_at_any_hour() -> None:
    house = House(now=utc("2026-01-31 04:00"), is_own_time=True)
    house.lost()
    house.now += 10 * MINUTE
    assert house.kinds() == ["upstream lost", "disconnected"]


def test_each_connection_is_told_of_by_itself() -> None:
    house = House()
    house.lost("client 1")
    house.lost("client 11")
    house.now += 10 * MINUTE
    texts = [text for kind, text in house.look() if kind == "disconnected"]
    assert [each.partition(" has")[0] for each in texts] == ["client 1", "client 11"]


def test_a_disk_that_fills_is_said_until_there_is_room_again() -> None:
    house = House(free=999)
    ((kind, text),) = house.look()
    assert (kind, text) == ("low disk", "999 MB are free for the data, and 1000 have to be")
    house.free = 900
    assert len(house.look()) == 1
    house.free = 1050
    assert len(house.look()) == 1, "it must not come and go with a file"
    house.free = 1100
    assert house.look() == []


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        ("2026-02-01 20:00", False),  # a Sunday; the week opens on Monday at 14:30
        ("2026-02-02 02:29", False),
        ("2026-02-02 02:30", True),
        ("2026-02-02 14:29", True),
        ("2026-02-02 14:30", False),
        ("2026-02-03 14:00", False),
        ("2026-01-19 14:00", False),  # a holiday: that week opens on Tuesday
        ("2026-01-20 14:00", True),
    ],
)
def test_the_weekly_login_is_due_before_the_weeks_first_session(now: str, is_due: bool) -> None:
    house = House(now=utc(now))
    house.look()
    told = [str(each["text"]) for each in house.journal.told]
    assert len(told) == is_due
    assert all(each.startswith("the login of ") for each in told)


def test_the_weekly_login_is_told_once() -> None:
    house = House(now=utc("2026-02-02 14:00"))
    house.known = {("weekly login due", "week of 2026-02-02")}
    house.look()
    assert house.journal.told == ()
    assert house.look() == [], "it is over with being told"


def test_a_gateway_that_asks_for_no_login_is_not_told_of() -> None:
    house = House(now=utc("2026-02-02 14:00"), login=None)
    house.look()
    assert house.journal.told == ()
