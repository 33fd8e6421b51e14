"""Alerts reach a person once over each channel, whatever fails on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import ORDERS, Alert, AlertKind, Level
from sellkit.core.message import AGAIN, Message
from sellkit.core.outbox import Channel, Rules
from sellkit.errors import NotTold
from sellkit.operate.courier import Courier, Told
from tests.build import NOW

MINUTE = dt.timedelta(minutes=1)
CHANNELS = (Channel("mail", Level.INFO), Channel("phone", Level.CRITICAL))


@dataclass
class Post:
    """A `Notifier` that keeps what it is given; channels can be made to fail."""

    sent: list[tuple[str, Message]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    refuses: str = "nothing"

    def tell(self, channel: str, message: Message) -> None:
        if channel in self.failing or self.refuses in message.body:
            raise NotTold(f"the channel {channel} did not take it: no network for U7654321")
        self.sent.append((channel, message))

    def numbers(self, channel: str) -> list[int]:
        return [e.number for name, each in self.sent if name == channel for e in each.alerts]


@dataclass
class Office:
    """A journal with its courier, at a time that a test moves."""

    journal: SqliteJournal
    post: Post = field(default_factory=Post)
    now: dt.datetime = NOW
    seconds: float = 0.0

    def raised(self, kind: AlertKind, text: str, source: str = ORDERS) -> None:
        self.journal.renew_alerts(self.now, (), [(source, Alert(kind, text, self.now))])

    def deliver(self, *, is_last: bool = False, at_most_seconds: float = 60.0) -> Told:
        courier = Courier(
            outbox=self.journal.outbox,
            notifier=self.post,
            channels=CHANNELS,
            name="sellkit paper",
            now=lambda: self.now,
            rules=Rules(batch=5 * MINUTE, repeat=60 * MINUTE),
            accounts={"main": "U1234567"},
            timer=lambda: self.seconds,
        )
        return courier.deliver(is_last=is_last, at_most_seconds=at_most_seconds)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        yield Office(journal)


def test_each_alert_goes_out_once_over_each_channel_that_wants_it(office: Office) -> None:
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    office.raised(AlertKind.UNDECIDED, "KO: no bars", source="NYSE:KO")
    assert office.deliver().told == 3
    assert office.deliver() == Told()
    assert office.post.numbers("mail") == [1, 2]
    assert office.post.numbers("phone") == [1]


def test_a_restart_repeats_nothing(office: Office) -> None:
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    office.deliver()
    office.journal.close()
    assert office.deliver() == Told()


def test_what_is_not_critical_goes_out_at_most_once_in_a_while(office: Office) -> None:
    office.raised(AlertKind.UNDECIDED, "KO: no bars", source="NYSE:KO")
    office.deliver()
    for ticker in ("T", "XOM"):
        office.now += MINUTE
        office.raised(AlertKind.UNDECIDED, f"{ticker}: no bars", source=f"NYSE:{ticker}")
        assert office.deliver() == Told()
    office.now += 3 * MINUTE
    assert office.deliver().told == 1
    (_, last) = office.post.sent[-1]
    assert [each.number for each in last.alerts] == [2, 3]


def test_a_process_that_ends_leaves_nothing_waiting(office: Office) -> None:
    office.raised(AlertKind.UNDECIDED, "KO: no bars", source="NYSE:KO")
    office.deliver()
    office.raised(AlertKind.UNDECIDED, "T: no bars", source="NYSE:T")
    assert office.deliver(is_last=True).told == 1


def test_what_comes_and_goes_is_told_once_within_the_window(office: Office) -> None:
    office.deliver()
    for number in (1, 2):
        office.raised(AlertKind.UPSTREAM_LOST, "it is lost", source="client 1")
        office.journal.renew_alerts(office.now, [number], ())
        office.now += 10 * MINUTE
        office.deliver()
    assert office.post.numbers("mail") == [1]
    office.now += 61 * MINUTE
    office.raised(AlertKind.UPSTREAM_LOST, "it is lost", source="client 1")
    office.deliver()
    assert office.post.numbers("mail") == [1, 3]


def test_a_channel_that_fails_holds_up_no_other_and_loses_nothing(office: Office) -> None:
    office.post.failing = {"mail"}
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    found = office.deliver()
    assert (found.told, found.failed) == (1, 1)
    assert office.post.numbers("phone") == [1]
    office.post.failing = set()
    office.now += 30 * dt.timedelta(seconds=1)
    office.deliver()
    assert office.post.numbers("mail") == [1]
    assert AGAIN not in office.post.sent[-1][1].body


def test_a_channel_that_failed_is_left_alone_for_longer_and_longer(office: Office) -> None:
    office.post.failing = {"mail"}
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    tried = []
    for second in range(0, 600, 10):
        office.now = NOW + second * dt.timedelta(seconds=1)
        if office.deliver().failed:
            tried.append(second)
    assert tried == [0, 30, 90, 210, 450]


def test_one_message_that_is_refused_does_not_stop_the_others_for_ever(office: Office) -> None:
    office.post.refuses = "poison"
    office.raised(AlertKind.ORDER_UNCERTAIN, "poison: SK1-0-1 is unclear")
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-2 is unclear")
    office.deliver()
    office.now += MINUTE
    office.deliver()
    assert office.post.numbers("mail") == [2]


def later(office: Office, minutes: float) -> None:
    """The courier comes by every ten seconds."""
    for _ in range(round(minutes * 6)):
        office.now += MINUTE / 6
        office.deliver()


def test_one_alert_of_a_batch_that_is_refused_does_not_hold_the_others_up(office: Office) -> None:
    office.post.refuses = "poison"
    for number in range(1, 21):
        text = "poison: no bars" if number == 7 else f"T{number}: no bars"
        office.raised(AlertKind.UNDECIDED, text, source=f"NYSE:T{number}")
    office.deliver()
    assert office.post.numbers("mail") == []
    later(office, 20)
    told = office.post.numbers("mail")
    assert sorted(told) == [each for each in range(1, 21) if each != 7]
    office.post.refuses = "nothing"
    later(office, 31)
    assert office.post.numbers("mail") == [*told, 7]


def test_while_a_batch_is_refused_a_critical_alert_goes_out_at_once(office: Office) -> None:
    office.post.refuses = "poison"
    office.raised(AlertKind.UNDECIDED, "poison: no bars", source="NYSE:KO")
    office.deliver()
    later(office, 20)
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    office.deliver()
    assert office.post.numbers("mail") == [2]


def test_what_gathers_while_a_channel_is_away_goes_out_in_few_messages(office: Office) -> None:
    office.post.failing = {"mail"}
    for number in range(1, 17):
        office.raised(AlertKind.UNDECIDED, f"T{number}: no bars", source=f"NYSE:T{number}")
    office.deliver()
    later(office, 120)
    office.post.failing = set()
    later(office, 40)
    assert sorted(office.post.numbers("mail")) == list(range(1, 17))
    assert len(office.post.sent) < 6


def test_that_a_message_goes_out_is_on_the_disk_before_it_does(office: Office) -> None:
    seen = []

    class Watching(Post):
        def tell(self, channel: str, message: Message) -> None:
            seen.extend(each.is_again for each in office.journal.outbox.waiting(channel))

    office.post = Watching()
    office.raised(AlertKind.UNDECIDED, "KO: no bars", source="NYSE:KO")
    office.deliver()
    assert seen == [True]


def test_a_process_that_died_while_it_told_leaves_an_alert_that_is_told_once_more(
    office: Office,
) -> None:
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    office.journal.outbox.join(CHANNELS, NOW)
    office.journal.outbox.begin("mail", [1], NOW)
    office.deliver()
    bodies = {channel: each.body for channel, each in office.post.sent}
    assert AGAIN in bodies["mail"]
    assert "#1 " in bodies["mail"]
    assert AGAIN not in bodies["phone"]


def test_while_another_process_tells_nothing_is_told_here(office: Office) -> None:
    office.raised(AlertKind.ORDER_UNCERTAIN, "KO: SK1-0-1 is unclear")
    with office.journal.outbox.turn(0):
        assert office.deliver().is_elsewhere
    assert office.post.sent == []


def test_after_the_time_limit_no_message_is_begun(office: Office) -> None:
    class Slow(Post):
        def tell(self, channel: str, message: Message) -> None:
            super().tell(channel, message)
            office.seconds += 40

    office.post = Slow()
    for number in (1, 2, 3):
        office.raised(AlertKind.ORDER_UNCERTAIN, f"KO: SK1-0-{number} is unclear")
    office.deliver(at_most_seconds=60)
    assert office.post.numbers("mail") == [1, 2]
    assert office.post.numbers("phone") == []


def test_no_account_number_is_told_or_kept(office: Office) -> None:
    office.raised(AlertKind.ORDER_UNCERTAIN, "an order for U1234567 and for DU7654321 is unclear")
    office.post.failing = {"phone"}
    office.deliver()
    ((_, message),) = office.post.sent
    assert "an order for main and for (account) is unclear" in message.body
    assert office.journal.outbox.trouble("phone").endswith("no network for (account)")


def test_without_a_channel_nothing_is_done(office: Office) -> None:
    courier = Courier(
        outbox=office.journal.outbox,
        notifier=office.post,
        channels=(),
        name="sellkit",
        now=lambda: NOW,
    )
    assert courier.deliver() == Told()
    assert office.journal.evidence.rows() == 0
