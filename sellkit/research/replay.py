"""The trader's own assignments on history: the live evaluator at each moment, and what came of it.

A position is held from the first bar judged. It is sold at the open of the bar after the one that
closed strictly below its average; at a session's close, by the setting, at the next opening or not
at all. Every other exit that the rule would have made is told, too: of whoever held then.

A moment is judged on what had been told by then, as far as the store tells: of a bar that was
corrected later on its former numbers. A bar that was only fetched long after it was due is judged
as it was told then; how many there are is counted. Gates that look at the account of that time,
break-even for instance, are not applied: no store holds what they would see.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.limits import AtClose
from sellkit.core.signals import Decision
from sellkit.research.course import Course
from sellkit.research.market import Closes, Fill, Market, bought_at, micros_of, sold_at
from sellkit.research.replayed import AFTER, Equity, Exit, PositionReplay, Replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.instrument import Token
    from sellkit.core.signals import BarCertificate
    from sellkit.ports import Progress
    from sellkit.research.course import Judgement, ReplayTerms, Subject

BEFORE: Final = "no bar is stored of that time, nor of any before"
_LONG_AFTER: Final = dt.timedelta(hours=1)
_AT_ONCE: Final = 100
_TIMES: Final = re.compile(r"the bar \S+ \S+ to \S+ UTC")
_COUNTS: Final = re.compile(r"has \d+$")


@dataclass(slots=True)
class Replaying:
    """A replay under way: what is done stays done when it is interrupted.

    Attributes
    ----------
    subjects
        What is replayed.
    terms
        From when to when, and how.
    without
        By token, why a position cannot be replayed.
    done
        Those that were replayed so far.
    """

    subjects: Sequence[Subject]
    terms: ReplayTerms
    without: Mapping[Token, str] = field(default_factory=dict)
    done: list[PositionReplay] = field(default_factory=list)

    def run(self, progress: Progress) -> Replay:
        """Replay one position after the other."""
        left = [(each, Course(each, self.terms)) for each in self.subjects[len(self.done) :]]
        progress.start("replaying", sum(len(course) for _, course in left))
        try:
            for subject, course in left:
                self.done.append(_replayed(subject, course, progress))
        finally:
            progress.stop()
        return self.result()

    def result(self) -> Replay:
        """What has been replayed so far."""
        found = tuple(sorted(self.done, key=lambda each: each.token))
        is_whole = len(self.done) == len(self.subjects)
        return Replay(self.terms, found, dict(self.without), is_whole)


@dataclass(slots=True)
class _Heard:
    """What the moments of one position came to.

    Attributes
    ----------
    firm
        Those with a certificate, in order.
    sales
        Places among them at which the rule sold whoever held.
    """

    firm: list[tuple[Judgement, BarCertificate]] = field(default_factory=list)
    sales: list[int] = field(default_factory=list)
    undecided: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    told_later: int = 0


def _replayed(subject: Subject, course: Course, progress: Progress) -> PositionReplay:
    heard = _listen(course, progress)
    market = Market(subject.halves, subject.days, course.calendar)
    sales = [_Sale(place, market.next_open(heard.firm[place][0].at)) for place in heard.sales]
    equity, out, held = _equity(course.terms, heard, sales, market)
    looking = _Looking(course, heard)
    return PositionReplay(
        token=subject.position.instrument.token,
        con_id=subject.position.instrument.con_id,
        assignment=subject.assignment,
        moments=len(course),
        decided=len(heard.firm),
        undecided=dict(heard.undecided),
        withheld=heard.withheld,
        told_later=heard.told_later,
        corrected=course.corrected,
        exits=tuple(looking.exit(each, was_held=each.place in held) for each in sales),
        out_percent=out,
        equity=equity,
    )


def _listen(course: Course, progress: Progress) -> _Heard:
    """Ask the evaluator at each moment; a run of EXITs is one sale."""
    heard, terms, is_held = _Heard(), course.terms, True
    waiting = 0
    for judgement in course:
        waiting += 1
        if waiting == _AT_ONCE:
            progress.advance(waiting, of=str(course.subject.assignment.token))
            waiting = 0
        signal = judgement.signal
        proof = signal.certificate
        if proof is None:
            reason = plainly(signal.reasons[0]) if judgement.is_stored else BEFORE
            heard.undecided[reason] += 1
            continue
        heard.firm.append((judgement, proof))
        heard.told_later += proof.fetched_at > judgement.at + _LONG_AFTER
        if signal.decision is Decision.HOLD:
            is_held = True
        elif not is_held or (judgement.is_close and terms.at_close is AtClose.SKIP):
            continue
        elif proof.seed_weight > terms.max_seed_weight:
            heard.withheld += 1
        else:
            heard.sales.append(len(heard.firm) - 1)
            is_held = False
    progress.advance(waiting, of=str(course.subject.assignment.token))
    return heard


def plainly(reason: str) -> str:
    """A reason without the times in it, so that it can be counted."""
    return _COUNTS.sub("has fewer", _TIMES.sub("the bar", reason))


@dataclass(frozen=True, slots=True)
class _Sale:
    """A sale, by its place among the firm judgements."""

    place: int
    fill: Fill | None


class _Looking:
    """What became of the price after a sale."""

    def __init__(self, course: Course, heard: _Heard) -> None:
        self._terms = course.terms
        self._firm = heard.firm
        self._bars, self._days = Closes.of(course.series), Closes.of(course.days)
        gaps = [proof.close - proof.average for _, proof in heard.firm]
        self._above = np.flatnonzero(np.array(gaps) > 0)

    def exit(self, sale: _Sale, *, was_held: bool) -> Exit:
        (judgement, proof), fill = self._firm[sale.place], sale.fill
        back = self._back_above(sale.place)
        until = self._firm[back if back is not None else -1][0].at
        bars = None if back is None else back - sale.place
        lowest = None if fill is None else self._bars.lowest(fill, until)
        fallen = None
        if fill is not None and lowest is not None:
            fallen = max(0.0, (fill.price - lowest) / fill.price * 100)
        return Exit(
            at=judgement.at,
            close=proof.close,
            average=proof.average,
            seed_weight=proof.seed_weight,
            fill=fill,
            proceeds=None if fill is None else sold_at(fill.price, self._terms.costs),
            after_bars={each: _moved(fill, self._bars, each) for each in AFTER},
            after_days={each: _moved(fill, self._days, each) for each in AFTER},
            since_percent=self._since(fill),
            back_above=bars,
            is_whipsaw=bars is not None and bars <= self._terms.whipsaw_bars,
            avoided_percent=fallen,
            was_held=was_held,
        )

    def _since(self, fill: Fill | None) -> float | None:
        """The move up to the last close, if the sale comes before it."""
        judgement, proof = self._firm[-1]
        if fill is None or fill.at >= judgement.at:
            return None
        return _percent(fill, proof.close)

    def _back_above(self, place: int) -> int | None:
        at = int(np.searchsorted(self._above, place, side="right"))
        return int(self._above[at]) if at < len(self._above) else None


def _moved(fill: Fill | None, closes: Closes, bars: int) -> float | None:
    if fill is None:
        return None
    found = closes.after(fill, bars)
    return None if found is None else _percent(fill, found)


def _percent(fill: Fill, price: float) -> float:
    return (price / fill.price - 1) * 100


def _equity(
    terms: ReplayTerms, heard: _Heard, sales: Sequence[_Sale], market: Market
) -> tuple[Equity, float, frozenset[int]]:
    """Worth by time, the share of time out of the market, and which sales were of this holder."""
    times = np.array([micros_of(each.at) for each, _ in heard.firm], dtype=np.int64)
    closes = np.array([proof.close for _, proof in heard.firm])
    if not len(closes):
        return Equity(times, closes, closes), 0.0, frozenset()
    rule, held, is_out = np.empty(len(closes)), [], np.zeros(len(closes), dtype=np.bool_)
    shares, place = 1 / closes[0], 0
    for sale in sales:
        if sale.fill is None or sale.place < place:
            continue
        sold = int(np.searchsorted(times, micros_of(sale.fill.at), side="right"))
        rule[place:sold] = shares * closes[place:sold]
        held.append(sale.place)
        cash = shares * sold_at(sale.fill.price, terms.costs)
        bought = _re_entry(heard, sale.place, market) if terms.reenters else None
        place = len(closes)
        if bought is not None:
            place = int(np.searchsorted(times, micros_of(bought.at), side="right"))
            shares = cash / bought_at(bought.price, terms.costs)
        rule[sold:place], is_out[sold:place] = cash, True
    rule[place:] = shares * closes[place:]
    equity = Equity(times, rule, closes / closes[0])
    return equity, float(is_out.mean() * 100), frozenset(held)


def _re_entry(heard: _Heard, sold: int, market: Market) -> Fill | None:
    """The open after the first bar that closes strictly above the average again."""
    for judgement, proof in heard.firm[sold + 1 :]:
        if proof.close > proof.average:
            return market.next_open(judgement.at)
    return None
