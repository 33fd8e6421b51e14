"""What a probe says of bars: their hours, how durations count, when one is final, zone and unit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import Anchor, BarSize, session_slots
from sellkit.core.counting import counted
from sellkit.core.probed_bars import (
    AnchorFit,
    Reach,
    Sighting,
    anchor_fit,
    final_after,
    months_back,
    reach,
    sessions_back,
    sighting,
)
from sellkit.core.probing import bad, good, not_measured, noted
from sellkit.core.windows import BarRequest
from sellkit.errors import AnsweredElsewhere

if TYPE_CHECKING:
    import pandas as pd

    from sellkit.core.bars import Slot
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.core.probing import Answer
    from sellkit.ports import Broker, Clock, Progress

SPDR_TRUST: Final = 756733
"""Interactive Brokers' number of the SPDR S&P 500 ETF, whose volume everybody knows."""

_SESSIONS: Final = 31
_SECOND: Final = dt.timedelta(seconds=1)
_ASKED_AFTER: Final = (1, 2, 3, 5, 8, 12, 20, 30, 45, 60)
# Since 2008 tens of millions of shares on every day, so a hundredth of that many in lots.
_SPDR_SHARES: Final = 5_000_000
_SPDR_LOTS: Final = 3_000_000
_OFF_BY: Final = 2


@dataclass(slots=True)
class Bench:
    """Bars of one instrument, each kind asked for once."""

    broker: Broker
    clock: Clock
    instrument: Instrument
    calendar: Calendar

    def fetch(self, size: BarSize, duration: str) -> pd.DataFrame:
        """One answer up to now, regular hours alone."""
        end = self.clock.now().replace(microsecond=0)
        request = BarRequest(self.instrument, size, end, duration)
        try:
            return self.broker.bars(request)
        except AnsweredElsewhere:
            # Another process was told the same; a second later it is another question.
            return self.broker.bars(BarRequest(self.instrument, size, end + _SECOND, duration))


@dataclass
class BarProbe:
    """The questions about bars.

    Attributes
    ----------
    bench
        Where bars come from.
    anchor, final_after_seconds
        As the settings have them.
    progress
        Shows how far the wait for a bar is.
    """

    bench: Bench
    anchor: Anchor
    final_after_seconds: float
    progress: Progress

    @cached_property
    def half_hours(self) -> pd.DataFrame:
        """Those of 31 sessions."""
        return self.bench.fetch(BarSize.M30, f"{_SESSIONS} D")

    @cached_property
    def days(self) -> pd.DataFrame:
        """Those of a year."""
        return self.bench.fetch(BarSize.D1, "1 Y")

    def hours(self) -> Answer:
        """Native hours against those that each anchor folds of half-hours."""
        native, calendar = self.bench.fetch(BarSize.H1, f"{_SESSIONS} D"), self.bench.calendar
        now = self.bench.clock.now()
        fits = {each: anchor_fit(native, self.half_hours, calendar, each, now) for each in Anchor}
        figures = {str(anchor): _figures(fit) for anchor, fit in fits.items()}
        fitting = [fit for fit in fits.values() if fit.fits]
        if not any(fit.compared for fit in fits.values()):
            return not_measured("no closed session is in both answers", "probe again tomorrow")
        if not fitting:
            told = "neither anchor: " + "; ".join(_misfit(fit) for fit in fits.values())
            follows = "this gateway's hours and half-hours contradict each other: do not go live"
            return bad(told, follows, **figures)
        fit = fitting[0]
        half_days = (
            f", {counted(fit.short, 'half day')} among them" if fit.short else ", no half day"
        )
        told = f"{counted(fit.compared, 'hour')} of {counted(fit.sessions, 'session')}{half_days}"
        if len(fitting) > 1:
            follows = "its sessions open on the hour: --instrument ARCA:SPY can tell them apart"
            return noted(f"both anchors fit: {told}", follows, **figures)
        told = f"the {fit.anchor} anchor fits: {told}"
        if fit.anchor is self.anchor:
            follows = f'bars.hour_anchor = "{fit.anchor}" makes the gateway\'s own hours'
            return good(told, follows, **figures)
        follows = f'bars.hour_anchor = "{self.anchor}" makes other hours than the gateway\'s charts'
        return noted(told, follows, **figures)

    def sessions(self) -> Answer:
        """Whether a duration in days counts sessions."""
        found, calendar = self._reach(self.half_hours, BarSize.M30), self.bench.calendar
        first = sessions_back(_SESSIONS, calendar, self.bench.clock.now())
        is_so = (found.sessions, found.first) == (_SESSIONS, first)
        return _counted(
            found,
            "half-hours",
            is_so=is_so,
            meaning="it counts sessions, as downloads take it",
            other="it does not count sessions: downloads ask more often, and miss nothing",
        )

    def month(self) -> Answer:
        """Whether a month is one of the calendar."""
        frame = self.bench.fetch(BarSize.M30, "1 M")
        return _counted(
            self._reach(frame, BarSize.M30),
            "half-hours",
            is_so=self._is_months(frame, BarSize.M30, 1),
            meaning="it is a calendar month; downloads do not use it",
            other="it is no calendar month; downloads do not use it",
        )

    def year(self) -> Answer:
        """Whether a year is one of the calendar."""
        return _counted(
            self._reach(self.days, BarSize.D1),
            "days",
            is_so=self._is_months(self.days, BarSize.D1, 12),
            meaning="it is a calendar year, as downloads take it",
            other="it is no calendar year: downloads ask more often, and miss nothing",
        )

    def final(self) -> Answer:
        """When the bar of the half-hour that ends next is as it stays."""
        calendar, clock = self.bench.calendar, self.bench.clock
        session = calendar.at(clock.now())
        if session is None:
            return not_measured("the session is closed", "probe with --wait while it is open")
        slots = session_slots(session, BarSize.M30, calendar)
        slot = next(each for each in slots if each.end > clock.now())
        self._wait_for(slot.end)
        seen = self._sightings(slot)
        hour = " and an hour" if any(each.end == slot.end for each in self._hours_of(slot)) else ""
        return final_answer(
            final_after(seen),
            {
                "bar": f"a half-hour{hour} that ended {slot.end:%H:%M} UTC",
                "asked": len(seen),
                "first": seen[0].after_seconds,
                "until": seen[-1].after_seconds,
            },
            self.final_after_seconds,
        )

    def _sightings(self, slot: Slot) -> list[Sighting]:
        """The bar as it is told from its end on; at least twice, however fast the clock goes."""
        clock, due = self.bench.clock, [slot.end + each * _SECOND for each in _ASKED_AFTER]
        seen: list[Sighting] = []
        self.progress.start(f"asking for the bar that ended {slot.end:%H:%M} UTC", len(due))
        latest = slot.end
        while due:
            clock.sleep_until(due[0])
            frame = self.bench.fetch(BarSize.M30, "1 D")
            latest = max(_asked_at(frame), due[0])
            seen.append(sighting(frame, slot, (latest - slot.end).total_seconds()))
            left = [each for each in due if each > latest]
            self.progress.advance(len(due) - len(left))
            due = left if left or len(seen) > 1 else [latest + _SECOND]
        self.progress.stop()
        return seen

    def lots(self) -> Answer:
        """Whether volume counts shares, as far as the volume of a known fund shows it."""
        volume = float(self.days["volume"].median())
        told = f"a day's volume is {volume:,.0f}"
        follows = "no decision rests on volume"
        if self.bench.instrument.con_id == SPDR_TRUST and volume >= _SPDR_SHARES:
            return good(f"{told}: shares", follows, median_volume=volume)
        if self.bench.instrument.con_id == SPDR_TRUST and 0 < volume <= _SPDR_LOTS:
            return noted(f"{told}: lots of 100", follows, median_volume=volume)
        return noted(f"{told}: shares or lots, it does not show", follows, median_volume=volume)

    def _reach(self, frame: pd.DataFrame, size: BarSize) -> Reach:
        return reach(frame, size, self.bench.calendar, self.bench.clock.now())

    def _is_months(self, frame: pd.DataFrame, size: BarSize, count: int) -> bool:
        calendar, now = self.bench.calendar, self.bench.clock.now()
        since, last = months_back(count, calendar, now), calendar.latest_opened(now).date
        due = len(calendar.between(since, last))
        return abs(self._reach(frame, size).sessions - due) <= _OFF_BY

    def _wait_for(self, end: dt.datetime) -> None:
        clock = self.bench.clock
        left = max(int((end - clock.now()).total_seconds()), 1)
        self.progress.start(f"waiting for the bar that ends {end:%H:%M} UTC", left)
        done = 0
        while (still := (end - clock.now()).total_seconds()) > 0:
            clock.sleep_until(end, 1.0)
            gone = min(left - int(max(still, 0)), left)
            self.progress.advance(max(gone - done, 0))
            done = max(gone, done)
        self.progress.advance(left - done)
        self.progress.stop()

    def _hours_of(self, slot: Slot) -> tuple[Slot, ...]:
        return session_slots(slot.session, BarSize.H1, self.bench.calendar, self.anchor)


def final_answer(
    seconds: float | None, how: dict[str, object], final_after_seconds: float
) -> Answer:
    """When a bar is as it stays, held against the settings of the day.

    Parameters
    ----------
    seconds
        After its end; None when it never came, or changed to the end.
    how
        Which `bar`, in words, and `asked` so often, from `first` to `until` seconds after its end.
    """
    asked = f"asked {how['asked']} times, {how['first']:g} to {how['until']:g} s after its end"
    setting = f"bars.final_after_seconds = {final_after_seconds:g}"
    figures = {"seconds": seconds, **how}
    if seconds is None:
        follows = f"{setting} cannot be relied on: see what the gateway's data farms say"
        return bad(f"{how['bar']}: not there or still changing ({asked})", follows, **figures)
    told = f"{how['bar']}: final after {seconds:g} s at the latest ({asked})"
    if seconds <= final_after_seconds:
        return good(told, f"{setting} is late enough", **figures)
    if seconds == how["first"]:
        return noted(told, f"whether {setting} is late enough was asked too late", **figures)
    return bad(told, f"{setting} is too early: set it above {seconds:g}", **figures)


def _counted(found: Reach, what: str, *, is_so: bool, meaning: str, other: str) -> Answer:
    since = f"{counted(found.sessions, 'session')} since {found.first}"
    told = f"{since}, {found.bars} of {found.due} {what} due"
    figures = {"bars": found.bars, "due": found.due, "sessions": found.sessions}
    if found.off_calendar:
        return bad(
            f"{told}; {found.off_calendar} lie where the session calendar has none",
            "the calendar is not the gateway's: bring exchange_calendars up to date",
            **figures,
        )
    return good(told, meaning, **figures) if is_so else noted(told, other, **figures)


def _misfit(fit: AnchorFit) -> str:
    return (
        f"{fit.anchor} of {fit.compared} hours {fit.differing} differ, {fit.off_grid} off "
        f"its grid, {fit.absent} absent"
    )


def _figures(fit: AnchorFit) -> dict[str, int]:
    names = ("sessions", "short", "compared", "off_grid", "absent", "differing")
    return {name: getattr(fit, name) for name in names}


def _asked_at(frame: pd.DataFrame) -> dt.datetime:
    asked: dt.datetime = frame["fetched_at"].max().to_pydatetime()
    return asked
