"""What has been told of the journal's alerts, and what has not."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file, journal_news
from sellkit.adapters.journal_facts import instant, moment
from sellkit.core.alerts import AlertKind, Level, level
from sellkit.core.message import Pending
from sellkit.core.outbox import Former

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from sellkit.adapters.journal_file import JournalFile
    from sellkit.core.outbox import Channel

    Rows = Sequence[Mapping[str, object]]

_PAUSE_SECONDS: Final = 0.05
_REMEMBERED: Final = 60
"""Deliveries that are looked through for failures in a row: each makes the wait longer at most."""

_ALERTS: Final = """
    SELECT alert.id AS number, alert.*, alert_end.at AS over_at,
        (SELECT count(*) FROM delivery AS was WHERE was.alert = alert.id
            AND was.channel = :channel AND was.what = 'begun') AS begun,
        (SELECT count(*) FROM delivery AS was WHERE was.alert = alert.id
            AND was.channel = :channel AND was.what = 'failed') AS failed,
        (SELECT max(was.at) FROM delivery AS was WHERE was.alert = alert.id
            AND was.channel = :channel AND was.what = 'failed') AS failed_at
    FROM alert LEFT JOIN alert_end ON alert_end.id = alert.id"""
_WAITING: Final = f"""{_ALERTS}
    WHERE NOT EXISTS (SELECT 1 FROM delivery AS was WHERE was.alert = alert.id
            AND was.channel = :channel AND was.what IN ('told', 'repeat'))
        AND (alert_end.id IS NULL OR alert.id > (SELECT min(alert) FROM delivery AS joined
            WHERE joined.channel = :channel AND joined.what = 'joined'))
    ORDER BY alert.id"""  # noqa: S608  (own text)
_TOLD: Final = f"""{_ALERTS}
    WHERE alert.id IN (SELECT alert FROM delivery AS was WHERE was.channel = :channel
        AND was.what = 'told' AND was.at >= :since)
    ORDER BY alert.id"""  # noqa: S608  (own text)
_LATELY: Final = """
    SELECT delivery.*, alert.kind, alert.source FROM delivery JOIN alert ON alert.id = alert
    WHERE channel = :channel AND what IN ('told', 'failed') ORDER BY delivery.id DESC LIMIT :most"""
_EVERY: Final = """
    SELECT alert.id AS number, alert.*, alert_end.at AS over_at,
        (SELECT group_concat(DISTINCT channel) FROM delivery
            WHERE delivery.alert = alert.id AND what = 'told') AS told
    FROM alert LEFT JOIN alert_end ON alert_end.id = alert.id ORDER BY alert.id"""
_JOINED: Final = """
    SELECT channel, alert, reason FROM delivery WHERE what = 'joined' ORDER BY id"""
_ABSENT: Final = "nothing"
"""The level that a channel wants which is not in the settings."""


class JournalOutbox:
    """The `Outbox` in the journal's file; made by `SqliteJournal`, as its `outbox`.

    Raises
    ------
    JournalError
        From every method, as those of the journal.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._wanted: Mapping[str, str] | None = None

    @contextmanager
    def turn(self, wait_seconds: float) -> Iterator[bool]:
        """Only one process tells at a time: whether this is the one; freed when it dies."""
        path = self._file.path.with_name(".telling.lock")
        until, pause = time.monotonic() + wait_seconds, threading.Event()
        with durable_file.writing(path.parent, "allow sellkit to write there"):
            durable_file.make_folder(path.parent)
            held = path.open("ab")
        with held:
            while not (is_mine := durable_file.take(held.fileno())):
                if time.monotonic() >= until:
                    break
                pause.wait(_PAUSE_SECONDS)
            try:
                yield is_mine
            finally:
                if is_mine:
                    durable_file.free(held.fileno())

    def join(self, channels: Sequence[Channel], at: dt.datetime) -> None:
        """Let channels that are new, or whose level is, begin with what is open and what comes.

        One that is not among them leaves: what comes and ends before it is back is not for it. What
        was journalled until then is gathered first, as nobody may have looked meanwhile. A process
        says so once, so that two with other settings do not do it in turn.
        """
        wanted = {each.alias: str(each.level) for each in channels}
        if wanted == self._wanted:
            return
        joined = self._file.read(_JOINED)
        if _changed(joined, wanted):
            if joined:
                self.gather(at)
            with self._file.appending() as pen:
                (newest,) = pen.ask("SELECT max(id) AS number FROM alert")
                changed = _changed(pen.ask(_JOINED), wanted)
                number = newest["number"] or 0
                pen.append_all(
                    "delivery",
                    [_delivery(each, number, "joined", at, changed[each]) for each in changed],
                )
        self._wanted = wanted

    def gather(self, at: dt.datetime) -> int:
        """Make alerts of the signals, orders and fills journalled since the last time; how many.

        In one transaction with the mark of how far it came: none is lost, and none made twice.
        What there was before anybody looked counts from the latest run on.
        """
        if journal_news.is_seen(self._file.read):
            return 0
        with self._file.appending() as pen:
            return journal_news.write(pen, at)

    def waiting(self, channel: str) -> tuple[Pending, ...]:
        """What a channel has not told, oldest first.

        What is over by now only where the channel has wanted alerts as loud ever since.
        """
        joined = [each for each in self._joined() if each["channel"] == channel]
        return tuple(
            each
            for each in map(_pending, self._ask(_WAITING, channel=channel))
            if not each.is_over or _is_wanted(each, joined)
        )

    def former(self, channel: str, since: dt.datetime) -> Former:
        """What a channel has behind it, with what it told since then."""
        lately = self._ask(_LATELY, channel=channel, most=_REMEMBERED)
        failed: list[str] = []
        for each in lately:
            if each["what"] == "told":
                break
            if level(each["kind"], each["source"]) is not Level.CRITICAL:
                failed.append(each["at"])
        batches = (
            each["at"]
            for each in lately
            if each["what"] == "told" and level(each["kind"], each["source"]) is not Level.CRITICAL
        )
        batch_at = next(batches, None)
        told = self._ask(_TOLD, channel=channel, since=instant(since))
        return Former(
            batch_at=None if batch_at is None else moment(batch_at),
            told=tuple(_pending(each) for each in told),
            failures=len(dict.fromkeys(failed)),
            failed_at=moment(failed[0]) if failed else None,
        )

    def trouble(self, channel: str) -> str:
        """Why a channel failed the last time; "" when it did not."""
        for each in self._ask(_LATELY, channel=channel, most=1):
            if each["what"] == "failed":
                return str(each["reason"])
        return ""

    def has_joined(self, channel: str) -> bool:
        """Whether a channel has begun."""
        return any(each["channel"] == channel for each in self._joined())

    def all(self) -> tuple[dict[str, Any], ...]:
        """Every alert, oldest first, with when it ended and over which channels it was told."""
        return self._ask(_EVERY)

    def is_known(self, kind: str, source: str) -> bool:
        """Whether there was an alert of this kind and source."""
        query = "SELECT 1 FROM alert WHERE kind = :kind AND source = :source LIMIT 1"
        return bool(self._ask(query, kind=str(kind), source=source))

    def begin(self, channel: str, numbers: Sequence[int], at: dt.datetime) -> None:
        """Say, on the disk, that alerts are being told."""
        self._write(channel, numbers, "begun", at)

    def end(
        self, channel: str, numbers: Sequence[int], what: str, at: dt.datetime, reason: str = ""
    ) -> None:
        """Say what became of it: `told`, `failed` or `repeat`."""
        self._write(channel, numbers, what, at, reason)

    def _write(
        self, channel: str, numbers: Sequence[int], what: str, at: dt.datetime, reason: str = ""
    ) -> None:
        with self._file.appending() as pen:
            pen.append_all(
                "delivery", [_delivery(channel, each, what, at, reason) for each in numbers]
            )

    def _joined(self) -> tuple[dict[str, Any], ...]:
        return self._ask(_JOINED)

    def _ask(self, query: str, **values: object) -> tuple[dict[str, Any], ...]:
        if not self._file.path.exists():
            return ()
        return self._file.read_by_name(query, values)


def _changed(joined: Rows, wanted: Mapping[str, str]) -> Mapping[str, str]:
    """The channels that want another level than the last time they joined, and which."""
    before = {str(each["channel"]): str(each["reason"]) for each in joined}
    now = {**dict.fromkeys(before, _ABSENT), **wanted}
    return {each: told for each, told in now.items() if before.get(each) != told}


def _is_wanted(alert: Pending, joined: Rows) -> bool:
    """Whether a channel has wanted alerts as loud ever since this one was raised."""
    earlier = [each for each in joined if int(str(each["alert"])) < alert.number]
    since = joined[max(len(earlier) - 1, 0) :]
    return bool(earlier) and all(_is_loud(alert, str(each["reason"])) for each in since)


def _is_loud(alert: Pending, wanted: str) -> bool:
    """Whether it is as loud as wanted; a journal of before that was kept does not say."""
    if wanted == _ABSENT:
        return False
    return not wanted or alert.level.is_at_least(Level(wanted))


def _delivery(
    channel: str, number: object, what: str, at: dt.datetime, reason: str = ""
) -> Mapping[str, object]:
    told = {"alert": number, "channel": channel, "what": what}
    return {**told, "at": instant(at), "reason": reason}


def _pending(row: Mapping[str, Any]) -> Pending:
    kind = row["kind"]
    return Pending(
        number=row["number"],
        at=moment(row["at"]),
        source=row["source"],
        kind=AlertKind(kind) if kind in list(AlertKind) else kind,
        text=row["text"],
        is_over=row["over_at"] is not None,
        is_again=row["begun"] > row["failed"],
        tries=row["failed"],
        failed_at=None if row["failed_at"] is None else moment(row["failed_at"]),
    )
