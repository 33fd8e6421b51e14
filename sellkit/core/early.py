"""What may be done on a session's last bar before it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.core.facts import Facts
    from sellkit.core.signals import BarCertificate


def early_doubt(certificate: BarCertificate, facts: Facts) -> str | None:
    """Why a provisional bar is no ground for an order now, or nothing.

    It has to be the last bar of the session that is open now, told no sooner than it is to be
    judged, and not too long ago. That the session goes on for long enough is another gate's.
    """
    slot, session, early = certificate.slot, facts.session, facts.limits.early
    if session is None or session.close_utc != slot.end:
        return "the deciding bar was judged before its end, and its session is over"
    ahead = slot.end - certificate.fetched_at
    if ahead > early:
        return f"the provisional bar was told {ahead} before its end, sooner than {early}"
    age, limit = facts.now - certificate.fetched_at, facts.limits.max_bar_age
    if age < limit * 0:
        return f"the provisional bar was told {-age} after the time of the decision"
    return None if age <= limit else f"the provisional bar was told {age} ago, more than {limit}"
