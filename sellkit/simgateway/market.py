"""The market behind the simulated gateway: bars, quotes and hours of the symbols it lists.

Prices are made up from a seed, or replayed from folders of recorded bars. The same question always
gets the same bars, and no answer tells anything of the time after `now`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import UTC
from sellkit.simgateway.bar_sizes import DAY, Span, span_named
from sellkit.simgateway.base_prices import base_prices
from sellkit.simgateway.corrections import Corrections
from sellkit.simgateway.disturbed import Disturbed
from sellkit.simgateway.durations import Duration, Window, parse_duration, window
from sellkit.simgateway.halts import Halts
from sellkit.simgateway.history import (
    NO_SUCH_SECURITY,
    NOT_SUBSCRIBED,
    NOT_VALID,
    HistoryBar,
    HistoryQuery,
    Refused,
)
from sellkit.simgateway.listing import Listing
from sellkit.simgateway.market_terms import MarketTerms, UntilFinal
from sellkit.simgateway.moves import Move, Moved
from sellkit.simgateway.opening_hours import Sessions, hours_text, sessions_back
from sellkit.simgateway.quote import Quote
from sellkit.simgateway.quoting import last_trade, quote_of, seen_at
from sellkit.simgateway.rows import Rows, fold, no_rows
from sellkit.simgateway.shown import MOST_BARS, NoData, bars_of, check_shown, too_many
from sellkit.simgateway.splits import Split, Splits
from sellkit.simgateway.timetable import hours_of

if TYPE_CHECKING:
    from fractions import Fraction

    from sellkit.simgateway.scenario import Scenario

__all__ = ["Listing", "Market", "Quote"]

_SESSIONS_SEARCHED: Final = 8
_SESSIONS_TRIED: Final = 2
_DAY_SECONDS: Final = 86_400
# A bar that is not final is told as it stood so long before its end.
_PROVISIONAL_SECONDS: Final = 5.0
_PLAIN: Final = MarketTerms()
_NOTHING: Final[Mapping[str, Path]] = MappingProxyType({})


class Market:
    """Bars, quotes and hours of listed symbols.

    Parameters
    ----------
    listings
        The symbols that are known.
    seed
        Of the synthetic prices.
    replay
        Folders of `SYMBOL.parquet` by bar size (`1m`, `5m`, `30m`, `1h`, `1d` ...). With any, no
        price is synthetic: a symbol without a file has no data.
    always_open
        Every calendar day is one session of 24 hours on the exchange's clock. Replayed bars keep to
        the sessions in which they were recorded; only `hours` then tells an open market.
    final_after_seconds
        How long after its end a bar, and with it what follows, is missing in `history`.
    terms
        What is told of bars meanwhile, halts and corrections; the rest of it is not for a market.

    Attributes
    ----------
    final_after_seconds, until_final
        As above; may be changed while the gateway runs.
    halts, corrections
        When symbols do not trade, and closes that are told anew; may grow.

    Raises
    ------
    ConfigError, InvalidBars
        A folder or a file that cannot be replayed.
    NoCalendar
        A listing on an unknown exchange.
    """

    def __init__(
        self,
        listings: Iterable[Listing],
        *,
        seed: int = 1,
        replay: Mapping[str, Path] = _NOTHING,
        always_open: bool = False,
        final_after_seconds: float = 0.0,
        terms: MarketTerms = _PLAIN,
    ) -> None:
        self.final_after_seconds = final_after_seconds
        self.until_final = terms.until_final
        self.halts = Halts(terms.halts)
        self.corrections = Corrections(terms.corrections)
        self._listings = {listing.symbol: listing for listing in listings}
        self._told_hours = partial(hours_of, always_open=always_open)
        self._hours = partial(hours_of, always_open=always_open and not replay)
        source = self._source = base_prices(seed, replay, self._hours, always_open=always_open)
        disturbed = Disturbed(
            source, self._hours, self.halts, self.corrections, flat=terms.flat_when_halted
        )
        self._prices = Splits(disturbed)
        for listing in self._listings.values():
            self._hours(listing.exchange)

    @classmethod
    def of(
        cls, scenario: Scenario, seed: int | None = None, replay: Mapping[str, Path] = _NOTHING
    ) -> Market:
        """A market for a scenario's contracts, perhaps of another seed."""
        return cls(
            scenario.listings(),
            seed=scenario.seed if seed is None else seed,
            replay=replay,
            always_open=scenario.always_open,
            final_after_seconds=scenario.bars_final_after_seconds,
            terms=scenario.market_data,
        )

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        """The bars that a query asks for, as known at `now`.

        They start before the query's end and before `now`, and are whole, but for the one that
        `now` lies in. An end after `now` means `now`. The sessions are those of the listing's own
        exchange; later than a day after the last one that its calendar knows there is nothing.

        Raises
        ------
        Refused
            200 unknown symbol, 321 illegal question, 162 no bar or too many.
        """
        listing = self._listing(query.symbol)
        span = span_named(query.bar_size)
        duration = parse_duration(query.duration)
        check_shown(query.symbol, query.what_to_show, end=query.end)
        moment = now.timestamp()
        limit = moment if query.end is None else min(query.end.timestamp(), moment)
        asked = window(duration, self._hours(listing.exchange).of(rth=query.rth), limit)
        bars = self._fold(listing, span, asked, moment, self.final_after_seconds, rth=query.rth)
        if not len(bars.minute):
            raise NoData(query.symbol, query.what_to_show)
        if len(bars.minute) > MOST_BARS:
            raise too_many(len(bars.minute))
        table = self._hours(listing.exchange).of(rth=query.rth)
        return bars_of(
            bars,
            [table.date(index) for index in bars.session.tolist()] if span.is_dated else None,
            query.what_to_show,
            self._prices.unit(listing),
            float(listing.tick),
        )

    def _fold(
        self,
        listing: Listing,
        span: Span,
        asked: Window,
        now: float,
        final_after: float = 0.0,
        *,
        rth: bool,
    ) -> Rows:
        """The bars of a window, as known at `now`."""
        table = self._hours(listing.exchange).of(rth=rth)
        if now > int(table.closes[-1]) * 60 + _DAY_SECONDS:
            return no_rows()
        first = table.first_on(listing.listed)
        whole = table.whole(span, asked.sessions)
        sessions = range(max(whole.start, first), min(whole.stop, table.opened_before(now)))
        rows = self._prices.rows(listing, span, sessions, now, rth=rth) if sessions else None
        if rows is None:
            return no_rows()
        starts, ends = table.bounds(span, rows.session, rows.minute, first)
        is_asked = (starts * 60 < asked.until) & (ends * 60 > asked.since)
        is_late = (ends * 60 > now - final_after) & (ends * 60 <= now)
        if is_late.any() and self.until_final is UntilFinal.PROVISIONAL:
            end = float(ends[is_late].min()) * 60
            return self._fold(listing, span, asked, end - _PROVISIONAL_SECONDS, rth=rth)
        if is_late.any():
            is_asked &= starts < starts[is_late].min()
        return fold(rows.part(is_asked), starts[is_asked])

    def quote(self, symbol: str, now: dt.datetime) -> Quote:
        """What the market shows of a symbol at `now`: the last trade, and a tick to each side.

        Raises
        ------
        Refused
            200 unknown symbol, 354 no price in the last sessions.
        """
        listing = self._listing(symbol)
        finest = self._prices.finest(listing)
        rows = no_rows() if finest is None else self._latest(listing, finest, now, rth=False)
        if finest is None or not len(rows.minute):
            raise Refused(NOT_SUBSCRIBED, f"Requested market data of {symbol}: there is no price.")
        table = self._hours(listing.exchange).extended
        end = float(table.bounds(finest, rows.session[-1:], rows.minute[-1:])[1][0])
        return quote_of(
            rows,
            self._latest(listing, DAY, now, rth=True),
            self._prices.unit(listing),
            float(listing.tick),
            traded_at=last_trade(now, end),
            is_open=self._told_hours(listing.exchange).extended.is_open(now.timestamp()),
        )

    def _latest(self, listing: Listing, span: Span, now: dt.datetime, *, rth: bool) -> Rows:
        """Bars of the last few sessions; short ones of two, unless those have none."""
        table, moment = self._hours(listing.exchange).of(rth=rth), seen_at(now).timestamp()
        few = window(Duration(_SESSIONS_TRIED, "D"), table, moment)
        rows = no_rows() if span.is_dated else self._fold(listing, span, few, moment, rth=rth)
        asked = window(Duration(_SESSIONS_SEARCHED, "D"), table, moment)
        return rows if len(rows.minute) else self._fold(listing, span, asked, moment, rth=rth)

    def move(self, symbol: str, factor: float, now: dt.datetime) -> None:
        """Multiply a symbol's prices from `now` on; see `Moved`.

        Raises
        ------
        Refused
            200 unknown symbol, 321 the prices are replayed.
        """
        if not isinstance(self._source, Moved):
            raise Refused(NOT_VALID, "Replayed prices cannot be moved.")
        self._source.add(self._listing(symbol).symbol, Move(now.timestamp(), factor))

    @property
    def moves(self) -> list[tuple[str, float, float]]:
        """What was moved: symbol, factor, and the moment in seconds after 1970."""
        return self._source.moves if isinstance(self._source, Moved) else []

    def split(self, symbol: str, ratio: Fraction, at: dt.datetime) -> None:
        """Divide a symbol's prices by a ratio for all who ask from `at` on; see `Splits`."""
        self._prices.add(self._listing(symbol).symbol, Split(at.timestamp(), ratio))

    def head_timestamp(self, symbol: str, what_to_show: str, rth: bool) -> dt.datetime:
        """The opening of the first session with a bar of a symbol, aware UTC.

        Raises
        ------
        Refused
            200 unknown symbol, 321 illegal question, 162 no bar at all.
        """
        listing = self._listing(symbol)
        check_shown(symbol, what_to_show, end=None)
        table = self._hours(listing.exchange).of(rth=rth)
        first = self._prices.first_session(listing, rth=rth)
        start = len(table.opens) if first is None else max(first, table.first_on(listing.listed))
        if start >= len(table.opens):
            raise NoData(symbol, what_to_show)
        return dt.datetime.fromtimestamp(int(table.opens[start]) * 60, UTC)

    def hours(self, exchange: str, now: dt.datetime) -> tuple[str, str]:
        """When an exchange trades, and its regular hours, from today on for six days.

        Returns
        -------
        tuple of str
            As contract details carry them, on the exchange's clock:
            `20200102:0400-20200102:2000;20200103:CLOSED`.

        Raises
        ------
        NoCalendar
            The exchange is not known.
        """
        return hours_text(self._told_hours(exchange), now)

    def sessions(
        self, symbol: str, duration: Duration, until: dt.datetime, *, rth: bool
    ) -> Sessions:
        """When a symbol's exchange was open; see `sessions_back`.

        Raises
        ------
        Refused
            200 unknown symbol.
        """
        listing = self._listing(symbol)
        hours = self._told_hours(listing.exchange)
        return sessions_back(hours.of(rth=rth), duration, until, listing.listed)

    def _listing(self, symbol: str) -> Listing:
        found = self._listings.get(symbol)
        if found is None:
            raise Refused(NO_SUCH_SECURITY, f"No security definition is known for {symbol!r}.")
        return found
