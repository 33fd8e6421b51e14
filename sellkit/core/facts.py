"""What the gates see of the moment at which they judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.core.limits import Limits
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.market_time import Session
    from sellkit.core.portfolio import AccountSnapshot
    from sellkit.core.quotes import Quote
    from sellkit.core.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a gate may see.

    Attributes
    ----------
    now
        The time of the decision, aware UTC.
    is_present
        Whether the present is described; a past moment that was asked for is not.
    snapshot
        Positions and open orders as last read.
    standing
        How the connection stands.
    quote
        What the market shows of the instrument; None when it was not asked for.
    session
        The regular session open at `now`, or None.
    next_open
        When the next regular session opens; None beyond the calendar.
    exits, positions
        How many positions signal EXIT now, and how many there are that could.
    limits
        What the operator allows.
    live
        What the gates of live mode see; None in a dry run, in which no ticket is approved.
    deferred
        By ticket id, the opening that a ticket of an earlier session was deferred to; aware UTC.
    unshown
        Shares of the instrument that are told as sold since the decision and that its position
        still has; negative for what was bought. Positions may be told later than executions.
    """

    now: dt.datetime
    is_present: bool
    snapshot: AccountSnapshot
    standing: Standing
    quote: Quote | None
    session: Session | None
    next_open: dt.datetime | None
    exits: int
    positions: int
    limits: Limits
    live: LiveFacts | None = None
    deferred: Mapping[str, dt.datetime] = field(default_factory=dict)
    unshown: Decimal = Decimal(0)
