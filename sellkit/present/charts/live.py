"""A chart that follows a live desk's feed, minute by minute.

It is outputs of a cell: a line with the age of what is shown, each minute, and the chart, when
something in it has changed. What is saved is the chart as it was last, a few KB. Beside them stands
a widget of which nothing is seen: by it the figure changes in place, so that the reader's zoom
stays, and the feed knows that somebody looks. Without it the figure is shown anew.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from sellkit.core.instrument import Token
from sellkit.present.charts.price import price_and_average
from sellkit.present.feed import Feed, feed_of
from sellkit.present.heading import two_clocks
from sellkit.present.onlookers import Onlookers

if TYPE_CHECKING:
    import pandas as pd

    from sellkit.core.watched import Watched, WatchedRow
    from sellkit.present.charts.drawing import Style
    from sellkit.present.charts.figure import Chart
    from sellkit.present.charts.page import ChartPage
    from sellkit.present.feed import WatchedDesk, Watching

_STALE: Final = 0.5
"""Opacity of what is older than the minute."""

_MIME: Final = "application/vnd.plotly.v1+json"


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """The outputs of the cell: the line, the chart, and what stands unseen beside them."""

    line: Any
    chart: Any
    page: ChartPage | None


class LiveChart:
    """A chart in a notebook that follows a feed; made by `live`.

    Attributes
    ----------
    chart
        As drawn last; None before there was a snapshot.
    status
        How old it is, and what is wrong, in a sentence.
    """

    def __init__(self, feed: Feed, token: Token | None, style: Style | None) -> None:
        self._feed = feed
        self._token = token
        self._style = style
        self._id = secrets.token_hex(6)
        self._shown: _Shown | None = None
        self._drawing = threading.RLock()
        self._bars: tuple[object, pd.DataFrame] | None = None
        self._watch: Watching | None = None
        self._behind: Watched | None = None
        self._number = self._drawn_in_place = 0
        self._trouble = ""
        self.chart: Chart | None = None
        self.status = f"{self._name}: waiting for the first minute"
        has_widgets = find_spec("anywidget") is not None
        self._onlookers = Onlookers(self._ask) if has_widgets else None
        self._forget = feed.subscribe(self._update, self._onlookers)

    def close(self) -> None:
        """Follow the feed no more, and end it where nobody else follows it."""
        self._forget()
        if self._onlookers is not None:
            self._onlookers.leave()
        if not self._feed.subscribers:
            self._feed.end()

    @property
    def _name(self) -> str:
        return str(self._token) if self._token else "the first position"

    # --- on the feed's thread -------------------------------------------------------------------

    def _update(self, watched: Watched) -> None:
        """Draw a snapshot. It never raises: what goes wrong is said above the chart as it was."""
        with self._drawing:
            if self._onlookers is not None and self._onlookers.are_gone():
                self._behind = watched
                return
            self._behind, former = None, self.chart
            try:
                self.chart, self.status = self._drawn(watched)
            except Exception as error:  # noqa: BLE001  (a callback: nobody else would show it)
                reason = " ".join(str(error).split()) or type(error).__name__
                self.status = f"{self._name} cannot be drawn: {reason}"
            self._show(former)

    def _drawn(self, watched: Watched) -> tuple[Chart, str]:
        watch = self._watch = self._feed.watch or self._watch
        if watch is None:
            raise LookupError("there is no connection")
        found = self._found(watched)
        if found is None:
            raise LookupError(watched.trouble or "it is no position now")
        heading = watch.heading(watched, watched.refreshed_at or watched.due)
        row, bars = found.row, self._known_bars(found, watch)
        past = watch.past(row)
        chart = price_and_average(bars, row, heading=heading, past=past, style=self._style)
        if found.is_stale:
            chart.update_traces(opacity=_STALE)
        return chart, f"{heading.mode} · {found.token} · {_age(found, watched)}"

    def _found(self, watched: Watched) -> WatchedRow | None:
        if self._token is None:
            return next((each for each in watched.rows if each.row.last_close is not None), None)
        return next((each for each in watched.rows if each.token == self._token), None)

    def _known_bars(self, found: WatchedRow, watch: Watching) -> pd.DataFrame:
        """The stored bars, read again when another one has been completed."""
        label = found.row.assignment.label if found.row.assignment else ""
        known = (found.token, found.bar, label, found.row.last_close)
        if self._bars is None or self._bars[0] != known:
            self._bars = (known, watch.bars(found.row))
        return self._bars[1]

    def _show(self, former: Chart | None) -> None:
        chart, shown = self.chart, self._shown
        is_news = chart is not None and (former is None or former.to_json() != chart.to_json())
        was_in_place = self._number > 0 and self._drawn_in_place == self._number
        self._number += is_news
        if shown is None:
            return
        shown.line.update(self._line(), raw=True)
        if not is_news:
            return
        if not was_in_place:
            # JupyterLab never redraws a plotly figure in place; it makes one where there was text.
            shown.chart.update({"text/plain": ""}, raw=True)
        shown.chart.update(self._bundle(), raw=True)
        self._tell()

    # --- to the page and back -------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415  (only a notebook has it at hand)

        with self._drawing:
            told = (self._line(), self._bundle())
            line, chart = (
                display(each, raw=True, display_id=True)  # type: ignore[no-untyped-call]
                for each in told
            )
            page = self._page()
            self._shown = _Shown(line, chart, page)
            if page is not None:
                display(page)  # type: ignore[no-untyped-call]

    def _page(self) -> ChartPage | None:
        if self._onlookers is None:
            return None
        from sellkit.present.charts.page import ChartPage  # noqa: PLC0415  (anywidget is an extra)

        return ChartPage(self._hear)

    def _hear(self, content: dict[str, Any]) -> None:
        if content.get("want"):
            self._tell()
        if "draws" in content:
            self._drawn_in_place = int(content["draws"])
        if "seen" in content and self._onlookers is not None:
            self._onlookers.seen() if content["seen"] else self._onlookers.left()
            if content["seen"]:
                self._feed.wake()
                if self._behind is not None:
                    self._update(self._behind)

    def _ask(self) -> None:
        shown = self._shown
        if shown is None or shown.page is None:
            return
        shown.page.ask()
        trouble = "" if self._feed.watch is not None else self._feed.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            shown.line.update(self._line(), raw=True)

    def _tell(self) -> None:
        if self.chart is not None and self._shown is not None and self._shown.page is not None:
            self._shown.page.tell(self._figure(self.chart))

    def _line(self) -> dict[str, object]:
        text = f"{self.status}; {self._trouble}" if self._trouble else self.status
        return {"text/html": f'<div role="status">{escape(text)}</div>', "text/plain": text}

    def _bundle(self) -> dict[str, object]:
        if self.chart is None:
            return {"text/plain": ""}
        return {**self.chart.bundle, _MIME: self._figure(self.chart)}

    def _figure(self, chart: Chart) -> dict[str, Any]:
        """The figure with its number, and with what lets the reader's zoom stay."""
        figure = chart.figure
        meta = {**figure["layout"].get("meta", {}), "live": self._id, "number": self._number}
        of = f"{self._id} {chart.name.partition(' ')[0]}"  # another position's range is no use
        return {**figure, "layout": {**figure["layout"], "uirevision": of, "meta": meta}}


_CHARTS: Final[dict[tuple[str, str], LiveChart]] = {}


def live(
    source: Feed | WatchedDesk, token: str | Token = "", *, style: Style | None = None
) -> LiveChart:
    """A chart of one position that follows the live desk's feed, as long as a page shows it.

    The reader's zoom stays when it changes. To call it again for the same position replaces it.

    Parameters
    ----------
    source
        `panel.feed` of a live desk; or a desk, whose feed is the same, and begun where it does not
        run.
    token
        `NASDAQ:AAPL`; left out, whichever position stands first among those with bars.
    style
        As for `price_and_average`.

    Raises
    ------
    InvalidToken
        It is none.
    """
    chosen = Token.parse(str(token)) if token else None
    feed = source if isinstance(source, Feed) else feed_of(source)
    former = _CHARTS.get((feed.name, str(chosen)))
    chart = _CHARTS[feed.name, str(chosen)] = LiveChart(feed, chosen, style)
    if former is not None:
        former.close()
    if not isinstance(source, Feed) and not (feed.is_running or feed.is_resting):
        feed.begin(source)
    return chart


def _age(found: WatchedRow, watched: Watched) -> str:
    """How fresh the row is, in words."""
    trouble = found.trouble or watched.trouble
    if found.refreshed_at is None:
        told = "as it was stored, not refreshed yet"
    else:
        at = two_clocks(found.refreshed_at, found.token.exchange, "%H:%M:%S")
        told = f"refreshed {at}"
    return f"{told}; {'stale: ' if found.is_stale else ''}{trouble}" if trouble else told
