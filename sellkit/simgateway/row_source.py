"""What the market asks of a source of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fractions import Fraction

    from sellkit.simgateway.bar_sizes import Span
    from sellkit.simgateway.listing import Listing
    from sellkit.simgateway.rows import Rows


class RowSource(Protocol):
    """Rows of prices, made up or recorded; see `Synthetic`, `Moved` and `Replay`."""

    def unit(self, listing: Listing) -> Fraction: ...

    def finest(self, listing: Listing) -> Span | None: ...

    def first_session(self, listing: Listing, *, rth: bool) -> int | None: ...

    def rows(
        self, listing: Listing, span: Span, sessions: range, now: float, *, rth: bool
    ) -> Rows | None: ...
