"""The course of time: a gateway lives through all of it, however fast its clock runs or is set."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.directory import venue_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.order import Order

_MINUTE: Final = dt.timedelta(minutes=1)
# A look costs up to half a millisecond for every order, so a walk has only so many: each minute of
# a regular session, and fewer in each of several.
_LOOKS: Final = 390
_LONGEST: Final = dt.timedelta(days=7)


class Course:
    """What orders and contracts went through between two moments.

    At 3,600 virtual seconds in a real one a quarter of an hour passes between two looks at the
    clock, and a step or a restart may skip days. Orders rest at the exchange meanwhile: they are
    let meet the market at each minute at which one of them can trade, at openings, closes, and the
    beginning and end of halts, and what falls due in between does so at its own moment.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lived = gateway.clock.now()

    def begin(self, moment: dt.datetime) -> None:
        """Go on from a moment; of more than a week only the last week is lived through."""
        self._lived = max(moment, self._gateway.clock.now() - _LONGEST)

    def is_behind(self, now: dt.datetime) -> bool:
        """Whether so much has passed that a client could notice."""
        return now - self._lived >= _MINUTE or self._gateway.reorganisation.is_due(now)

    def reach(self, now: dt.datetime) -> None:
        """Live through the time until `now`, and look at the market there."""
        since, self._lived = self._lived, now
        for moment in self._moments(max(since, now - _LONGEST), now):
            self._look(moment)
        self._look(now)

    def _look(self, moment: dt.datetime) -> None:
        floor = self._gateway.floor
        self._gateway.reorganisation.strike_due(moment)
        floor.quotes.forget()
        floor.tick(moment)

    def _moments(self, since: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
        """The moments strictly between the two, in order."""
        if now - since <= dt.timedelta(seconds=1):
            return []
        gateway = self._gateway
        found = {action.at for action in gateway.reorganisation.waiting}
        working = {_market(order): order for order in gateway.floor.book.working()}
        if working:
            found |= {
                moment for halt in gateway.halts.all for moment in (halt.start, halt.end) if moment
            }
            found |= self._open_moments(working.values(), since, now)
        return sorted(moment for moment in found if since < moment < now)

    def _open_moments(
        self, orders: Iterable[Order], since: dt.datetime, now: dt.datetime
    ) -> set[dt.datetime]:
        stretches = [list(self._stretches(order, since, now)) for order in orders]
        spans = [max(end, since) - max(start, since) for start, end in chain(*stretches)]
        step = max(_MINUTE, sum(spans, dt.timedelta()) / _LOOKS)
        found: set[dt.datetime] = set()
        for start, end in chain(*stretches):
            found |= {start, end}
            moment = max(start, since) + step
            while moment < end:
                found.add(moment)
                moment += step
        return found

    def _stretches(
        self, order: Order, since: dt.datetime, now: dt.datetime
    ) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """When an order's market is open between the two moments."""
        moment = since
        while True:
            session = self._gateway.floor.hours.session(order, moment)
            if session.open_utc >= now:
                return
            yield session.open_utc, min(session.close_utc, now)
            moment = session.close_utc
            if moment >= now:
                return


def _market(order: Order) -> tuple[str, bool]:
    return venue_of(order.terms.security), order.trades_outside
