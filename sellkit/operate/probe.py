"""Asks a gateway what documents leave open, one question after the other. It reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

from sellkit.core.counting import counted
from sellkit.core.instrument import Token
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.probing import (
    Answer,
    Finding,
    ProbedGateway,
    ProbeRecord,
    Question,
    bad,
    carried,
    good,
    not_measured,
    noted,
)
from sellkit.errors import BrokerError, ConfigError, InvalidBars
from sellkit.operate import probe_account as of_account
from sellkit.operate.probe_bars import BarProbe, Bench, final_answer

if TYPE_CHECKING:
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.probe_account import ProbeTerms
    from sellkit.ports import Broker, Clock, Progress
    from sellkit.ports.probing import Survey

WELL_KNOWN: Final = Token("ARCA", "SPY")
"""Traded every minute, so that no half-hour is missing for want of a trade."""

_CANDIDATES: Final = 5
_NOTHING_TOLD: Final = "no instrument could be asked about"

Place = Callable[["Instrument", "Calendar"], Answer]
Work = Callable[[], Answer]


@dataclass(slots=True)
class Probe:
    """One probe of one gateway.

    Attributes
    ----------
    broker, survey, clock
        The gateway, what only a probe asks of it, and the time.
    terms
        What the answers are held against.
    progress
        Shows how far it is.
    place
        Measures what becomes of an order's reference; None places no order.
    """

    broker: Broker
    survey: Survey
    clock: Clock
    terms: ProbeTerms
    progress: Progress
    place: Place | None = None
    _lists: BrokerRecords | None = field(default=None, init=False)
    _lists_trouble: str = field(default="", init=False)
    _bars: BarProbe | None = field(default=None, init=False)

    def run(self, gateway: ProbedGateway, former: ProbeRecord | None) -> ProbeRecord:
        """Ask everything.

        Parameters
        ----------
        former
            The latest probe of the profile; what it measured and this one does not is kept.
        """
        began_at = self.clock.now()
        kept = {each.question: each for each in carried(former, gateway, began_at)}
        found = []
        self.progress.start("probing", len(Question))
        try:
            for question, work in self._questions(gateway):
                finding = Finding.of(question, _answered(work), self.clock.now())
                if not finding.is_measured and question in kept:
                    finding = self._kept(kept[question])
                found.append(finding)
                self.progress.advance(of=question)
        finally:
            self.progress.stop()
        return ProbeRecord(
            gateway=gateway, began_at=began_at, ended_at=self.clock.now(), findings=tuple(found)
        )

    def _questions(self, gateway: ProbedGateway) -> Iterator[tuple[Question, Work]]:
        terms, accounts = self.terms, len(self.broker.account_numbers)
        yield Question.GATEWAY, lambda: of_account.gateway_answer(terms, gateway)
        yield Question.ACCOUNTS, lambda: of_account.accounts_answer(terms, accounts)
        yield Question.ORDERS, self._orders
        yield Question.CLIENT_ID, lambda: of_account.client_id_answer(terms)
        yield Question.READ_ONLY, lambda: of_account.read_only_answer(self._lists_trouble)
        yield Question.RESUBMISSION, of_account.resubmission_answer
        yield Question.INSTRUMENT, self._choose
        yield Question.PRICES, self._of_bars(self._prices)
        yield Question.HOURS, self._of_bars(BarProbe.hours)
        yield Question.DAYS, self._of_bars(BarProbe.sessions)
        yield Question.MONTH, self._of_bars(BarProbe.month)
        yield Question.YEAR, self._of_bars(BarProbe.year)
        yield Question.ZONE, self._of_bars(self._zone)
        yield Question.LOTS, self._of_bars(BarProbe.lots)
        yield Question.FINAL, self._of_bars(self._final)
        yield Question.REFERENCE, self._of_bars(self._reference)

    def _orders(self) -> Answer:
        try:
            self._lists = self.survey.lists(self.terms.account)
        except BrokerError as error:
            self._lists_trouble = str(error)
            raise
        return of_account.orders_answer(self.terms, self._lists)

    def _choose(self) -> Answer:
        """The first candidate that the gateway tells half-hours of."""
        troubles = []
        for find in self._candidates():
            try:
                instrument = find()
                bars = self._bench_of(instrument)
                count = len(bars.half_hours)
            except (BrokerError, InvalidBars) as error:
                troubles.append(str(error))
                continue
            self._bars = bars
            told = f"{instrument}: {counted(count, 'half-hour')} told"
            if not troubles:
                return good(told, "the questions about bars are asked of it")
            return noted(f"{told}; before it {troubles[0]}", "the questions are asked of it")
        return bad("; ".join(troubles) or _NOTHING_TOLD, "bars cannot be had: no decision can be")

    def _candidates(self) -> Iterator[Callable[[], Instrument]]:
        token = self.terms.token
        yield lambda: self.broker.find(token or WELL_KNOWN)
        if token is not None or self._lists is None:
            return
        held = [each.instrument for each in self._lists.snapshot.positions]
        usable = [each for each in held if each.is_decided and has_calendar(each.token.exchange)]
        for each in usable[:_CANDIDATES]:
            yield _always(each)

    def _bench_of(self, instrument: Instrument) -> BarProbe:
        bench = Bench(self.broker, self.clock, instrument, calendar_for(instrument.token.exchange))
        terms = self.terms
        return BarProbe(bench, terms.anchor, terms.final_after_seconds, self.progress)

    def _of_bars(self, ask: Callable[[BarProbe], Answer]) -> Work:
        def work() -> Answer:
            if self._bars is None:
                return not_measured(_NOTHING_TOLD, "see the answer about the instrument")
            return ask(self._bars)

        return work

    def _prices(self, bars: BarProbe) -> Answer:
        instrument = bars.bench.instrument
        quote = self.broker.quotes([instrument])[instrument.con_id]
        is_open = bars.bench.calendar.at(self.clock.now()) is not None
        if quote.trouble is None:
            return good(f"live: {quote}", "orders are held against them")
        if is_open:
            return bad(quote.trouble, "live mode withholds every order")
        return noted(quote.trouble, "the session is closed: probe again while it is open")

    def _zone(self, bars: BarProbe) -> Answer:
        zone = self.survey.zone(bars.bench.instrument)
        told = f"times are written in {zone}" if zone else "times are written without a zone"
        return good(told, "none is read: seconds since 1970 are asked for", zone=zone)

    def _final(self, bars: BarProbe) -> Answer:
        if not self.terms.is_patient:
            return not_measured("takes up to half an hour", "probe with --wait in a session")
        return bars.final()

    def _reference(self, bars: BarProbe) -> Answer:
        if self.place is None:
            return not_measured("takes an order", "probe with --order, on a paper account")
        return self.place(bars.bench.instrument, bars.bench.calendar)

    def _kept(self, former: Finding) -> Finding:
        """What an earlier probe found; a bar's finality is held against the settings of today."""
        if former.question is not Question.FINAL:
            return former
        figures = dict(former.figures)
        seconds = cast("float | None", figures.pop("seconds", None))
        if not {"bar", "asked", "first", "until"} <= figures.keys():
            return former
        judged = final_answer(seconds, figures, self.terms.final_after_seconds)
        return replace(former, outcome=judged.outcome, follows=judged.follows)


def refuse_unknown_exchange(token: Token) -> None:
    """See that the sessions of an instrument are known, before anything is connected.

    Raises
    ------
    ConfigError
        They are not.
    """
    if not has_calendar(token.exchange):
        raise ConfigError(f"no session calendar is known for {token}: name another --instrument")


def _always(instrument: Instrument) -> Callable[[], Instrument]:
    return lambda: instrument


def _answered(work: Work) -> Answer:
    """The one place where an error of the gateway becomes an answer: every question has its own."""
    try:
        return work()
    except (BrokerError, InvalidBars) as error:
        return bad(f"no answer: {error}", "probe again; if it stays so, see the log")
