"""Seeded prices on a grid of minutes, and longer bars as their exact fold.

A walk over the sessions gives each one its opening, close and evening level; inside them a bridge
of minutes leads from level to level. Prices are counted in ticks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.simgateway.bar_sizes import DAY, MINUTE, Span, Unit
from sellkit.simgateway.chance import BELL_DEVIATION, Chance, Floats
from sellkit.simgateway.legs import EARLY, LATE, REGULAR, Legs, Levels, legs_of
from sellkit.simgateway.rows import Rows, fold, joined, no_rows
from sellkit.simgateway.shown import too_many

if TYPE_CHECKING:
    from sellkit.simgateway.listing import Listing
    from sellkit.simgateway.timetable import Hours, Timetable

# Trends last 45 days, push by an eighth of a day's deviation per session, and the pull back to the
# start price halves a distance in about 280 sessions: enough of both to cross moving averages.
_TREND_DAYS: Final = 45
_TREND_SHARE: Final = 0.125
_PULL: Final = math.exp(-1 / 400)

_FEWEST_TICKS: Final = 2.0
_MINUTES_KEPT: Final = 600_000
# Bars of half an hour and longer are kept by the month, so that the minutes below them need not be.
_KEPT_FROM: Final = 30
_MOST_MINUTES: Final = 1_000_000
_MONTHS_OF_BARS_KEPT: Final = 1024
_MONTHS_OF_DAYS_KEPT: Final = 8192
_MONTH_OF_MINUTES: Final = 20_000
_MONTH_ALWAYS_OPEN: Final = 44_000


class Synthetic:
    """Prices for any listing, from nothing but a seed.

    Parameters
    ----------
    seed
        Another seed, another market.
    hours
        The sessions of an exchange.
    always_open
        Only to bound the memory used: months are longer then.
    """

    def __init__(
        self, seed: int, hours: Callable[[str], Hours], *, always_open: bool = False
    ) -> None:
        self._seed = seed
        self._hours = hours
        month = _MONTH_ALWAYS_OPEN if always_open else _MONTH_OF_MINUTES
        self._levels = lru_cache(maxsize=128)(self._walk)
        self._minutes = lru_cache(maxsize=_MINUTES_KEPT // month)(self._month_of_minutes)
        self._bars = lru_cache(maxsize=_MONTHS_OF_BARS_KEPT)(self._month_of_bars)
        self._days = lru_cache(maxsize=_MONTHS_OF_DAYS_KEPT)(partial(self._month_of_bars, DAY))

    def unit(self, listing: Listing) -> Fraction:
        """What the prices of rows are counted in: the tick."""
        return Fraction(listing.tick)

    def finest(self, listing: Listing) -> Span | None:
        """The shortest bars there are."""
        return MINUTE

    def first_session(self, listing: Listing, *, rth: bool) -> int | None:
        """The session with the first bar."""
        return self._hours(listing.exchange).regular.first_on(listing.listed)

    def rows(
        self, listing: Listing, span: Span, sessions: range, now: float, *, rth: bool
    ) -> Rows | None:
        """Rows that fold into bars of `span`.

        Parameters
        ----------
        listing, span, sessions, rth
            What is asked for.
        now
            Seconds after 1970. Nothing later is told: of the minute in progress as much as has
            passed, on a straight line from its open to its close.

        Returns
        -------
        Rows or None
            None: there is nothing that fine.

        Raises
        ------
        Refused
            162: so many minutes are asked for that no answer would hold them.
        """
        if span.unit is Unit.SECOND:
            return None
        if not sessions:
            return no_rows()
        table = self._hours(listing.exchange).of(rth=rth)
        if span == MINUTE:
            _check_minutes(table, sessions)
            return _until(self._gather(self._minutes, listing, sessions, rth=rth), now)
        kept, make = self._months_of(span)
        done = int(np.searchsorted(table.closes, now / 60, "right"))
        past = range(sessions.start, min(sessions.stop, max(done, sessions.start)))
        open_now = range(past.stop, sessions.stop)
        done_bars = self._gather(make, listing, past, rth=rth)
        minutes = _until(self._gather(self._minutes, listing, open_now, rth=rth), now)
        begun = fold(minutes, table.bounds(kept, minutes.session, minutes.minute)[0])
        return joined((done_bars, begun))

    def _months_of(self, span: Span) -> tuple[Span, Callable[[Listing, bool, int], Rows]]:
        """Bars that fold into those of a span, and how a month of them is had."""
        if span.is_dated:
            return DAY, self._days
        return span, partial(self._bars if span.length >= _KEPT_FROM else self._month_of_bars, span)

    def _gather(
        self,
        make: Callable[[Listing, bool, int], Rows],
        listing: Listing,
        sessions: range,
        *,
        rth: bool,
    ) -> Rows:
        if not sessions:
            return no_rows()
        table = self._hours(listing.exchange).of(rth=rth)
        months = range(int(table.months[sessions.start]), int(table.months[sessions.stop - 1]) + 1)
        return joined(make(listing, rth, month) for month in months).of_sessions(sessions)

    def _month_of_bars(self, span: Span, listing: Listing, rth: bool, month: int) -> Rows:
        rows = self._minutes(listing, rth, month)
        table = self._hours(listing.exchange).of(rth=rth)
        return fold(rows, table.bounds(span, rows.session, rows.minute)[0])

    def _month_of_minutes(self, listing: Listing, rth: bool, month: int) -> Rows:
        hours = self._hours(listing.exchange)
        table = hours.regular
        levels = self._levels(listing)
        first, stop = np.searchsorted(table.months, (month, month + 1), "left")
        sessions = range(max(int(first), levels.first), int(stop))
        if not sessions:
            return no_rows()
        legs = legs_of(sessions, levels, hours, rth=rth)
        return self._bridges(listing, legs)

    def _bridges(self, listing: Listing, legs: Legs) -> Rows:
        """The minutes of legs, each a random bridge from its first level to its last."""
        leg = np.repeat(np.arange(len(legs.minutes)), legs.minutes)
        stop = np.cumsum(legs.minutes)
        start = stop - legs.minutes
        offset = np.arange(len(leg)) - start[leg]
        minute = legs.start[leg] + offset
        passed = (offset + 1) / legs.minutes[leg]
        walk = np.cumsum(self._chance(listing, "minute").bells(minute))
        before = np.where(start > 0, walk[start - 1], 0)
        wiggle = (walk - before[leg]) - passed * (walk[stop - 1] - before)[leg]
        step = legs.deviation / np.sqrt(legs.minutes)
        rise = legs.last - legs.first
        level = legs.first[leg] + rise[leg] * passed + (step / BELL_DEVIATION)[leg] * wiggle
        close = _ticks(level, listing)
        open_ = np.concatenate((close[:1], close[:-1]))
        open_[start] = _ticks(legs.first, listing)
        up, down, bustle = self._chance(listing, "range").shares(minute)
        reach = close * step[leg]
        high = np.maximum(open_, close) + np.rint(up * up * reach)
        low = np.maximum(np.minimum(open_, close) - np.rint(down * down * reach), _FEWEST_TICKS)
        edge = (2 * passed - 1) ** 2
        shape = np.where(legs.is_regular[leg], 0.55 + 2.25 * edge * edge, 1.0)
        volume = (legs.volume[leg] * shape * (0.4 + 1.2 * bustle)).astype(np.int64) + 1
        return Rows(
            session=legs.session[leg],
            minute=minute,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            turnover=(open_ + high + low + close) * volume,
            trades=volume // 120 + 1,
        )

    def _walk(self, listing: Listing) -> Levels:
        """The levels of every session, as logarithms of price."""
        table = self._hours(listing.exchange).regular
        first = table.first_on(listing.listed)
        days = table.ordinals[first:]
        deviation = listing.volatility
        if deviation is None:
            deviation = 0.01 + 0.01 * self._chance(listing, "volatility").share()
        early, regular, late = (
            deviation * share * self._chance(listing, share).normals(days)
            for share in (EARLY, REGULAR, LATE)
        )
        trend = self._chance(listing, "trend").normals(days // _TREND_DAYS)
        overnight = np.concatenate(([0.0], (late[:-1] + early[1:])))[: len(days)]
        steps = overnight + regular + _TREND_SHARE * deviation * trend
        decay = _PULL ** np.arange(len(days))
        distance = np.cumsum(steps / decay) * decay
        centre = math.log(self._start_price(listing))
        close = centre + distance
        opening = np.concatenate(([centre], close[:-1] + overnight[1:]))[: len(days)]
        bustle = np.exp(0.3 * self._chance(listing, "bustle").normals(days))
        daily_volume = 1e6 * math.exp(3.4 * self._chance(listing, "volume").share()) * bustle
        return Levels(first, deviation, opening, close, close + late, daily_volume)

    def _start_price(self, listing: Listing) -> float:
        if listing.start_price is not None:
            return listing.start_price
        return 20 * 15 ** self._chance(listing, "price").share()

    def _chance(self, listing: Listing, purpose: object) -> Chance:
        return Chance(self._seed, listing.symbol, purpose)


def _check_minutes(table: Timetable, sessions: range) -> None:
    where = slice(sessions.start, sessions.stop)
    count = int((table.closes[where] - table.opens[where]).sum())
    if count > _MOST_MINUTES:
        raise too_many(count)


def _ticks(level: Floats, listing: Listing) -> Floats:
    return np.maximum(np.rint(np.exp(level) / float(listing.tick)), _FEWEST_TICKS)


def _until(rows: Rows, now: float) -> Rows:
    """The rows that have begun, the last one as far as it has come."""
    rows = rows.part(slice(0, int(np.searchsorted(rows.minute, now / 60, "left"))))
    if not len(rows.minute):
        return rows
    passed = now / 60 - float(rows.minute[-1])
    if passed >= 1:
        return rows
    begun = float(rows.open[-1])
    reached = begun + float(np.rint(passed * (rows.close[-1] - begun)))
    volume = int(passed * rows.volume[-1])
    ends = (begun, max(begun, reached), min(begun, reached), reached)
    values = (*ends, volume, sum(ends) * volume, int(passed * rows.trades[-1]))
    last = Rows._make(
        np.asarray([value], column.dtype)
        for value, column in zip((rows.session[-1], rows.minute[-1], *values), rows, strict=True)
    )
    return joined((rows.part(slice(0, -1)), last))
