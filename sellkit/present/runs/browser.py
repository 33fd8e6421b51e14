"""A panel that filters the runs, and shows one of them with its decisions."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol

from sellkit.core.past_runs import RunVerdict
from sellkit.core.run_filter import RunFilter
from sellkit.present import hypertext as h
from sellkit.present.runs.columns import minute
from sellkit.present.runs.one import run_sheet
from sellkit.present.runs.table import rows_of, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sellkit.core.month import Month
    from sellkit.core.past_runs import PastRun
    from sellkit.core.run_difference import JournalledDecision

_ANY: Final = "any"
_MODES: Final = ("DRY RUN", "LIVE")
_SHOWN: Final = 200


class Runs(Protocol):
    """What the panel asks of the past runs."""

    @property
    def profile(self) -> str:
        """Whose runs they are."""
        ...

    def find(self, wanted: RunFilter | None = None) -> Sequence[PastRun]:
        """The runs that are wanted, the latest first."""
        ...

    def months(self) -> Sequence[Month]:
        """The months that have runs, the latest first."""
        ...

    def decisions(self, run: PastRun) -> Sequence[JournalledDecision]:
        """What a run decided."""
        ...


def browse(past: Runs) -> Any:  # noqa: ANN401  (the library has no types)
    """A panel of the runs: month, mode, verdict and token filter them, and one is shown whole.

    Parameters
    ----------
    past
        The runs, as `open_runs` gives them; they are read anew with each choice.

    Returns
    -------
    ipywidgets.VBox
        The panel; it has no thread, and nothing to be stopped.
    """
    import ipywidgets as widgets  # noqa: PLC0415  (slow to load, and a terminal needs none)

    return _Browser(past, widgets).panel


class _Browser:
    """The widgets of one panel, and what they do."""

    def __init__(self, past: Runs, widgets: Any) -> None:  # noqa: ANN401  (as above)
        self._past = past
        months = [str(each) for each in past.months()]
        self._month = _dropdown(widgets, "month", [_ANY, *months], months[:1])
        self._mode = _dropdown(widgets, "mode", [_ANY, *_MODES])
        self._verdict = _dropdown(widgets, "verdict", [_ANY, *map(str, RunVerdict)])
        self._token = widgets.Text(
            description="token",
            placeholder="AAPL",
            continuous_update=False,
            layout=widgets.Layout(width="14em"),
            style={"description_width": "initial"},
        )
        self._run = _dropdown(widgets, "show run", [("none", None)], width="26em")
        self._status, self._one = widgets.HTML(), widgets.HTML()
        # A month has some 150 runs: the table scrolls, and the chooser below stays in reach.
        self._table = widgets.HTML(layout=widgets.Layout(max_height="30em", overflow="auto"))
        self._found: dict[str, PastRun] = {}
        filters = (self._month, self._mode, self._verdict, self._token)
        for each in filters:
            each.observe(self._told(self._list), "value")
        self._run.observe(self._told(self._show), "value")
        self._told(self._list)(None)
        line = widgets.HBox(list(filters), layout=widgets.Layout(flex_flow="row wrap"))
        parts = [line, self._status, self._table, self._run, self._one]
        self.panel = widgets.VBox(parts)

    def _list(self) -> None:
        found = self._past.find(self._wanted())
        self._found = {each.facts.run_id: each for each in found}
        shown = found[:_SHOWN]
        more = "" if len(shown) == len(found) else f"; the latest {_SHOWN} are shown"
        self._say(f"runs of {self._past.profile}: {tally(found)}{more}")
        self._table.value = _close(h.sheet("", rows_of(shown)).markup) if shown else ""
        self._run.options = [("none", None), *((_label(each), each.facts.run_id) for each in shown)]
        self._run.value = None

    def _show(self) -> None:
        run = self._found.get(self._run.value)
        sheet = None if run is None else run_sheet(run, self._past.decisions(run))
        self._one.value = "" if sheet is None else _close(sheet.markup)

    def _wanted(self) -> RunFilter:
        month = next((each for each in self._past.months() if str(each) == self._month.value), None)
        return RunFilter(
            since=None if month is None else month.first,
            until=None if month is None else month.last,
            mode=None if self._mode.value == _ANY else self._mode.value,
            verdict=None if self._verdict.value == _ANY else RunVerdict(self._verdict.value),
            token=self._token.value.strip() or None,
        )

    def _told(self, act: Callable[[], None]) -> Callable[[object], None]:
        """A callback whose error is shown: nobody else would."""

        def call(_change: object) -> None:
            try:
                act()
            except Exception as error:  # noqa: BLE001  (a callback is an entry point)
                self._say(" ".join(str(error).split()) or type(error).__name__)

        return call

    def _say(self, text: str) -> None:
        self._status.value = f'<div role="status">{escape(text)}</div>'


def _close(markup: str) -> str:
    """Lines as near to each other as in a cell's output; a widget spaces them for one line."""
    return f'<div style="line-height:1.5">{markup}</div>'


def _label(run: PastRun) -> str:
    return f"{minute(run.facts.moment)}  {run.facts.run_id}  {run.verdict}"


def _dropdown(
    widgets: Any,  # noqa: ANN401  (as above)
    name: str,
    options: Sequence[object],
    chosen: Sequence[object] = (),
    width: str = "14em",
) -> Any:  # noqa: ANN401  (as above)
    """A list whose name is also what a screen reader says."""
    made = widgets.Dropdown(
        options=options,
        description=name,
        layout=widgets.Layout(width=width),
        style={"description_width": "initial"},
    )
    if chosen:
        made.value = chosen[0]
    return made
