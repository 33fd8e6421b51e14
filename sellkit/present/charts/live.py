"""A chart that follows the watch, minute by minute.

It is one output of a cell, shown anew in place: no widget has to be installed, closing the notebook
leaves nothing behind, and what is saved is the chart as it was last, a few KB.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from sellkit.core.instrument import Token
from sellkit.present.charts.price import price_and_average
from sellkit.present.heading import two_clocks

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from sellkit.core.past import Past
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.watched import Watched, WatchedRow
    from sellkit.present.charts.drawing import Style
    from sellkit.present.charts.figure import Chart
    from sellkit.present.heading import Heading


class LiveSource(Protocol):
    """What a live chart asks of the watch."""

    def bars(self, row: SnapshotRow) -> pd.DataFrame:
        """The completed bars of a row's assigned timeframe as they are stored now."""
        ...

    def past(self, row: SnapshotRow) -> Past:
        """What the journal holds of the row's position."""
        ...

    def heading(self, watched: Watched, now: dt.datetime) -> Heading:
        """What stands above a snapshot."""
        ...


class LiveChart:
    """A chart in a notebook that `update` draws anew; made by `live`.

    Attributes
    ----------
    chart
        As drawn last; None before there was a snapshot.
    trouble
        Why the last snapshot could not be drawn, or "".
    """

    def __init__(self, source: LiveSource, token: Token, style: Style | None) -> None:
        self._source = source
        self._token = token
        self._style = style
        self._handle: Any = None
        self._drawing = threading.Lock()
        self._bars: tuple[object, pd.DataFrame] | None = None
        self.chart: Chart | None = None
        self.trouble = ""

    def update(self, watched: Watched) -> None:
        """Draw a snapshot; to be subscribed, and called on any thread. It never raises.

        What goes wrong stands where the chart was, and does no harm to the watch.
        """
        with self._drawing:
            self.trouble = ""
            try:
                self.chart = self._drawn(watched)
            except Exception as error:  # noqa: BLE001  (a callback: nobody else would show it)
                reason = " ".join(str(error).split()) or type(error).__name__
                self.trouble = f"{self._token} cannot be drawn: {reason}"
            self._show()

    @property
    def bundle(self) -> dict[str, object]:
        """What the cell shows."""
        if self.trouble:
            return {"text/plain": self.trouble}
        if self.chart is None:
            return {"text/plain": f"{self._token}: waiting for the first minute"}
        return self.chart.bundle

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415  (only a notebook has it at hand)

        self._handle = display(self.bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def _show(self) -> None:
        if self._handle is not None:
            self._handle.update(self.bundle, raw=True)

    def _drawn(self, watched: Watched) -> Chart:
        found = next((each for each in watched.rows if each.token == self._token), None)
        if found is None:
            raise LookupError(watched.trouble or "it is no position now")
        heading = self._source.heading(watched, watched.refreshed_at or watched.due)
        row, bars = found.row, self._known_bars(found)
        past = self._source.past(row)
        chart = price_and_average(bars, row, heading=heading, past=past, style=self._style)
        told = chart.layout.title.subtitle.text
        chart.layout.title.subtitle.text = f"{told}<br>{_age(found, watched)}"
        if found.is_stale:
            chart.update_traces(opacity=0.5)
        return chart

    def _known_bars(self, found: WatchedRow) -> pd.DataFrame:
        """The stored bars, read again when another one has been completed."""
        label = found.row.assignment.label if found.row.assignment else ""
        known = (found.bar, label, found.row.last_close)
        if self._bars is None or self._bars[0] != known:
            self._bars = (known, self._source.bars(found.row))
        return self._bars[1]


def live(source: LiveSource, token: str, *, style: Style | None = None) -> LiveChart:
    """A chart of one position that follows the watch.

    Parameters
    ----------
    source
        An open watch; its snapshots have to reach `update`, as in `watch.run(chart.update)`.
    token
        `NASDAQ:AAPL`.
    style
        As for `price_and_average`.

    Raises
    ------
    InvalidToken
        It is none.
    """
    return LiveChart(source, Token.parse(token), style)


def _age(found: WatchedRow, watched: Watched) -> str:
    """How fresh the row is, in words."""
    if found.refreshed_at is None:
        return f"as stored, not refreshed yet {found.trouble or watched.trouble}".strip()
    exchange = found.token.exchange
    at = two_clocks(found.refreshed_at, exchange, "%H:%M:%S")
    stale = f", stale since: {found.trouble}" if found.is_stale else ""
    return f"refreshed {at}{stale}"
