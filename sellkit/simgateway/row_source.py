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


class Overlay:
    """A source over another one, which it changes in nothing but the rows.

    Parameters
    ----------
    source
        The one beneath.
    """

    def __init__(self, source: RowSource) -> None:
        self._source = source

    def unit(self, listing: Listing) -> Fraction:
        """What the prices of rows are counted in."""
        return self._source.unit(listing)

    def finest(self, listing: Listing) -> Span | None:
        """The shortest bars there are."""
        return self._source.finest(listing)

    def first_session(self, listing: Listing, *, rth: bool) -> int | None:
        """The session with the first bar."""
        return self._source.first_session(listing, rth=rth)
