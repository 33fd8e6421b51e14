"""Judge a session's last bar before the bell, on what the gateway tells of it at that moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import BarSize, session_slots
from sellkit.core.evaluate import History
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.pacing import Urgency
from sellkit.core.provisional import LastBars
from sellkit.core.windows import BarRequest
from sellkit.errors import BrokerError, InvalidBars, NoBars, NotConnected
from sellkit.operate.slices import ONE_SESSION
from sellkit.operate.study import Archive, Studies, Study

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Container, Iterable

    import pandas as pd

    from sellkit.core.instrument import Instrument, Token
    from sellkit.core.market_time import Calendar, Session
    from sellkit.core.portfolio import Position
    from sellkit.operate.options import DeskOptions
    from sellkit.operate.parts import Parts
    from sellkit.operate.prepare import Preparation

    Studying = Callable[[Instrument], Study]


def studying(
    parts: Parts,
    options: DeskOptions,
    as_of: dt.datetime,
    asked_as_of: dt.datetime | None,
    ready: Preparation | None,
    positions: Iterable[Position],
    assigned: Container[Token],
) -> Studying:
    """What judgements at a moment rest on.

    That is completed bars; where last bars are judged early, and a session ends so soon, with a
    provisional one behind them. A past moment has completed bars alone.

    Parameters
    ----------
    as_of
        The moment that is judged, aware UTC; whose sessions end soon after it are asked about.
    asked_as_of
        A past moment that was asked for, or None.
    ready
        What was prepared for this moment, or None.
    assigned
        The tokens that are decided.

    Raises
    ------
    NotConnected
        The connection ended.
    """
    archive = Archive(options, as_of)
    studies = Studies(parts.store, archive, is_present=asked_as_of is None)
    study = studies.of if ready is None else ready.study
    held = [each.instrument for each in positions if each.quantity > 0]
    soon = [each for each in held if _ends_soon(each, options, as_of)]
    asked = [each for each in soon if each.token in assigned]
    if not asked or asked_as_of is not None or not parts.broker.standing.is_ready:
        return study
    with ThreadPoolExecutor(options.concurrency, thread_name_prefix="last bars") as pool:
        answers = list(pool.map(lambda each: _ask(parts, options, each), asked))
    told = {each.con_id: answer for each, answer in zip(asked, answers, strict=True)}
    return _Early(parts, options, as_of, study, told).of


@dataclass(frozen=True, slots=True)
class _Early:
    """Studies with what is told of the running half-hours, by contract."""

    parts: Parts
    options: DeskOptions
    as_of: dt.datetime
    study: Studying
    told: dict[int, pd.DataFrame | str]

    def of(self, instrument: Instrument) -> Study:
        """The study of one instrument."""
        found, answer = self.study(instrument), self.told.get(instrument.con_id)
        calendar = calendar_for(instrument.token.exchange)
        session = calendar.at(self.as_of)
        if answer is None or session is None:
            return found
        stored = self.parts.store.read(self.options.key(instrument.con_id, BarSize.M30))
        bars = LastBars.of(session, calendar, stored, answer)
        return self._with(found.history, bars, session, calendar)

    def _with(
        self, history: History, last: LastBars, session: Session, calendar: Calendar
    ) -> Study:
        bars, states = {}, {}
        for timeframe in Timeframe:
            grid = (timeframe.bar_size, calendar, self.options.anchor)
            slot = session_slots(session, *grid)[-1]
            found = last.behind(history.of(timeframe), slot, self.options.lag)
            state = history.states[timeframe].copy()
            if found.problem is None:
                state.advance(float(found.frame["close"].iloc[-1]))
            bars[timeframe], states[timeframe] = found, state
        return Study.of(
            History(bars[Timeframe.H1], bars[Timeframe.D1], history.price_basis, states)
        )


def _ends_soon(instrument: Instrument, options: DeskOptions, as_of: dt.datetime) -> bool:
    early, exchange = options.limits.early, instrument.token.exchange
    if not early or not instrument.is_decided or not has_calendar(exchange):
        return False
    session = calendar_for(exchange).at(as_of)
    return session is not None and session.close_utc - as_of <= early


def _ask(parts: Parts, options: DeskOptions, instrument: Instrument) -> pd.DataFrame | str:
    """The half-hours of this session up to now, the running one among them, or why there are none.

    One instrument that fails must not keep the others from being decided.
    """
    end = parts.clock.now().replace(microsecond=0)
    request = BarRequest(
        instrument, BarSize.M30, end, ONE_SESSION, rth=options.rth, urgency=Urgency.HOUR
    )
    try:
        return parts.broker.bars(request)
    except NotConnected:
        raise
    except NoBars:
        return "the gateway has no bar of this session"
    except (BrokerError, InvalidBars) as error:
        return str(error)
