"""The part of a probe that places an order: whether its reference outlives a connection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sellkit.core.probe_order import PROBE_REFERENCE
from sellkit.core.probing import bad, good, not_measured, noted
from sellkit.core.reports import Meaning, ReportKind
from sellkit.errors import BrokerError, NotSent, SubmissionUncertain

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.core.portfolio import Account, OpenOrder
    from sellkit.core.probing import Answer
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.ports import Clock
    from sellkit.ports.probing import ProbeLine

# A cancel that waits for the next open would be answered only there.
_LEAST_LEFT: Final = dt.timedelta(minutes=10)
_LOOK_AGAIN_SECONDS: Final = 0.5


@dataclass(slots=True, kw_only=True)
class OrderProbe:
    """Places one far order, connects anew, cancels it, and looks where its reference stands.

    Whatever goes wrong once it may have been sent ends with an alarm that names the order.

    Attributes
    ----------
    connect
        Makes a connection as the account's client for orders; called twice, one after the other.
    account, clock
        Whose order, and the time.
    reference
        The order's, new each time.
    note
        Writes into the journal what is about to be placed; whatever it raises ends it unsent.
    alarm
        Tells a person that an order may rest.
    timer
        Seconds of a steady clock.
    patience_seconds
        How long an order's coming and going are waited for.
    """

    connect: Callable[[], ProbeLine]
    account: Account
    clock: Clock
    reference: str
    note: Callable[[Mapping[str, object]], None]
    alarm: Callable[[str], None]
    timer: Callable[[], float]
    patience_seconds: float
    _perm_id: str | None = field(default=None, init=False)
    _may_rest: bool = field(default=False, init=False)
    _told: list[OrderReport] = field(default_factory=list, init=False)

    def run(self, instrument: Instrument, calendar: Calendar) -> Answer:
        """Place, connect anew, cancel.

        Raises
        ------
        JournalError
            What is about to be placed could not be written down; nothing was sent.
        """
        now = self.clock.now()
        session = calendar.at(now)
        if session is None or session.close_utc - now < _LEAST_LEFT:
            return not_measured(
                "the session is closed, or about to close",
                "probe with --order while it is open: a cancel may be answered only then",
            )
        try:
            return self._measured(instrument)
        except BrokerError as error:
            if not self._may_rest:
                raise
            return self._alarmed(str(error))
        finally:
            if self._may_rest:  # also when a person ends it
                self._alarmed("it was given up half-way")

    def _measured(self, instrument: Instrument) -> Answer:
        placed = self._place(instrument)
        if not isinstance(placed, _Placed):
            return placed
        with closing(self.connect()) as line:
            return self._look_and_cancel(line, placed)

    def _place(self, instrument: Instrument) -> _Placed | Answer:
        with closing(self.connect()) as line:
            left = self._clear(line)
            if left:
                return left
            before = _held(line.lists(self.account), instrument)
            self.note({"reference": self.reference, "instrument": str(instrument)})
            words = f"one share of {instrument}"
            self._may_rest = True
            try:
                order = line.place(self.account, instrument, self.reference)
                words = f"{words} to buy at {order.limit}, market {order.market}"
            except NotSent as error:
                self._may_rest = False
                return not_measured(str(error), "nothing was placed")
            except SubmissionUncertain as error:
                words = f"{words} ({error})"
            with suppress(BrokerError):  # what came of it shows over the next connection
                self._wait(line, lambda lists: bool(self._open_in(lists)))
        return _Placed(instrument, before, words)

    def _look_and_cancel(self, line: ProbeLine, placed: _Placed) -> Answer:
        lists = self._wait(line, self._is_known)
        resting = self._open_in(lists)
        is_kept = any(each.reference == self.reference for each in resting)
        for each in resting:
            line.cancel(each)
        lists = self._wait(line, lambda lists: not self._open_in(lists) and self._is_known(lists))
        if self._open_in(lists):
            return self._alarmed("its cancel was not confirmed")
        filled = self._filled(lists)
        if filled or _held(lists, placed.instrument) != placed.held:
            return self._alarmed(f"{filled or 'an unknown number'} of its shares were filled")
        ended = lists.completed_of(self.reference, self._perm_id)
        if not resting:
            return self._not_resting(placed, has_ended=bool(ended))
        self._may_rest = False
        figures = {
            "after_reconnect": is_kept,
            "completed": len(ended),
            "completed_reference": any(each.reference == self.reference for each in ended),
        }
        return _judged(placed.words, figures)

    def _not_resting(self, placed: _Placed, *, has_ended: bool) -> Answer:
        """The order did not rest when it was looked for: refused, ended, or nobody knows."""
        refusals = [
            f"{each.code}: {each.text}"
            for each in self._told
            if each.kind is ReportKind.CODE and each.meaning is Meaning.ORDER_DEAD
        ]
        if not refusals and not has_ended:
            return self._alarmed("it was sent, and stands in no list")
        self._may_rest = False
        if refusals:
            told = f"the gateway refused {placed.words} ({'; '.join(refusals)})"
            return not_measured(told, "look at its presets and precautions for API orders")
        told = f"{placed.words} ended before it was cancelled"
        return not_measured(told, "see who cancelled it, and probe again")

    def _clear(self, line: ProbeLine) -> Answer | None:
        """Cancel what an earlier probe left."""
        left = _of_probes(line.lists(self.account))
        for each in left:
            line.cancel(each)
        if not left:
            return None
        if _of_probes(self._wait(line, lambda lists: not _of_probes(lists))):
            return self._alarmed(f"of an earlier probe there rests {left[0].reference}")
        return None

    def _alarmed(self, what: str) -> Answer:
        self._may_rest = False  # from here on it is a person's
        told = f"the probe's order {self.reference}: {what}"
        follows = "look at the gateway's orders, and cancel it by hand"
        self.alarm(f"{told}; {follows}")
        return bad(told, follows)

    def _is_known(self, lists: BrokerRecords) -> bool:
        """Whether any list knows the order, as soon as one should."""
        key = (self.reference, self._perm_id)
        return bool(lists.open_of(*key) or lists.completed_of(*key) or lists.fills_of(*key))

    def _open_in(self, lists: BrokerRecords) -> tuple[OpenOrder, ...]:
        found = lists.open_of(self.reference, self._perm_id)
        for each in found:
            self._perm_id = self._perm_id or (each.perm_id.strip("0") and each.perm_id) or None
        return found

    def _filled(self, lists: BrokerRecords) -> Decimal | int:
        key = (self.reference, self._perm_id)
        ended = sum(each.filled for each in lists.completed_of(*key))
        return max(ended, sum(each.quantity for each in lists.fills_of(*key)))

    def _wait(self, line: ProbeLine, holds: Callable[[BrokerRecords], bool]) -> BrokerRecords:
        """Read the lists until something holds, or patience ends; the latest ones."""
        until, heard = self.timer() + self.patience_seconds, 0
        while True:
            lists = line.lists(self.account)
            if holds(lists) or self.timer() >= until:
                return lists
            for report in line.reports(heard, _LOOK_AGAIN_SECONDS):
                heard = report.number
                self._told.append(report)


@dataclass(frozen=True, slots=True)
class _Placed:
    """What was placed, and how many shares were held before."""

    instrument: Instrument
    held: Decimal | int
    words: str


def _judged(words: str, figures: Mapping[str, object]) -> Answer:
    if not figures["after_reconnect"]:
        return bad(
            f"{words}: after a reconnect its reference stood on no open order",
            "after a crash an order could not be told by its reference: do not go live",
            **figures,
        )
    if not figures["completed"]:
        return noted(
            f"{words}: its reference outlived a reconnect; once cancelled, it was on no list",
            "what was cancelled is known by its absence alone",
            **figures,
        )
    if not figures["completed_reference"]:
        return bad(
            f"{words}: its reference outlived a reconnect, and is not on the list of ended orders",
            "after a crash an order that has ended could not be told: do not go live",
            **figures,
        )
    return good(
        f"{words}: its reference outlived a reconnect, and its cancel on the list of ended orders",
        "after a crash orders are found again by it",
        **figures,
    )


def _of_probes(lists: BrokerRecords) -> tuple[OpenOrder, ...]:
    orders = lists.snapshot.open_orders
    return tuple(each for each in orders if each.reference.startswith(PROBE_REFERENCE))


def _held(lists: BrokerRecords, instrument: Instrument) -> Decimal | int:
    return sum(
        each.quantity
        for each in lists.snapshot.positions
        if each.instrument.con_id == instrument.con_id
    )
