"""A chart that follows the watch, minute by minute.

It is two outputs of a cell, shown anew in place: a line with the age of what is shown, each minute,
and the chart, when something in it has changed. No widget has to be installed, closing the notebook
leaves nothing behind, and what is saved is the chart as it was last, a few KB.
"""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol

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

_STALE: Final = 0.5
"""Opacity of what is older than the minute."""


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
    """A chart in a notebook that `update` keeps up to date; made by `live`.

    Attributes
    ----------
    chart
        As drawn last; None before there was a snapshot.
    status
        How old it is, and what is wrong, in a sentence.
    """

    def __init__(self, source: LiveSource, token: Token, style: Style | None) -> None:
        self._source = source
        self._token = token
        self._style = style
        self._handles: tuple[Any, Any] | None = None
        self._drawing = threading.Lock()
        self._bars: tuple[object, pd.DataFrame] | None = None
        self.chart: Chart | None = None
        self.status = f"{token}: waiting for the first minute"

    def update(self, watched: Watched) -> None:
        """Draw a snapshot; to be subscribed, and called on any thread. It never raises.

        What goes wrong is said above the chart as it was last, and does no harm to the watch.
        """
        with self._drawing:
            former = self.chart
            try:
                self.chart, self.status = self._drawn(watched)
            except Exception as error:  # noqa: BLE001  (a callback: nobody else would show it)
                reason = " ".join(str(error).split()) or type(error).__name__
                self.status = f"{self._token} cannot be drawn: {reason}"
            self._show(former)

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415  (only a notebook has it at hand)

        with self._drawing:
            told = (self._line(), self._bundle())
            line, chart = (
                display(each, raw=True, display_id=True)  # type: ignore[no-untyped-call]
                for each in told
            )
            self._handles = (line, chart)

    def _line(self) -> dict[str, object]:
        text = escape(self.status)
        return {"text/html": f'<div role="status">{text}</div>', "text/plain": self.status}

    def _bundle(self) -> dict[str, object]:
        return {"text/plain": ""} if self.chart is None else self.chart.bundle

    def _show(self, former: Chart | None) -> None:
        if self._handles is None:
            return
        line, chart = self._handles
        line.update(self._line(), raw=True)
        if self.chart is None or (former is not None and former.to_json() == self.chart.to_json()):
            return
        # JupyterLab never redraws a plotly figure in place; it makes one where there was text.
        chart.update({"text/plain": ""}, raw=True)
        chart.update(self._bundle(), raw=True)

    def _drawn(self, watched: Watched) -> tuple[Chart, str]:
        found = next((each for each in watched.rows if each.token == self._token), None)
        if found is None:
            raise LookupError(watched.trouble or "it is no position now")
        heading = self._source.heading(watched, watched.refreshed_at or watched.due)
        row, bars = found.row, self._known_bars(found)
        past = self._source.past(row)
        chart = price_and_average(bars, row, heading=heading, past=past, style=self._style)
        if found.is_stale:
            chart.update_traces(opacity=_STALE)
        return chart, f"{heading.mode} · {self._token} · {_age(found, watched)}"

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
    trouble = found.trouble or watched.trouble
    if found.refreshed_at is None:
        told = "as it was stored, not refreshed yet"
    else:
        at = two_clocks(found.refreshed_at, found.token.exchange, "%H:%M:%S")
        told = f"refreshed {at}"
    return f"{told}; {'stale: ' if found.is_stale else ''}{trouble}" if trouble else told
